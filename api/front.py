"""What stands in front of the routes: answers that are remembered, and those that are found at once.

A remembered answer goes out before anything else is looked at: it is what the same request was answered
before, and the record has not changed since. Who sends a key is answered by the routes: they know what its
holder may see.
"""

from collections import OrderedDict
from collections.abc import Hashable
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.listing.formats import JSON
from api.listing.negotiation import headers_of
from api.listing.quick import Quickly

# A remembered answer may be this large; what is larger is asked for seldom, and would push out many.
LARGEST = 1 << 20
# What an answer takes beside its body.
_BESIDE = 2_000
# Where an answer also depends on what the client sends besides its address, or a body has to be looked at.
_OTHERWISE = {b"authorization", b"x-revision", b"content-length", b"transfer-encoding"}
_ANY_JSON = {b"", b"*/*,", b"application/json,"}
_LONGEST_QUERY = 4_000
Headers = list[tuple[bytes, bytes]]


class Asked(NamedTuple):
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


class Quick(Protocol):
    """Gives the answers that are found at once."""

    def state(self) -> Hashable | None:
        """What tells the state of the record from all others; None if nobody knows without waiting."""

    async def answer(self, path: str, query: bytes) -> Quickly | None:
        """The answer to a GET of a list or an item by anybody, of the state that was told before if one was;
        None if it is for the routes.
        """


class Answer(NamedTuple):
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


class Memory:
    """Answers of one state of the record; of `most` bytes, those that nobody asked for longest go first.

    From `compress_from` bytes on, whoever can unpack a body gets another one.
    """

    def __init__(self, most: int, compress_from: int) -> None:
        self.most, self.compress_from, self.size = most, compress_from, 0
        self.state: Hashable = None
        self._known: OrderedDict[Hashable, Answer] = OrderedDict()

    def of(self, state: Hashable) -> None:
        """Forget everything if the record is in another state."""
        if state != self.state:
            self._known.clear()
            self.state, self.size = state, 0

    def get(self, key: Hashable) -> Answer | None:
        if (answer := self._known.get(key)) is not None:
            self._known.move_to_end(key)
        return answer

    def keep(self, key: Hashable, answer: Answer) -> None:
        if len(answer.body) > LARGEST:
            return
        if (old := self._known.pop(key, None)) is not None:
            self.size -= len(old.body) + _BESIDE
        self._known[key] = answer
        self.size += len(answer.body) + _BESIDE
        while self.size > self.most:
            _, oldest = self._known.popitem(last=False)
            self.size -= len(oldest.body) + _BESIDE


class Front:
    """Answers who asks without a key, as long as the record stands still, and what is found at once."""

    def __init__(self, app: ASGIApp, quick: Quick, names: frozenset[str], memory: Memory) -> None:
        self.app, self.quick, self.names, self.memory = app, quick, names, memory

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = asked(scope, self.names)
        if request is None:
            return await self.app(scope, receive, send)
        answer, path, query = None, request.path, request.query
        if (state := self.quick.state()) is not None:
            self.memory.of(state)
            answer = self.memory.get(request.key)
        if answer is None and request.plain and (found := await self.quick.answer(path, query)):
            answer = _answer_of(found, packable=len(found.body) >= self.memory.compress_from)
            if state is not None:
                self.memory.keep(request.key, answer)
        # A list of tags, or `*`: the routes know what that means.
        if answer is not None and request.tag in (None, answer.tag):
            scope["template"] = request.route
            return await _send(send, answer, unchanged=request.tag is not None)
        return await self.app(scope, receive, send if state is None else self._noting(request, state, send))

    def _noting(self, request: Asked, state: Hashable, send: Send) -> Send:
        """Sends an answer of the routes on, and remembers it if it is one for all."""
        begun: list[tuple[int, Headers]] = []
        body = bytearray()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                # As it is here: who stands further out adds what is of this one request.
                begun.append((message["status"], list(message["headers"])))
            elif len(body) <= LARGEST:
                body.extend(message.get("body", b""))
            done = message["type"] == "http.response.body" and not message.get("more_body")
            if done and begun[0][0] == 200 and state == self.memory.state:
                headers = begun[0][1]
                by_name = dict(headers)
                if b"etag" in by_name and by_name.get(b"content-type") == JSON.encode():
                    kept = [one for one in headers if not one[0].startswith(b"content-")]
                    self.memory.keep(request.key, Answer(by_name[b"etag"], headers, bytes(body), kept))
            await send(message)

        return note


def _answer_of(found: Quickly, *, packable: bool) -> Answer:
    own = [(b"etag", found.tag.encode()), *_beside(found.revision, packable=False)]
    whole = [
        (b"content-length", b"%d" % len(found.body)),
        (b"content-type", JSON.encode()),
        own[0],
        *_beside(found.revision, packable=packable),
    ]
    if found.following:
        link = (b"link", f'<{found.following}>; rel="next"'.encode())
        own.append(link)
        whole.append(link)
    return Answer(own[0][1], whole, found.body, own)


@lru_cache(maxsize=100)
def _beside(revision: int, *, packable: bool) -> Headers:
    """What all answers of a revision say beside their tags; `packable` are those that may be compressed."""
    headers = headers_of("", revision)
    del headers["ETag"]
    if packable:
        headers["Vary"] += ", Accept-Encoding"
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _send(send: Send, answer: Answer, *, unchanged: bool) -> None:
    status, headers = (304, answer.unchanged) if unchanged else (200, answer.headers)
    # Who stands further out adds to a copy of them.
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if unchanged else answer.body})
