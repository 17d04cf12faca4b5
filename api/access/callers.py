"""Who asks: the holder of a key, or anybody; and what that allows."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from api.access.keys import FORM, Keys
from api.problems import Problem
from models.api_key import ApiKey, Scope
from models.moment import now

_BEARER = re.compile(r"bearer(?: +(\S*))?", re.IGNORECASE)
REALM = 'Bearer realm="onrecord"'


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
    """Who sends the request; a Problem of status 401 for a key that is none, or none any more.

    A request with a key asks the database, once: revoking a key and its end hold in every process.
    """
    if (known := getattr(request.state, "caller", None)) is None:
        request.state.caller = known = _caller(request)
    assert isinstance(known, Caller)
    return known


async def allowed(request: Request) -> Caller:
    """The first dependency of every route of the record: it goes before all that looks at what is asked.

    It asks for the scope that the route needs, also where the route says so further down.
    """
    return await _allow(request, scope_of(request.scope["route"].dependant) or "read")


@dataclass(frozen=True)
class Needs:
    """The dependency of a route that only keys with this scope may use; anybody may `read`, unless closed."""

    scope: Scope

    async def __call__(self, request: Request) -> Caller:
        return await _allow(request, self.scope)


def needs(scope: Scope) -> Needs:
    """As in `Depends(needs("write"))`."""
    return Needs(scope)


def scope_of(dependant: Any) -> Scope | None:
    """The scope that a route needs; None if it is not of the record, and open to everybody, always."""
    calls = list(_calls(dependant))
    scopes = {call.scope for call in calls if isinstance(call, Needs)}
    assert len(scopes) < 2, "a route needs one scope"
    return scopes.pop() if scopes else "read" if allowed in calls else None


def _calls(dependant: Any) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


async def _allow(request: Request, scope: Scope) -> Caller:
    caller = await _counted(request)
    if caller.key is None and (scope != "read" or request.app.state.settings.reads == "closed"):
        raise _refused("this needs a key: send it as `Authorization: Bearer …`")
    if caller.key is not None and not caller.may(scope):
        challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'
        detail = f"the key may not do this: it lacks the scope `{scope}`"
        raise Problem(403, detail, headers={"WWW-Authenticate": challenge})
    return caller


async def _counted(request: Request) -> Caller:
    """The caller, once counted against the limit of its key."""
    if "authorization" not in request.headers:
        return caller_of(request)
    caller = await run_in_threadpool(caller_of, request)
    if caller.key is not None:
        await request.app.state.limits.count(request.scope, "key", caller.key)
    return caller


def address_of(request: Request) -> str:
    """Of the reader, where a proxy is trusted to say it; uvicorn has looked at that before."""
    return request.client.host if request.client else "unknown"


def _caller(request: Request) -> Caller:
    address, given = address_of(request), request.headers.getlist("authorization")
    if not given:
        return Caller(address)
    match = _BEARER.fullmatch(given[0].strip())
    if match is None or len(given) > 1:
        raise _refused("send one key as `Authorization: Bearer …`, or none")
    if not FORM.fullmatch(match[1] or ""):
        raise _refused("this is not a key: it has the form or_…_… and comes as a whole", "invalid_token")
    keys: Keys = request.app.state.keys
    key = keys.find(match[1])
    if key is None:
        raise _refused("there is no such key", "invalid_token")
    # For the audit: whose it was.
    request.state.held = Caller(address, key.id, key.name)
    if over := ended(key):
        raise _refused(over, "invalid_token")
    keys.note(key)
    return Caller(address, key.id, key.name, frozenset(key.scopes.split()))


def ended(key: ApiKey) -> str | None:
    """Why a key is not good any more, if it is not."""
    if key.revoked is not None:
        return "the key was revoked"
    # Both as the record writes times, which sort as they follow each other.
    return "the key has expired" if key.expires is not None and key.expires <= now() else None


def _refused(detail: str, error: str | None = None) -> Problem:
    """Status 401 with the challenge of RFC 6750, which names no error where no key was sent."""
    challenge = f'{REALM}, error="{error}"' if error else REALM
    return Problem(401, detail, headers={"WWW-Authenticate": challenge})
