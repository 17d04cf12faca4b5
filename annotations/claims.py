"""Claims: from marked extracts to figures, what they count, and on whose word."""

from itertools import islice

from annotations import file_format, links, value
from annotations.annotated import Claim, Figure, Source, Span
from annotations.marks import Role
from annotations.mistakes import Path
from annotations.reading import Located, Reading, unit
from models.vocabulary import SpanRole

_DATE = Role("EDTF", ("anchor", "basis"))
ROLES: dict[str, Role] = {
    "number": Role(),
    "counted": Role(),
    "measure": Role(),
    "unit": Role(),
    "share_of": Role(),
    "place": Role("KEY"),
    "responsible": Role("KEY"),
    "period": _DATE,
    "reference": _DATE,
    "caveat": Role(),
}
_SPANS: tuple[SpanRole, ...] = (
    "number",
    "counted",
    "measure",
    "unit",
    "share_of",
    "place",
    "responsible",
    "period",
    "reference",
    "caveat",
)
_UNKNOWN = Figure("magnitude", None, None, None, "unknown", "unknown", "stated")


def read(reading: Reading) -> tuple[Claim, ...]:
    """The claims of the draft, in its order; mistakes go to the report."""
    claims = [_read(reading, path, claim) for path, claim in reading.draft.claims()]
    _check_links(reading)
    return tuple(claims)


def _read(reading: Reading, path: Path, claim: file_format.Claim) -> Claim:
    extracts, whole = reading.located_marks(path, claim.mark, ROLES)
    reading.check_overlaps(extracts, frozenset({"caveat"}))
    figure = _figure(reading, path, claim)
    parts = [part for extract in extracts for part in extract.parts]
    spans = {Span(extract.start, extract.end, "statement") for extract in extracts}
    spans |= {Span(part.start, part.end, role) for role in _SPANS for part in parts if part.role == role}
    spans |= _caveats(reading, path, claim)
    ordered = tuple(sorted(spans))
    measure = check_measure(reading, (*path, "measure"), claim.measure)
    share_of = claim.share_of or marked_words(reading.article.text, ordered, "share_of")
    if whole:
        if claim.value != "vague" and not any(part.role == "number" for part in parts):
            reading.report.add((*path, "mark"), f"'{claim.id}' has no number: mark {{number|words}}")
        if unit(reading.measures, measure) == "ratio":
            _check_share(reading, path, figure, share_of)
        _check_words(reading, path, figure, marked_words(reading.article.text, ordered, "number"))
    if unit(reading.measures, measure) == "currency" and claim.unit is None:
        message = f"'{measure}' needs a unit, an ISO 4217 code such as USD"
        reading.report.add(path, message, claim.id)
    return Claim(
        id=claim.id,
        value_words=claim.value,
        figure=figure,
        measure=measure,
        unit=claim.unit or unit(reading.measures, measure),
        spans=ordered,
        counted=claim.counted or marked_words(reading.article.text, ordered, "counted"),
        share_of=share_of,
        aggregation=claim.aggregation,
        modality=claim.modality,
        sources=_sources(reading, path, claim),
        place=_entity(reading, extracts, (*path, "place"), claim.place),
        responsible=_entity(reading, extracts, (*path, "responsible"), claim.responsible),
        period=reading.timex("period", extracts, (*path, "period"), claim.period),
        reference_date=reading.timex("reference", extracts, (*path, "reference_date"), claim.reference_date),
        subset_of=claim.subset_of,
        refines=claim.refines,
        indicator=_indicator(reading, path, claim),
    )


def marked_words(text: str, spans: tuple[Span, ...], role: str) -> str | None:
    """The words of the claim's spans in this role, parts joined by ` … `; None if there are none."""
    parts = [" ".join(text[span.start : span.end].split()) for span in spans if span.role == role]
    return " … ".join(parts) or None


def check_measure(reading: Reading, path: Path, measure: str) -> str:
    """The measure, after reporting it if the vocabulary does not know it."""
    if measure not in reading.measures:
        help_ = reading.report.nearest(measure, reading.measures)
        terms = "" if help_ else f"; its terms are {', '.join(islice(reading.measures, 40))}"
        reading.report.add(path, f"the vocabulary has no such measure{terms}", measure, help_)
    return measure


def _figure(reading: Reading, path: Path, claim: file_format.Claim) -> Figure:
    try:
        return value.interpret(claim.value, claim.low, claim.high)
    except ValueError as error:
        reading.report.add((*path, "value"), str(error), claim.value)
        return _UNKNOWN


def _check_words(reading: Reading, path: Path, figure: Figure, words: str | None) -> None:
    """Report a value that the marked words contradict, as far as they are written in the words of values.

    A typing error in a figure is the one mistake that nobody sees later.
    """
    said = value.stated(words.replace(" … ", " ")) if words else None
    if said is None or reading.report.has(path):
        return
    numbers = {figure.value, figure.low, figure.high} - {None}
    # 25 per cent is marked as `25` and written as 0.25.
    shares = {number * 100 for number in numbers if number is not None}
    if isinstance(said, Figure):
        same = said.comparator == figure.comparator and said.value in {figure.value, *shares}
        same = same and (said.value is not None or (said.low, said.high) == (figure.low, figure.high))
    else:
        same = not said or bool(said & (numbers | shares))
    if not same:
        message = "the marked words say something else; mark their qualifier too, or mend the value"
        reading.report.add((*path, "value"), message, value.words(figure), words)


def _check_share(reading: Reading, path: Path, figure: Figure, share_of: str | None) -> None:
    if share_of is None:
        message = "a share needs its whole: mark {share_of|words} or write 'share_of'"
        reading.report.add(path, message)
    numbers = [number for number in (figure.value, figure.low, figure.high) if number is not None]
    if any(not 0 <= number <= 1 for number in numbers):
        message = "a share lies between 0 and 1; write a quarter as 1/4 and 25% as 0.25"
        reading.report.add((*path, "value"), message, value.words(figure))


def _caveats(reading: Reading, path: Path, claim: file_format.Claim) -> set[Span]:
    given = reading.items((*path, "caveats"), claim.caveats) if claim.caveats else ()
    found = (reading.locate(at, caveat, {}) for at, caveat in given)
    return {Span(located.start, located.end, "caveat") for located in found if located}


def _sources(reading: Reading, path: Path, claim: file_format.Claim) -> tuple[Source, ...]:
    seen: set[str] = set()
    for at, source in enumerate(claim.sources):
        if source.quote in seen:
            reading.report.add((*path, "sources", at), "is a source of this claim twice", source.quote)
        seen.add(source.quote)
    return tuple(Source(source.quote, source.stance) for source in claim.sources)


def _entity(reading: Reading, extracts: list[Located], path: Path, key: str | None) -> str | None:
    """The entity of the marks with this role, or of the key: a place where, or who is responsible."""
    role = str(path[-1])
    found = [
        (str(p.value), extract.path, p.offset)
        for extract in extracts
        for p in extract.parts
        if p.role == role
    ]
    given = [(key, path, 0)] if key else []
    first: str | None = None
    for value_, at, offset in [*found, *given]:
        if first is not None and value_ != first:
            reading.report.add(
                at, f"a second, different '{role}'; the first is '{first}'", value_, None, offset
            )
        elif first is None:
            first = value_
            _check_kind(reading, at, value_, role, offset)
    return first


def _check_kind(reading: Reading, path: Path, key: str, role: str, offset: int = 0) -> None:
    if reading.entity(path, key, offset) is None:
        return
    kind = reading.entities[key].kind
    if (role == "place") != (kind == "place"):
        needed = "is a place" if role == "place" else "acts, and a place does not"
        reading.report.add(path, f"what is '{role}' {needed}; '{key}' is of kind {kind}", key, None, offset)


def _indicator(reading: Reading, path: Path, claim: file_format.Claim) -> str | None:
    indicators, where = reading.draft.file.indicators, (*path, "indicator")
    if claim.indicator in indicators:
        if indicators[claim.indicator].measure != claim.measure:
            message = f"that indicator has the measure '{indicators[claim.indicator].measure}'"
            reading.report.add(where, message, claim.indicator)
    elif claim.indicator and not reading.draft.broken & {claim.indicator, "indicators"}:
        help_ = reading.report.nearest(claim.indicator, indicators)
        reading.report.add(where, "no indicator has this key", claim.indicator, help_)
    return claim.indicator


def check_place(reading: Reading, path: Path, key: str) -> None:
    """Report a key that is not that of a place."""
    _check_kind(reading, path, key, "place")


def _check_links(reading: Reading) -> None:
    report, lost = reading.report, reading.draft.broken
    claims = list(reading.draft.claims())
    ids = {claim.id: None for _, claim in claims}
    links.unique(report, [(claim.id, path) for path, claim in claims])
    quotes = {quote.id: None for _, quote in reading.draft.quotes()}
    for path, claim in claims:
        sources = [(source.quote, (*path, "sources", at)) for at, source in enumerate(claim.sources)]
        links.known(report, sources, quotes, lost)
    for name, verb in (("subset_of", "is part of"), ("refines", "refines")):
        given = [(claim.id, getattr(claim, name), (*path, name)) for path, claim in claims]
        links.known(report, [(target, path) for _, target, path in given if target], ids, lost)
        parents = {id_: (target, path) for id_, target, path in given if target in ids}
        links.acyclic(report, parents, verb)
