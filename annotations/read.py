"""Reading an annotated document: both files are checked whole, and nothing is used unless all is good."""

import zoneinfo
from collections.abc import Iterable, Mapping
from pathlib import Path as File

from annotations import claims, entities, quotes, sentences, source
from annotations.annotated import AnnotatedDocument, Mention
from annotations.article import Article
from annotations.draft import check
from annotations.mistakes import Mistake, Mistakes, Report, nearest
from annotations.reading import Measures, Reading
from annotations.tree import from_json, from_yaml

ARTICLE, ANNOTATION = ".txt", ".claims.yaml"


def read(
    name: str,
    text: bytes,
    annotation: bytes | Mapping[str, object],
    measures: Measures,
    id: str | None = None,
) -> AnnotatedDocument:
    """The annotated document of `NAME.txt` and `NAME.claims.yaml`, as bytes, or the latter as parsed JSON.

    `measures` are the terms that claims may use; a mapping to terms with a unit also gives the
    unit of a claim that names none. `id` is that of a document whose annotation gives none. Raises Mistakes
    with all mistakes of both files.
    """
    mistakes: list[Mistake] = []
    article = tree = None
    try:
        article = source.text(text, name + ARTICLE)
    except Mistakes as found:
        mistakes += found.mistakes
    try:
        file = name + ANNOTATION
        tree = from_yaml(annotation, file) if isinstance(annotation, bytes) else from_json(annotation, file)
    except Mistakes as found:
        mistakes += found.mistakes
    if tree is None:
        raise Mistakes(mistakes)
    about = tree.value.get("document") if isinstance(tree.value, dict) else None
    if id is not None and isinstance(about, dict):
        about.setdefault("id", id)
    report = Report(name + ANNOTATION, tree.places)
    draft = check(tree, report)
    if article is None:
        raise Mistakes([*mistakes, *report.mistakes])
    reading = Reading(Article(article), tree, draft, report, measures)
    document = _document(reading, source.sha256(text))
    if report.mistakes:
        raise Mistakes(sorted(report.mistakes, key=lambda mistake: mistake.line or 0))
    return document


def read_files(paths: Iterable[File], measures: Measures) -> list[AnnotatedDocument]:
    """The documents of these files; either file of a pair stands for both. Raises Mistakes of all of them."""
    mistakes: list[Mistake] = []
    documents: dict[str, AnnotatedDocument] = {}
    for name in dict.fromkeys(map(_name, paths)):
        try:
            document = read(name, _bytes(name + ARTICLE), _bytes(name + ANNOTATION), measures)
        except Mistakes as found:
            mistakes += found.mistakes
            continue
        if document.id in documents:
            mistakes.append(
                Mistake(name + ANNOTATION, "another of these files has the same id", extract=document.id)
            )
        documents[document.id] = document
    if mistakes:
        raise Mistakes(mistakes)
    return list(documents.values())


def _name(path: File) -> str:
    name = str(path)
    for suffix in (ANNOTATION, ARTICLE):
        name = name.removesuffix(suffix)
    return name


def _bytes(file: str) -> bytes:
    try:
        with File(file).open("rb") as opened:
            # One byte more than allowed is enough to refuse it, however large it is.
            return opened.read(source.LARGEST + 1)
    except OSError as error:
        raise Mistakes([Mistake(file, f"cannot be read: {error.strerror}")]) from None


def _document(reading: Reading, sha256: str) -> AnnotatedDocument:
    document = reading.draft.file.document
    _check_document(reading, sha256)
    entities.read(reading)
    spans = sentences.read(reading)
    return AnnotatedDocument(
        text=reading.article.text,
        sha256=sha256,
        spans=spans,
        entities=tuple(reading.entities.values()),
        mentions=_mentions(reading),
        quotes=quotes.read(reading),
        indicators=entities.indicators(reading),
        claims=claims.read(reading),
        **{name: getattr(document, name) for name in type(document).model_fields if name != "sha256"},
    )


def _mentions(reading: Reading) -> tuple[Mention, ...]:
    found = (mention for same in reading.mentions.values() for mention in same)
    return tuple(sorted(found, key=lambda mention: (mention.start, mention.end, mention.entity or "")))


def _check_document(reading: Reading, sha256: str) -> None:
    document, report = reading.draft.file.document, reading.report
    if "document" in reading.draft.broken:
        return
    if document.sha256 not in (None, sha256):
        message = f"the article has another SHA-256: {sha256}; it was changed after it was annotated"
        report.add(("document", "sha256"), message, document.sha256)
    if document.embargo and document.status != "embargoed":
        report.add(("document", "embargo"), "goes with 'status: embargoed'", document.embargo)
    if document.basis != "stated" and document.note is None:
        report.add(("document", "basis"), "needs a 'note' that says why", document.basis)
    if document.basis == "unknown" and document.published is not None:
        report.add(
            ("document", "basis"), "there is a date in 'published', so its basis is known", document.basis
        )
    if document.basis != "unknown" and document.published is None:
        report.add(("document",), f"'published' is missing, although its basis is '{document.basis}'")
    try:
        zoneinfo.ZoneInfo(document.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        help_ = nearest(document.timezone, zoneinfo.available_timezones())
        report.add(("document", "timezone"), "is no IANA time zone", document.timezone, help_)
