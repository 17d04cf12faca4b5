"""What stands in front of the routes: answers that are remembered, and those that are found at once.

A remembered answer goes out before anything else is looked at: it is what the same request was answered
before, and the record has not changed since. Who sends a key is answered by the routes: they know what its
holder may see.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.listing.formats import JSON
from api.listing.quick import Quick

# A remembered answer may be this large; what is larger is asked for seldom, and would push out many.
LARGEST = 1 << 20
# What an answer takes beside its body.
_BESIDE = 2_000
# Where an answer also depends on what the client sends besides its address, or a body has to be looked at.
_OTHERWISE = {b"authorization", b"x-revision", b"content-length", b"transfer-encoding"}
_ANY_JSON = {b"", b"*/*,", b"application/json,"}
_LONGEST_QUERY = 4_000
Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request decides the answer to anybody; `route` is what logs and measurements call it."""

    path: str
    query: bytes
    accept: bytes
    gzip: bool
    # What the client has: None if it does not say, nothing if that takes a closer look.
    tag: bytes | None
    route: str

    @property
    def key(self) -> Hashable:
        """What two requests with the same answer have in common."""
        return self.path, self.query, self.accept, self.gzip

    @property
    def plain(self) -> bool:
        """Whether anything but JSON, or a closer look at its characters, is asked for."""
        if self.gzip or self.tag == b"" or self.accept not in _ANY_JSON or not self.path.isascii():
            return False
        if b"%" not in self.query:
            return self.query.isascii()
        try:
            return "\x00" not in unquote_to_bytes(self.query).decode()
        except UnicodeDecodeError:
            return False


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of status 200; `unchanged` are the headers for who has it already."""

    tag: bytes
    headers: Headers
    body: bytes
    unchanged: Headers


def asked(scope: Scope, names: frozenset[str]) -> Asked | None:
    """What a request asks for, if anybody gets the same answer: a GET of a list or an item without a key."""
    if scope["type"] != "http" or scope["method"] != "GET" or len(scope["query_string"]) > _LONGEST_QUERY:
        return None
    path: str = scope["path"]
    name, _, id_ = path[4:].partition("/")
    if name not in names or not path.startswith("/v1/") or "/" in id_ or ":" in id_:
        return None
    accept = encoding = b""
    tag: bytes | None = None
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
    return Asked(path, scope["query_string"], accept, b"gzip" in encoding, tag, route)


class Front:
    """Answers who asks without a key, as long as the record stands still, and what is found at once."""

    def __init__(self, app: ASGIApp, quick: Quick, names: frozenset[str], most: int) -> None:
        self.app, self.quick, self.names, self.most = app, quick, names, most
        self._state: Hashable = None
        self._known: OrderedDict[Hashable, Answer] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = asked(scope, self.names)
        if request is not None and (state := self.quick.state()) is not None:
            if state != self._state:
                self._known.clear()
                self._state, self._size = state, 0
            if (answer := self._answer(request)) is not None:
                scope["template"] = request.route
                return await _send(send, answer, unchanged=request.tag is not None)
            send = self._noting(request, state, send)
        return await self.app(scope, receive, send)

    def _answer(self, request: Asked) -> Answer | None:
        """What was answered before, or is found at once; None if there is more to it."""
        key = request.key
        answer = self._known.get(key)
        if answer is not None:
            self._known.move_to_end(key)
        elif request.plain and (found := self.quick.answer(request.path, request.query)) is not None:
            headers = [(name.lower().encode(), value.encode()) for name, value in found.headers.items()]
            length = (b"content-length", b"%d" % len(found.body))
            whole = [length, (b"content-type", JSON.encode()), *headers]
            answer = Answer(found.headers["ETag"].encode(), whole, found.body, headers)
            self._remember(key, answer)
        # A list of tags, or `*`: the routes know what that means.
        return answer if answer is not None and request.tag in (None, answer.tag) else None

    def _noting(self, request: Asked, state: Hashable, send: Send) -> Send:
        """Sends an answer of the routes on, and remembers it if it is one for all."""
        begun: list[Message] = []
        body = bytearray()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message)
            elif len(body) <= LARGEST:
                body.extend(message.get("body", b""))
            done = message["type"] == "http.response.body" and not message.get("more_body")
            if done and begun[0]["status"] == 200 and state == self._state:
                headers: Headers = begun[0]["headers"]
                by_name = dict(headers)
                if b"etag" in by_name and by_name.get(b"content-type") == JSON.encode():
                    kept = [one for one in headers if one[0] not in (b"content-length", b"content-type")]
                    self._remember(request.key, Answer(by_name[b"etag"], list(headers), bytes(body), kept))
            await send(message)

        return note

    def _remember(self, key: Hashable, answer: Answer) -> None:
        if len(answer.body) > LARGEST:
            return
        if (old := self._known.pop(key, None)) is not None:
            self._size -= len(old.body) + _BESIDE
        self._known[key] = answer
        self._size += len(answer.body) + _BESIDE
        while self._size > self.most:
            _, oldest = self._known.popitem(last=False)
            self._size -= len(oldest.body) + _BESIDE


async def _send(send: Send, answer: Answer, *, unchanged: bool) -> None:
    status, headers = (304, answer.unchanged) if unchanged else (200, answer.headers)
    # Copies: who stands further out adds to them.
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": b"" if unchanged else answer.body})
