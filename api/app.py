"""The application: routes, what stands at the door, and what is measured."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from api import docs, health, problems, record, text
from api.door import Door, VariantTags
from api.listing.endpoints import RELEASE, mount
from api.listing.once import once
from api.logs import Log, configure
from api.openapi import describe
from api.resources import RESOURCES
from api.search import SEARCH
from api.settings import Settings
from models.session import Database


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service with these settings; the database must have been migrated."""
    settings = settings or Settings()
    configure(settings)
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = FastAPI(
        title="On Record",
        version=RELEASE,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings, app.state.database = settings, database
    app.state.exports = threading.BoundedSemaphore(settings.exports)
    problems.install(app)
    resources = APIRouter(prefix="/v1")
    for resource in (*RESOURCES.values(), SEARCH):
        mount(resources, resource, RESOURCES)
    # Side by side: inside another router a route would not know the outer prefix, and would be measured under
    # half of its path.
    for router in (resources, text.router, record.router, docs.schemas):
        app.include_router(router, dependencies=[Depends(once)])
    app.include_router(health.router)
    docs.install(app)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    # The last one added is the first one met.
    app.add_middleware(GZipMiddleware, minimum_size=settings.compress_from, compresslevel=5)
    app.add_middleware(VariantTags)
    app.add_middleware(Door, body_limit=settings.body_limit)
    if settings.cors_origins:
        # Outside the door: a script must be able to read why it was refused there.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD"],
            allow_headers=["*"],
            expose_headers=["ETag", "Link", "X-Request-ID", "X-Revision", "Retry-After"],
        )
    app.add_middleware(Log)
    return app
