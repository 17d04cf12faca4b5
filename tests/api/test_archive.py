"""The whole record as one file, and back: a zip of annotated documents, a SQLite dump."""

import io
import json
import random
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli import app
from api.resources import RESOURCES
from api.starting import migrated
from models.session import Database
from tests.api.test_cli import run
from tests.api.test_contract import everything
from tests.api.test_events import some_document
from tests.conftest import DOCUMENT, serve
from tests.documents import document, put

each_format = pytest.mark.parametrize("format", ["zip", "sqlite"])


def record_of(client: TestClient) -> dict[str, Any]:
    """All items of all lists, but for when they were recorded."""
    return {
        name: [
            {key: value for key, value in item.items() if key != "recorded"}
            for item in everything(client, name, limit=100)
        ]
        for name in RESOURCES
        if name != "measures"
    }


@pytest.fixture
def filled_database(seeded_database: Database) -> Database:
    chance = random.Random(5)
    put(seeded_database, *(some_document(chance, f"flood-{n}") for n in range(25)))
    return seeded_database


@each_format
def test_the_whole_record_comes_back(filled_database: Database, tmp_path: Path, format: str) -> None:
    with serve(filled_database) as client:
        answer = client.get("/v1/record/archive", params={"format": format})
        assert answer.status_code == 200
        again = client.get(
            "/v1/record/archive", params={"format": format}, headers={"If-None-Match": answer.headers["etag"]}
        )
        assert again.status_code == 304
        before = record_of(client)
    (tmp_path / f"record.{format}").write_bytes(answer.content)
    url = f"sqlite:///{tmp_path}/again.sqlite"
    run("load", f"record.{format}", "--database-url", url, folder=tmp_path)
    with serve(migrated(url)) as client:
        assert record_of(client) == before


@each_format
def test_the_command_writes_the_same_and_drafts_too(tmp_path: Path, format: str) -> None:
    url = f"sqlite:///{tmp_path}/record.sqlite"
    put(migrated(url), document("one", "One.\n"), document("two", "Two.\n", status="draft"))
    run(
        "export",
        "annotated",
        "--format",
        format,
        "-o",
        f"all.{format}",
        "--database-url",
        url,
        folder=tmp_path,
    )
    run("check", f"all.{format}", folder=tmp_path)
    again = f"sqlite:///{tmp_path}/again.sqlite"
    loaded = json.loads(
        run("load", f"all.{format}", "--json", "--database-url", again, folder=tmp_path).stdout
    )
    assert [one["document"] for one in loaded] == ["one", "two"]
    with serve(migrated(url)) as client:
        content = client.get("/v1/record/archive", params={"format": format}).content
    assert b"Two." not in content
    assert b"one.txt" in content if format == "zip" else b"One." in content


def test_a_dump_has_a_table_of_every_list(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "dump.sqlite").write_bytes(client.get("/v1/record/archive?format=sqlite").content)
    with sqlite3.connect(tmp_path / "dump.sqlite") as dump:
        dump.row_factory = sqlite3.Row
        for name in ("documents", "entities", "mentions", "quotes", "claims", "indicators", "measures"):
            items = {item["id"]: item for item in everything(client, name, limit=100)}
            rows = {row["id"]: row for row in dump.execute(f"SELECT * FROM {name}")}
            assert rows.keys() == items.keys()
            for id_, row in rows.items():
                for column in dict(row):
                    value = items[id_].get(column)
                    told = json.loads(row[column]) if isinstance(value, dict | list) else row[column]
                    assert told == value, (name, id_, column)
        speakers = (
            "SELECT count(*) FROM quotes, json_each(quotes.speakers) s"
            " WHERE s.value ->> '$.entity.id' = 'hezbollah'"
        )
        assert dump.execute(speakers).fetchone()[0] > 0
    dump.close()


def zip_of(path: Path, *files: tuple[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return path


BAD: dict[str, tuple[tuple[tuple[str, bytes], ...], str]] = {
    "a path that leads out": ((("../one.txt", b"One.\n"),), "../one.txt"),
    "an absolute path": ((("/tmp/one.txt", b"One.\n"),), "/tmp/one.txt"),
    "a drive": ((("c:one.txt", b"One.\n"),), "c:one.txt"),
    "something else": ((("one.exe", b""),), "one.exe"),
    "no annotation": ((("one.txt", b"One.\n"),), "no *.claims.yaml"),
    "a bomb": ((("one.txt", bytes(17 << 20)), ("one.claims.yaml", b"")), "bytes"),
    "a long name": (((f"{'a' * 300}.txt", b"One.\n"),), "cannot be unpacked"),
    "many small bombs": (
        tuple((f"a{n}.txt", bytes(8 << 20)) for n in range(6)), "unpacks to more than 50 times its size"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_bad_zip_is_refused_with_its_place(tmp_path: Path, what: str) -> None:
    files, said = BAD[what]
    zip_of(tmp_path / "bad.zip", *files)
    url = f"sqlite:///{tmp_path}/record.sqlite"
    # In this process: each of another one takes seconds.
    done = CliRunner().invoke(app, ["load", str(tmp_path / "bad.zip"), "--database-url", url])
    assert done.exit_code == 1
    assert "bad.zip" in done.stderr
    assert said in " ".join(done.stderr.split())
    assert not (tmp_path / "record.sqlite").exists()


def test_a_damaged_file_is_refused(client: TestClient, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/record.sqlite"
    for format in ("zip", "sqlite"):
        content = client.get("/v1/record/archive", params={"format": format}).content
        (tmp_path / f"cut.{format}").write_bytes(content[: len(content) // 2])
        done = run("load", f"cut.{format}", "--database-url", url, folder=tmp_path, code=1)
        assert f"cut.{format}" in done.stderr
    assert not (tmp_path / "record.sqlite").exists()


def test_an_earlier_record_is_packed(filled_database: Database) -> None:
    with serve(filled_database) as client:
        now = zipfile.ZipFile(io.BytesIO(client.get("/v1/record/archive").content))
        then = zipfile.ZipFile(io.BytesIO(client.get("/v1/record/archive?as_of=1").content))
    assert then.namelist() == [f"{DOCUMENT}.txt", f"{DOCUMENT}.claims.yaml"]
    assert len(now.namelist()) > len(then.namelist())


def test_a_zip_that_is_spoiled_or_locked_is_refused(client: TestClient, tmp_path: Path) -> None:
    content = bytearray(client.get("/v1/record/archive").content)
    content[200:260] = b"\xff" * 60
    (tmp_path / "spoiled.zip").write_bytes(content)
    said = run("check", "spoiled.zip", folder=tmp_path, code=1).stderr
    assert said.startswith("spoiled.zip")
    assert "cannot be unpacked" in said
    assert run("import", "spoiled.zip", "-o", "out", folder=tmp_path, code=1).stderr.startswith("spoiled.zip")


def test_mistakes_in_a_zip_are_told_as_of_it(tmp_path: Path) -> None:
    zip_of(tmp_path / "bad.zip", ("one.txt", b"One.\n"), ("one.claims.yaml", b"document: {id: one}\n"))
    assert "bad.zip/one.claims.yaml" in run("check", "bad.zip", folder=tmp_path, code=1).stderr
    told = json.loads(run("check", "bad.zip", "--json", folder=tmp_path, code=1).stdout)
    assert {mistake["file"] for mistake in told["mistakes"]} == {"bad.zip/one.claims.yaml"}


def test_an_empty_record_comes_back(client: TestClient, tmp_path: Path) -> None:
    for format in ("zip", "sqlite"):
        answer = client.get("/v1/record/archive", params={"format": format, "as_of": 0})
        (tmp_path / f"none.{format}").write_bytes(answer.content)
        run("check", f"none.{format}", folder=tmp_path)
