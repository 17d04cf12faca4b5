"""Reading a document back from the record, as it is now or was at a revision, to be written as its file.

Its entities are those that its state lists and those that its mentions, quotes and claims name; its
indicators likewise. What documents share comes as the record has it: a name that another document added is an
alias here, too. A reference to an entity that the document itself does not have is left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from annotations.annotated import AnnotatedDocument
from annotations.annotated import Entity as EntityWord
from annotations.annotated import Indicator as IndicatorWord
from annotations.entity_rows import entity_of, indicator_of
from annotations.from_rows import FromRows, Owned, publication
from models.claim import Claim, ClaimSource
from models.document import Document, DocumentState, Listed
from models.entity import Alias, Entity
from models.indicator import Indicator
from models.mention import Mention
from models.quote import Quote, Speaker
from models.recorded import valid
from models.span import Span
from models.text import Text
from models.timex import Timex

Row = TypeVar("Row")


def documents(session: Session, at: int | None = None) -> list[str]:
    """The ids of the documents on record now, or at the revision with this number."""
    query = select(col(Document.id)).where(valid(Document, at)).order_by(col(Document.id))
    return list(session.execute(query).scalars())


def annotated(session: Session, document_id: str, at: int | None = None) -> AnnotatedDocument:
    """The document as it is on record now, or was at the revision with this number.

    Raises LookupError when it was not on record then. The number of statements does not depend on its length.
    """
    return _Unloading(session, document_id, at).document()


class _Unloading:
    def __init__(self, session: Session, document_id: str, at: int | None) -> None:
        self.session, self.id, self.at = session, document_id, at
        state = col(DocumentState.document_id) == document_id
        same = state & (col(Listed.document_id) == document_id)
        same &= col(Listed.digest) == col(DocumentState.digest)
        listed = select(col(Listed.noun), col(Listed.id), col(Listed.position)).join(DocumentState, same)
        found = session.execute(listed.where(valid(DocumentState, at)))
        self.positions = {(noun, id_): position for noun, id_, position in found}

    def document(self) -> AnnotatedDocument:
        row, text = self._document()
        mentions = sorted(self._below(Mention), key=lambda mention: (mention.start, mention.end, mention.id))
        quotes = self._in_order("quote", self._below(Quote))
        claims = self._in_order("claim", self._below(Claim))
        owned = self._owned()
        parts = FromRows(self.id, owned, mentions, quotes)
        named = {mention.entity_id for mention in mentions} | {
            speaker.entity_id for speakers in owned.speakers.values() for speaker in speakers
        }
        named |= {id_ for claim in claims for id_ in (claim.place_id, claim.responsible_id)}
        entities = self._entities(named)
        known = {entity.key for entity in entities}
        return AnnotatedDocument(
            **publication(row),
            text=text,
            spans=parts.spans(row.row_key),
            entities=tuple(self._own_key(parts, entity, known) for entity in entities),
            mentions=tuple(map(parts.mention, mentions)),
            quotes=tuple(map(parts.quote, quotes)),
            claims=tuple(map(parts.claim, claims)),
            indicators=tuple(self._indicators({claim.indicator_id for claim in claims}, known)),
        )

    def _document(self) -> tuple[Document, str]:
        same = (col(Text.document_id) == col(Document.id)) & (col(Text.sha256) == col(Document.text_sha256))
        query = select(Document, col(Text.text)).join(Text, same)
        found = self.session.execute(
            query.where(col(Document.id) == self.id, valid(Document, self.at))
        ).first()
        if found is None:
            raise LookupError(
                f"no document {self.id} is on record" + (f" at {self.at}" if self.at is not None else "")
            )
        return found[0], found[1]

    def _below(self, model: type[Row]) -> list[Row]:
        """The rows of a noun that belong to the document."""
        noun: Any = model
        query = select(model).where(noun.document_id == self.id, valid(model, self.at))
        return list(self.session.execute(query).scalars())

    def _owned(self) -> Owned:
        def keys(model: Any, document: str = "document_id") -> Any:
            of_document = (getattr(model, document) == self.id) & valid(model, self.at)
            return select(model.row_key).where(of_document)

        def rows(model: type[Row], *owners: ColumnElement[bool]) -> list[Row]:
            table: Any = model
            query = select(model).where(table.document_id == self.id, or_(*owners))
            return list(self.session.execute(query).scalars())

        quotes, claims, document = keys(Quote), keys(Claim), keys(Document, "id")
        span, time = col(Span.owner_key), col(Timex.owner_key)
        return Owned(
            rows(Span, span.in_(document), span.in_(quotes), span.in_(claims)),
            rows(Timex, time.in_(quotes), time.in_(claims)),
            rows(Speaker, col(Speaker.quote_key).in_(quotes)),
            rows(ClaimSource, col(ClaimSource.claim_key).in_(claims)),
        )

    def _entities(self, named: Iterable[str | None]) -> list[EntityWord]:
        ids = {id_ for noun, id_ in self.positions if noun == "entity"} | {id_ for id_ in named if id_}
        mine = or_(col(Entity.id).in_(ids), col(Entity.document_id) == self.id)
        rows = list(self.session.execute(select(Entity).where(mine, valid(Entity, self.at))).scalars())
        query = select(Alias).where(col(Alias.entity_key).in_([row.row_key for row in rows]))
        aliases: dict[int, list[str]] = {}
        for alias in self.session.execute(query.order_by(col(Alias.position))).scalars():
            aliases.setdefault(alias.entity_key, []).append(alias.alias)
        return [entity_of(row, aliases.get(row.row_key, ())) for row in self._in_order("entity", rows)]

    def _own_key(self, parts: FromRows, entity: EntityWord, known: set[str]) -> EntityWord:
        refers = {name: getattr(entity, name) for name in ("part_of", "acts_for")}
        kept: dict[str, Any] = {
            name: parts.key(id_) if id_ in known else None for name, id_ in refers.items()
        }
        return replace(entity, key=parts.key(entity.key) or "", **kept)

    def _indicators(self, named: Iterable[str | None], known: set[str]) -> Iterator[IndicatorWord]:
        ids = {id_ for noun, id_ in self.positions if noun == "indicator"} | {id_ for id_ in named if id_}
        query = select(Indicator).where(col(Indicator.id).in_(ids), valid(Indicator, self.at))
        for row in self._in_order("indicator", self.session.execute(query).scalars()):
            yield replace(indicator_of(row), place=row.place_id if row.place_id in known else None)

    def _in_order(self, noun: str, rows: Iterable[Row]) -> list[Row]:
        """In the order in which the document lists them; what it does not list comes last, by its number."""

        def place(row: Any) -> tuple[float, int, str]:
            number = re.search(r"[0-9]+\Z", row.id)
            return self.positions.get((noun, row.id), inf), int(number[0]) if number else 0, row.id

        return sorted(rows, key=place)
