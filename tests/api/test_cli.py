"""The command, as its users run it: a process, its output and its exit code."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from api import cli, starting
from api.starting import migrated
from migrations.schema import head
from models.record import Conflict
from tests.conftest import DOCUMENT, SEED
from tests.documents import document, put

COMMAND = str(Path(sys.executable).parent / "onrecord")
ANNOTATION = SEED.with_name(f"{DOCUMENT}.claims.yaml")


def run(
    *arguments: object, folder: Path, code: int = 0, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("ONRECORD_")}
    env |= settings or {}
    command = [COMMAND, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A copy of the seed that a test may spoil."""
    for path in (SEED, ANNOTATION):
        shutil.copy(path, tmp_path)
    return tmp_path / ANNOTATION.name


def test_check_of_a_good_document_counts_it(tmp_path: Path) -> None:
    assert f"{DOCUMENT}: good" in run("check", SEED, folder=tmp_path).stderr
    found = json.loads(run("check", ANNOTATION, "--json", folder=tmp_path).stdout)
    assert found["mistakes"] == []
    assert found["documents"][0]["quotes"] > 40


def test_check_lists_all_mistakes_with_place_and_nearest(article: Path) -> None:
    spoiled = article.read_text("utf-8").replace("measure: killed", "measure: kiled")
    article.write_text(spoiled.replace("form: direct", "form: indirect"), "utf-8")
    done = run("check", article, folder=article.parent, code=1)
    lines = done.stderr.splitlines()
    assert sum("kiled" in line for line in lines) > 1
    assert all(line.startswith(str(article)) for line in lines[:-1])
    assert "killed" in done.stderr
    mistakes = json.loads(run("check", article, "--json", folder=article.parent, code=1).stdout)["mistakes"]
    assert len(mistakes) == len(lines) - 1
    assert all(mistake["line"] > 0 and mistake["message"] for mistake in mistakes)


def test_load_is_idempotent_and_a_mistake_loads_nothing(article: Path) -> None:
    folder = article.parent
    first = json.loads(run("load", folder, "--json", "--agent", "desk", folder=folder).stdout)
    assert (first[0]["outcome"], first[0]["revision"]) == ("created", 1)
    again = json.loads(run("load", folder, "--json", folder=folder).stdout)
    assert (again[0]["outcome"], again[0]["revision"]) == ("unchanged", None)
    spoiled = article.read_text("utf-8").replace("measure: captured", "measure: captivated")
    article.write_text(spoiled, "utf-8")
    assert "nothing was loaded" in run("load", folder, folder=folder, code=1).stderr
    assert json.loads(run("stats", "--json", folder=folder).stdout)["revision"] == 1


def test_what_the_database_could_not_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def overtaken() -> None:
        raise Conflict("other loads came first; nothing was loaded, try again")

    monkeypatch.setattr(cli, "app", overtaken)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PORT", "abc", "ONRECORD_PORT: Input should be a valid integer"),
        ("PUBLIC_URL", "ftp://record.example", "ONRECORD_PUBLIC_URL: String should match"),
        ("CORS_ORIGINS", "[1]", "ONRECORD_CORS_ORIGINS[0]: Input should be a valid string"),
        ("CORS_ORIGINS", "record.example", 'field "cors_origins"'),
    ],
)
def test_a_wrong_setting_is_one_line(article: Path, name: str, value: str, told: str) -> None:
    setting = {f"ONRECORD_{name}": value}
    done = run("stats", folder=article.parent, code=1, settings=setting)
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    # A command that is told everything it needs asks for no setting.
    url = f"sqlite:///{article.parent}/record.sqlite"
    run("load", article, "--database-url", url, folder=article.parent, settings=setting)
    options = ("--database-url", url, "--base", "https://record.example")
    assert run("export", "quotes", *options, folder=article.parent, settings=setting).stdout


def test_an_export_says_what_address_it_wants(article: Path) -> None:
    run("load", article, folder=article.parent)
    done = run("export", "quotes", "--base", "record.example", folder=article.parent, code=1)
    assert "cannot stand at record.example; say it as https://" in done.stderr


def test_a_record_that_disagrees_with_the_seed_is_served_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/record.sqlite"
    database = migrated(url)
    put(database, document("ours", "In Geneva.", "entities: {geneva: {kind: organisation, name: Geneva}}"))
    database.close()
    served: list[str] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: served.append(app))
    monkeypatch.setenv("ONRECORD_DATABASE_URL", url)
    monkeypatch.setenv("ONRECORD_SEEDS", "true")
    lines: list[str] = []
    starting.serve({"database_url": url}, 1, lines.append)
    assert served == ["api.app:served"]
    assert "seed is not loaded" in lines[0] and "entity geneva" in lines[0]
    assert len(lines) == 2


def test_a_correction_can_be_undone(article: Path) -> None:
    folder, good = article.parent, article.read_text("utf-8")
    run("load", article, folder=folder)
    article.write_text(good.replace("measure: captured", "measure: missing"), "utf-8")
    run("load", article, folder=folder)
    article.write_text(good, "utf-8")
    assert "equals revision 1, corrected since; --again" in run("load", article, folder=folder).stdout
    again = ("load", article, "--again", "--json", "--reason", "the first word was right")
    assert json.loads(run(*again, folder=folder).stdout)[0]["revision"] == 3
    measures = run("export", "claims", "-w", "measure=captured", folder=folder).stdout
    assert len(measures.splitlines()) == 1
    assert "unchanged" in run("load", article, folder=folder).stdout


def test_stats_and_export_need_a_record(tmp_path: Path) -> None:
    for arguments in (("stats",), ("export", "quotes")):
        assert "there is no record" in run(*arguments, folder=tmp_path, code=3).stderr
    assert not list(tmp_path.iterdir())


def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    done = run("stats", "--database-url", url, folder=tmp_path, code=3)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("the database:")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the seed on record."""
    folder = tmp_path_factory.mktemp("record")
    run("load", SEED, folder=folder)
    return folder


def test_export_of_a_list(record: Path) -> None:
    lines = run("export", "claims", "--where", "measure=killed", folder=record).stdout.splitlines()
    assert {json.loads(line)["measure"] for line in lines} == {"killed"}
    run("export", "claims", "--format", "csv", "-o", "claims.csv", folder=record)
    rows = (record / "claims.csv").read_text("utf-8").splitlines()
    assert rows[0].startswith("id,")
    assert len(rows) > len(lines)


def test_an_export_takes_what_says_how_items_look(record: Path) -> None:
    asked = ("-w", "q=israel*", "-w", "sort=rank", "-w", "offsets=utf16", "-w", "include=sentences")
    lines = run("export", "quotes", *asked, folder=record).stdout.splitlines()
    assert lines
    assert all(json.loads(line)["sentences"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "qotes"), "did you mean quotes?"),
        (("export", "quotes", "--format", "xml"), "no form is called xml; there are jsonld, csv"),
        (("export", "quotes", "-w", "speeker=x"), "did you mean speaker?"),
        (("export", "quotes", "-w", "speaker"), "NAME=VALUE"),
        (("export", "quotes", "-w", "form=loud"), "form: "),
        (("export", "quotes", "--as-of", "99"), "still to come"),
        (("export", "quotes", "-w", "limit=1"), "limit: an export is whole"),
        (("export", "quotes", "-w", "format=csv"), "format: is the option --format"),
        (("export", "quotes", "-w", "facet=form"), "facet: an export has no facets"),
        (
            ("export", "quotes", "--format", "csv", "-w", "include=sentences"),
            "include: sentences has no place in csv",
        ),
        (("export", "claims", "-w", "measure=kiled"), "did you mean killed?"),
        (("export", "claims", "-w", "value__gte=2", "-w", "value__lte=1"), "value__lte: reversed"),
        (("export", "claims", "-w", "sort=value", "-w", "sort=period"), "sort: given more than once"),
        (("export", "annotated"), "name a folder"),
        (("migrate", "--to", "0099"), "0099"),
    ],
)
def test_what_does_not_exist_is_one_line(record: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments, folder=record, code=1)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_export_of_the_files_gives_the_files(record: Path) -> None:
    run("export", "annotated", "--output", "files", folder=record)
    for path in (SEED, ANNOTATION):
        assert (record / "files" / path.name).read_bytes() == path.read_bytes()


def test_schema_prints_json(tmp_path: Path) -> None:
    assert json.loads(run("schema", folder=tmp_path).stdout)["$id"].startswith("urn:onrecord:")
    terms = json.loads(run("schema", "--measures", folder=tmp_path).stdout)
    assert "killed" in {term["id"] for term in terms}
    assert "/v1/quotes" in json.loads(run("schema", "--openapi", folder=tmp_path).stdout)["paths"]


def test_migrate_goes_up_and_down(tmp_path: Path) -> None:
    assert f"is at {head()}" in run("migrate", folder=tmp_path).stderr
    for step in ("base", "0001"):
        assert "--yes" in run("migrate", "--to", step, folder=tmp_path, code=1).stderr
    assert f"is at {head()}" in run("migrate", folder=tmp_path).stderr
    assert "is at base" in run("migrate", "--to", "base", "--yes", folder=tmp_path).stderr
    assert "is at base" in run("migrate", "--to", "base", folder=tmp_path).stderr
    run("migrate", "--check", folder=tmp_path)


def test_completion_is_offered(tmp_path: Path) -> None:
    assert "--install-completion" in run("--help", folder=tmp_path).stdout
