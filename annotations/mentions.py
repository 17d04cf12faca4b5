"""What kind of mention a phrase is, when the annotation does not say."""

from annotations.annotated import Entity
from models.vocabulary import MentionKind

_PRONOUNS = {
    "en": """
        i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his
        himself she her hers herself it its itself they them their theirs themselves themself who
        whom whose which that this these those one
    """,
    "de": """
        ich mich mir mein meine meiner meinem meinen meines wir uns unser unsere unserer unserem
        unseren unseres du dich dir dein deine deiner deinem deinen deines ihr euch euer eure eurer
        eurem euren er ihn ihm sein seine seiner seinem seinen seines sie ihnen ihre ihrer ihrem
        ihren ihres es sich man der die das den dem dessen deren denen wer wen wem wessen dieser
        diese dieses diesem diesen
    """,
    "fr": """
        je j' j’ me m' m’ moi mon ma mes nous notre nos tu te t' t’ toi ton ta tes vous votre vos il
        elle lui se s' s’ soi son sa ses ils elles eux leur leurs le la les l' l’ on qui que qu' qu’
        dont ce c' c’ celui celle ceux celles
    """,
    "ar": """
        أنا نحن أنت أنتم هو هي هم هن هما الذي التي الذين اللذان اللتان اللواتي من هذا هذه هؤلاء
    """,
}
PRONOUNS = {language: frozenset(words.split()) for language, words in _PRONOUNS.items()}


def kind(words: str, entity: Entity | None, language: str) -> MentionKind:
    """`name` if the words contain the entity's name or an alias whole, else `pronoun` or `nominal`.

    The name comes first, because `US` is also a pronoun; an entity that is not named has no name.
    """
    if entity and entity.naming == "named":
        phrase = _phrase(words)
        for name in (entity.name, *entity.aliases):
            # Headings shout; apart from them case tells "Who" from "WHO".
            if _phrase(name) in phrase or (words.isupper() and _phrase(name.upper()) in phrase):
                return "name"
    uncapitalised = words[:1].lower() + words[1:]
    return "pronoun" if uncapitalised in PRONOUNS.get(primary(language), ()) else "nominal"


def primary(language: str) -> str:
    """The language of a BCP 47 tag without script and region."""
    return language.partition("-")[0].lower()


def _phrase(words: str) -> str:
    """The words with one space round each, so that a phrase contains another only at the bounds of words."""
    spaced = "".join(c if c.isalnum() or c in ".’'&-" else " " for c in words)
    tokens = (token.strip("’'-").removesuffix("’s").removesuffix("'s") for token in spaced.split())
    return f" {' '.join(tokens)} "
