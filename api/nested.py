"""The SQL of what several resources show inside their items, and of the documents that they stand in."""

from typing import Any

import orjson
from sqlalchemy import RowMapping, Select, case, func, literal, or_
from sqlmodel import col

from api.listing.filters import Exact, Filter
from api.listing.holes import ENTITY, ENTITY_MEMBERS, INDICATOR, REVISION, Hole
from api.listing.ranges import Dates, Moments
from api.listing.reading import Reading
from api.listing.resource import Part, Parts
from api.listing.sql import Keys, aliased, part, select
from api.views import AROUND, SEED
from models.document import Document, DocumentState, Listed
from models.revision import Revision
from models.span import Span
from models.text import Text
from models.timex import Timex, TimexBase


def entity_columns(entity: Any) -> dict[str, Any]:
    """An entity in brief, as members of a part."""
    return {"entity_id": entity.id, **{name: getattr(entity, name) for name in ENTITY_MEMBERS}}


def entity_reference(row: Any, prefix: str = "") -> dict[str, Any] | None:
    """The same, as it is shown; none if there is none."""
    if row[f"{prefix}entity_id"] is None:
        return None
    id_ = row[f"{prefix}entity_id"]
    return Hole(f"{ENTITY}{id_}", {"id": id_} | {name: row[f"{prefix}{name}"] for name in ENTITY_MEMBERS})


def indicator_reference(row: RowMapping) -> dict[str, Any] | None:
    """The question that a claim answers, in brief; none if there is none."""
    id_ = row["indicator_id"]
    return Hole(f"{INDICATOR}{id_}", {"id": id_, "label": row["indicator_label"]}) if id_ else None


def speaking(row: dict[str, Any]) -> dict[str, Any]:
    """A speaker or an addressee, as shown."""
    return {"entity": entity_reference(row), "as_written": row["as_written"], "mention": row["mention"]}


DOCUMENT_COLUMNS: list[Any] = [
    col(Document.id).label("document_id"),
    col(Document.title).label("document_title"),
    col(Document.outlet).label("document_outlet"),
    col(Document.url).label("document_url"),
    col(Document.published).label("document_published"),
]
RECORDED_COLUMNS: list[Any] = [
    col(Revision.number).label("revision"),
    col(Revision.time).label("revision_time"),
    col(Revision.key).label("revision_key"),
]


def in_document(statement: Select[Any], model: Any, reading: Reading) -> Select[Any]:
    """Joins what stands in a document that can be read with it and with its revision."""
    return (
        statement.join(Document, (col(Document.id) == model.document_id) & reading.valid(Document))
        .join(Revision, col(Revision.key) == model.recorded, isouter=reading.unsealed)
        .where(reading.valid(model), reading.sees(Document))
    )


def published(reading: Reading, document_id: Any) -> Any:
    """The condition that a document can be read."""
    document = aliased(Document, "published_document")
    can = select(literal(1)).where(
        document.id == document_id, reading.valid(document), reading.sees(document)
    )
    return can.correlate_except(document).exists()


def listed(reading: Reading, noun: str) -> Select[Any]:
    """What the documents that can be read list of a noun: `id`, `document_id`."""
    state = aliased(DocumentState, "listing_state")
    of_state = (state.document_id == Listed.document_id) & (state.digest == Listed.digest)
    rows = select(col(Listed.id), col(Listed.document_id)).select_from(Listed).join(state, of_state)
    return rows.where(col(Listed.noun) == noun, reading.valid(state))


def listed_openly(reading: Reading, noun: str, id: Any) -> Any:
    """The condition that what documents share can be read: not while drafts alone list it."""
    lists = listed(reading, noun).where(col(Listed.id) == id).correlate_except(Listed)
    openly = lists.where(published(reading, col(Listed.document_id)))
    return or_(~lists.exists(), openly.exists())


def document_filters(model: Any) -> tuple[Filter, ...]:
    """The filters of what stands in a document."""
    return (
        Exact(
            "document",
            "Document that it stands in.",
            SEED,
            of=model.document_id,
            label=col(Document.title),
            names="documents",
        ),
        Exact("outlet", "Outlet that published it.", "Defence Talks", of=col(Document.outlet), none=True),
        Dates(
            "published",
            "Day on which the document was published.",
            "2024-10-15",
            test=published_days,
            order=col(Document.published_order),
            dated=PUBLISHED,
        ),
        RECORDED,
    )


def published_days(condition: Any) -> Any:
    """The test of the publication axis: the joined document's days."""
    return condition(col(Document.published_earliest), col(Document.published_latest))


PUBLISHED: Any = col(Document.published_earliest).is_not(None) | col(Document.published_latest).is_not(None)
RECORDED = Moments(
    "recorded", "Time at which this state was recorded.", "2024-10-15", time=col(Revision.time)
)


def document_reference(row: RowMapping) -> dict[str, Any]:
    """The document, as shown inside its items."""
    return {name: row[f"document_{name}"] for name in ("id", "title", "outlet", "url", "published")}


def recorded_view(row: RowMapping) -> dict[str, Any]:
    """The revision, as shown."""
    # One that is being written has no row yet.
    token = f"{REVISION}{row['revision_key'] or ''}"
    return Hole(token, {"revision": row["revision"], "time": row["revision_time"]})


def exact_number(text: str | None) -> orjson.Fragment | None:
    """A decimal as a JSON number with all of its digits."""
    return None if text is None else orjson.Fragment(text)


def around(start: Any, end: Any) -> Any:
    """A span of a text with the characters before and after it: in one piece, because PostgreSQL unpacks the
    whole text for each.
    """
    first = case((start > AROUND, start - AROUND + 1), else_=1)
    return func.substr(Text.text, first, end + AROUND + 1 - first)


def words_around(row: Any) -> dict[str, str]:
    """The characters before and after the span of a row that has them `around` it."""
    before, words = min(row["start"], AROUND), row["around"]
    return {"prefix": words[:before], "suffix": words[before + row["end"] - row["start"] :]}


def _spans(reading: Reading, keys: Keys) -> Select[Any]:
    start, end = col(Span.start), col(Span.end)
    return (
        part(
            col(Span.owner_key), start,
            role=col(Span.role), start=start, end=end, exact=col(Span.exact), around=around(start, end),
        )
        .select_from(Span)
        .join(Text, (col(Text.document_id) == Span.document_id) & (col(Text.sha256) == Span.text_sha256))
        .where(col(Span.owner_key).in_(keys), col(Span.role) != "sentence")
    )  # fmt: skip


def _times(reading: Reading, keys: Keys) -> Select[Any]:
    members = {name: getattr(Timex, name) for name in ("role", *TimexBase.model_fields)}
    return part(col(Timex.owner_key), literal(0), **members).where(col(Timex.owner_key).in_(keys))


def spans(parts: Parts) -> list[dict[str, Any]]:
    """Spans with the characters before and after them."""
    own = ("role", "start", "end", "exact")
    return [{name: span[name] for name in own} | words_around(span) for span in parts.get("spans", ())]


SPANS = Part("spans", _spans)
TIMES = Part("times", _times)


def times(parts: Parts) -> dict[str, dict[str, Any]]:
    """Time expressions by role."""
    return {
        str(time["role"]): {k: v for k, v in time.items() if k != "role"} for time in parts.get("times", [])
    }


def texts_of(model: Any) -> Part:
    """The text itself, for offsets that are counted in other units."""

    def rows(reading: Reading, keys: Keys) -> Select[Any]:
        document = model.id if model is Document else model.document_id
        return (
            part(model.row_key, literal(0), text=col(Text.text))
            .select_from(model)
            .join(Text, (col(Text.document_id) == document) & (col(Text.sha256) == model.text_sha256))
            .where(model.row_key.in_(keys))
        )

    return Part("text", rows)


def sentences_of(model: Any) -> Part:
    """The sentences in which the spans of an item stand."""

    def rows(reading: Reading, keys: Keys) -> Select[Any]:
        sentence, own = aliased(Span, "sentence"), aliased(Span, "own")
        found = (
            select(model.row_key, sentence.start, sentence.end, sentence.exact)
            .select_from(model)
            .join(Document, (col(Document.id) == model.document_id) & reading.valid(Document))
            .join(sentence, (sentence.owner_key == Document.row_key) & (sentence.role == "sentence"))
            .where(model.row_key.in_(keys))
        )
        if hasattr(model, "end"):
            found = found.where(sentence.start <= model.start, sentence.end >= model.end)
        else:
            found = found.join(own, own.owner_key == model.row_key)
            found = found.where(sentence.start < own.end, sentence.end > own.start)
        c = found.distinct().subquery().c
        return part(c.row_key, c.start, start=c.start, end=c.end, exact=c.exact)

    return Part("sentences", rows)
