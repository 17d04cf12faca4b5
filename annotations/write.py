"""Writing an annotated document as its annotation file, in one canonical form.

Reading what was written gives an equal document, and writing that again gives the same bytes.
"""

from typing import Any

from annotations.annotated import AnnotatedDocument, Entity, Indicator
from annotations.parts import Marked, in_role, marked_claims, marked_quotes, marked_sentences
from annotations.reading import Measures
from annotations.write_marks import extract, marked
from annotations.yaml_text import Quoted, dump

_DOCUMENT = ("id", "title", "outlet", "url", "language", "timezone", "published", "printed", "basis", "note")
_DEFAULTS = {"language": "en", "timezone": "UTC", "status": "published"}


def write(document: AnnotatedDocument, measures: Measures = ()) -> bytes:
    """The bytes of `NAME.claims.yaml`. A unit that `measures` imply is left out; without them all stand.

    Raises ValueError for a document that no annotation file can hold: spans that begin or end with white
    space, mentions that cross each other or the bounds of a sentence, parts of a quote or claim outside its
    extract.
    """
    text = document.text
    boilerplate = [Quoted(extract(text, s.start, s.end)) for s in in_role(document.spans, "boilerplate")]
    parts: list[dict[str, Any]] = [
        {"document": about(document)},
        {"boilerplate": boilerplate},
        {"entities": {entity.key: entity_keys(entity) for entity in document.entities}},
        {"indicators": {indicator.key: indicator_keys(indicator) for indicator in document.indicators}},
        {"quotes": [_quote(text, quote) for quote in marked_quotes(document)]},
        {"claims": [_claim(text, claim) for claim in marked_claims(document, measures)]},
        {"text": _sentences(document)},
    ]
    return "\n".join(filter(None, map(dump, parts))).encode()


def about(document: AnnotatedDocument) -> dict[str, Any]:
    given = {name: getattr(document, name) for name in (*_DOCUMENT, "status", "embargo")}
    given["published"] = document.published.value if document.published else None
    kept = {name: words for name, words in given.items() if words != _DEFAULTS.get(name)}
    return {**kept, "sha256": document.sha256}


def entity_keys(entity: Entity) -> dict[str, Any]:
    coordinates = None
    if entity.latitude is not None and entity.longitude is not None:
        coordinates = f"{entity.latitude:f}, {entity.longitude:f}"
    return {
        "kind": entity.kind,
        "naming": None if entity.naming == "named" else entity.naming,
        "name": entity.name,
        "aliases": list(entity.aliases),
        "description": entity.description,
        "wikidata": entity.wikidata,
        "part_of": entity.part_of,
        "acts_for": entity.acts_for,
        "coordinates": coordinates,
        "country": entity.country,
    }


def indicator_keys(indicator: Indicator) -> dict[str, Any]:
    return {name: words for name, words in vars(indicator).items() if name != "key"}


def _quote(text: str, quote: Marked) -> dict[str, Any]:
    return {**quote.keys, "mark": _mark(text, quote)}


def _claim(text: str, claim: Marked) -> dict[str, Any]:
    caveats = [Quoted(extract(text, *place)) for place in claim.apart]
    return {**claim.keys, "caveats": caveats, "mark": _mark(text, claim)}


def _sentences(document: AnnotatedDocument) -> list[Quoted]:
    marks = [marked(document.text, [sentence], held) for sentence, held in marked_sentences(document)]
    if any(len(copies) > 1 for copies in marks):
        raise ValueError("two mentions cross each other")
    return [Quoted(mark) for copies in marks for mark in copies]


def _mark(text: str, given: Marked) -> Quoted | list[Quoted]:
    marks = [Quoted(mark) for mark in marked(text, given.extracts, given.parts)]
    return marks[0] if len(marks) == 1 else marks
