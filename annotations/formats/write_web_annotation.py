"""Writing W3C Web Annotation: the annotation page of a text. What stands where: `web_annotation`."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote as quoted

from annotations.formats.standoff import Span, Standoff
from annotations.formats.web_annotation import CONTEXT, OWN

# What `about` says is JSON as it is, not linked data.
OWN_CONTEXT = {"onrecord": "urn:onrecord:", f"{OWN}about": {"@type": "@json"}}
TEXT_FRAGMENTS = "https://wicg.github.io/scroll-to-text-fragment/"
AROUND = 32  # characters before and behind the words
# Words of a text fragment; a longer one is given by its first and its last words.
FRAGMENT = 12


def page(standoff: Standoff, own: str, source: str) -> dict[str, Any]:
    """The annotation page of a text: `own` is the page's IRI, `source` that of the text."""
    return {
        "@context": [CONTEXT, OWN_CONTEXT],
        "id": own,
        "type": "AnnotationPage",
        "partOf": {"id": f"{own}#all", "type": "AnnotationCollection", "total": _total(standoff)},
        "startIndex": 0,
        "items": [*_written_marks(standoff, own, source), *_written_links(standoff, own)],
        f"{OWN}about": standoff.about,
    }


def _total(standoff: Standoff) -> int:
    return len(standoff.marks) + len(standoff.links)


def _written_marks(standoff: Standoff, own: str, source: str) -> Iterator[dict[str, Any]]:
    for mark in standoff.marks:
        targets = [_target(standoff.text, span, source) for span in mark.spans] or [{"id": source}]
        yield {
            "id": f"{own}#{mark.id}",
            "type": "Annotation",
            "motivation": "classifying",
            "body": {"type": "TextualBody", "purpose": "classifying", "value": mark.label},
            "target": targets[0] if len(targets) == 1 else targets,
            **{f"{OWN}{name}": value for name, value in mark.attributes.items()},
        }


def _written_links(standoff: Standoff, own: str) -> Iterator[dict[str, Any]]:
    for number, link in enumerate(standoff.links, 1):
        yield {
            "id": f"{own}#link{number}",
            "type": "Annotation",
            "motivation": "linking",
            "body": [
                {"type": "TextualBody", "purpose": "classifying", "value": link.label},
                {"type": "SpecificResource", "purpose": "linking", "source": f"{own}#{link.target}"},
            ],
            "target": f"{own}#{link.source}",
            **{f"{OWN}{name}": value for name, value in link.attributes.items()},
        }


def _target(text: str, span: Span, source: str) -> dict[str, Any]:
    start, end = span
    return {
        "source": source,
        "selector": [
            {"type": "TextPositionSelector", "start": start, "end": end},
            {
                "type": "TextQuoteSelector",
                "exact": text[start:end],
                "prefix": text[max(0, start - AROUND) : start],
                "suffix": text[end : end + AROUND],
            },
            {"type": "FragmentSelector", "conformsTo": TEXT_FRAGMENTS, "value": fragment(text, start, end)},
        ],
    }


def fragment(text: str, start: int, end: int) -> str:
    """The text fragment of a span, for behind the `#` of a URL, such as `:~:text=We%20oppose%20it`."""
    words = text[start:end].split()
    if len(words) <= FRAGMENT:
        return f":~:text={_escaped(words)}"
    return f":~:text={_escaped(words[: FRAGMENT // 2])},{_escaped(words[-FRAGMENT // 2 :])}"


def _escaped(words: list[str]) -> str:
    # A hyphen has a meaning of its own there.
    return quoted(" ".join(words), safe="").replace("-", "%2D")
