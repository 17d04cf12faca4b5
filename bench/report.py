"""The results as a page for readers."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.datasette import SETTINGS
from bench.folder import HERE
from bench.records import SIZES
from bench.results import Results
from bench.targets import SMALL, TARGETS

FILE = HERE / "RESULTS.md"
HOW = """
- One worker each, on uvicorn with uvloop and httptools (PostGraphile on Node); the server on one core, wrk on
  another (`taskset`). PostgreSQL's own processes run on any core. No limits, no log lines, no seed.
- In each round every server is asked once, one after another; a figure is the median of the rounds. All is
  warm: one second of requests before a case, and the files locked in memory.
- *Every request different*: no request comes twice while there are others, forty thousand of them at most:
  different speakers, ids, windows of days; where a record has too few, the same question is worded otherwise
  (order of parameters, defaults that are said, letters in upper case or percent-encoded), so that nothing
  that is kept by URL helps. *Again* is one URL all the time.
- Records of more than 10k quotes are one of 10k many times over, under other ids (`bench/multiply.py`): named
  speakers stay as many and say many times more, unnamed ones grow with the record.
- Answers are compared before they are timed: the same ids in the same order with the same words, or the same
  counts; a server whose rows differ does not count, and is listed below.
- Datasette has views and queries that pick the page first and make JSON of its fifty rows alone; *flat*
  leaves out spans, chain, claims and all that is nested, which On Record always shows. Its settings:
  {settings}.
- Datasette's own search sorts what it finds, flat; *sql* is a query by hand that lets the full-text index
  give the order, with all parts. *best* ranks all hits, where On Record ranks the newest thousand: `overlap`
  below says how many of the best fifty are the same.
- The plain endpoint loads one-to-one relationships by a join, others by `selectinload`; it shows less than On
  Record: no words around spans, no chain, no claims.
- PostgreSQL: shared_buffers 1GB, random_page_cost 1.1, jit off; fsync, synchronous_commit and
  full_page_writes are off where records are built and read; loading is timed on a cluster that flushes.
- Loading is compared with `executemany` in one transaction, or COPY, of the same rows into the same tables
  and indexes, without triggers (`python -m bench.loading`).
- Datasette's export is its streamed CSV of the view with all parts, and of the bare table of quotes, without
  documents, speakers and what is nested; both are cut after forty seconds.
- An answer that takes a peer more than a second, asked again, too, is timed once and alone.
- Memory is anonymous resident memory (`smaps_rollup`).
"""


def write(results: Results, size: str, file: Path = FILE) -> None:
    """Write the page; ratios are of the record of this size."""
    file.write_text("\n".join(_page(results, size)).rstrip() + "\n")


def _page(results: Results, size: str) -> Iterator[str]:
    about = results.about
    yield "# What the benchmark found\n"
    yield f"{about.get('machine')}. {'; '.join(about.get('versions', []))}."
    yield f"Measured {about.get('measured')}; {about.get('effort')}."
    if parts := about.get("parts"):
        again = ", ".join(f"{case} ({day})" for case, day in sorted(parts.items()))
        yield f"Measured again by themselves: {again}."
    yield ""
    yield "```sh\nmake bench          # 10k and 100k quotes\nFULL=1 make bench   # 10k, 100k and 1M\n"
    yield ".venv/bin/python -m bench.run --only list --size 10k   # a part of it\n```\n"
    yield f"Ratios are of {size} quotes and 32 connections unless said; growth is from {SMALL} to the"
    yield "largest record, of the median time of a request at one connection.\n"
    yield "| case | against | to reach | found | |\n|---|---|---|---|---|"
    for target in TARGETS:
        yield target.line(results, size)
    yield "\nWhat holds the missed ones back: [LIMITS.md](LIMITS.md)."
    yield "\n![Growth](growth.svg)\n\n## How it is measured\n"
    yield HOW.strip().format(settings=", ".join(f"{name} {value}" for name, value in SETTINGS.items()))
    for each in (s for s in SIZES if s in results.http):
        yield from _sizes(results, each)
    if imported := results.other.get("import"):
        yield "\n## Importing (JSONL of doccano)\n\n| texts | MB | texts/s | MiB at peak |\n|---|---|---|---|"
        for found in imported.values():
            rate, peak = found["texts"] / found["seconds"], found["peak"] / 2**20
            yield f"| {found['texts']:,} | {found['bytes'] / 1e6:.1f} | {rate:,.0f} | {peak:.0f} |"
    if loading := results.other.get("loading"):
        yield "\n## Loading\n\n| database | rows | rows/s | bare rows/s | ratio |"
        yield "|---|---|---|---|---|"
        for kind, found in loading.items():
            line = (f"{found[name]:,.0f}" for name in ("rows", "loaded", "bare"))
            yield f"| {kind} | {' | '.join(line)} | {found['ratio']:.2f} |"
    left = list(_left_out(results))
    if left:
        yield "\n## What does not count\n"
        yield from left


def _sizes(results: Results, size: str) -> Iterator[str]:
    yield f"\n## {size} quotes\n\nRequests a second at 1 and at 32 connections, and the median time at 1.\n"
    yield "| case | server | bytes | 1 | 32 | p50 | p99 at 32 |\n|---|---|---|---|---|---|---|"
    for case, servers in results.http[size].items():
        for name, found in servers.items():
            if found["left_out"] or not found["rate"]:
                continue
            rates = (f"{found['rate'].get(c, 0):,.0f}" for c in ("1", "32"))
            p50, p99 = found["p50"].get("1", 0) / 1000, found["p99"].get("32", 0) / 1000
            cells = (case, name, f"{found['size']:,}", *rates, f"{p50:.2f} ms", f"{p99:.1f} ms")
            yield f"| {' | '.join(cells)} |"
    others = results.other.get(size, {})
    if others:
        yield "\n| other case | found |\n|---|---|"
        for case, found in others.items():
            yield f"| {case} | {_told(found)} |"


def _told(found: Any) -> str:
    if isinstance(found, dict):
        return "; ".join(f"{name}: {_told(value)}" for name, value in found.items())
    if isinstance(found, float):
        return f"{found:,.4g}" if found < 1000 else f"{found:,.0f}"
    return f"{found:,}" if isinstance(found, int) and not isinstance(found, bool) else str(found)


def _left_out(results: Results) -> Iterator[str]:
    for size, cases in results.http.items():
        for case, servers in cases.items():
            for name, found in servers.items():
                if found["left_out"]:
                    yield f"- {size}, {case}, {name}: {found['left_out']}"


def show(results: Results, size: str) -> Sequence[str]:
    """The table alone, for the terminal."""
    return [target.line(results, size) for target in TARGETS]
