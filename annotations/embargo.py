"""Embargoes: what is held back until a moment is published when it comes, in a revision like any other."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlmodel import Session, col

from annotations.load import Loading
from annotations.unload import annotated
from models.commit import commit
from models.document import Document
from models.measures import Term
from models.moment import now
from models.record import By, Change
from models.session import Database

CLOCK = By(tool="onrecord", reason="released", note="The embargo ended.")


def due(session: Session) -> list[str]:
    """The ids of documents whose embargo has ended."""
    ended = select(col(Document.id)).where(col(Document.superseded).is_(None), col(Document.embargo) <= now())
    return list(session.execute(ended.order_by(col(Document.embargo), col(Document.id))).scalars())


def release(database: Database, documents: Iterable[str], measures: Mapping[str, Term]) -> None:
    """Publish documents whose embargo has ended, a revision each. What another process published stays."""
    for id_ in documents:

        def publish(change: Change, id_: str = id_) -> None:
            if id_ in due(change.session):
                Loading([annotated(change.session, id_)], measures, again=True)(change)

        commit(database, publish, CLOCK)
