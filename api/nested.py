"""What several resources show inside their items: the document, entities, spans, times and sentences."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field, WithJsonSchema
from sqlalchemy import ColumnElement, RowMapping, Select, case, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlmodel import col

from api.listing.reading import Reading
from api.listing.resource import Part, Parts, json_object
from models.document import Document, DocumentBase
from models.entity import EntityBase
from models.revision import Revision
from models.span import Span
from models.text import Text
from models.timex import Timex, TimexBase

# Characters shown on either side of a span, as the Web Annotation model recommends for finding it again.
AROUND = 32
Number = Annotated[Decimal, WithJsonSchema({"type": "number", "examples": [2350]})]


class RecordedView(BaseModel):
    """The revision that this state of the item entered the record with."""

    revision: int = Field(description="Number of the revision", examples=[1])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])


class DocumentReference(BaseModel):
    """The document that an item stands in."""

    id: str = DocumentBase.model_fields["id"]
    title: str = DocumentBase.model_fields["title"]
    outlet: str | None = DocumentBase.model_fields["outlet"]
    url: str | None = DocumentBase.model_fields["url"]
    published: str | None = DocumentBase.model_fields["published"]


class EntityReference(BaseModel):
    """An entity in brief."""

    id: str = EntityBase.model_fields["id"]
    kind: str = EntityBase.model_fields["kind"]
    name: str = EntityBase.model_fields["name"]
    naming: str = EntityBase.model_fields["naming"]


class SpanView(BaseModel):
    """Characters of the text, with those on either side to find them again."""

    role: str = Span.model_fields["role"]
    start: int = Span.model_fields["start"]
    end: int = Span.model_fields["end"]
    exact: str = Span.model_fields["exact"]
    prefix: str = Field(description=f"Up to {AROUND} characters before", examples=["warned that more "])
    suffix: str = Field(description=f"Up to {AROUND} characters after", examples=[" would face "])


class SentenceView(BaseModel):
    """A sentence in which a span of the item stands."""

    start: int = Span.model_fields["start"]
    end: int = Span.model_fields["end"]
    exact: str = Span.model_fields["exact"]


class TimexView(TimexBase):
    """A time expression, as written and as resolved."""


class Speaking(BaseModel):
    """An entity that speaks or is spoken to."""

    entity: EntityReference = Field(description="Who")
    as_written: str | None = Field(description="The words that name it here, if any do", examples=["He"])
    mention: str | None = Field(
        description="Id of the mention", examples=["beirut-strikes-2024-10-15.m993-995"]
    )


class ChainLink(BaseModel):
    """A quote that relays another one."""

    id: str = Field(description="Id of the quote that relays", examples=["beirut-strikes-2024-10-15.q12"])
    speakers: list[Speaking] = Field(description="Who relays")


@compiles(json_object, "sqlite")
def _json_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_object({compiler.process(element.clauses, **options)})"


@compiles(json_object, "postgresql")
def _json_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_build_object({compiler.process(element.clauses, **options)})::text"


def body(**members: Any) -> ColumnElement[str]:
    """The JSON of a part's row."""
    flat = [term for name, value in members.items() for term in (literal(name, literal_execute=True), value)]
    return json_object(*flat).label("body")


def part(owner: Any, place: Any, /, **members: Any) -> Select[Any]:
    """The select of a part: whose row, in which place, with what in it."""
    return select(owner.label("owner"), place.label("place"), body(**members))


def entity_columns(entity: Any) -> dict[str, Any]:
    """An entity in brief, as members of a part."""
    return {"entity_id": entity.id, "kind": entity.kind, "name": entity.name, "naming": entity.naming}


def entity_reference(row: Any, prefix: str = "") -> dict[str, Any] | None:
    """The same, as it is shown; none if there is none."""
    if row[f"{prefix}entity_id"] is None:
        return None
    members = {name: row[f"{prefix}{name}"] for name in ("kind", "name", "naming")}
    return {"id": row[f"{prefix}entity_id"], **members}


def speaking(row: dict[str, Any]) -> dict[str, Any]:
    """A speaker or an addressee, as shown."""
    return {"entity": entity_reference(row), "as_written": row["as_written"], "mention": row["mention"]}


DOCUMENT_COLUMNS = [
    col(Document.id).label("document_id"),
    col(Document.title).label("document_title"),
    col(Document.outlet).label("document_outlet"),
    col(Document.url).label("document_url"),
    col(Document.published).label("document_published"),
]
RECORDED_COLUMNS = [col(Revision.number).label("revision"), col(Revision.time).label("revision_time")]


def in_document(statement: Select[Any], model: Any, reading: Reading) -> Select[Any]:
    """Joins what stands in a published document with it and with its revision."""
    return (
        statement.join(Document, (col(Document.id) == model.document_id) & reading.valid(Document))
        .join(Revision, col(Revision.key) == model.recorded)
        .where(reading.valid(model), col(Document.status) == "published")
    )


def document_reference(row: RowMapping) -> dict[str, Any]:
    """The document, as shown inside its items."""
    return {name: row[f"document_{name}"] for name in ("id", "title", "outlet", "url", "published")}


def recorded_view(row: RowMapping) -> dict[str, Any]:
    """The revision, as shown."""
    return {"revision": row["revision"], "time": row["revision_time"]}


def exact_number(text: str | None) -> orjson.Fragment | None:
    """A decimal as a JSON number with all of its digits."""
    return None if text is None else orjson.Fragment(text)


def _spans(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    start, end, text = col(Span.start), col(Span.end), col(Text.text)
    return (
        part(
            col(Span.owner_key), start,
            role=col(Span.role), start=start, end=end, exact=col(Span.exact),
            prefix=before(text, start), suffix=func.substr(text, end + 1, AROUND),
        )
        .join(Text, (col(Text.document_id) == Span.document_id) & (col(Text.sha256) == Span.text_sha256))
        .where(col(Span.owner_key).in_(keys), col(Span.role) != "sentence")
    )  # fmt: skip


def before(text: Any, start: Any) -> Any:
    """The characters before an offset."""
    first = case((start > AROUND, start - AROUND + 1), else_=1)
    return func.substr(text, first, case((start > AROUND, AROUND), else_=start))


def _times(reading: Reading, keys: Sequence[int]) -> Select[Any]:
    members = {name: getattr(Timex, name) for name in ("role", *TimexBase.model_fields)}
    return part(col(Timex.owner_key), literal(0), **members).where(col(Timex.owner_key).in_(keys))


SPANS = Part("spans", _spans)
TIMES = Part("times", _times)


def times(parts: Parts) -> dict[str, dict[str, Any]]:
    """Time expressions by role."""
    return {
        str(time["role"]): {k: v for k, v in time.items() if k != "role"} for time in parts.get("times", [])
    }


def texts_of(model: Any) -> Part:
    """The text itself, for offsets that are counted in other units."""

    def rows(reading: Reading, keys: Sequence[int]) -> Select[Any]:
        document = model.id if model is Document else model.document_id
        return (
            part(model.row_key, literal(0), text=col(Text.text))
            .join(Text, (col(Text.document_id) == document) & (col(Text.sha256) == model.text_sha256))
            .where(model.row_key.in_(keys))
        )

    return Part("text", rows)


def sentences_of(model: Any) -> Part:
    """The sentences in which the spans of an item stand."""

    def rows(reading: Reading, keys: Sequence[int]) -> Select[Any]:
        sentence = Span.__table__.alias("sentence")  # type: ignore[attr-defined]
        own = Span.__table__.alias("own")  # type: ignore[attr-defined]
        found = (
            select(model.row_key, sentence.c.start, sentence.c.end, sentence.c.exact)
            .join(Document, (col(Document.id) == model.document_id) & reading.valid(Document))
            .join(sentence, (sentence.c.owner_key == Document.row_key) & (sentence.c.role == "sentence"))
            .where(model.row_key.in_(keys))
        )
        if hasattr(model, "end"):
            found = found.where(sentence.c.start <= model.start, sentence.c.end >= model.end)
        else:
            found = found.join(own, own.c.owner_key == model.row_key)
            found = found.where(sentence.c.start < own.c.end, sentence.c.end > own.c.start)
        distinct = found.distinct().subquery()
        c = distinct.c
        return part(c.row_key, c.start, start=c.start, end=c.end, exact=c.exact)

    return Part("sentences", rows)
