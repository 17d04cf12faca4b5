"""Structured logs and measurements: one line and one observation a request, under its id."""

import logging
import random
import re
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import OURS, Problem
from api.settings import Settings

REQUESTS = Counter("onrecord_requests", "Requests", ("route", "method", "status"))
SECONDS = Histogram("onrecord_request_seconds", "Time to the last byte", ("route",))
OPEN = Gauge("onrecord_requests_open", "Requests being answered")
# Without local variables: they hold what people asked for, and more than anybody reads.
_tracebacks = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REQUEST: ContextVar[dict[str, str]] = ContextVar("request")
# Ids need not be secret, and asking the system for chance takes longer than most answers.
_CHANCE = random.Random()  # noqa: S311  # as said
_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")


def configure(settings: Settings) -> None:
    """Lines on standard error: JSON for machines, or for eyes."""
    last = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _of_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _tracebacks if settings.log_format == "json" else structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        # Looked up each time: whoever runs the service may have put another stream in its place.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


class Log:
    """Gives each request an id, the client's if it sends a plain one, and writes what became of it."""

    def __init__(self, app: ASGIApp, *, requests: bool = True) -> None:
        # `requests`: whether a line of each is wanted. Looking for the logger takes longer than most answers.
        self.app, self.requests = app, requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode("latin-1")
        if not _ID.fullmatch(request_id):
            request_id = f"{_CHANCE.getrandbits(64):016x}"
        method = scope["method"] if scope["method"] in METHODS else "other"
        status, started = 0, time.perf_counter()

        async def identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        # A copy, because the door changes it, and the only one, because routing leaves the route in it.
        scope = {**scope}
        OPEN.inc()
        # For whoever logs below, in the thread pool too.
        bound = _REQUEST.set({"request_id": request_id, "method": method, "path": scope["path"]})
        try:
            await self.app(scope, receive, identified)
        except Problem as problem:
            await problem.response()(scope, receive, identified)
        except Exception:
            structlog.get_logger().exception("failed")
            # What has begun can not become another answer: it ends short, and the connection with it.
            if not status:
                await OURS.response()(scope, receive, identified)
        finally:
            OPEN.dec()
            seconds = time.perf_counter() - started
            route = route_of(scope)
            _counted(route, method, status).inc()
            _timed(route).observe(seconds)
            if self.requests:
                ms = round(seconds * 1000, 1)
                structlog.get_logger().info("request", status=status, route=route, ms=ms)
            _REQUEST.reset(bound)


def request_id() -> str:
    """The id of the request that is being answered."""
    return _REQUEST.get({}).get("request_id", "")


# Finding a label's counter costs more than counting.
@lru_cache(maxsize=2_000)
def _counted(route: str, method: str, status: int) -> Counter:
    return REQUESTS.labels(route, method, status)


@lru_cache(maxsize=500)
def _timed(route: str) -> Histogram:
    return SECONDS.labels(route)


def _of_request(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The request that is being answered, in each line."""
    return {**_REQUEST.get({}), **line}


def route_of(scope: Scope) -> str:
    """The template of the route, such as /v1/quotes/{id}: never the path, of which there is no end."""
    return str(getattr(scope.get("route"), "path", scope.get("template", "none")))
