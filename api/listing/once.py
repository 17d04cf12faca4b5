"""A parameter that takes one value is given once: which of two counts, nobody could know."""

from collections import Counter
from typing import Any, get_args, get_origin

from fastapi import Request

from api.problems import Mistake, parameters_of, unprocessable


def once(request: Request) -> None:
    """Refuse a request that gives one of its scalar parameters twice."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    scalars = {name for name, field in parameters_of(request).items() if not _many(field.annotation)}
    twice = sorted(name for name, times in given.items() if times > 1 and name in scalars)
    if twice:
        message = "given more than once; it takes one value"
        raise unprocessable(*(Mistake(parameter=name, message=message) for name in twice))


def _many(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(map(_many, get_args(annotation)))
