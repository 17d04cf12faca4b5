"""Measuring a case: bodies are compared first, then short rounds follow each other from server to server."""

import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.error import HTTPError
from urllib.request import Request as Asked
from urllib.request import urlopen

from bench import peers
from bench.generator import Request, Run, drive
from bench.peers import Question
from bench.processes import settle
from bench.serving import Server

COMPARED = 5  # questions of a case whose answers are compared
WARM = 1  # seconds
SLOW = 1  # seconds; an answer that takes longer, asked again, too, is timed alone
SPARE = 10  # how many times the rate of one connection a server may reach


@dataclass(frozen=True)
class Effort:
    """How long is measured: rounds of so many seconds at each number of connections."""

    rounds: int = 3
    seconds: int = 2
    connections: tuple[int, ...] = (1, 32)
    alone: int = 3  # rounds of the peers at one connection, where only our own growth is looked at
    longest: int = 12  # seconds of a round, where answers take long
    different: int = 40_000


@dataclass
class Measured:
    """What one server did in one case: medians by number of connections, or why it does not count."""

    rate: dict[int, float] = field(default_factory=dict)
    p50: dict[int, float] = field(default_factory=dict)  # microseconds
    p99: dict[int, float] = field(default_factory=dict)
    size: int = 0  # bytes of one body
    left_out: str | None = None


Asking = Mapping[str, Sequence[Request]]
"""The requests for each server, by its name, the same questions in the same order."""


def fetch(server: Server, request: Request) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of one answer."""
    url = f"http://127.0.0.1:{server.port}{request.path}"
    body = request.body.encode() or None
    asked = Asked(url, data=body, method=request.method, headers=dict(request.headers))
    try:
        with urlopen(asked, timeout=900) as answer:
            return answer.status, answer.read(), {k.lower(): v for k, v in answer.headers.items()}
    except HTTPError as error:
        return error.code, error.read(), {k.lower(): v for k, v in error.headers.items()}


def differs(server: Server, request: Request, kind: str, wanted: peers.Rows) -> str | None:
    """Why an answer does not have these rows; None if it has."""
    status, body, _ = fetch(server, request)
    if status != 200:
        return f"answers {status} to {request.path[:80]}"
    found = peers.rows(kind, body)
    if found == wanted:
        return None
    if len(found) != len(wanted):
        return f"{len(found)} rows instead of {len(wanted)} to {request.path[:80]}"
    at = next(n for n, (ours, theirs) in enumerate(zip(wanted, found, strict=True)) if ours != theirs)
    return f"another row {at + 1} to {request.path[:80]}: {str(found[at])[:60]} not {str(wanted[at])[:60]}"


def compared(
    servers: Mapping[str, Server], asking: Asking, questions: Sequence[Question], slow: dict[str, float]
) -> dict[str, str]:
    """Why the answers of servers do not count, by name; those of On Record are what the others must equal.

    `slow` gets the seconds of those that take long, by name.

    An answer without rows would prove nothing: it is a fault of the case.
    """
    faults: dict[str, str] = {}
    step = max(1, len(questions) // COMPARED)
    ours = next(name for name in asking if name.startswith("onrecord"))
    for at in range(0, len(questions), step):
        kind = questions[at].kind
        status, body, _ = fetch(servers[ours], asking[ours][at])
        if status != 200:
            return {ours: f"answers {status} to {asking[ours][at].path}: {body[:300]!r}"}
        wanted = peers.rows(kind, body)
        if not wanted:
            return {ours: f"no rows for {asking[ours][at].path}"}
        for name, requests in asking.items():
            if name not in (ours, "bare") and name not in faults:
                took = 0.0
                # What took long is asked again: the first time it may have waited for the disk.
                for _ in range(2):
                    begun = time.perf_counter()
                    if fault := differs(servers[name], requests[at], kind, wanted):
                        faults[name] = fault
                    took = time.perf_counter() - begun
                    if fault or took <= SLOW:
                        break
                if name not in faults and took > SLOW:
                    slow[name] = took
    return faults


def measure(
    servers: Mapping[str, Server], asking: Asking, effort: Effort, slow: Mapping[str, float]
) -> dict[str, Measured]:
    """Medians of the rounds; in each round every server is asked once, so that a busy machine slows all."""
    measured = {name: Measured() for name in asking}
    ahead = {name: Turns(servers[name], requests, slow.get(name)) for name, requests in asking.items()}
    for turns in ahead.values():
        turns.drive(max(effort.connections), WARM)
    for connections in effort.connections:
        runs: dict[str, list[Run]] = {name: [] for name in asking}
        for round_ in range(effort.rounds):
            for name, turns in ahead.items():
                if connections == 1 and round_ >= effort.alone and not name.startswith("onrecord"):
                    continue
                run = turns.drive(connections, turns.seconds(connections, effort))
                if run.failed or run.status:
                    measured[name].left_out = f"{run.failed} failed, {run.status} with an error status"
                runs[name].append(run)
        for name, found in runs.items():
            measured[name].rate[connections] = statistics.median(run.rate for run in found)
            measured[name].p50[connections] = statistics.median(run.p50 for run in found)
            measured[name].p99[connections] = statistics.median(run.p99 for run in found)
    return measured


class Turns:
    """Requests that go on where the last run ended, so that none comes twice while there are others."""

    def __init__(self, server: Server, requests: Sequence[Request], slow: float | None = None) -> None:
        self._server, self._requests, self._next = server, requests, 0
        if slow is not None:
            self._alone = slow
            return
        alone = []
        for request in (requests[-1], requests[-2 % len(requests)]):
            begun = time.perf_counter()
            fetch(server, request)
            alone.append(time.perf_counter() - begun)
        self._alone = min(alone)  # seconds of one request

    def seconds(self, connections: int, effort: Effort) -> int:
        """Of a round in which a slow server, too, answers every connection a few times, or once at least."""
        once = connections * self._alone
        return max(effort.seconds, min(effort.longest, math.ceil(3 * once)), math.ceil(1.5 * once))

    def drive(self, connections: int, seconds: int) -> Run:
        """A run with as many of the requests as it can need; if they are slow, the one that was timed."""
        if self._alone > SLOW:
            once = self._alone * 1e6
            return Run(1, round(once), 0, 0, 0, p50=once, p99=once, longest=once)
        most = min(len(self._requests), 1000 + round(seconds * SPARE / self._alone))
        turned = [*self._requests[self._next :], *self._requests[: self._next]]
        run = drive(self._server.port, turned[:most], connections, seconds)
        settle()
        self._next = (self._next + run.requests + connections) % len(turned)
        return run
