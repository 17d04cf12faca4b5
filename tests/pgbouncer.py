"""A PgBouncer of the tests' own, in transaction mode, with fewer connections than its clients have."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.available import require
from tests.postgres import Server, free_port, own_folder, run_unprivileged

# One server connection is given to whoever begins a transaction next: what one leaves behind, another finds.
SETTINGS = """
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = postgres
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
"""


@contextmanager
def pgbouncer(server: Server, size: int) -> Iterator[Server]:
    """PgBouncer in front of a server, with so many connections to each of its databases."""
    program = require("pgbouncer")
    folder, port = own_folder("onrecord-pgbouncer-"), free_port()
    (folder / "users").write_text('"postgres" ""\n')
    (folder / "ini").write_text(SETTINGS.format(server=server.port, port=port, folder=folder, size=size))
    process = run_unprivileged([str(program), str(folder / "ini")], folder)
    try:
        front = Server(port)
        _await(front, process, folder / "log")
        yield front
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def console(front: Server, command: str) -> list[dict[str, object]]:
    """What PgBouncer says of itself, such as `SHOW POOLS`."""
    where = f"host=127.0.0.1 port={front.port} user=postgres dbname=pgbouncer"
    with psycopg.connect(where, autocommit=True, row_factory=psycopg.rows.dict_row) as connection:
        cursor = psycopg.ClientCursor(connection, row_factory=psycopg.rows.dict_row)
        return list(cursor.execute(command.encode()).fetchall())


def _await(front: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(f"{_plain(front)} connect_timeout=5").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"PgBouncer did not start:\n{log.read_text(errors='replace')}")


def _plain(front: Server) -> str:
    return f"host=127.0.0.1 port={front.port} user=postgres dbname=postgres"
