"""Driving a server with `wrk`, on a core of its own, with a list of requests in turn."""

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = Path(__file__).with_name("requests.lua")
# The server has the first core for itself, the generator the last; with one core they share it.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, GENERATOR_CORE = CORES[0], CORES[-1]


@dataclass(frozen=True)
class Request:
    """One request; `headers` by name."""

    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def line(self) -> str:
        """As `requests.lua` reads it."""
        headers = "|".join(f"{name}: {value}" for name, value in self.headers)
        assert "\t" not in self.path + headers + self.body
        return f"{self.method}\t{self.path}\t{headers}\t{self.body}"


@dataclass(frozen=True)
class Run:
    """What one run of wrk measured; times in microseconds."""

    requests: int
    microseconds: int
    bytes: int
    failed: int
    status: int
    p50: float
    p99: float
    longest: float
    rate: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rate", self.requests / (self.microseconds / 1e6))


def drive(port: int, requests: Sequence[Request], connections: int, seconds: int) -> Run:
    """Ask for the requests in turn, as often as the server answers. Raises RuntimeError if it does not."""
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as lines:
        lines.write("\n".join(request.line() for request in requests) + "\n")
        lines.flush()
        command = [
            "taskset", "-c", str(GENERATOR_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
            "--timeout", "60s", "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--", lines.name,
        ]  # fmt: skip
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    last = next((line for line in reversed(said.stdout.splitlines()) if line.startswith("{")), None)
    if last is None:
        raise RuntimeError(f"wrk: {said.stdout}{said.stderr}")
    return Run(**json.loads(last))


def version() -> str:
    """What `wrk -v` says."""
    said = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    return said.splitlines()[0].split(" [")[0] if said else "wrk"
