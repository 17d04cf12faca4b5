"""Datasette on the record's SQLite file, from its own environment, with settings that do not slow it.

No limit cuts an answer short (rows, SQL time, facet time, CSV megabytes), it suggests no facets, and it runs
on uvloop and httptools like the others.
"""

import json
import subprocess
import sys
import venv
from pathlib import Path
from urllib.parse import urlencode

from bench.folder import HERE, kept
from bench.generator import Request
from bench.queries import CANNED, prepare
from bench.records import Record
from bench.serving import Server

PINNED = HERE / "requirements-datasette.txt"
SETTINGS = {
    "max_returned_rows": 1000,
    "default_page_size": 50,
    "sql_time_limit_ms": 600_000,
    "facet_time_limit_ms": 600_000,
    "default_facet_size": 100,
    "suggest_facets": 0,
    "max_csv_mb": 0,
    "default_cache_ttl": 0,
    "num_sql_threads": 3,
}


def programs() -> Path:
    """The folder of the environment's programs, made on first use."""
    folder = kept() / "datasette"
    stamp = folder / PINNED.name
    if not stamp.exists() or stamp.read_text() != PINNED.read_text():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(PINNED)], check=True, stdout=sys.stderr)
        stamp.write_text(PINNED.read_text())
    return folder / "bin"


def server(record: Record) -> Server:
    """Datasette with the canned queries; the views are made in the file."""
    prepare(record.sqlite)
    searched = {"fts_table": "quote_words", "fts_pk": "row_key"}
    queries = {name: {"sql": sql, "hide_sql": True} for name, sql in CANNED.items()}
    about = {"databases": {record.size: {"queries": queries, "tables": {"bench_flat": searched}}}}
    metadata = kept() / "datasette.json"
    metadata.write_text(json.dumps(about))
    command = [str(programs() / "datasette"), "serve", str(record.sqlite), "--port", "{port}"]
    command += ["--metadata", str(metadata)]
    for name, value in SETTINGS.items():
        command += ["--setting", name, str(value)]
    return Server("datasette", command, "/-/versions.json", {"PYTHONPATH": ""})


def canned(size: str, name: str, **parameters: object) -> Request:
    """The rows of a canned query, without any account of the query."""
    return Request(f"/{size}/{name}.json?{urlencode({**parameters, '_shape': 'array'})}")


def table(size: str, **parameters: object) -> Request:
    """A page of the flat view, as Datasette's own search, sort and facets make it."""
    given = {"_shape": "array", "_nocount": 1, **parameters}
    return Request(f"/{size}/bench_flat.json?{urlencode(given, doseq=True)}")
