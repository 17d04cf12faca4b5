"""The cases that are asked over HTTP: what is asked in each, and of whom."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from bench import datasette, peers, postgraphile_peer, serving
from bench.generator import Request
from bench.material import Material, page
from bench.measuring import Asking, Effort, Measured, compared, fetch, measure
from bench.peers import Question, different
from bench.records import Record
from bench.serving import Server

OF = ("form", "speaker", "outlet")


@dataclass(frozen=True)
class Case:
    """Questions that are asked in turn, or, `again`, the first of them all the time."""

    name: str
    questions: Callable[[Material, int], Sequence[Question]]
    again: bool = False
    conditional: bool = False  # with the ETag that was answered before
    quick: bool = True  # also in the quick run


def _terms(kind: str, part: float) -> Callable[[Material, int], Sequence[Question]]:
    return lambda material, number: material.words(kind, part, number)


def _facet(name: str) -> Callable[[Material, int], Sequence[Question]]:
    return lambda material, _: [material.facets((name,))]


CASES = (
    Case("list", Material.lists),
    Case("list again", Material.lists, again=True),
    Case("item", Material.items),
    Case("item again", Material.items, again=True, quick=False),
    Case("conditional", Material.items, again=True, conditional=True),
    Case("conditional list", Material.lists, again=True, conditional=True, quick=False),
    Case("claims", Material.claims),
    Case("words 0.1%", _terms("words", 0.001), quick=False),
    Case("words 1.0%", _terms("words", 0.01)),
    Case("words 10.0%", _terms("words", 0.1)),
    Case("search 0.1%", _terms("search", 0.001), quick=False),
    Case("search 1.0%", _terms("search", 0.01)),
    Case("search 10.0%", _terms("search", 0.1)),
    Case("ranked 0.1%", _terms("ranked", 0.001), quick=False),
    Case("ranked 1.0%", _terms("ranked", 0.01)),
    Case("ranked 10.0%", _terms("ranked", 0.1), quick=False),
    Case("facets again", lambda m, _: [m.facets(OF)], again=True),
    *(Case(f"facet {name} again", _facet(name), again=True, quick=False) for name in OF),
    Case("facets narrow", lambda m, n: m.narrow_facets(OF, n)),
    Case("as of", Material.as_of),
    Case("page 1", lambda _, n: different([page(0, [("limit", "50")])], n)),
    Case("page deep", lambda m, n: different(m.deep, n)),
)


@dataclass(frozen=True)
class House:
    """The servers that run on one record, by name."""

    record: Record
    material: Material
    servers: Mapping[str, Server]

    def asking(self, questions: Sequence[Question]) -> Asking:
        """The requests for each server that can be asked; the bare one answers with as many bytes."""
        asked: dict[str, list[Request]] = {}
        for name in self.servers:
            requests = [_request(name, self.record.size, question) for question in questions]
            found = [request for request in requests if request is not None]
            if len(found) == len(requests):
                asked[name] = found
        return asked


def _request(server: str, size: str, question: Question) -> Request | None:
    match server:
        case "onrecord" | "onrecord-postgresql":
            return peers.onrecord(question)
        case "datasette":
            return peers.datasette(size, question)
        case "datasette-flat":
            return peers.datasette(size, question, flat=True)
        case "datasette-sql":
            return datasette.canned(size, "words", **question.given) if question.kind == "words" else None
        case "datasette-best":
            return datasette.canned(size, "best", **question.given) if question.kind == "ranked" else None
        case "plain" | "plain-postgresql":
            return peers.plain(question)
        case "postgraphile":
            return peers.postgraphile(question)
    return None


@contextmanager
def on_sqlite(record: Record, material: Material, names: Sequence[str]) -> Iterator[House]:
    """The servers of these names on a SQLite file; Datasette's variants are one server."""
    made: dict[str, Callable[[], Server]] = {
        "bare": serving.bare,
        "onrecord": lambda: serving.onrecord(record.url),
        "datasette": lambda: datasette.server(record),
        "plain": lambda: serving.plain(record.url),
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(made[name]()) for name in made if name in names}
        if "datasette" in servers:
            servers |= dict.fromkeys(
                ("datasette-flat", "datasette-sql", "datasette-best"), servers["datasette"]
            )
        yield House(record, material, servers)


@contextmanager
def on_postgresql(record: Record, material: Material, names: Sequence[str]) -> Iterator[House]:
    """The servers of these names on a PostgreSQL database; its own processes run on any core."""
    made: dict[str, Callable[[], Server]] = {
        "bare": serving.bare,
        "onrecord-postgresql": lambda: serving.onrecord(record.url),
        "plain-postgresql": lambda: serving.plain(record.url),
        "postgraphile": lambda: postgraphile_peer.server(record),
    }
    with ExitStack() as stack:
        servers = {name: stack.enter_context(made[name]()) for name in made if name in names}
        yield House(record, material, servers)


def ours(house: House) -> str:
    """The name of On Record among the servers."""
    return next(name for name in house.servers if name.startswith("onrecord"))


def run(case: Case, house: House, effort: Effort) -> dict[str, Measured]:
    """What each server did; one whose answers differ is left out, with the reason."""
    questions = case.questions(house.material, 1 if case.again else effort.different)
    asking = dict(house.asking(questions))
    # The best of all hits are other rows than the best of the newest: how many are the same is told apart.
    slow: dict[str, float] = {}
    counting = {n: a for n, a in asking.items() if n != "datasette-best"}
    faults = compared(house.servers, counting, questions, slow)
    size = _size(house, asking[ours(house)])
    if case.conditional:
        asking = {ours(house): _conditional(house, asking[ours(house)]), "bare": [Request("/304")]}
        faults = {}
    elif "bare" in house.servers:
        asking["bare"] = [Request(f"/{size}")]
    measured = measure(house.servers, {n: a for n, a in asking.items() if n not in faults}, effort, slow)
    for found in measured.values():
        found.size = 0 if case.conditional else size
    return measured | {name: Measured(left_out=why) for name, why in faults.items()}


def _size(house: House, requests: Sequence[Request]) -> int:
    """The mean size of some of On Record's answers."""
    some = requests[:: max(1, len(requests) // 20)]
    return round(statistics.mean(len(fetch(house.servers[ours(house)], request)[1]) for request in some))


def _conditional(house: House, requests: Sequence[Request]) -> list[Request]:
    """The requests with the ETag that each was answered with."""
    asked = []
    for request in requests:
        _, _, headers = fetch(house.servers[ours(house)], request)
        asked.append(Request(request.path, headers=(("If-None-Match", headers["etag"]),)))
    return asked
