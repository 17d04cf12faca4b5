"""Quotes: from marked extracts to spans, speakers and days, and how quotes stand within each other."""

from collections.abc import Iterable

from annotations import file_format, links, quotation_marks
from annotations.annotated import Mention, Quote, Span, Speaker
from annotations.marks import Part, Role
from annotations.mistakes import Path
from annotations.reading import Located, Reading
from models.vocabulary import SpanRole, SpeakerRole

# The database refuses a longer chain; no article has one.
DEEPEST = 8
_DATE = Role("EDTF", ("anchor", "basis"))
ROLES: dict[str, Role] = {
    "content": Role(),
    "verbatim": Role(),
    "cue": Role(),
    "speaker": Role("KEY"),
    "addressee": Role("KEY"),
    "said": _DATE,
    "occasion": Role(),
    "medium": Role(),
}
_SPANS: tuple[SpanRole, ...] = ("content", "cue", "occasion", "medium", "said")
_SPEAKERS: tuple[SpeakerRole, ...] = ("speaker", "addressee")


def read(reading: Reading) -> tuple[Quote, ...]:
    """The quotes of the draft, in its order; mistakes go to the report."""
    quotes = [_read(reading, path, quote) for path, quote in reading.draft.quotes()]
    _check_links(reading)
    return tuple(quotes)


def _read(reading: Reading, path: Path, quote: file_format.Quote) -> Quote:
    extracts, whole = reading.located_marks(path, quote.mark, ROLES)
    reading.check_overlaps(extracts, frozenset(_SPEAKERS))
    parts = [part for extract in extracts for part in extract.parts]
    spans = {Span(extract.start, extract.end, "attribution") for extract in extracts}
    spans |= {Span(part.start, part.end, role) for role in _SPANS for part in parts if part.role == role}
    speakers = (*_marked(reading, extracts), *_listed(reading, path, quote, parts))
    verbatim = _verbatim(reading, extracts)
    form = quotation_marks.form(reading.article.text, _of(parts, "content"), verbatim)
    if whole:
        _check_content(reading, path, quote, bool(_of(parts, "content")))
        if quote.form not in (None, form):
            described = {"direct": "all", "mixed": "some", "indirect": "none"}[form]
            message = f"disagrees with the article: {described} of the content stands inside quotation marks"
            reading.report.add((*path, "form"), message, quote.form, form)
    return Quote(
        id=quote.id,
        form=form,
        act=quote.act,
        polarity=quote.polarity,
        spans=tuple(sorted({*spans, *(Span(*span, "verbatim") for span in verbatim)})),
        speakers=speakers,
        said=reading.timex("said", extracts, (*path, "said"), quote.said),
        relays=tuple(quote.relays),
        embeds=tuple(quote.embeds),
        responds=quote.responds,
    )


def found_verbatim(
    text: str, quotations: list[quotation_marks.Interior], quote: Quote
) -> list[tuple[int, int]]:
    """The verbatim spans that reading finds without marks; the writer leaves these out."""
    content = [(span.start, span.end) for span in quote.spans if span.role == "content"]
    cues = [(span.start, span.end) for span in quote.spans if span.role == "cue"]
    marked = [
        (s.start, s.end) for s in quote.speakers if s.role == "speaker" and s.start is not None and s.end
    ]
    return quotation_marks.verbatim(text, quotations, content, cues or marked)


def _of(parts: Iterable[Part], role: str) -> list[tuple[int, int]]:
    return sorted({(part.start, part.end) for part in parts if part.role == role})


def _verbatim(reading: Reading, extracts: list[Located]) -> list[tuple[int, int]]:
    parts = [part for extract in extracts for part in extract.parts]
    content, marked = _of(parts, "content"), _of(parts, "verbatim")
    if not marked:
        cues = _of(parts, "cue") or _of(parts, "speaker")
        return quotation_marks.verbatim(reading.article.text, reading.quotations, content, cues)
    for extract in extracts:
        for part in extract.parts:
            within = any(start <= part.start and part.end <= end for start, end in content)
            if part.role == "verbatim" and not within:
                message = "verbatim words stand within the content"
                reading.report.add(
                    extract.path, message, reading.words(part.start, part.end), offset=part.offset
                )
    return marked


def _marked(reading: Reading, extracts: list[Located]) -> list[Speaker]:
    speakers: dict[Speaker, None] = {}
    for extract in extracts:
        for part in extract.parts:
            if part.role not in _SPEAKERS:
                continue
            key = reading.entity(extract.path, str(part.value), part.offset)
            if key is not None:
                _check_mention(reading, extract.path, part, key)
                role: SpeakerRole = "speaker" if part.role == "speaker" else "addressee"
                speakers[Speaker(role, key, part.start, part.end)] = None
    return sorted(speakers, key=lambda s: (s.start, s.end, s.role, s.entity))


def _check_mention(reading: Reading, path: Path, part: Part, key: str) -> None:
    """The words of a speaker are a mention of that entity in `text:`, so that both tell the same story."""
    here = reading.mentions.get((part.start, part.end), [])
    if any(mention.entity == key for mention in here):
        return
    words = reading.words(part.start, part.end)
    if here:
        others = ", ".join(f"'{mention.entity or '?'}'" for mention in here)
        reading.report.add(
            path, f"in text: these words are a mention of {others}, not of '{key}'", words, None, part.offset
        )
    elif not reading.report.full and _in_a_sentence(reading, part):
        # Where the sentence itself could not be found, its mentions are not known, and nothing more is wrong.
        help_ = _overlapping(reading, part, key)
        message = f"these words are no mention in text:; mark them {{{key}|{words[:60]}}} there"
        reading.report.add(path, message, words, help_, part.offset)


def _in_a_sentence(reading: Reading, part: Part) -> bool:
    return any(start <= part.start and part.end <= end for start, end in reading.sentences)


def _overlapping(reading: Reading, part: Part, key: str) -> str | None:
    def near(mention: Mention) -> bool:
        return mention.entity == key and mention.start < part.end and part.start < mention.end

    found = next((mention for same in reading.mentions.values() for mention in same if near(mention)), None)
    return reading.words(found.start, found.end) if found else None


def _listed(reading: Reading, path: Path, quote: file_format.Quote, parts: list[Part]) -> list[Speaker]:
    speakers: list[Speaker] = []
    given: tuple[tuple[SpeakerRole, str, list[str]], ...] = (
        ("speaker", "speakers", quote.speakers),
        ("addressee", "addressees", quote.addressees),
    )
    for role, name, keys in given:
        marked = {part.value for part in parts if part.role == role}
        for at, key in enumerate(keys):
            where = (*path, name, at)
            if key in marked or key in keys[:at]:
                reading.report.add(where, f"is {role} of this quote already", key)
            elif reading.entity(where, key):
                speakers.append(Speaker(role, key))
    return speakers


def _check_content(reading: Reading, path: Path, quote: file_format.Quote, content: bool) -> None:
    if quote.act == "silence" and content:
        reading.report.add((*path, "mark"), f"'{quote.id}' is a silence, and a silence has no content")
    elif quote.act != "silence" and not content and not quote.relays:
        message = f"'{quote.id}' has no content: mark {{content|words}}, or say what it relays"
        reading.report.add((*path, "mark"), message)


def _check_links(reading: Reading) -> None:
    """A quote stands within one other at most: one that relays or embeds it, or one that it answers."""
    report, lost = reading.report, reading.draft.broken
    quotes = list(reading.draft.quotes())
    ids = {quote.id: None for _, quote in quotes}
    links.unique(report, [(quote.id, path) for path, quote in quotes])
    parents: dict[str, links.Link] = {}

    def put(child: str, parent: str, path: Path) -> None:
        if child in parents:
            message = (
                f"'{child}' already stands within '{parents[child][0]}'; a quote stands within one other"
            )
            report.add(path, message, child)
        else:
            parents[child] = (parent, path)

    for path, quote in quotes:
        for name, targets in (("relays", quote.relays), ("embeds", quote.embeds)):
            given = [(target, at) for at, target in reading.items((*path, name), targets)] if targets else []
            for target, at in links.known(report, given, ids, lost):
                put(target, quote.id, at)
        if quote.responds:
            answer = links.known(report, [(quote.responds, (*path, "responds"))], ids, lost)
            for target, at in answer:
                put(quote.id, target, at)
    links.acyclic(report, parents, "stands within")
    links.shallow(report, parents, DEEPEST)
