"""Servers of the benchmark as processes: each on one core, ended by its own process id."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from bench.folder import ROOT, kept
from bench.generator import SERVER_CORE
from bench.processes import anonymous, family
from tests.postgres import free_port

BIN = Path(sys.executable).parent
PATIENCE = 90  # seconds until the first answer
QUIET = {
    "ONRECORD_LIMIT_ADDRESS": "0", "ONRECORD_LIMIT_KEY": "0", "ONRECORD_LOG_LEVEL": "warning",
    "ONRECORD_WORKER": "false", "ONRECORD_SEEDS": "false",
}  # fmt: skip
UVICORN = (
    "--workers",
    "1",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--log-level",
    "warning",
    "--no-access-log",
)


@dataclass
class Server:
    """A command that listens on `{port}`; it is ready when `path` answers."""

    name: str
    command: Sequence[str]
    path: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict)
    cores: str = str(SERVER_CORE)
    port: int = 0
    ready_after: float = 0.0  # seconds from its start to its first answer

    def __enter__(self) -> Self:
        self.port = free_port()
        kept_ = {n: v for n, v in os.environ.items() if not n.startswith("ONRECORD_")}
        command = [
            "taskset",
            "-c",
            self.cores,
            *(part.replace("{port}", str(self.port)) for part in self.command),
        ]
        self._log = (kept() / f"{self.name}.log").open("wb")
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=kept_ | dict(self.environment), stdout=self._log, stderr=self._log,
        )  # fmt: skip
        while time.perf_counter() - begun < PATIENCE and self._process.poll() is None:
            if self._answers():
                self.ready_after = time.perf_counter() - begun
                return self
            time.sleep(0.01)
        self.stop()
        raise RuntimeError(f"{self.name} does not answer; see {self._log.name}")

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def restart(self) -> None:
        """Stop it, whatever it is still doing, and start it again."""
        self.stop()
        self.__enter__()

    @property
    def pid(self) -> int:
        """Of its first process."""
        return self._process.pid

    def _answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{self.path}", timeout=5):
                return True
        except HTTPError:
            return True  # it speaks HTTP
        except (URLError, ConnectionError, TimeoutError):
            return False

    def anonymous_memory(self) -> int:
        """Bytes of memory of its own, all of its processes together, without what is mapped from files."""
        return sum(anonymous(pid) for pid in family(self._process.pid))


def bare() -> Server:
    """The limit."""
    return Server("bare", [str(BIN / "uvicorn"), "bench.bare:app", "--port", "{port}", *UVICORN], "/2")


def onrecord(url: str, workers: int = 1, cores: str = str(SERVER_CORE), **settings: str) -> Server:
    """On Record on a record, without limits, worker and seed."""
    command = [str(BIN / "onrecord"), "serve", "--port", "{port}", "--database-url", url]
    name = "onrecord" if url.startswith("sqlite") else "onrecord-postgresql"
    return Server(name, [*command, "--workers", str(workers)], "/ready", QUIET | settings, cores)


def plain(url: str) -> Server:
    """The plain endpoint on the same database."""
    name = "plain" if url.startswith("sqlite") else "plain-postgresql"
    command = [str(BIN / "uvicorn"), "bench.plain:app", "--port", "{port}", *UVICORN]
    return Server(name, command, "/openapi.json", {"PLAIN_DATABASE_URL": url})
