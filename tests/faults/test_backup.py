"""Backup and restore: what was on record is on record again, to the byte, at every revision."""

import os
import re
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from api.keeping.backup import back_up, restore
from api.keeping.dump import Unfit
from migrations.schema import current, head, migrate
from models.session import Database
from tests.conftest import NewDatabase, Tell, serve
from tests.documents import document, put
from tests.faults.everything import events, everything
from tests.faults.service import Follower, writing_key
from tests.serving import environment

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
COMMAND = str(Path(sys.executable).parent / "onrecord")
WRITERS = 4


def run(*arguments: object, code: int = 0, **env: str) -> str:
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        env=environment(**env), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def record(seeded_database: Database) -> Database:
    """Three revisions: the seed, a document, and its correction."""
    put(seeded_database, document("levee", "The levee held."))
    put(seeded_database, document("levee", "The levee broke at dawn."))
    return seeded_database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "record.backup"


def test_a_restored_record_is_equal_to_the_byte(
    record: Database, file: Path, new_database: NewDatabase
) -> None:
    at = (None, 1, 2, 3)
    said = run("backup", file, "--database-url", url(record))
    assert "up to revision 3 of" in said
    follower = Follower()
    with serve(record) as client:
        client.headers["Authorization"] = f"Bearer {writing_key(record)}"
        follower.follow(client)
    other = new_database()
    put(other, document("flood", "Another record."))
    run("restore", file, "--yes", "--database-url", url(other))
    assert everything(other, at) == everything(record, at)
    assert events(other) == events(record)
    # It goes on where it was, and who follows it, too.
    (result,) = put(other, document("levee", "The levee was mended."))
    assert result.revision == 4
    with serve(other) as client:
        client.headers["Authorization"] = f"Bearer {writing_key(other)}"
        follower.follow(client)
    follower.assert_missed_nothing(other)


def test_a_backup_is_readable_by_its_owner_alone(record: Database, file: Path) -> None:
    run("backup", file, "--database-url", url(record))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_backup_among_writers_is_one_state_of_the_record(
    empty_database: Database, tmp_path: Path, new_database: NewDatabase, tell: Tell
) -> None:
    """Four writers; every backup holds a whole number of revisions, and all that each of them made."""
    stop = threading.Event()
    written = [0] * WRITERS

    def write(writer: int) -> None:
        while not stop.is_set():
            put(empty_database, document(f"w{writer}-{written[writer]}", f"Writer {writer} wrote this."))
            written[writer] += 1

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        said = [run("backup", tmp_path / f"{at}", "--database-url", url(empty_database)) for at in range(2)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    held = [int(line.split("revision ")[1].split()[0]) for line in said]
    tell(f"2 backups while {WRITERS} writers made {sum(written)} revisions: at {held}")
    assert held[0] < held[-1] <= sum(written)
    for at, revision in enumerate(held):
        other = new_database()
        run("restore", tmp_path / f"{at}", "--yes", "--database-url", url(other))
        assert timeline(other) == timeline(empty_database)[: revision + 1]
        assert everything(other) == {
            name.replace(str(revision), "None", 1): value
            for name, value in everything(empty_database, [revision]).items()
        }


def timeline(database: Database) -> list[tuple[int, str]]:
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT number, time FROM revision ORDER BY number")
        return [(row[0], row[1]) for row in found]


def test_a_file_is_not_written_over(record: Database, file: Path) -> None:
    file.write_text("precious")
    assert "--force" in run("backup", file, "--database-url", url(record), code=1)
    assert file.read_text() == "precious"
    run("backup", file, "--force", "--database-url", url(record))
    assert file.stat().st_size > 1000


def test_a_record_is_not_restored_over_another_without_being_told(
    record: Database, file: Path, new_database: NewDatabase
) -> None:
    run("backup", file, "--database-url", url(record))
    other = new_database(seeded=True)
    before = everything(other)
    assert "--yes" in run("restore", file, "--database-url", url(other), code=1)
    assert everything(other) == before


def test_a_backup_that_is_cut_short_changes_nothing(
    record: Database, file: Path, new_database: NewDatabase
) -> None:
    run("backup", file, "--database-url", url(record))
    other = new_database(seeded=True)
    before = everything(other)
    whole = file.read_bytes()
    for length in (len(whole) - 5000, len(whole) // 2, 100, 0):
        file.write_bytes(whole[:length])
        assert "nothing was changed" in run("restore", file, "--yes", "--database-url", url(other), code=1)
        assert everything(other) == before


def test_a_backup_of_an_older_schema_goes_up(record: Database, file: Path, new_database: NewDatabase) -> None:
    before = everything(record, (None, 1, 2))
    migrate(record, "0002")
    # Past the command, which has the schema of its release before it does anything.
    assert back_up(record, file).step == "0002"
    other = new_database()
    run("restore", file, "--yes", "--database-url", url(other))
    assert current(other) == head()
    assert everything(other, (None, 1, 2)) == before


def test_a_backup_of_a_newer_schema_is_refused(
    record: Database, file: Path, new_database: NewDatabase
) -> None:
    with record.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(Unfit, match="0999"):
        back_up(record, file)
    assert not list(file.parent.iterdir())


def test_a_backup_belongs_to_its_kind_of_database(record: Database, file: Path, tmp_path: Path) -> None:
    run("backup", file, "--database-url", url(record))
    kind, other = ("SQLite", "postgresql://127.0.0.1:1/x") if record.sqlite else ("PostgreSQL", "sqlite:///x")
    with closing(Database(other)) as database, pytest.raises(Unfit, match=f"a backup of {kind}"):
        restore(database, file)


def test_a_service_that_runs_reads_the_restored_record(record: Database, file: Path) -> None:
    with serve(record) as client:
        assert client.get("/v1/record").json()["revision"] == 3
        before = client.get("/v1/documents?sort=id").content
        run("backup", file, "--database-url", url(record))
        put(record, document("levee", "The levee was mended."), document("dam", "The dam held."))
        assert client.get("/v1/documents/dam").status_code == 200
        run("restore", file, "--yes", "--database-url", url(record))
        assert client.get("/v1/record").json()["revision"] == 3
        assert client.get("/v1/documents/dam").status_code == 404
        assert client.get("/v1/documents?sort=id").content == before
        put(record, document("dam", "The dam broke."))
        assert client.get("/v1/record").json()["revision"] == 4


def test_a_broken_file_gives_way_to_a_backup(file: Path, tmp_path: Path) -> None:
    good = Database(f"sqlite:///{tmp_path}/good.sqlite")
    migrate(good)
    put(good, document("levee", "The levee held."))
    back_up(good, file)
    broken = tmp_path / "broken.sqlite"
    for content in (b"not a database at all" * 999, file.read_bytes()[:4096] + b"\x00" * 90_000):
        broken.write_bytes(content)
        assert "--yes" in run("restore", file, "--database-url", f"sqlite:///{broken}", code=1)
        run("restore", file, "--yes", "--database-url", f"sqlite:///{broken}")
        mended = Database(f"sqlite:///{broken}")
        assert everything(mended) == everything(good)
        mended.close()
    good.close()


def test_a_program_that_is_missing_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Unfit, match=r"pg_dump is missing.*postgresql-client"):
        back_up(Database("postgresql://127.0.0.1:1/nothing"), file)


def test_a_password_is_in_the_environment_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" >&2\necho "$PGPASSWORD" >{tmp_path}/password\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(Unfit) as said:
        back_up(Database("postgresql://desk:open-sesame@127.0.0.1:1/record"), tmp_path / "record.backup")
    assert "user=desk" in str(said.value)
    assert "open-sesame" not in str(said.value)
    assert (tmp_path / "password").read_text() == "open-sesame\n"


def test_the_programs_of_postgresql_alone_do_as_documented(
    backend: str, record: Database, file: Path, new_database: NewDatabase
) -> None:
    documented = re.findall(r"^(pg_dump .*)\n(pg_restore .*)$", OPERATIONS.read_text("utf-8"), re.MULTILINE)
    assert len(documented) == 1
    if backend == "sqlite":
        return
    other = new_database(seeded=True)
    for line, database in zip(documented[0], (record, other), strict=True):
        env = environment(URL=url(database).replace("+psycopg", ""))
        subprocess.run(line, shell=True, check=True, cwd=file.parent, env=env)
    assert everything(other) == everything(record)
    run("restore", file, "--yes", "--database-url", url(new_database()))
