"""The application: routes, what stands at the door, and what is measured."""

import gc
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from api import archive, dictionary, docs, health, problems, record, text, web_annotations
from api.access import audit
from api.access.callers import allowed
from api.access.keys import Keys
from api.access.limits import Limited, Limits
from api.door import Door, VariantTags
from api.following import changes
from api.following.watch import Watch
from api.front import Front, Memory
from api.listing.endpoints import RELEASE, mount
from api.listing.formats import PARQUET
from api.listing.in_loop import InLoop
from api.listing.in_threads import InThreads
from api.listing.once import once
from api.logs import Log, configure
from api.openapi import describe
from api.resources import PREPARE, RESOURCES
from api.search import SEARCH
from api.settings import Settings
from api.subscriptions import actions as subscription_actions
from api.subscriptions import routes as subscriptions
from api.subscriptions.clock import timekeeping
from api.subscriptions.delivering import working
from api.versions import routes as versions
from api.writing import annotated, batch, purging
from api.writing import annotations as annotation_writes
from api.writing import documents as document_writes
from api.writing import entities as entity_writes
from models.measures import vocabulary
from models.session import Database

# What a script of another origin may read besides what every script may.
EXPOSED = (
    "ETag",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
    "X-Revision",
)

# How many more objects there are than before when the young ones are looked through; Python's own is 700.
GARBAGE = 20_000

# What has routes besides the lists and their items.
ROUTED = (
    text, annotated, web_annotations, record, archive, dictionary, versions, document_writes,
    annotation_writes, batch, entity_writes, audit, changes, subscriptions, subscription_actions, purging,
)  # fmt: skip


class Service(FastAPI):
    """The framework's application behind `front`, which answers what it can before there is any routing."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self.front if scope["type"] == "http" else self.routed)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """The description of all that it serves."""
        return describe(self)

    async def routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What nothing in front has answered."""
        await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Service:
    """The service with these settings; the database must have been migrated."""
    settings = settings or Settings()
    configure(settings)
    database = Database(
        settings.database_url, settings.connections, replica=settings.read_url, direct=settings.direct_url
    )
    measures = vocabulary(settings.measures)
    database.prepare = PREPARE
    # For what no request waits for, or not for long: one after the other.
    aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with working(database, settings), timekeeping(database, measures, settings):
            with app.state.watch.until_told():
                yield
        aside.shutdown(cancel_futures=True)
        app.state.quick.close()
        database.close()

    app = Service(
        title="On Record",
        version=RELEASE,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings, app.state.database, app.state.measures = settings, database, measures
    app.state.watch = Watch(database)
    app.state.keys = Keys(database, aside)
    app.state.limits = Limits(database, aside, {"address": settings.limit_address, "key": settings.limit_key})
    app.state.exports = threading.BoundedSemaphore(settings.exports)
    problems.install(app)
    resources = APIRouter(prefix="/v1")
    for resource in (*RESOURCES.values(), SEARCH):
        mount(resources, resource, RESOURCES)
    # Side by side: inside another router a route would not know the outer prefix, and would be measured under
    # half of its path.
    for router in (resources, *(module.router for module in ROUTED)):
        app.include_router(router, dependencies=[Depends(allowed), Depends(once)])
    app.include_router(docs.schemas, dependencies=[Depends(once)])
    app.include_router(health.router)
    docs.install(app)
    # What a reader of a replica has seen is looked up there, by the routes.
    at_once = settings.reads == "open" and settings.read_url is None
    names = frozenset(RESOURCES) if at_once else frozenset()
    quick = InLoop if database.sqlite else InThreads
    app.state.quick = quick(database, RESOURCES.values())
    app.state.memory = Memory(settings.memory, settings.compress_from)
    # The last one added is the first one met.
    app.add_middleware(
        GZipMiddleware,
        minimum_size=settings.compress_from,
        compresslevel=5,
        # Packed already.
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, PARQUET),
    )
    app.add_middleware(VariantTags)
    larger = {"/v1/documents:batch": settings.batch_limit}
    app.add_middleware(Door, body_limit=settings.body_limit, larger=larger)
    front = Front(app.routed, quick=app.state.quick, names=names, memory=app.state.memory)
    limited = settings.limit_address or settings.limit_key
    outer: ASGIApp = Limited(front, limits=app.state.limits) if limited else front
    if settings.cors_origins:
        # Outside the door: a script must be able to read why it was refused there.
        outer = CORSMiddleware(
            outer,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.front = Log(outer, requests=settings.log_level in ("debug", "info"))
    return app


def served() -> Service:
    """The application in a process that does nothing else.

    What it is made of stays: to look through it for garbage, again and again, costs a fifth of light answers.
    """
    app = create_app()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    return app
