"""What documents say together of an entity or an indicator that several of them list."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from annotations.annotated import Entity, Indicator

Word = TypeVar("Word", Entity, Indicator)
_ROLES = ("description", "part_of", "acts_for", "latitude", "longitude", "country")


class Disagreement(ValueError):
    """What a document says of something that documents share contradicts what others say of it."""


@dataclass(frozen=True)
class Said(Generic[Word]):
    """A word with whose it is, and whether its document is published; the record's own is nobody's.

    The desk's goes before those of documents: they fill what it leaves blank.
    """

    document: str
    word: Word
    published: bool
    desk: bool = False


def together(
    known: Mapping[str, Said[Word]], stated: Iterable[Said[Word]], agree: Callable[[Said[Word], Word], Word]
) -> Iterator[tuple[str, Word]]:
    """The words of several documents and the `known` ones of the record, as one each.

    It comes with the first document that spoke of it. All must agree, but where one that is published speaks,
    the words of those that are not are left out: what is shared is public, and a draft is not.
    """
    found: dict[str, Said[Word]] = {}
    for said in stated:
        key = said.word.key
        before = found.get(key) or known.get(key)
        first, word = found.get(key, said).document, said.word
        if before:
            both = agree(before, word)
            if before.published == said.published:
                word = both
            elif before.published:
                word = before.word
        published = said.published or bool(before and before.published)
        found[key] = Said(first, word, published, bool(before and before.desk))
    yield from ((said.document, said.word) for said in found.values())


def agree_on_entity(before: Said[Entity], stated: Entity) -> Entity:
    """Its name stays, other names become aliases; a role is what was said last; what is left out stays.

    What the desk says of a role stays, too.
    """
    known = before.word
    if stated == known:
        return known
    _must_agree("entity", known, stated, ("kind", "wikidata"))
    names = dict.fromkeys([*known.aliases, stated.name, *stated.aliases])
    names.pop(known.name, None)
    open_ = [name for name in _ROLES if not before.desk or getattr(known, name) is None]
    roles = {name: said for name in open_ if (said := getattr(stated, name)) is not None}
    wikidata = stated.wikidata or known.wikidata
    return replace(known, aliases=tuple(names), wikidata=wikidata, **roles)


def agree_on_indicator(before: Said[Indicator], stated: Indicator) -> Indicator:
    """The question stays as it is worded; what one leaves out, the other may add."""
    known = before.word
    _must_agree("indicator", known, stated, ("measure", "counted", "unit", "place"))
    more = {name: getattr(known, name) or getattr(stated, name) for name in ("counted", "unit", "place")}
    return replace(known, **more)


def _must_agree(noun: str, known: Word, stated: Word, names: Iterable[str]) -> None:
    for name in names:
        theirs, ours = getattr(known, name), getattr(stated, name)
        if theirs and ours and theirs != ours:
            said = f"elsewhere its {name} is {theirs}, here it is {ours}"
            raise Disagreement(f"{noun} {known.key}: {said}; agree or use another key")
