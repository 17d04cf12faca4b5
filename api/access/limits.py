"""How often: requests a minute of each key and each address, for all processes of the service together.

Every process leases blocks of permits from the table `permit` and hands them out from memory, so that no
request waits for a write of another one and hardly any needs a write of its own.
"""

import asyncio
import ipaddress
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import structlog
from sqlalchemy import delete, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem
from models.api_key import Permit
from models.session import Database

MINUTE = 60
# A process leases a tenth of the limit at a time, and begins with a hundredth that it counts with its first
# lease: who asks less than that, as most do, costs no write at all, and the limit is exceeded by no more.
BLOCKS, ON_TRUST = 10, 100
# Seconds that a request waits for a lease; the process then goes on as if it had been granted. Where one was
# not to be had, because others write or the disk is full, none is tried for a while.
PATIENCE, PAUSE = 0.25, 1.0
# Minutes that a row is kept: clocks of several machines may differ.
KEPT = 10
_LEASE = text(
    "INSERT INTO permit (subject, minute, taken) VALUES (:subject, :minute, :asked)"
    " ON CONFLICT (subject, minute) DO UPDATE SET taken = permit.taken + excluded.taken RETURNING taken"
)


@dataclass
class Share:
    """What one process may still grant in one minute (`free`), and what it knows to be left beside that."""

    quota: int
    minute: int
    free: int
    left: int
    # Granted on trust: the first lease pays for it.
    debt: int
    spent: bool = False
    lease: Future[int | None] | None = None

    @classmethod
    def of(cls, quota: int, minute: int) -> "Share":
        trust = quota // ON_TRUST
        return cls(quota, minute, free=trust, left=quota - trust, debt=trust)

    @property
    def asked(self) -> int:
        """How many permits a lease asks for."""
        return max(1, self.quota // BLOCKS) + self.debt

    def receive(self, taken: int | None) -> None:
        """Take what was leased, if that many are `taken` by now; or as much on trust if nobody could say."""
        asked, paid = self.asked, self.debt
        if taken is not None:
            granted = min(asked, self.quota - (taken - asked)) - paid
            self.left, self.debt = max(0, self.quota - taken), 0
        else:
            granted = min(asked - paid, self.left)
            self.left -= granted
        self.free += max(0, granted)
        self.spent = granted <= 0
        self.lease = None


@dataclass(frozen=True)
class Standing:
    """Where a subject stands with its limit after a request: how many are left, for how many seconds."""

    name: str
    quota: int
    left: int
    seconds: int
    allowed: bool


class Limits:
    """The limits of one process; 0 is none."""

    def __init__(self, database: Database, aside: Executor, quotas: Mapping[str, int]) -> None:
        self.database, self.aside, self.quotas = database, aside, quotas
        self.clock: Callable[[], float] = time.time
        self._minute = self._purged = 0
        self._shares: dict[str, Share] = {}
        self._lock = threading.Lock()
        self._try_again = 0.0

    async def count(self, scope: MutableMapping[str, Any], name: str, subject: str) -> None:
        """Count a request, once; a Problem of status 429 if there are no permits left in this minute."""
        standings: dict[str, Standing] = scope.setdefault("state", {}).setdefault("standings", {})
        if self.quotas[name] and name not in standings:
            standings[name] = standing = await self._take(name, f"{name} {subject}")
            if not standing.allowed:
                detail = f"more than {standing.quota} requests a minute of one {name}"
                raise Problem(429, detail, headers={"Retry-After": str(standing.seconds)})

    async def _take(self, name: str, subject: str) -> Standing:
        while True:
            with self._lock:
                now = self.clock()
                share = self._share(subject, self.quotas[name], int(now // MINUTE))
                allowed = share.free > 0
                if allowed or share.spent:
                    share.free -= allowed
                    seconds = MINUTE - int(now % MINUTE)
                    return Standing(name, share.quota, share.free + share.left, seconds, allowed)
                if time.monotonic() < self._try_again:
                    share.receive(None)
                    continue
                if share.lease is None:
                    share.lease = self.aside.submit(self._lease, subject, share.minute, share.asked)
                lease = share.lease
            await asyncio.wait([asyncio.wrap_future(lease)], timeout=PATIENCE)
            with self._lock:
                # Of several that waited for it the first one takes it in.
                if share.lease is lease:
                    taken = lease.result() if lease.done() else None
                    share.receive(taken)
                    if taken is None:
                        self._try_again = time.monotonic() + PAUSE

    def _share(self, subject: str, quota: int, minute: int) -> Share:
        if minute != self._minute:
            self._minute = minute
            self._shares.clear()
        return self._shares.setdefault(subject, Share.of(quota, minute))

    def _lease(self, subject: str, minute: int, asked: int) -> int | None:
        """Take permits, more than there are if need be; how many all processes have taken by then.

        None if that cannot be done at once.
        """
        try:
            with self.database.write_at_once() as session:
                if minute != self._purged:
                    session.execute(delete(Permit).where(col(Permit.minute) < minute - KEPT))
                values = {"subject": subject, "minute": minute, "asked": asked}
                taken = int(session.execute(_LEASE, values).scalar_one())
            self._purged = minute
        except (SQLAlchemyError, sqlite3.Error) as error:
            structlog.get_logger().info("permits on trust", error=type(error).__name__)
            return None
        return taken


class Limited:
    """Counts the requests of each address, and tells in the answers to all of /v1 how many are left."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
            await self.app(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and (standings := scope["state"]["standings"]):
                MutableHeaders(scope=message).update(headers_of(standings))
            await send(message)

        try:
            host = scope["client"][0] if scope["client"] else "unknown"
            await self.limits.count(scope, "address", network_of(host))
        except Problem as problem:
            await problem.response()(scope, receive, telling)
            return
        await self.app(scope, receive, telling)


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """Whom an address stands for: itself, or with IPv6 the network of 64 bits that one reader is given."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip) >> 64 << 64, 64)))


def headers_of(standings: Mapping[str, Standing]) -> dict[str, str]:
    """The fields of draft-ietf-httpapi-ratelimit-headers, of which 429 is the answer to ignoring them."""
    policies = (f'"{of.name}";q={of.quota};w={MINUTE}' for of in standings.values())
    left = (f'"{of.name}";r={of.left};t={of.seconds}' for of in standings.values())
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}
