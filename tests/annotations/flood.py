"""A small annotated document whose parts a test replaces to see what the check says."""

from annotations.annotated import AnnotatedDocument
from annotations.mistakes import Mistake, Mistakes
from annotations.read import read
from models.measures import vocabulary

TEXT = """A second wave hit the harbour 🌊 at dawn.

Nearly 1,300 people were displaced, a ministry aide said on Tuesday, citing U.N. figures. \
“We are coping,” he said, “for now.”
"""
MEASURES = vocabulary()
SECTIONS = {
    "document": """
  id: harbour-flood
  title: Harbour flood
  published: "2024-10-15"
  basis: stated
""",
    "entities": """
  aide: {kind: actor, naming: anonymous, name: ministry aide}
  un: {kind: organisation, name: United Nations, aliases: [U.N.], wikidata: Q1065}
  harbour: {kind: place, name: Harbour}
""",
    "quotes": """
- id: q1
  form: indirect
  mark: '{content|Nearly 1,300 people were displaced}, {speaker=aide|a ministry aide} {cue|said} on \
{said=2024-10-15|Tuesday}'
""",
    "claims": """
- id: c1
  value: nearly 1,300
  measure: displaced
  sources: [q1]
  mark: '{number|Nearly 1,300} {counted|people} were displaced'
""",
    "text": """
- 'A second wave hit {harbour|the harbour} 🌊 at dawn.'
- 'Nearly 1,300 people were displaced, {aide|a ministry aide} said on Tuesday, citing {un|U.N.} figures.'
- '“We are coping,” {aide|he} said, “for now.”'
""",
}


def annotation(**sections: str) -> str:
    """The annotation with these sections in the place of its own; each begins with a line break."""
    return "".join(f"{name}:{part}" for name, part in (SECTIONS | sections).items() if part)


def flood(article: str = TEXT, **sections: str) -> AnnotatedDocument:
    return read("flood", article.encode(), annotation(**sections).encode(), MEASURES)


def mistakes(article: str = TEXT, **sections: str) -> list[Mistake]:
    try:
        flood(article, **sections)
    except Mistakes as found:
        return found.mistakes
    return []


def mistake(article: str = TEXT, **sections: str) -> Mistake:
    """The only mistake that there is."""
    found = mistakes(article, **sections)
    assert len(found) == 1, found
    return found[0]


def line_of(words: str, **sections: str) -> int:
    """The line of the annotation, from 1, on which these words stand."""
    return next(at for at, line in enumerate(annotation(**sections).split("\n"), 1) if words in line)
