"""Exporting everything, in each form; Datasette's peer is its streamed CSV.

Of the view with the same parts, which it reads page by page from the beginning, and of the bare table,
without document, speaker and all that is nested, which it streams by its key.
"""

import subprocess
from dataclasses import dataclass

from bench.cases import House, ours
from bench.generator import GENERATOR_CORE
from bench.serving import Server
from bench.watching import memory

# Seconds; a slower export is cut, and its rate is that of the rows until then. A peer shows its rate sooner.
LONGEST, PEERS = 300, 40


@dataclass(frozen=True)
class Exported:
    """Rows and bytes that came, in how many seconds; `added` is the memory that the server took for it."""

    rows: int
    bytes: int
    seconds: float
    first_byte: float
    added: int
    whole: bool

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def export(
    server: Server, path: str, heading: int = 0, longest: int = LONGEST, rows: int | None = None
) -> Exported:
    """Ask for an export and count its lines; `heading` lines are no rows. A form without lines has `rows`."""
    # What one export has left would hide what the next one takes.
    server.restart()
    told = "%{stderr}%{exitcode} %{time_total} %{time_starttransfer} %{size_download}"
    url = f"http://127.0.0.1:{server.port}{path}"
    curl = f"curl -s --max-time {longest} -w '{told}' '{url}' | wc -l"
    with memory(server) as seen:
        command = ["taskset", "-c", str(GENERATOR_CORE), "sh", "-c", curl]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
    ended, seconds, first, size = (float(word) for word in said.stderr.split()[-4:])
    whole = ended == 0
    if not whole:
        # It may go on for nobody, for minutes.
        server.restart()
    lines = int(said.stdout) - heading if rows is None or not whole else rows
    return Exported(lines, int(size), seconds, first, seen.peak - seen.before, whole)


def run(house: House) -> dict[str, Exported]:
    """Each export once, by what it is; a line of CSV is a row, because no quote has a newline."""
    own = house.servers[ours(house)]
    found = {
        "onrecord ndjson": export(own, "/v1/quotes?format=ndjson"),
        "onrecord csv": export(own, "/v1/quotes?format=csv", heading=1),
    }
    for name in ("parquet", "jsonld"):
        rows = found["onrecord ndjson"].rows
        found[f"onrecord {name}"] = export(own, f"/v1/quotes?format={name}", rows=rows)
    if "datasette" in house.servers:
        for name, view in (("datasette csv", "bench_full"), ("datasette csv of the table", "quote")):
            stream = f"/{house.record.size}/{view}.csv?_stream=on&_size=max"
            found[name] = export(house.servers["datasette"], stream, heading=1, longest=PEERS)
    return found
