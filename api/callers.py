"""Who asks: the holder of a key, or anybody."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Request
from sqlmodel import col, select

from api.problems import Problem
from models.api_key import ApiKey, Scope
from models.record import written
from models.session import Database

_BEARER = re.compile(r"bearer +([!-~]{1,200})", re.IGNORECASE)


@dataclass(frozen=True)
class Caller:
    """Anybody, or the holder of a key: then `key` is its id and `agent` its name."""

    address: str
    key: str | None = None
    agent: str | None = None
    scopes: frozenset[str] = frozenset()

    def may(self, scope: Scope) -> bool:
        """Whether the key has the scope; `admin` has all, and whoever may do anything may read."""
        return scope in self.scopes or "admin" in self.scopes or (scope == "read" and bool(self.scopes))

    @property
    def desk(self) -> bool:
        """Whether drafts and what is under embargo can be seen."""
        return self.may("write")


def caller_of(request: Request) -> Caller:
    """Who sends the request; a Problem of status 401 for a key that is none, or none any more."""
    if (known := getattr(request.state, "caller", None)) is None:
        request.state.caller = known = _caller(request)
    assert isinstance(known, Caller)
    return known


def needs(scope: Scope) -> Callable[[Request], Caller]:
    """The dependency of a route that only keys with this scope may use."""

    def caller(request: Request) -> Caller:
        found = caller_of(request)
        if found.key is None:
            raise _refused("this needs a key: send it as `Authorization: Bearer …`", None)
        if not found.may(scope):
            raise Problem(
                403,
                f"the key may not do this: it lacks the scope `{scope}`",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return found

    return caller


def _caller(request: Request) -> Caller:
    address = request.client.host if request.client else "unknown"
    header = request.headers.get("authorization")
    if header is None:
        return Caller(address)
    match = _BEARER.fullmatch(header.strip())
    if match is None:
        raise _refused("send the key as `Authorization: Bearer …`", "invalid_request")
    database: Database = request.app.state.database
    digest = hashlib.sha256(match[1].encode()).hexdigest()
    with database.read() as session:
        key = session.execute(select(ApiKey).where(col(ApiKey.digest) == digest)).scalar_one_or_none()
    now = written(datetime.now(UTC))
    if key is None or key.revoked is not None or (key.expires is not None and key.expires <= now):
        raise _refused("the key is not known, was revoked, or has expired", "invalid_token")
    return Caller(address, key.id, key.name, frozenset(key.scopes.split()))


def _refused(detail: str, error: str | None) -> Problem:
    more = f' error="{error}"' if error else ' realm="onrecord"'
    return Problem(401, detail, headers={"WWW-Authenticate": f"Bearer{more}"})
