"""What the OpenAPI document says of keys and limits: what needs which, and what is answered otherwise."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.access.callers import scope_of
from api.listing.openapi import problems

SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "or_XXXXXXXX_…",
    "description": "A key of `onrecord key create`. Reading needs none, unless this service is closed; a key "
    "that is unknown, revoked or expired is refused everywhere.",
}
_WORD = {"type": "string"}
# Of answers to anything under /v1, where limits are set.
HEADERS = {
    "RateLimit": {"description": 'What is left, such as `"key";r=11990;t=42`', "schema": _WORD},
    "RateLimit-Policy": {"description": 'The limits, such as `"key";q=12000;w=60`', "schema": _WORD},
    "Retry-After": {"description": "Seconds until there are requests again", "schema": {"type": "integer"}},
}


def secure(app: FastAPI, document: dict[str, Any]) -> None:
    """Say of every operation whether it needs a key, with which scope, and how it refuses."""
    document["components"]["securitySchemes"] = {"key": SCHEME}
    # With a key or without: what says nothing else may be read so.
    document["security"] = [{}, {"key": []}]
    for context in iter_route_contexts(app.routes):
        for method in context.methods or ():
            operation = document["paths"].get(context.path_format, {}).get(method.lower())
            if operation is not None:
                _secure(operation, scope_of(context.dependant), str(context.path))


def _secure(operation: dict[str, Any], scope: str | None, path: str) -> None:
    refusals: list[int] = []
    if path.startswith("/v1/"):
        refusals.append(429)
    if scope is None:
        operation["security"] = []
    else:
        refusals.append(401)
    if scope not in (None, "read"):
        refusals.append(403)
        operation["security"] = [{"key": [scope]}]
        operation["description"] += f"\n\nNeeds a key with the scope `{scope}`."
    for status, response in problems(*refusals).items():
        told = {"headers": HEADERS} if status == 429 else {}
        operation["responses"].setdefault(str(status), response | told)
