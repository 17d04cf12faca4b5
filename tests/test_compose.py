"""The deployment with a database and a proxy: the Compose file, and what the proxy keeps from the API."""

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import yaml

from api.settings import Settings
from tests.available import require
from tests.dockerfile import SOURCE
from tests.postgres import free_port


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """As Compose itself reads the file, so that a key it does not know is an error."""
    compose = require("compose")
    env = os.environ | {"ONRECORD_DATABASE_PASSWORD": "secret"}
    done = subprocess.run(
        [compose, "-f", SOURCE / "docker-compose.yml", "config"],
        cwd=SOURCE,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    read: dict[str, dict[str, Any]] = yaml.safe_load(done.stdout)["services"]
    return read


def test_only_the_proxy_is_published_and_only_on_loopback(services: dict[str, dict[str, Any]]) -> None:
    assert {name: service["ports"] for name, service in services.items() if "ports" in service} == {
        "proxy": ["127.0.0.1:8000:8080/tcp"]
    }


def test_everything_runs_read_only_without_new_privileges(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_the_api_waits_for_a_healthy_database(services: dict[str, dict[str, Any]]) -> None:
    assert services["api"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert services["proxy"]["depends_on"]["api"]["condition"] == "service_healthy"


def test_the_api_believes_the_proxy_and_nobody_else_reaches_it(services: dict[str, dict[str, Any]]) -> None:
    trusted = services["api"]["environment"]["ONRECORD_TRUSTED_PROXIES"]
    assert Settings.model_validate({"trusted_proxies": json.loads(trusted)}).trusted_proxies == ["*"]
    assert "ports" not in services["api"]


def test_a_password_must_be_set() -> None:
    compose = require("compose")
    env = {name: value for name, value in os.environ.items() if name != "ONRECORD_DATABASE_PASSWORD"}
    done = subprocess.run(
        [compose, "config"], cwd=SOURCE, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 or (SOURCE / ".env").exists()


@dataclass
class Proxy:
    """nginx with the shipped configuration, in front of a server that repeats the headers it gets."""

    port: int

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


class Echo(BaseHTTPRequestHandler):
    released = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/wait":
            self.released.wait(timeout=20)
        body = json.dumps({"path": self.path, **dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx, folder, port = require("nginx"), tmp_path_factory.mktemp("nginx"), free_port()
    behind = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    config = (SOURCE / "deploy" / "nginx.conf").read_text()
    for shipped, here in {
        "api:8000": f"127.0.0.1:{behind.server_port}",
        "listen 8080": f"listen 127.0.0.1:{port}",
        " /tmp/": f" {folder}/",
        # The waits are tested at a tenth of their length.
        "_header_timeout 10s": "_header_timeout 1s",
        "_body_timeout 10s": "_body_timeout 1s",
    }.items():
        assert shipped in config
        config = config.replace(shipped, here)
    path = folder / "nginx.conf"
    path.write_text(config)
    subprocess.run([nginx, "-t", "-q", "-c", path], check=True, timeout=20)
    process = subprocess.Popen([nginx, "-c", path, "-g", "daemon off;"], stdout=subprocess.DEVNULL)
    try:
        assert eventually(lambda: listens(port))
        yield Proxy(port)
    finally:
        process.terminate()
        process.wait(timeout=20)
        Echo.released.set()
        behind.shutdown()
        behind.server_close()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(condition: Callable[[], bool]) -> bool:
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.05)
    return False


def get(proxy: Proxy, path: str, **headers: str) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{proxy.port}{path}", headers=headers, trust_env=False)


def test_the_proxy_passes_path_host_and_reader(proxy: Proxy) -> None:
    seen = get(proxy, "/v1/quotes?said__gte=2024-10-15&q=a%2Fb").json()
    assert seen["path"] == "/v1/quotes?said__gte=2024-10-15&q=a%2Fb"
    assert seen["Host"] == f"127.0.0.1:{proxy.port}"
    assert seen["X-Forwarded-For"] == "127.0.0.1"


def test_the_proxy_overwrites_a_forged_reader(proxy: Proxy) -> None:
    assert get(proxy, "/", **{"X-Forwarded-For": "1.2.3.4"}).json()["X-Forwarded-For"] == "127.0.0.1"


def answer_to(proxy: Proxy, sent: bytes) -> bytes:
    """The first bytes of it; none if the proxy hung up. Times out, and fails, if it waits on."""
    with proxy.connect() as connection:
        connection.sendall(sent)
        try:
            return connection.recv(1000)
        except ConnectionResetError:
            return b""


def test_the_proxy_refuses_oversized_headers_and_bodies(proxy: Proxy) -> None:
    long = b"a" * 20_000
    assert answer_to(proxy, b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: " + long + b"\r\n\r\n").startswith(
        b"HTTP/1.1 400 "
    )
    assert answer_to(proxy, b"GET /?q=" + long + b" HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 414 ")
    body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13000000\r\n\r\n"
    assert answer_to(proxy, body).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("sent", [b"GET / HT", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"])
def test_the_proxy_drops_a_request_that_stops_half_way(proxy: Proxy, sent: bytes) -> None:
    answer = answer_to(proxy, sent)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")


def test_the_proxy_bounds_the_connections_of_one_reader(proxy: Proxy) -> None:
    with ExitStack() as open_connections:
        for _ in range(50):
            connection = open_connections.enter_context(proxy.connect())
            connection.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
        assert eventually(lambda: get(proxy, "/").status_code == 429)
    assert eventually(lambda: get(proxy, "/").status_code == 200)


def test_metrics_are_not_for_readers(proxy: Proxy) -> None:
    assert get(proxy, "/metrics").status_code == 404
