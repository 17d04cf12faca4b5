"""What stands at the door, before routing: bytes that are no text, large bodies, HEAD, variants of ETags."""

import re
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem

LONGEST_QUERY = 16_384
WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ETAGS = re.compile(rb'"([^"]*)-gzip"')


class Door:
    """Refuses what no handler could answer well."""

    def __init__(self, app: ASGIApp, body_limit: int, larger: Mapping[str, int]) -> None:
        self.app, self.body_limit, self.larger = app, body_limit, larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        if problem := self._problem(scope):
            return await problem.response()(scope, receive, send)
        if b"transfer-encoding" in dict(scope["headers"]):
            receive = self._counted(receive, self._limit(scope))
            if scope["method"] not in WRITES:
                # Nobody reads it there; it is refused all the same.
                try:
                    receive = await _whole(receive)
                except HTTPException:
                    return await _too_large(self._limit(scope)).response()(scope, receive, send)
        if scope["method"] != "HEAD":
            return await self.app(scope, receive, send)

        async def headers_only(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        # A HEAD is the GET without its body; whoever answers a GET answers it.
        scope["method"], scope["head"] = "GET", True
        return await self.app(scope, receive, headers_only)

    def _counted(self, receive: Receive, limit: int) -> Receive:
        """A body that does not say its length is refused as soon as more has been read than it may have."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                refused = _too_large(limit)
                # Of the framework's own kind, which passes what reads bodies.
                raise HTTPException(refused.status, refused.detail, dict(refused.headers or {}))
            return message

        return counted

    def _limit(self, scope: Scope) -> int:
        return self.larger.get(scope["path"], self.body_limit)

    def _problem(self, scope: Scope) -> Problem | None:
        query = scope.get("query_string", b"")
        if len(query) > LONGEST_QUERY:
            return Problem(414, f"the query is longer than {LONGEST_QUERY} bytes")
        for name, raw in (("path", scope.get("raw_path") or b""), ("query", query)):
            try:
                decoded = unquote_to_bytes(raw).decode("utf-8")
            except UnicodeDecodeError:
                return Problem(400, f"the {name} is not UTF-8")
            if "\x00" in decoded:
                return Problem(400, f"the {name} holds a NUL character")
        length = Headers(scope=scope).get("content-length", "0")
        # Python refuses to read a number of thousands of digits.
        if length.isdecimal() and (len(length) > 15 or int(length) > self._limit(scope)):
            return _too_large(self._limit(scope))
        return None


async def _whole(receive: Receive) -> Receive:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body, more = body + message.get("body", b""), message.get("more_body", False)
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return whole.pop() if whole else await receive()

    return again


def _too_large(limit: int) -> Problem:
    return Problem(413, f"the body is larger than {limit} bytes", headers={"Connection": "close"})


class VariantTags:
    """A strong ETag names one sequence of bytes: what gzip made of a body gets a tag of its own.

    `If-None-Match: *` is answered here, by RFC 9110, 13.1.2: only the whole answer tells which variant the
    client would have got.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        gzip_known = any_known = False
        headers = []
        for name, value in scope["headers"]:
            if name == b"if-none-match" and value.strip() == b"*" and scope["method"] == "GET":
                any_known = True
                continue
            tags = name in (b"if-none-match", b"if-match")
            gzip_known = gzip_known or bool(tags and _ETAGS.search(value))
            headers.append((name, _ETAGS.sub(rb'"\1"', value) if tags else value))

        async def tagged(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = MutableHeaders(scope=message)
                packed = sent.get("content-encoding") == "gzip" or (message["status"] == 304 and gzip_known)
                if packed and (etag := sent.get("etag")):
                    sent["etag"] = f'{etag[:-1]}-gzip"'
                if any_known and message["status"] == 200:
                    kept = [pair for pair in message["headers"] if not pair[0].startswith(b"content-")]
                    message = {**message, "status": 304, "headers": kept}
            elif any_known:
                message = {**message, "body": b""}
            await send(message)

        scope["headers"] = headers
        if any_known:
            # Nobody takes the body of what can be read.
            scope["head"] = True
        await self.app(scope, receive, tagged)
