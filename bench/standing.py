"""What a server costs that stands there: start, memory, workers, light requests beside heavy ones."""

import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench import serving
from bench.cases import OF, House, ours
from bench.generator import CORES, GENERATOR_CORE, drive
from bench.measuring import Effort, Turns, fetch
from bench.peers import onrecord
from bench.serving import Server
from bench.watching import memory

MANY = 32


def starts(url: str, runs: int) -> dict[str, float]:
    """Median seconds from the start of a server to its first answer."""
    times: dict[str, list[float]] = {"bare": [], "onrecord": []}
    for _ in range(runs):
        for name, server in (("bare", serving.bare()), ("onrecord", serving.onrecord(url))):
            with server:
                times[name].append(server.ready_after)
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def memories(house: House, effort: Effort) -> dict[str, int]:
    """Anonymous bytes at rest, after one answer, and the most under lists, searches, facets and an export."""
    lists = [onrecord(question) for question in house.material.lists(effort.different)]
    found = {}
    with serving.bare() as bare:
        fetch(bare, lists[0].__class__("/26000"))
        found["bare, at rest"] = bare.anonymous_memory()
        with memory(bare) as seen:
            drive(bare.port, [lists[0].__class__("/26000")], MANY, effort.seconds)
        found["bare, at peak"] = seen.peak
    with serving.onrecord(house.record.url) as server:
        fetch(server, lists[0])
        found["onrecord, at rest"] = server.anonymous_memory()
        searches = [onrecord(q) for q in house.material.words("words", 0.01, 200)]
        facets = [onrecord(house.material.facets(OF))]
        with memory(server) as seen:
            for requests in (lists, searches, facets):
                drive(server.port, requests, MANY, max(4, 2 * effort.seconds))
            _download(server, "/v1/quotes?format=ndjson", 60)
        found["onrecord, at peak"] = seen.peak
    return found


def two_workers(house: House, effort: Effort) -> dict[str, float]:
    """Lists a second of one worker and of two; on all cores, shared with the generator."""
    lists = [onrecord(question) for question in house.material.lists(effort.different)]
    cores = ",".join(map(str, CORES))
    rates: dict[str, list[float]] = {}
    with (
        serving.onrecord(house.record.url, 1, cores) as one,
        serving.onrecord(house.record.url, 2, cores) as two,
    ):
        turns = {"one": Turns(one, lists), "two": Turns(two, lists)}
        for each in turns.values():
            each.drive(MANY, 1)
        for _ in range(effort.rounds):
            for name, each in turns.items():
                rates.setdefault(name, []).append(each.drive(MANY, effort.seconds).rate)
    return {name: statistics.median(found) for name, found in rates.items()}


def beside_heavy(house: House, effort: Effort) -> dict[str, float]:
    """p99 of items in milliseconds at 32 connections, alone and while facets and exports run all the time."""
    server = house.servers[ours(house)]
    items = [onrecord(question) for question in house.material.items(effort.different)]
    turns = Turns(server, items)
    turns.drive(MANY, 1)
    p99: dict[str, list[float]] = {}
    for _ in range(effort.rounds):
        p99.setdefault("alone", []).append(turns.drive(MANY, effort.seconds).p99 / 1000)
        with _heavy(house, server, effort.seconds + 1):
            beside = turns.drive(MANY, effort.seconds)
        p99.setdefault("beside", []).append(beside.p99 / 1000)
    return {name: statistics.median(found) for name, found in p99.items()}


@contextmanager
def _heavy(house: House, server: Server, seconds: int) -> Iterator[None]:
    """One connection that asks for facets over some of the quotes, another that exports everything."""
    facets = [onrecord(question) for question in house.material.narrow_facets(OF, 1000)]
    threads = [
        threading.Thread(target=drive, args=(server.port, facets, 1, seconds)),
        threading.Thread(target=_download, args=(server, "/v1/quotes?format=ndjson", seconds)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join()


def _download(server: Server, path: str, seconds: int) -> None:
    url = f"http://127.0.0.1:{server.port}{path}"
    command = ["curl", "-s", "--max-time", str(seconds), "-o", "/dev/null", url]
    subprocess.run(["taskset", "-c", str(GENERATOR_CORE), *command], check=False)
