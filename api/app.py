"""The application: routes, what stands at the door, and what is measured."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from api import docs, health, problems, record, text
from api.door import Door, VariantTags
from api.listing.endpoints import RELEASE, mount
from api.logs import Log, configure
from api.resources import RESOURCES
from api.search import SEARCH
from api.settings import Settings
from models.session import Database

ABOUT = """
**On Record** answers *who said what* and *who gave which figure*: attributed quotes and numeric claims of annotated
news articles, with the whole chain of sources, each traceable to the characters of the article.

- Filters: `field=value`, `field__not`, `field__contains`, `field__gte|gt|lte|lt`, `field__overlaps`, `field__within`.
  A repeated parameter is OR, different ones are AND. Unknown or conflicting parameters are refused, never ignored.
- Four date axes: `said`, `period`, `published`, `recorded`.
- A page is `{results, next, total, facets}`. Follow `next`: it stays at the revision that the first page read.
- `as_of` reads the record as it stood, by revision or time. `offsets=utf16` counts as JavaScript does.
- `format=csv` and `format=ndjson` stream everything that matches.
- Errors are problem documents (RFC 9457) that say what is wrong and what would be right.
"""
TAGS = {
    "documents": "The articles",
    "quotes": "Who said what",
    "claims": "Who gave which figure",
    "entities": "Actors, organisations and places",
    "actors": "Persons",
    "organisations": "Organisations, acting states among them",
    "places": "Places",
    "mentions": "Where an entity is named",
    "indicators": "Questions that claims answer",
    "measures": "What claims count",
    "search": "Everything at once",
    "record": "The state of the record, and the form of what goes into it",
    "service": "Is it well?",
}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The service with these settings; the database must have been migrated."""
    settings = settings or Settings()
    configure(settings)
    database = Database(settings.database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        database.close()

    app = FastAPI(title="On Record", version=RELEASE, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False)
    app.state.settings, app.state.database = settings, database
    app.state.exports = threading.BoundedSemaphore(settings.exports)
    problems.install(app)
    v1 = APIRouter(prefix="/v1")
    v1.include_router(text.router)
    for resource in (*RESOURCES.values(), SEARCH):
        mount(v1, resource, RESOURCES)
    v1.include_router(record.router)
    v1.include_router(docs.schemas)
    app.include_router(v1)
    app.include_router(health.router)
    docs.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    # The last one added is the first one met.
    app.add_middleware(GZipMiddleware, minimum_size=settings.compress_from, compresslevel=5)
    app.add_middleware(VariantTags)
    if settings.cors_origins:
        exposed = ["ETag", "Link", "X-Request-ID", "X-Revision", "Retry-After"]
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD"],
            expose_headers=exposed,
        )
    app.add_middleware(Door, body_limit=settings.body_limit)
    app.add_middleware(Log)
    return app


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the problem document among its schemas."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            summary="Who said what, and who gave which figure",
            description=ABOUT,
            routes=app.routes,
            tags=[{"name": name, "description": about} for name, about in TAGS.items()],
            license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        )
        problem = problems.ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas |= problem.pop("$defs", {}) | {"ProblemDocument": problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = schema
    return app.openapi_schema
