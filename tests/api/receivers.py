"""A receiver of call-backs: a real HTTP server on loopback that keeps what it was sent."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from models.session import Database
from tests.api.writers import key
from tests.conftest import serve

# Seconds: what comes at all comes within some of them, on a machine that runs all other tests as well.
PATIENCE = 60
Json = dict[str, Any]
# Status, headers and body of an answer.
Answer = tuple[int, Mapping[str, str], bytes]
TAKEN: Answer = (204, {}, b"")


@dataclass
class Call:
    """What one request brought."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Json:
        content: Json = orjson.loads(self.body)
        return content

    @property
    def data(self) -> Json:
        data: Json = self.content["data"]
        return data

    @property
    def place(self) -> tuple[int, int]:
        return self.data["revision"], self.data["position"]

    def verify(self, secret: str) -> None:
        Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """`answer` says what each call gets, by its number from 0."""

    answer: Callable[[int, Call], Answer] = lambda *_: TAKEN
    calls: list[Call] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"
    _came: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/hook?of=desk"

    def take(self, call: Call) -> Answer:
        with self._came:
            number = len(self.calls)
            self.calls.append(call)
            self._came.notify_all()
        return self.answer(number, call)

    def wait(self, number: int) -> list[Call]:
        """The calls, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.calls) >= number, PATIENCE), [
                call.content for call in self.calls
            ]
            return list(self.calls)

    def types(self) -> list[str]:
        return [call.content["type"] for call in self.calls]


@contextmanager
def receiving(
    answer: Callable[[int, Call], Answer] = lambda *_: TAKEN, certificate: Path | None = None
) -> Iterator[Receiver]:
    """A receiver that listens as long as the block runs; with a certificate, over TLS."""
    receiver = Receiver(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, content = receiver.take(Call(self.path, headers, body))
            try:
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            # A caller that refuses our certificate, or has gone.
            pass

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        receiver.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def calling(database: Database, *scopes: Any, **settings: object) -> TestClient:
    """A client that may subscribe, of a service that calls back to this machine, and tries again at once."""
    given = {"worker": True, "callback_http": True, "callback_loopback": True, "callback_retry_scale": 1e-6}
    client = serve(database, **{**given, **settings})
    client.headers.update(key(database, *(scopes or ("subscriptions", "write"))))
    return client


def subscribe(client: TestClient, receiver: Receiver, **given: Any) -> Json:
    """The subscription, with its secret."""
    answer = client.post("/v1/subscriptions", json={"url": receiver.url, **given})
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def eventually(client: TestClient, path: str, holds: Callable[[Json], bool]) -> Json:
    """What is at the path, once this holds for it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found: Json = client.get(path).json()
        if holds(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
