"""The plain endpoint that most people write: FastAPI, SQLModel relationships, a `response_model`.

    uvicorn bench.plain:app   # PLAIN_DATABASE_URL=sqlite:///… or postgresql+psycopg://…

Relationships are loaded as SQLAlchemy's manual recommends: joined where there is one, by a second statement
where there are many (`selectinload`); one by one, when they are looked at, is slower still. It shows less
than On Record: spans without the words around them, no chain, no claims.
"""

import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import BigInteger
from sqlalchemy.orm import joinedload, selectinload
from sqlmodel import Field, Relationship, Session, SQLModel, col, create_engine, select

_URL = os.environ.get("PLAIN_DATABASE_URL", "sqlite:///record.sqlite")
engine = create_engine(_URL, connect_args={"check_same_thread": False} if _URL.startswith("sqlite") else {})
app = FastAPI()


class DocumentBase(SQLModel):
    id: str
    title: str
    outlet: str | None
    url: str | None
    published: str | None


class Document(DocumentBase, table=True):
    row_key: int = Field(primary_key=True, sa_type=BigInteger)
    superseded: int | None


class EntityBase(SQLModel):
    id: str
    kind: str
    name: str
    naming: str


class Entity(EntityBase, table=True):
    row_key: int = Field(primary_key=True, sa_type=BigInteger)
    superseded: int | None


class SpeakerBase(SQLModel):
    role: str
    as_written: str | None
    mention_id: str | None


def _joins(condition: str, key: str, **options: Any) -> Any:
    return Relationship(
        sa_relationship_kwargs={"primaryjoin": condition, "foreign_keys": key, "viewonly": True, **options}
    )


class Speaker(SpeakerBase, table=True):
    quote_key: int = Field(primary_key=True, sa_type=BigInteger)
    role: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    entity_id: str
    entity: Entity | None = _joins(
        "and_(Speaker.entity_id == Entity.id, Entity.superseded.is_(None))", "Speaker.entity_id"
    )


class SpanBase(SQLModel):
    role: str
    start: int
    end: int
    exact: str


class Span(SpanBase, table=True):
    owner_key: int = Field(primary_key=True, sa_type=BigInteger)
    role: str = Field(primary_key=True)
    position: int = Field(primary_key=True)


class TimexBase(SQLModel):
    role: str
    value: str
    earliest: str | None
    latest: str | None
    as_written: str | None


class Timex(TimexBase, table=True):
    owner_key: int = Field(primary_key=True, sa_type=BigInteger)
    role: str = Field(primary_key=True)


class QuoteBase(SQLModel):
    id: str
    form: str
    act: str
    polarity: str
    content: str | None
    verbatim: str | None
    cue: str | None
    occasion: str | None
    medium: str | None
    text_sha256: str


class Quote(QuoteBase, table=True):
    row_key: int = Field(primary_key=True, sa_type=BigInteger)
    document_id: str
    start: int
    said_order: str
    superseded: int | None = Field(sa_type=BigInteger)
    document: Document | None = _joins(
        "and_(Quote.document_id == Document.id, Document.superseded.is_(None))", "Quote.document_id"
    )
    speakers: list[Speaker] = _joins("Quote.row_key == Speaker.quote_key", "Speaker.quote_key")
    spans: list[Span] = _joins(
        "Quote.row_key == Span.owner_key", "Span.owner_key", order_by="Span.start, Span.role"
    )
    times: list[Timex] = _joins("Quote.row_key == Timex.owner_key", "Timex.owner_key")


class SpeakerRead(SpeakerBase):
    entity: EntityBase | None


class QuoteRead(QuoteBase):
    document: DocumentBase | None
    speakers: list[SpeakerRead]
    spans: list[SpanBase]
    times: list[TimexBase]


class Page(SQLModel):
    results: list[QuoteRead]


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


_PARTS = (
    joinedload(Quote.document),  # type: ignore[arg-type]
    selectinload(Quote.speakers).joinedload(Speaker.entity),  # type: ignore[arg-type]
    selectinload(Quote.spans),  # type: ignore[arg-type]
    selectinload(Quote.times),  # type: ignore[arg-type]
)


@app.get("/quotes", response_model=Page)
def quotes(
    db: Annotated[Session, Depends(session)], speaker: str | None = None, limit: int = 50, offset: int = 0
) -> Any:
    query = select(Quote).where(col(Quote.superseded).is_(None)).options(*_PARTS)
    if speaker is not None:
        spoken = select(Speaker.quote_key).where(Speaker.entity_id == speaker, Speaker.role == "speaker")
        query = query.where(col(Quote.row_key).in_(spoken))
    order = (col(Quote.said_order).desc(), col(Quote.document_id), col(Quote.start), col(Quote.id))
    return {"results": db.exec(query.order_by(*order).limit(limit).offset(offset)).all()}


@app.get("/quotes/{id}", response_model=QuoteRead)
def quote(db: Annotated[Session, Depends(session)], id: str) -> Any:
    query = select(Quote).where(Quote.id == id, col(Quote.superseded).is_(None)).options(*_PARTS)
    found = db.exec(query).first()
    if found is None:
        raise HTTPException(404)
    return found
