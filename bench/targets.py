"""The targets, each with what this run found; a cell that was not measured says so."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.results import Results

SMALL = "10k"


@dataclass(frozen=True)
class Target:
    """`value` is a ratio, None where it was not measured; it must be at least `least` or at most `most`."""

    case: str
    against: str
    value: Callable[[Results, str], float | None]
    least: float | None = None
    most: float | None = None

    def line(self, results: Results, size: str) -> str:
        """A row of the table."""
        found = self.value(results, size)
        wanted = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        if found is None:
            return f"| {self.case} | {self.against} | {wanted} | not measured | |"
        good = found >= self.least if self.least is not None else found <= (self.most or 0)
        cells = (self.case, self.against, wanted, f"{found:.3g}", "reached" if good else "**missed**")
        return f"| {' | '.join(cells)} |"


def times(case: str, peer: str, ours: str = "onrecord") -> Callable[[Results, str], float | None]:
    """Our requests a second over the peer's, in the same case, at 32 connections."""

    def ratio(results: Results, size: str) -> float | None:
        return _over(results.rate(size, case, ours), results.rate(size, case, peer))

    return ratio


def growth(case: str, ours: str = "onrecord") -> Callable[[Results, str], float | None]:
    """The median time of one request in the large record over that in the small one, at one connection."""

    def ratio(results: Results, size: str) -> float | None:
        if size == SMALL:
            return None
        return _over(results.p50(size, case, ours), results.p50(SMALL, case, ours))

    return ratio


def told(case: str, above: str, below: str, scale: float = 1.0) -> Callable[[Results, str], float | None]:
    """One of the figures of another case over another of them."""

    def ratio(results: Results, size: str) -> float | None:
        found = results.other.get(size, {}).get(case) or {}
        return _over(found.get(above), found.get(below), scale)

    return ratio


def _over(above: float | None, below: float | None, scale: float = 1.0) -> float | None:
    return above / below * scale if above is not None and below else None


def _exported(ours: str, what: str, peer: str = "datasette csv") -> Callable[[Results, str], float | None]:
    def ratio(results: Results, size: str) -> float | None:
        found = results.other.get(size, {}).get("export") or {}
        mine, theirs = found.get(f"onrecord {ours}"), found.get(peer)
        if what in ("added", "first_byte"):
            return mine[what] / (2**20 if what == "added" else 1) if mine else None
        rates = [part["rows"] / part["seconds"] if part else None for part in (mine, theirs)]
        return _over(rates[0], rates[1])

    return ratio


def _export_growth(kind: str) -> Callable[[Results, str], float | None]:
    """Seconds a row in the large record over that in the small one: 1 is linear."""

    def ratio(results: Results, size: str) -> float | None:
        found = [
            (results.other.get(s, {}).get("export") or {}).get(f"onrecord {kind}") for s in (size, SMALL)
        ]
        if size == SMALL:
            return None
        big, small = (part["seconds"] / part["rows"] if part else None for part in found)
        return _over(big, small)

    return ratio


def _deep(results: Results, size: str) -> float | None:
    return _over(results.p50(size, "page deep", "onrecord"), results.p50(size, "page 1", "onrecord"))


def _load_growth(results: Results, size: str) -> float | None:
    """Seconds to load one more document, in the large record over in the small one: 1 is linear."""
    if size == SMALL:
        return None
    found = [
        (results.other.get(s, {}).get("after a write") or {}).get("onrecord write") for s in (size, SMALL)
    ]
    return _over(found[0], found[1])


def _loaded(kind: str) -> Callable[[Results, str], float | None]:
    """Loading is timed on documents of its own, whatever the size of the record."""
    return lambda results, _: (results.other.get("loading", {}).get(kind) or {}).get("ratio")


def _imported(what: str) -> Callable[[Results, str], float | None]:
    """Importing is timed on texts of its own, whatever the size of the record."""

    def found(results: Results, _: str) -> float | None:
        told = results.other.get("import", {})
        if len(told) < 2:
            return None
        small, large = told.values()
        if what == "peak":
            return (large["peak"] - small["peak"]) / 2**20
        return _over(large["seconds"] / large["texts"], small["seconds"] / small["texts"])

    return found


PG = "onrecord-postgresql"
_TABLE = "datasette csv of the table"
_BESIDE = told("beside heavy", "beside", "alone")
_FIRST = told("after a write", "onrecord all", "bare all")
TARGETS = (
    Target("list of 50, every request different", "Datasette", times("list", "datasette"), 6),
    Target("", "Datasette, flat rows alone", times("list", "datasette-flat"), 6),
    Target("", "plain SQLModel endpoint", times("list", "plain"), 20),
    Target("", "bare limit", times("list", "bare"), 0.09),
    Target("", "growth", growth("list"), most=2),
    Target("the same list again", "Datasette", times("list again", "datasette"), 40),
    Target("", "bare limit", times("list again", "bare"), 0.6),
    Target("", "growth", growth("list again"), most=1.1),
    Target("one item", "Datasette", times("item", "datasette"), 6),
    Target("", "Datasette, flat rows alone", times("item", "datasette-flat"), 6),
    Target("", "bare limit", times("item", "bare"), 0.25),
    Target("", "growth", growth("item"), most=1.2),
    Target("conditional GET", "bare 304", times("conditional", "bare"), 0.65),
    Target("", "growth", growth("conditional"), most=1.1),
    Target("claims by measure and period", "Datasette", times("claims", "datasette"), 1),
    Target("words in 1 %, newest first", "Datasette's own search", times("words 1.0%", "datasette"), 20),
    Target("", "Datasette, SQL by hand", times("words 1.0%", "datasette-sql"), 1),
    Target("", "growth", growth("words 1.0%"), most=3),
    Target("/v1/search, 1 %", "Datasette's own search", times("search 1.0%", "datasette"), 20),
    Target("words in 1 %, ranked, newest 1,000", "Datasette, bounded", times("ranked 1.0%", "datasette"), 10),
    Target("", "Datasette, all ranked", times("ranked 1.0%", "datasette-best"), 10),
    Target("", "growth", growth("ranked 1.0%"), most=3),
    Target("words in 10 %, newest first", "Datasette's own search", times("words 10.0%", "datasette"), 100),
    Target("", "Datasette, SQL by hand", times("words 10.0%", "datasette-sql"), 1),
    Target("", "growth", growth("words 10.0%"), most=3),
    Target("/v1/search, 10 %", "Datasette's own search", times("search 10.0%", "datasette"), 100),
    Target("facets over everything, again", "Datasette", times("facets again", "datasette"), 200),
    Target("facets first after a write", "bare GROUP BY", _FIRST, most=1.5),
    Target("facets over 1 %, every request different", "Datasette", times("facets narrow", "datasette"), 10),
    Target("page 1,000 deep", "Datasette", times("page deep", "datasette"), 25),
    Target("", "p50 of page 1", _deep, most=1.2),
    Target("PostgreSQL list", "plain SQLModel endpoint", times("list", "plain-postgresql", PG), 8),
    Target("", "PostGraphile", times("list", "postgraphile", PG), 5),
    Target("", "growth", growth("list", PG), most=2),
    Target("export NDJSON", "Datasette's rows/s", _exported("ndjson", "rate"), 8),
    Target("", "Datasette's, of the bare table", _exported("ndjson", "rate", _TABLE), 8),
    Target("", "MiB more memory", _exported("ndjson", "added"), most=64),
    Target("", "growth of seconds a row", _export_growth("ndjson"), most=1.2),
    Target("export CSV", "Datasette's rows/s", _exported("csv", "rate"), 8),
    Target("", "Datasette's, of the bare table", _exported("csv", "rate", _TABLE), 8),
    Target("", "MiB more memory", _exported("csv", "added"), most=64),
    Target("", "growth of seconds a row", _export_growth("csv"), most=1.2),
    Target("export Parquet", "seconds to the first byte", _exported("parquet", "first_byte"), most=1),
    Target("", "MiB more memory", _exported("parquet", "added"), most=64),
    Target("", "growth of seconds a row", _export_growth("parquet"), most=1.2),
    Target("export JSON-LD", "seconds to the first byte", _exported("jsonld", "first_byte"), most=1),
    Target("", "MiB more memory", _exported("jsonld", "added"), most=64),
    Target("", "growth of seconds a row", _export_growth("jsonld"), most=1.2),
    Target("loading, SQLite", "bare executemany", _loaded("sqlite"), 0.3),
    Target("", "growth of one more document", _load_growth, most=1.3),
    Target("loading, PostgreSQL", "bare COPY", _loaded("postgresql"), 0.3),
    Target("import of JSONL, 20 times the texts", "MiB more memory", _imported("peak"), most=64),
    Target("", "growth of seconds a text", _imported("seconds"), most=1.2),
    Target("two workers, lists", "one worker", told("two workers", "two", "one"), 1.5),
    Target("items beside facets and exports, p99", "alone", _BESIDE, most=6),
    Target("memory at rest", "bare server", told("memory", "onrecord, at rest", "bare, at rest"), most=2.5),
    Target("memory at peak", "bare server", told("memory", "onrecord, at peak", "bare, at peak"), most=2.5),
)  # fmt: skip
