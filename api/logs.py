"""Structured logs and measurements: one line and one observation a request, under its id."""

import logging
import re
import secrets
import sys
import time

import structlog
from prometheus_client import Counter, Gauge, Histogram
from starlette.datastructures import Headers, MutableHeaders
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

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else secrets.token_hex(8)
        method = scope["method"] if scope["method"] in METHODS else "other"
        status, started = 0, time.perf_counter()

        async def identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        # Bound for whoever logs below, in the thread pool too.
        bound = {"request_id": request_id, "method": method, "path": scope["path"]}
        logger = structlog.get_logger()
        # A copy, because the door changes it, and the only one, because routing leaves the route in it.
        scope = {**scope}
        OPEN.inc()
        with structlog.contextvars.bound_contextvars(**bound):
            try:
                await self.app(scope, receive, identified)
            except Problem as problem:
                await problem.response()(scope, receive, identified)
            except Exception:
                logger.exception("failed")
                # What has begun can not become another answer: it ends short, and the connection with it.
                if not status:
                    await OURS.response()(scope, receive, identified)
            finally:
                OPEN.dec()
                seconds = time.perf_counter() - started
                route = route_of(scope)
                REQUESTS.labels(route, method, status).inc()
                SECONDS.labels(route).observe(seconds)
                logger.info("request", status=status, route=route, ms=round(seconds * 1000, 1))


def route_of(scope: Scope) -> str:
    """The template of the route, such as /v1/quotes/{id}: never the path, of which there is no end."""
    return str(getattr(scope.get("route"), "path", "none"))
