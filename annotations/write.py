"""Writing an annotated document as its annotation file, in one canonical form.

Reading what was written gives an equal document, and writing that again gives the same bytes.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from annotations import dates, mentions, quotation_marks, quotes, value
from annotations.annotated import (
    AnnotatedDocument,
    Claim,
    Entity,
    Indicator,
    Quote,
    Source,
    Span,
    Timex,
)
from annotations.claims import marked_words
from annotations.reading import Measures, unit
from annotations.write_marks import Part, extract, marked
from annotations.yaml_text import Quoted, dump

_DOCUMENT = ("id", "title", "outlet", "url", "language", "timezone", "published", "printed", "basis", "note")
_DEFAULTS = {"language": "en", "timezone": "UTC", "status": "published"}
_QUOTE = ("content", "cue", "occasion", "medium")
_CLAIM = ("number", "counted", "measure", "unit", "share_of", "place", "responsible", "caveat")


def write(document: AnnotatedDocument, measures: Measures = ()) -> bytes:
    """The bytes of `NAME.claims.yaml`. A unit that `measures` imply is left out; without them all stand.

    Raises ValueError for a document that no annotation file can hold: spans that begin or end with white
    space, mentions that cross each other or the bounds of a sentence, parts of a quote or claim outside its
    extract.
    """
    text = document.text
    boilerplate = [Quoted(extract(text, s.start, s.end)) for s in _role(document.spans, "boilerplate")]
    parts: list[dict[str, Any]] = [
        {"document": _document(document)},
        {"boilerplate": boilerplate},
        {"entities": {entity.key: _entity(entity) for entity in document.entities}},
        {"indicators": {indicator.key: _indicator(indicator) for indicator in document.indicators}},
        {"quotes": _quotes(document)},
        {"claims": [_claim(document, claim, measures) for claim in document.claims]},
        {"text": _sentences(document)},
    ]
    return "\n".join(filter(None, map(dump, parts))).encode()


def _document(document: AnnotatedDocument) -> dict[str, Any]:
    given = {name: getattr(document, name) for name in (*_DOCUMENT, "status", "embargo")}
    given["published"] = document.published.value if document.published else None
    kept = {name: words for name, words in given.items() if words != _DEFAULTS.get(name)}
    return {**kept, "sha256": document.sha256}


def _entity(entity: Entity) -> dict[str, Any]:
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


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {name: words for name, words in vars(indicator).items() if name != "key"}


def _quotes(document: AnnotatedDocument) -> list[dict[str, Any]]:
    quotations = quotation_marks.interiors(document.text) if document.quotes else []
    return [_quote(document.text, quotations, quote) for quote in document.quotes]


def _quote(text: str, quotations: list[quotation_marks.Interior], quote: Quote) -> dict[str, Any]:
    found = quotes.found_verbatim(text, quotations, quote)
    implied = [(span.start, span.end) for span in _role(quote.spans, "verbatim")] == found
    parts = [
        *(Part(s.start, s.end, s.role) for s in quote.spans if s.role in _QUOTE),
        *(Part(s.start, s.end, s.role) for s in _role(quote.spans, "verbatim") if not implied),
        *(
            Part(s.start, s.end, f"{s.role}={s.entity}")
            for s in quote.speakers
            if s.start is not None and s.end
        ),
        *_dated(quote.spans, quote.said),
    ]
    extracts = [(span.start, span.end) for span in _role(quote.spans, "attribution")]
    listed = [speaker for speaker in quote.speakers if speaker.start is None]
    return {
        "id": quote.id,
        "form": quote.form,
        "act": None if quote.act == "statement" else quote.act,
        "polarity": None if quote.polarity == "positive" else quote.polarity,
        "relays": _one_or_many(quote.relays),
        "embeds": _one_or_many(quote.embeds),
        "responds": quote.responds,
        "speakers": [speaker.entity for speaker in listed if speaker.role == "speaker"],
        "addressees": [speaker.entity for speaker in listed if speaker.role == "addressee"],
        "said": _date(quote.said),
        "mark": _mark(text, extracts, parts),
    }


def _claim(document: AnnotatedDocument, claim: Claim, measures: Measures) -> dict[str, Any]:
    text, spans = document.text, claim.spans
    extracts = [(span.start, span.end) for span in _role(spans, "statement")]
    heads = {"place": f"place={claim.place}", "responsible": f"responsible={claim.responsible}"}
    inside, apart = [], []
    for span in spans:
        held = any(start <= span.start and span.end <= end for start, end in extracts)
        if span.role in _CLAIM and (held or span.role != "caveat"):
            inside.append(Part(span.start, span.end, heads.get(span.role, span.role)))
        elif span.role == "caveat":
            apart.append(Quoted(extract(text, span.start, span.end)))
    parts = [*inside, *_dated(spans, claim.period), *_dated(spans, claim.reference_date)]
    low, high = _editors_bounds(claim)
    return {
        "id": claim.id,
        "value": claim.value_words,
        "low": low,
        "high": high,
        "measure": claim.measure,
        "unit": None if measures and claim.unit == unit(measures, claim.measure) else claim.unit,
        "counted": None if claim.counted == marked_words(text, spans, "counted") else claim.counted,
        "share_of": None if claim.share_of == marked_words(text, spans, "share_of") else claim.share_of,
        "aggregation": claim.aggregation,
        "modality": None if claim.modality == "asserted" else claim.modality,
        "sources": [_source(source) for source in claim.sources],
        "place": None if _role(spans, "place") else claim.place,
        "responsible": None if _role(spans, "responsible") else claim.responsible,
        "period": _date(claim.period),
        "reference_date": _date(claim.reference_date),
        "subset_of": claim.subset_of,
        "refines": claim.refines,
        "indicator": claim.indicator,
        "caveats": apart,
        "mark": _mark(text, extracts, parts),
    }


def _editors_bounds(claim: Claim) -> tuple[str | None, str | None]:
    """The bounds that the words of the value do not state."""
    if claim.figure.bounds_basis != "editor":
        return None, None
    stated, figure = value.interpret(claim.value_words), claim.figure
    return (
        value.digits(figure.low) if stated.low is None and figure.low is not None else None,
        value.digits(figure.high) if stated.high is None and figure.high is not None else None,
    )


def _source(source: Source) -> str | dict[str, Any]:
    return source.quote if source.stance == "asserts" else {"quote": source.quote, "stance": source.stance}


def _dated(spans: Iterable[Span], timex: Timex | None) -> list[Part]:
    if timex is None or timex.as_written is None:
        return []
    head = f"{timex.role}={timex.interval.value}"
    if timex.anchor != dates.default_anchor(timex.basis):
        head += f";anchor={timex.anchor}"
    if timex.basis != dates.default_basis(timex.interval.value, timex.as_written):
        head += f";basis={timex.basis}"
    return [Part(span.start, span.end, head) for span in _role(spans, timex.role)]


def _date(timex: Timex | None) -> str | dict[str, Any] | None:
    """The key of a date without words; its basis is inferred in any case."""
    if timex is None or timex.as_written is not None:
        return None
    if timex.anchor == dates.default_anchor(timex.basis):
        return timex.interval.value
    return {"value": timex.interval.value, "anchor": timex.anchor}


def _sentences(document: AnnotatedDocument) -> list[Quoted]:
    sentences = [(span.start, span.end) for span in _role(document.spans, "sentence")]
    entities = {entity.key: entity for entity in document.entities}
    parts: dict[tuple[int, int], list[Part]] = {sentence: [] for sentence in sentences}
    for mention in document.mentions:
        at = bisect_right(sentences, (mention.start, len(document.text))) - 1
        if at < 0 or mention.end > sentences[at][1]:
            raise ValueError(f"the mention {mention.start} to {mention.end} does not lie in one sentence")
        head = mention.entity or "?"
        words = " ".join(document.text[mention.start : mention.end].split())
        if mention.kind != mentions.kind(words, entities.get(head), document.language):
            head += f";kind={mention.kind}"
        parts[sentences[at]].append(Part(mention.start, mention.end, head))
    marks = [marked(document.text, [sentence], held) for sentence, held in parts.items()]
    if any(len(copies) > 1 for copies in marks):
        raise ValueError("two mentions cross each other")
    return [Quoted(mark) for copies in marks for mark in copies]


def _mark(text: str, extracts: list[tuple[int, int]], parts: list[Part]) -> Quoted | list[Quoted]:
    marks = [Quoted(mark) for mark in marked(text, extracts, parts)]
    return marks[0] if len(marks) == 1 else marks


def _one_or_many(ids: tuple[str, ...]) -> str | list[str]:
    return ids[0] if len(ids) == 1 else list(ids)


def _role(spans: Iterable[Span], role: str) -> list[Span]:
    return sorted(span for span in spans if span.role == role)
