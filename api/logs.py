"""Structured logs and measurements: one line and one observation a request, under its id."""

import logging
import random
import re
import sys
import time
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.measured import REQUESTS
from api.problems import OURS, Problem
from api.settings import Settings

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
        request_id = _request_id(scope["headers"])
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
        REQUESTS.open += 1
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
            REQUESTS.open -= 1
            seconds = time.perf_counter() - started
            route = route_of(scope)
            REQUESTS.ended(route, method, status, seconds)
            if self.requests:
                ms = round(seconds * 1000, 1)
                structlog.get_logger().info("request", status=status, route=route, ms=ms)
            _REQUEST.reset(bound)


def request_id() -> str:
    """The id of the request that is being answered."""
    return _REQUEST.get({}).get("request_id", "")


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The first one that the client sends, if it is plain; else a new one."""
    for name, value in headers:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _ID.fullmatch(given):
                return given
            break
    return f"{_CHANCE.getrandbits(64):016x}"


def _of_request(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The request that is being answered, in each line."""
    return {**_REQUEST.get({}), **line}


def route_of(scope: Scope) -> str:
    """The template of the route, such as /v1/quotes/{id}: never the path, of which there is no end."""
    return str(getattr(scope.get("route"), "path", scope.get("template", "none")))
