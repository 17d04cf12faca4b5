"""The limit: a bare ASGI application that answers with a constant body of as many bytes as the path says.

`/26000` is a body of 26,000 bytes, `/304` is not modified.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
_ANSWERS: dict[str, tuple[Message, Message]] = {}


def _answer(path: str) -> tuple[Message, Message]:
    size = 0 if path == "/304" else int(path[1:] or 2)
    status = 304 if path == "/304" else 200
    headers = [(b"etag", b'"bare"')]
    if status == 200:
        headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % size)]
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": b"x" * size}


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Answer; a body is made once."""
    if scope["type"] != "http":
        return
    answer = _ANSWERS.get(scope["path"])
    if answer is None:
        answer = _ANSWERS[scope["path"]] = _answer(scope["path"])
    await send(answer[0])
    await send(answer[1])
