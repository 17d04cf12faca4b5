"""Purges from the command line: by the holder of a key, and told to the audit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from annotations.purge import Purged, Purging, Unknown
from api.access.callers import ended
from api.access.keys import COMMAND, digest_of
from api.problems import nearest
from api.writing.purging import by, told
from models.api_key import ApiKey
from models.audit import Audit
from models.commit import commit
from models.document import Document
from models.erasing import erase
from models.moment import now
from models.recorded import key_run
from models.session import Database

# Ids that a mistaken one is compared with.
NEIGHBOURS = 500


class Refused(Exception):
    """The purge is refused; the message says why."""


def purge_by_command(
    database: Database, documents: Sequence[str], reason: str, secret: str
) -> list[dict[str, Any]]:
    """Purge documents, all in one revision or none, and erase them from the files; what became of each.

    Raises Refused, of which the audit hears, too.
    """
    holder = _holder(database, secret)
    found: list[dict[str, Any]] = []

    def then(session: Session, number: int | None, purged: Purged) -> None:
        found[:] = told(session, purged)
        for one in found:
            session.execute(insert(Audit).values({**_row(holder, 200, one["document"]), "revision": number}))

    try:
        commit(database, Purging(documents, reason), by(holder.name, "onrecord purge"), then=then)
    except Unknown as error:
        _refuse(database, holder, 404, error.id)
        raise Refused(f"{error}{_hint(database, error.id)}") from None
    erase(database)
    return found


def _holder(database: Database, secret: str) -> ApiKey:
    """The key with this secret; Refused unless it is good and has the scope `admin`."""
    with database.read() as session:
        same = select(ApiKey).where(col(ApiKey.digest) == digest_of(secret))
        key: ApiKey | None = session.execute(same).scalar_one_or_none()
    if key is None:
        _refuse(database, None, 401, None)
        raise Refused("there is no such key; `onrecord key create --scope admin` makes one")
    if over := ended(key):
        _refuse(database, key, 401, None)
        raise Refused(over)
    if "admin" not in key.scopes.split():
        _refuse(database, key, 403, None)
        raise Refused("the key may not do this: it lacks the scope `admin`")
    return key


def _row(key: ApiKey | None, status: int, subject: str | None) -> dict[str, Any]:
    who = {"key": key.id, "agent": key.name} if key else {}
    about = {"operation": "purge_document", "subject": subject, "status": status, "address": COMMAND}
    return {"id": next(key_run()), "time": now(), "request": COMMAND, **who, **about}


def _refuse(database: Database, key: ApiKey | None, status: int, subject: str | None) -> None:
    with database.write() as session:
        session.execute(insert(Audit).values(_row(key, status, subject)))


def _hint(database: Database, id: str) -> str:
    with database.read() as session:
        ids = select(col(Document.id)).distinct().where(col(Document.id) >= id[:2]).order_by(col(Document.id))
        guess = nearest(id, session.execute(ids.limit(NEIGHBOURS)).scalars())
    return f"; did you mean {guess}?" if guess else ""
