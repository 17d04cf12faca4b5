"""The benchmark: all of it, or a part.

    .venv/bin/python -m bench.run                         # 10k and 100k; FULL=1 adds 1M and longer rounds
    .venv/bin/python -m bench.run --size 10k --only list  # cases whose name begins so; it writes nothing down
    .venv/bin/python -m bench.run --list                  # what the cases are called

Parts of it: `--database sqlite` or `postgresql`, `--peers bare,onrecord`, `--rounds`, `--seconds`.
"""

import argparse
import os
import signal
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from bench import cases, exporting, importing, loading, material, ranking, records, report, standing, writing
from bench.cases import House
from bench.cluster import Kept
from bench.folder import in_memory, kept
from bench.measuring import Effort, Measured
from bench.plot import draw
from bench.records import SIZES, Record
from bench.results import Results, against, machine

FULL = os.environ.get("FULL") == "1"
# What a run that was ended had found until then.
PARTIAL = kept() / "results.json"
SQLITE = ("bare", "onrecord", "datasette", "plain")
POSTGRESQL = ("bare", "onrecord-postgresql", "plain-postgresql", "postgraphile")
# What is asked on PostgreSQL, too; quickly no more than what has a target.
ON_POSTGRESQL = (
    ("list", "item", "conditional", "claims", "words", "ranked", "facets", "as of", "page")
    if FULL
    else ("list",)
)
Other = Callable[[House, Effort], Any]
OTHERS: dict[str, Other] = {
    "export": lambda house, _: {name: asdict(found) for name, found in exporting.run(house).items()},
    "beside heavy": standing.beside_heavy,
    "two workers": standing.two_workers,
    "memory": standing.memories,
    "overlap": lambda house, _: {f"{part:.1%}": ranking.run(house, part) for part in (0.001, 0.01, 0.1)},
    "start": lambda house, _: standing.starts(house.record.url, 3),
    # Last: it writes.
    "after a write": lambda house, effort: writing.run(house, max(5, effort.rounds)),
}


def main() -> None:
    given = _arguments()
    if given.list:
        print("\n".join([*(case.name for case in cases.CASES), *OTHERS, "loading", "import"]))
        return
    # So that ending the run ends its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun, results = time.monotonic(), Results()
    effort = Effort(given.rounds, given.seconds, alone=given.rounds if FULL else 1, longest=8 if FULL else 5)
    results.about = machine() | {"effort": f"{effort.rounds} rounds of {effort.seconds} s"}
    wanted = _wanted(given.only)
    for size in given.size:
        record = records.on_sqlite(size)
        found = material.of(record)
        # The smaller records show growth, of On Record alone.
        most = bool(given.only) or size == given.size[-1]
        if "sqlite" in given.database:
            with in_memory(record.sqlite):
                _sqlite(record, found, effort, results, wanted, given.peers if most else "bare,onrecord")
        if "postgresql" in given.database:
            with Kept() as cluster:
                there = records.on_postgresql(size, cluster)
                names = POSTGRESQL if most else POSTGRESQL[:2]
                with in_memory(cluster.folder):
                    _postgresql(there, found, effort, results, wanted, names)
    if wanted("loading"):
        _loading(results, given.database)
    if wanted("import"):
        _importing(results)
    print(f"\n{(time.monotonic() - begun) / 60:.1f} minutes")
    before = Results.read()
    if given.only and not (given.add and before):
        return
    if given.only and before:
        results = before.with_part(results)
    elif before:
        print("\n".join(against(results, before)))
    largest = max(results.http, key=lambda size: SIZES[size])
    print("\n".join(report.show(results, largest)))
    PARTIAL.unlink(missing_ok=True)
    results.save()
    report.write(results, largest)
    draw(results)


def _arguments() -> argparse.Namespace:
    sizes = ["10k", "100k", "1M"] if FULL else ["10k", "100k"]
    parser = argparse.ArgumentParser(prog="python -m bench.run")
    parser.add_argument("--size", action="append", choices=SIZES)
    parser.add_argument("--only", action="append", help="cases whose names begin so")
    parser.add_argument("--exactly", action="append", help="cases by name")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--peers", default=",".join(SQLITE))
    parser.add_argument("--rounds", type=int, default=5 if FULL else 3)
    parser.add_argument("--seconds", type=int, default=4 if FULL else 1)
    parser.add_argument("--add", action="store_true", help="into the results that are kept")
    parser.add_argument("--list", action="store_true", help="what the cases are called")
    given = parser.parse_args()
    given.size, given.database = given.size or sizes, given.database or ["sqlite", "postgresql"]
    given.only = (given.only or []) + [f"={name}" for name in given.exactly or []]
    return given


def _wanted(only: Sequence[str]) -> Callable[[str], bool]:
    def wanted(name: str) -> bool:
        return not only or any(
            name == begin[1:] if begin.startswith("=") else name.startswith(begin) for begin in only
        )

    return wanted


Wanted = Callable[[str], bool]


def _sqlite(  # noqa: PLR0913  # a record, what is asked of whom, and where it is kept
    record: Record, found: material.Material, effort: Effort, results: Results, wanted: Wanted, names: str
) -> None:
    with cases.on_sqlite(record, found, names.split(",")) as house:
        _http(house, effort, results, wanted)
        for name, run in OTHERS.items():
            if wanted(name) and (name != "overlap" or "datasette" in house.servers):
                try:
                    told = run(house, effort)
                except Exception:  # as above
                    traceback.print_exc()
                    continue
                results.tell(record.size, name, told)
                results.save(PARTIAL)
                print(f"{record.size:5} {name}: {told}", flush=True)
    results.tell(record.size, "built", _built(record))


def _postgresql(  # noqa: PLR0913  # as above
    record: Record,
    found: material.Material,
    effort: Effort,
    results: Results,
    wanted: Wanted,
    names: Sequence[str],
) -> None:
    with cases.on_postgresql(record, found, names) as house:
        _http(house, effort, results, lambda name: wanted(name) and name.startswith(ON_POSTGRESQL))
    results.tell(record.size, "built on PostgreSQL", _built(record))


def _built(record: Record) -> dict[str, float]:
    return {
        "rows": record.rows, "rows a second": record.rows / record.seconds, "bytes": record.bytes,
        "seconds a row": record.seconds / record.rows,
    }  # fmt: skip


def _http(house: House, effort: Effort, results: Results, wanted: Wanted) -> None:
    walked, chosen = False, not wanted("")
    for case in cases.CASES:
        if not wanted(case.name) or not (case.quick or FULL or chosen):
            continue
        if case.name == "page deep" and not walked:
            down = material.walk(house.material, house.servers[cases.ours(house)])
            walked = True
            results.tell(house.record.size, "deep page", down)
        try:
            measured = cases.run(case, house, effort)
        except Exception as error:  # a run of hours does not end with one case
            traceback.print_exc()
            measured = {cases.ours(house): Measured(left_out=f"failed: {error!r}"[:300])}
        kept = results.http.get(house.record.size, {}).get(case.name, {})
        results.add(house.record.size, case.name, measured)
        results.save(PARTIAL)
        # The bare server of a run on PostgreSQL is another one, with its own size of body.
        results.http[house.record.size][case.name] |= kept
        _print(house.record.size, case.name, measured)


def _print(size: str, case: str, measured: dict[str, Measured]) -> None:
    for name, found in measured.items():
        if found.left_out and not found.rate:
            print(f"{size:5} {case:20} {name:19} left out: {found.left_out}", flush=True)
            continue
        rates = "  ".join(
            f"{connections:2}: {rate:9,.1f}/s p50 {found.p50[connections] / 1000:8.2f} ms"
            for connections, rate in found.rate.items()
        )
        print(f"{size:5} {case:20} {name:19} {rates}  {found.size:,} B {found.left_out or ''}", flush=True)


def _loading(results: Results, databases: Sequence[str]) -> None:
    for kind in databases:
        timed = loading.compare(loading.some(500), kind, 3)
        loaded, bare = (statistics.median(s.clock for s in part) for part in (timed.loaded, timed.bare))
        busy = [statistics.median(s.processors for s in part) for part in (timed.loaded, timed.bare)]
        told = {"rows": timed.rows, "loaded": timed.rows / loaded, "bare": timed.rows / bare}
        told |= {"ratio": bare / loaded, "ratio of processor time": busy[1] / busy[0]}
        results.tell("loading", kind, told)
        print(f"loading {kind}: {told}", flush=True)


def _importing(results: Results) -> None:
    for name, told in importing.run().items():
        results.tell("import", name, told)
        print(f"import of {name}: {told}", flush=True)


if __name__ == "__main__":
    main()
