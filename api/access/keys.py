"""Keys: made once and shown once, looked up by their digest, and noted when they were last used."""

import hashlib
import re
import secrets
import sqlite3
import string
from collections.abc import Iterable
from concurrent.futures import Executor
from contextlib import suppress

from sqlalchemy import insert, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from models.api_key import ApiKey, Scope
from models.audit import Audit
from models.moment import now
from models.recorded import key_run
from models.session import Database

_ALPHABET = string.ascii_letters + string.digits
# 43 of 62 letters and digits: more than 256 bits, and a double click marks them all.
_SECRET_LENGTH, _ID_LENGTH = 43, 8
FORM = re.compile(rf"or_[A-Za-z0-9]{{{_ID_LENGTH}}}_[A-Za-z0-9]{{{_SECRET_LENGTH}}}")
# What stands for the address of whoever works at the machine itself.
COMMAND = "command"


def digest_of(secret: str) -> str:
    """What is stored of a secret. Not a slow hash: 256 random bits need none, and each request would pay."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(database: Database, name: str, scopes: Iterable[Scope], expires: str | None) -> tuple[ApiKey, str]:
    """A new key and its secret, which is kept nowhere; `expires` is a time as the record writes it."""
    id, secret = (
        "".join(secrets.choice(_ALPHABET) for _ in range(length)) for length in (_ID_LENGTH, _SECRET_LENGTH)
    )
    shown = f"or_{id}_{secret}"
    key = ApiKey(
        id=f"or_{id}",
        name=name,
        digest=digest_of(shown),
        scopes=" ".join(dict.fromkeys(scopes)),
        created=now(),
        expires=expires,
    )
    with database.write() as session:
        session.execute(insert(ApiKey).values(key.model_dump()))
        _tell(session, key, "create_key", 201)
    return key, shown


def listed(database: Database) -> list[ApiKey]:
    """All keys, the newest first."""
    with database.read() as session:
        found = session.execute(select(ApiKey).order_by(col(ApiKey.created).desc(), col(ApiKey.id)))
        return list(found.scalars())


def revoke(database: Database, id: str) -> ApiKey | None:
    """End a key with the next request that it makes; None if there is none. A revoked one stays as it is."""
    with database.write() as session:
        ending = update(ApiKey).where(col(ApiKey.id) == id, col(ApiKey.revoked).is_(None))
        changed = session.execute(ending.values(revoked=now()).returning(col(ApiKey.id))).first()
        key = session.execute(select(ApiKey).where(col(ApiKey.id) == id)).scalar_one_or_none()
        if key is not None:
            session.expunge(key)
        if changed and key is not None:
            _tell(session, key, "revoke_key", 200)
        return key


def _tell(session: Session, key: ApiKey, operation: str, status: int) -> None:
    """Whoever may run the command has no key: the audit says which key it was about."""
    about = {"operation": operation, "subject": key.id, "status": status, "address": COMMAND}
    session.execute(insert(Audit).values(id=next(key_run()), time=now(), request=COMMAND, **about))


class Keys:
    """The keys as requests use them: what one process knows of them is only when it noted their use."""

    def __init__(self, database: Database, aside: Executor) -> None:
        self.database, self.aside = database, aside
        self._noted: dict[str, str] = {}

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret as it stands now, used up or not: nothing of it is kept in memory."""
        with self.database.read() as session:
            mine = col(ApiKey.digest) == digest_of(secret)
            key = session.execute(select(ApiKey).where(mine)).scalar_one_or_none()
            if key is not None:
                session.expunge(key)
            return key

    def note(self, key: ApiKey) -> None:
        """Write down that the key is being used: at most once a minute, and not while others write.

        It is done aside: no request waits for it, and one that cannot be written is left out.
        """
        minute = f"{now()[:16]}:00.000Z"
        if (key.used is None or key.used < minute) and self._noted.get(key.id) != minute:
            self._noted[key.id] = minute
            self.aside.submit(self._note, key.id, minute)

    def _note(self, id: str, minute: str) -> None:
        earlier = or_(col(ApiKey.used).is_(None), col(ApiKey.used) < minute)
        with suppress(SQLAlchemyError, sqlite3.Error), self.database.write_at_once() as session:
            session.execute(update(ApiKey).where(col(ApiKey.id) == id, earlier).values(used=minute))
