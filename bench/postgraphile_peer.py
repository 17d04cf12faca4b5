"""PostGraphile on the record's PostgreSQL database: tables as they are, and functions where it needs help.

The record has no foreign key from a quote to its document's current row or to its spans, so functions tell
PostGraphile of them, as its manual recommends; the page is picked by a function in plain SQL.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import psycopg

from bench.folder import HERE, kept
from bench.records import Record
from bench.serving import Server

SOURCE = HERE / "postgraphile"
FUNCTIONS = """
CREATE OR REPLACE FUNCTION bench_list(wanted text) RETURNS SETOF quote LANGUAGE sql STABLE AS $$
  SELECT q.* FROM speaker s JOIN quote q ON q.document_id = s.document_id AND q.row_key = s.quote_key
    AND q.superseded IS NULL WHERE s.entity_id = wanted AND s.role = 'speaker'
  ORDER BY q.said_order DESC, q.document_id, q.start, q.id LIMIT 50 $$;
CREATE OR REPLACE FUNCTION bench_item(wanted text) RETURNS quote LANGUAGE sql STABLE AS $$
  SELECT q.* FROM quote q WHERE q.id = wanted AND q.superseded IS NULL $$;
CREATE OR REPLACE FUNCTION quote_document(q quote) RETURNS document LANGUAGE sql STABLE AS $$
  SELECT d.* FROM document d WHERE d.id = q.document_id AND d.superseded IS NULL $$;
CREATE OR REPLACE FUNCTION quote_speakers(q quote) RETURNS SETOF speaker LANGUAGE sql STABLE AS $$
  SELECT s.* FROM speaker s WHERE s.document_id = q.document_id AND s.quote_key = q.row_key $$;
CREATE OR REPLACE FUNCTION speaker_speaking(s speaker) RETURNS entity LANGUAGE sql STABLE AS $$
  SELECT e.* FROM entity e WHERE e.id = s.entity_id AND e.superseded IS NULL $$;
CREATE OR REPLACE FUNCTION quote_spans(q quote) RETURNS SETOF span LANGUAGE sql STABLE AS $$
  SELECT p.* FROM span p WHERE p.document_id = q.document_id AND p.owner_key = q.row_key ORDER BY p.start $$;
CREATE OR REPLACE FUNCTION quote_times(q quote) RETURNS SETOF timex LANGUAGE sql STABLE AS $$
  SELECT t.* FROM timex t WHERE t.document_id = q.document_id AND t.owner_key = q.row_key $$;
"""


def programs() -> Path:
    """The folder of its program, installed on first use exactly as locked."""
    folder = kept() / "postgraphile"
    lock, stamp = (SOURCE / "package-lock.json").read_text(), folder / "installed.json"
    if not stamp.exists() or stamp.read_text() != lock:
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--silent"], cwd=folder, check=True, stdout=sys.stderr)
        stamp.write_text(lock)
    return folder / "node_modules" / ".bin"


def server(record: Record) -> Server:
    """PostGraphile as in production: no watching, no query log, no explorer, lists without Relay's edges."""
    url = record.url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FUNCTIONS)
    command = [str(programs() / "postgraphile"), "-c", url, "-s", "public", "-p", "{port}", "-n", "127.0.0.1"]
    command += [
        "--disable-query-log",
        "--disable-graphiql",
        "--simple-collections",
        "both",
        "--no-ignore-rbac",
    ]
    command += ["--disable-default-mutations", "--max-pool-size", "10", "--no-setof-functions-contain-nulls"]
    return Server("postgraphile", command, "/", {"NODE_ENV": "production"})
