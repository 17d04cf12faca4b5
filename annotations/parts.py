"""What an annotation says, apart from how a file writes it: keys, extracts, and the marked words in them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from annotations import dates, mentions, quotation_marks, quotes, value
from annotations.annotated import AnnotatedDocument, Claim, Quote, Source, Span, Timex
from annotations.claims import marked_words
from annotations.reading import Measures, unit
from annotations.write_marks import Part

Place = tuple[int, int]
_QUOTE = ("content", "cue", "occasion", "medium")
_CLAIM = ("number", "counted", "measure", "unit", "share_of", "place", "responsible", "caveat")


class Marked(NamedTuple):
    """A quote or a claim: its keys as in the file, the extracts that hold it, and the parts in them.

    `apart` are caveats that lie outside the extracts.
    """

    keys: Mapping[str, Any]
    extracts: list[Place]
    parts: list[Part]
    apart: list[Place]


def marked_quotes(document: AnnotatedDocument) -> list[Marked]:
    """The quotes, in the order of the document."""
    quotations = quotation_marks.interiors(document.text) if document.quotes else []
    return [_quote(document.text, quotations, quote) for quote in document.quotes]


def marked_claims(document: AnnotatedDocument, measures: Measures) -> list[Marked]:
    """The claims, in the order of the document. A unit that `measures` imply is left out."""
    return [_claim(document, claim, measures) for claim in document.claims]


def _quote(text: str, quotations: list[quotation_marks.Interior], quote: Quote) -> Marked:
    found = quotes.found_verbatim(text, quotations, quote)
    implied = [(span.start, span.end) for span in in_role(quote.spans, "verbatim")] == found
    parts = [
        *(Part(s.start, s.end, s.role) for s in quote.spans if s.role in _QUOTE),
        *(Part(s.start, s.end, s.role) for s in in_role(quote.spans, "verbatim") if not implied),
        *(
            Part(s.start, s.end, f"{s.role}={s.entity}")
            for s in quote.speakers
            if s.start is not None and s.end
        ),
        *_dated(quote.spans, quote.said),
    ]
    extracts = [(span.start, span.end) for span in in_role(quote.spans, "attribution")]
    listed = [speaker for speaker in quote.speakers if speaker.start is None]
    keys = {
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
    }
    return Marked(keys, extracts, parts, [])


def _claim(document: AnnotatedDocument, claim: Claim, measures: Measures) -> Marked:
    text, spans = document.text, claim.spans
    extracts = [(span.start, span.end) for span in in_role(spans, "statement")]
    heads = {"place": f"place={claim.place}", "responsible": f"responsible={claim.responsible}"}
    inside: list[Part] = []
    apart: list[Place] = []
    for span in spans:
        held = any(start <= span.start and span.end <= end for start, end in extracts)
        if span.role in _CLAIM and (held or span.role != "caveat"):
            inside.append(Part(span.start, span.end, heads.get(span.role, span.role)))
        elif span.role == "caveat":
            apart.append((span.start, span.end))
    parts = [*inside, *_dated(spans, claim.period), *_dated(spans, claim.reference_date)]
    low, high = _editors_bounds(claim)
    keys = {
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
        "place": None if in_role(spans, "place") else claim.place,
        "responsible": None if in_role(spans, "responsible") else claim.responsible,
        "period": _date(claim.period),
        "reference_date": _date(claim.reference_date),
        "subset_of": claim.subset_of,
        "refines": claim.refines,
        "indicator": claim.indicator,
    }
    return Marked(keys, extracts, parts, apart)


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
    return [Part(span.start, span.end, head) for span in in_role(spans, timex.role)]


def _date(timex: Timex | None) -> str | dict[str, Any] | None:
    """The key of a date without words; its basis is inferred in any case."""
    if timex is None or timex.as_written is not None:
        return None
    if timex.anchor == dates.default_anchor(timex.basis):
        return timex.interval.value
    return {"value": timex.interval.value, "anchor": timex.anchor}


def marked_sentences(document: AnnotatedDocument) -> Iterator[tuple[Place, list[Part]]]:
    """Each sentence with the mentions in it. Raises ValueError for a mention that lies in no sentence."""
    sentences = [(span.start, span.end) for span in in_role(document.spans, "sentence")]
    entities = {entity.key: entity for entity in document.entities}
    parts: dict[Place, list[Part]] = {sentence: [] for sentence in sentences}
    for mention in document.mentions:
        at = bisect_right(sentences, (mention.start, len(document.text))) - 1
        if at < 0 or mention.end > sentences[at][1]:
            raise ValueError(f"the mention {mention.start} to {mention.end} does not lie in one sentence")
        head = mention.entity or "?"
        words = " ".join(document.text[mention.start : mention.end].split())
        if mention.kind != mentions.kind(words, entities.get(head), document.language):
            head += f";kind={mention.kind}"
        parts[sentences[at]].append(Part(mention.start, mention.end, head))
    return iter(parts.items())


def _one_or_many(ids: tuple[str, ...]) -> str | list[str]:
    return ids[0] if len(ids) == 1 else list(ids)


def in_role(spans: Iterable[Span], role: str) -> list[Span]:
    """The spans in a role, in the order of the text."""
    return sorted(span for span in spans if span.role == role)
