"""Pages of what stands beside the record: the newest first, as it is now."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Response
from sqlalchemy import Select, tuple_
from sqlmodel import Session

from api.listing import cursor
from api.listing.formats import dump
from api.problems import Mistake, unprocessable
from api.subscriptions.views import PageParameters


def newest_first(
    session: Session, path: str, parameters: PageParameters, statement: Select[Any], order: Sequence[Any]
) -> tuple[list[Any], str | None]:
    """The rows of a page by columns that are never null, all going down, and the URL of the next page."""
    given = parameters.model_dump(exclude_none=True, exclude_defaults=True, exclude={"cursor"})
    filters = sorted((name, value) for name, value in given.items() if name != "limit")
    digest = cursor.digest(path, filters)
    if parameters.cursor:
        _, last = cursor.decode(parameters.cursor, digest)
        if [type(value) for value in last] != [column.type.python_type for column in order]:
            message = "not of this list; begin at the first page"
            raise unprocessable(Mistake(parameter="cursor", message=message))
        statement = statement.where(tuple_(*order) < tuple_(*last))
    statement = statement.order_by(*(column.desc() for column in order)).limit(parameters.limit + 1)
    rows = list(session.execute(statement).scalars())
    page = rows[: parameters.limit]
    if len(rows) == len(page):
        return page, None
    after = cursor.encode(digest, 0, [getattr(page[-1], column.key) for column in order])
    return page, f"{path}?{urlencode({**given, 'cursor': after})}"


def answered(results: list[Any], following: str | None) -> Response:
    """A page in the shape of every list."""
    body = {"results": results, "next": following, "total": None, "facets": None}
    link = {"Link": f'<{following}>; rel="next"'} if following else {}
    return Response(dump(body), headers={"Cache-Control": "no-store"} | link, media_type="application/json")
