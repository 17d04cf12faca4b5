"""Errors as problem documents (RFC 9457): one shape for every status, and nothing of the input in it."""

import difflib
import re
import sqlite3
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Withdrawn",
    412: "Precondition failed",
    413: "Body too large",
    414: "URL too long",
    415: "Unsupported media type",
    422: "Unprocessable content",
    428: "Precondition required",
    429: "Too many requests",
    500: "Internal error",
    503: "Not available now",
    507: "Insufficient storage",
}


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    parameter: str | None = Field(None, description="The parameter", examples=["speaker"])
    entry: int | None = Field(None, description="Line of a batch, from 1", examples=[3])
    part: str | None = Field(
        None, description="`text` or `annotation` of an annotated document", examples=["annotation"]
    )
    pointer: str | None = Field(
        None, description="JSON pointer of the value in the body or annotation", examples=["/quotes/3/mark"]
    )
    line: int | None = Field(None, description="Line of the file, from 1", examples=[12])
    column: int | None = Field(None, description="Column, from 1", examples=[9])
    message: str = Field(description="What is wrong, and what would be right", examples=["unknown parameter"])
    extract: str | None = Field(None, description="The words that are meant", examples=["a ministry aid"])
    nearest: str | None = Field(None, description="What was probably meant", examples=["speaker"])
    allowed: list[str] | None = Field(None, description="What is allowed", examples=[["said", "-said"]])


class Withdrawal(BaseModel):
    """When and why something was withdrawn."""

    revision: int = Field(description="Number of the revision", examples=[2])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])
    reason: str | None = Field(None, description="Why", examples=["load"])
    note: str | None = Field(None, description="Why, in free words", examples=["Not confirmed."])


class ProblemDocument(BaseModel):
    """A problem document."""

    type: str = Field(description="URN of the kind of problem", examples=["urn:onrecord:problem:422"])
    title: str = Field(description="The kind in words", examples=["Unprocessable content"])
    status: int = Field(description="The HTTP status", examples=[422])
    detail: str = Field(
        description="What happened, and what would be right", examples=["1 mistake in the query"]
    )
    errors: list[Mistake] | None = Field(None, description="All mistakes of the request")
    withdrawn: Withdrawal | None = Field(None, description="Of what is not on record any more")


class Problem(Exception):
    """Ends a request with a problem document; `more` are further members of it."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Iterable[Mistake] = (),
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers, self.more = (
            status,
            detail,
            list(errors),
            headers,
            more,
        )

    def document(self) -> dict[str, Any]:
        """The problem document."""
        body: dict[str, Any] = {
            "type": f"urn:onrecord:problem:{self.status}",
            "title": TITLES.get(self.status, "Error"),
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            body["errors"] = [mistake.model_dump(exclude_none=True) for mistake in self.errors]
        return body | self.more

    def response(self) -> Response:
        headers = {"Cache-Control": "no-store"} | dict(self.headers or {})
        return Response(orjson.dumps(self.document()), self.status, headers, media_type=MEDIA_TYPE)


def unprocessable(*errors: Mistake) -> Problem:
    """The problem of parameters that can not be followed."""
    count = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
    place = "body" if any(error.pointer is not None for error in errors) else "query"
    return Problem(422, f"{count} in the {place}; see `errors`", errors)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.6)), None)


OURS = Problem(500, "the mistake is ours; the log has it under the request's id")
FULL = Problem(
    507,
    "the disk of the database is full: nothing was written, reading goes on; try again once there is room",
    headers={"Retry-After": "60"},
)
AWAY = Problem(503, "the database did not answer; try again", headers={"Retry-After": "2"})
TOO_LONG = Problem(
    503, "the database needs longer for this than the service allows; ask for less, or for fewer facets"
)
_POSTGRESQL_FULL, _POSTGRESQL_TOO_LONG = "53100", "57014"
# Of SQLite: busy, locked, out of memory, read-only, I/O error, full, can not open, lock protocol.
_SQLITE_AWAY = {5, 6, 7, 8, 10, 13, 14, 15}
# Of PostgreSQL: connection, rolled back for another's sake, resources, lock, operator's intervention, system.
_POSTGRESQL_AWAY = ("08", "40", "53", "55", "57", "58")


def _methods(request: Request) -> set[str]:
    """What is taken at the address that was asked: Starlette names the methods of its first route alone."""
    path = getattr(request.scope.get("route"), "path_format", None)
    routes = iter_route_contexts(request.app.routes) if path else ()
    methods = {method for route in routes if route.path_format == path for method in route.methods or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


def install(app: FastAPI) -> None:
    """Answer exceptions with problem documents; what nobody expected goes on to the log."""
    app.add_exception_handler(Exception, lambda *_: OURS.response())

    @app.exception_handler(Problem)
    def _problem(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        detail = error.detail if error.status_code == 413 else "see the title"
        if error.status_code == 404:
            detail = "nothing is at this address; /openapi.json lists what is"
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods(request) or {"GET", "HEAD"}))
            detail = f"this address takes {headers['Allow']}"
        return Problem(error.status_code, detail, headers=headers).response()

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        known = {body: list(parameters_of(request, body=body)) for body in (False, True)}
        entries = error.errors()[:50]
        return unprocessable(*(mistake_of(e, known[e["loc"][0] == "body"]) for e in entries)).response()

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeout)
    def _database(request: Request, error: Exception) -> Response:
        if isinstance(error, DBAPIError) and is_full(error) and request.method not in ("GET", "HEAD"):
            structlog.get_logger().error("disk full")
            return FULL.response()
        if isinstance(error, DBAPIError) and not is_away(error):
            raise error
        state = getattr(getattr(error, "orig", None), "sqlstate", None)
        problem = TOO_LONG if state == _POSTGRESQL_TOO_LONG else AWAY
        structlog.get_logger().warning(problem.detail, error=type(error).__name__)
        return problem.response()


def is_full(error: DBAPIError) -> bool:
    """Whether the database found no room on its disk."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or getattr(error.orig, "sqlstate", None) == _POSTGRESQL_FULL


def is_away(error: DBAPIError) -> bool:
    """Whether the database could not answer; if it could, and would not, the mistake is in what we asked."""
    if error.connection_invalidated:
        return True
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _SQLITE_AWAY
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError)
    return str(state).startswith(_POSTGRESQL_AWAY)


def parameters_of(request: Request, *, body: bool = False) -> dict[str, FieldInfo]:
    """The query parameters that the request's route takes, or the members of its body."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    taken = (dependant.body_params if body else dependant.query_params) if dependant else []
    models = [field.field_info.annotation for field in taken]
    return {
        field.alias or name: field
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
    }


def mistake_of(entry: Mapping[str, Any], known: list[str]) -> Mistake:
    """Pydantic's error without the input: names of parameters alone, and only if they are plain words."""
    location = [str(part) for part in entry["loc"][1:]]
    plain = list(takewhile(re.compile(r"\w{1,60}", re.ASCII).fullmatch, location))
    where: dict[str, Any] = {"parameter": plain[0] if plain else None}
    if entry["loc"][0] == "body":
        if entry["type"] == "json_invalid":
            return Mistake(pointer="", message="the body is not JSON")
        if not location:
            return Mistake(pointer="", message="the body must be a JSON object, sent as application/json")
        where = {"pointer": "".join(f"/{part}" for part in plain)}
    if entry["type"] == "extra_forbidden":
        what = "parameter" if "parameter" in where else "member"
        return Mistake(**where, message=f"unknown {what}", nearest=nearest(location[-1], known))
    allowed = None
    if entry["type"] in ("literal_error", "enum"):
        allowed = re.findall(r"'([^']*)'", str(entry["ctx"]["expected"]))
        return Mistake(**where, message="not one of the allowed values", allowed=allowed)
    message = str(entry["msg"]).removeprefix("Value error, ")
    return Mistake(**where, message=message[0].lower() + message[1:])
