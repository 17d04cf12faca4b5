"""What stands in front of the routes: answers that are remembered, and those that are found at once.

A remembered answer goes out before anything else is looked at: it is what the same request was answered
before, and the record has not changed since. Who sends a key is answered by the routes: they know what its
holder may see.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.listing.formats import JSON
from api.listing.quick import Quick

# A remembered answer may be this large; what is larger is asked for seldom, and would push out many.
LARGEST = 1 << 20
# What an answer takes beside its body.
_BESIDE = 2_000
# Where the answer of a list or an item also depends on what the client sends besides its address.
_OTHERWISE = {b"authorization", b"x-revision"}
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Asked:
    """What of a request decides the answer to anybody; `route` is what logs and measurements call it."""

    key: Hashable
    tag: bytes | None
    route: str


@dataclass(frozen=True)
class Remembered:
    """An answer of status 200, and the one to who has it already."""

    tag: bytes
    headers: Headers
    body: bytes
    unchanged: Headers


def asked(scope: Scope, names: frozenset[str]) -> Asked | None:
    """What a request asks for, if anybody gets the same answer: a GET of a list or an item without a key."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return None
    path: str = scope["path"]
    _, _, rest = path.partition("/v1/")
    name, _, id_ = rest.partition("/")
    if name not in names or "/" in id_ or ":" in id_ or not path.startswith("/v1/"):
        return None
    accept = encoding = b""
    tag = None
    for header, value in scope["headers"]:
        if header in _OTHERWISE:
            return None
        if header == b"accept":
            accept += value + b","
        elif header == b"accept-encoding":
            encoding += value + b","
        elif header == b"if-none-match":
            tag = value if tag is None else b""
    route = f"/v1/{name}/{{id}}" if id_ else f"/v1/{name}"
    return Asked((path, scope["query_string"], accept, b"gzip" in encoding), tag, route)


class Memory:
    """Remembers the answers to whoever asks without a key, as long as the record stays as it is."""

    def __init__(self, app: ASGIApp, quick: Quick, names: frozenset[str], most: int) -> None:
        self.app, self.quick, self.names, self.most = app, quick, names, most
        self._state: Hashable = None
        self._known: OrderedDict[Hashable, Remembered] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = asked(scope, self.names)
        state = self.quick.state() if request is not None else None
        if request is None or state is None:
            return await self.app(scope, receive, send)
        if state != self._state:
            self._known.clear()
            self._state, self._size = state, 0
        if (known := self._known.get(request.key)) is not None and request.tag in (None, known.tag):
            self._known.move_to_end(request.key)
            scope["template"] = request.route
            return await _send(send, known, unchanged=request.tag is not None)
        await self.app(scope, receive, self._noting(request, state, send))
        return None

    def _noting(self, request: Asked, state: Hashable, send: Send) -> Send:
        """Sends an answer on, and remembers it if it is one for all."""
        begun: list[Message] = []
        body = bytearray()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
            elif len(body) <= LARGEST:
                body.extend(message.get("body", b""))
            await send(message)
            done = message["type"] == "http.response.body" and not message.get("more_body")
            if done and begun and begun[0]["status"] == 200 and state == self._state:
                self._remember(request.key, begun[0]["headers"], bytes(body))

        return note

    def _remember(self, key: Hashable, headers: Headers, body: bytes) -> None:
        by_name = dict(headers)
        tag = by_name.get(b"etag")
        if tag is None or len(body) > LARGEST or by_name.get(b"content-type") != JSON.encode():
            return
        kept = [(name, value) for name, value in headers if name not in (b"content-length", b"content-type")]
        if (old := self._known.pop(key, None)) is not None:
            self._size -= len(old.body) + _BESIDE
        self._known[key] = Remembered(tag, list(headers), body, kept)
        self._size += len(body) + _BESIDE
        while self._size > self.most:
            _, oldest = self._known.popitem(last=False)
            self._size -= len(oldest.body) + _BESIDE


class AtOnce:
    """Answers in the loop what is found at once; the rest goes on to the routes."""

    def __init__(self, app: ASGIApp, quick: Quick, names: frozenset[str]) -> None:
        self.app, self.quick, self.names = app, quick, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = asked(scope, self.names)
        if request is None or not _takes_json(request):
            return await self.app(scope, receive, send)
        found = self.quick.answer(scope["path"], scope["query_string"])
        if found is None:
            return await self.app(scope, receive, send)
        headers = [(name.lower().encode(), value.encode()) for name, value in found.headers.items()]
        tag = dict(headers)[b"etag"]
        if request.tag is not None and request.tag != tag:
            # A list of tags, or `*`: the routes know what that means.
            return await self.app(scope, receive, send)
        whole = [(b"content-length", b"%d" % len(found.body)), (b"content-type", JSON.encode()), *headers]
        answer = Remembered(tag, whole, found.body, headers)
        scope["template"] = request.route
        await _send(send, answer, unchanged=request.tag is not None)
        return None


def _takes_json(request: Asked) -> bool:
    key: Any = request.key
    return key[2] in (b"", b"*/*,", b"application/json,")


async def _send(send: Send, answer: Remembered, *, unchanged: bool) -> None:
    status, headers = (304, answer.unchanged) if unchanged else (200, answer.headers)
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if unchanged else answer.body})
