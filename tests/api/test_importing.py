"""`onrecord import`: files of annotation tools become annotated documents, or are loaded."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotations.formats import write_brat
from annotations.formats.own import standoff
from annotations.read import read_files
from api.cli import app
from models.measures import vocabulary
from tests.annotations.flood import flood

RUN = CliRunner()
TEXT = "Ann Lee said no.\n"
ANN = """\
T1\tSource 0 7\tAnn Lee
T2\tCue 8 12\tsaid
T3\tContent 13 15\tno
R1\tsource Arg1:T2 Arg2:T1
R2\tcontent Arg1:T2 Arg2:T3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lee.txt").write_text(TEXT)
    (tmp_path / "lee.ann").write_text(ANN)
    return tmp_path


def imported(*arguments: object) -> tuple[int, str]:
    result = RUN.invoke(app, ["import", *map(str, arguments)])
    return result.exit_code, " ".join((result.output + result.stderr).split())


def test_what_is_missing_is_told_and_the_files_are_written(folder: Path) -> None:
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", folder / "out")
    assert code == 1
    assert "lee.claims.yaml: 1 entities, 1 quotes, 0 claims to finish:" in said
    assert "lee.claims.yaml:9: the key 'kind' is missing" in said
    assert (folder / "out" / "lee.txt").read_text() == TEXT
    written = (folder / "out" / "lee.claims.yaml").read_text()
    assert "mark: '{speaker=ann-lee|Ann Lee} {cue|said} {content|no}.'" in written
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", folder / "out")
    assert (code, "already there; --force writes over it. Nothing was written" in said) == (1, True)


def test_what_is_complete_is_loaded(tmp_path: Path) -> None:
    document = flood()
    (tmp_path / "flood.txt").write_text(document.text)
    (tmp_path / "flood.ann").write_text(write_brat.write(standoff(document)))
    database = f"sqlite:///{tmp_path}/record.sqlite"
    options = ("-o", tmp_path / "out", "--load", "--database-url", database)
    code, said = imported(tmp_path / "flood.ann", *options)
    assert (code, "harbour-flood: created in revision 1" in said) == (0, True)
    (back,) = read_files([tmp_path / "out" / "harbour-flood.claims.yaml"], vocabulary())
    assert back == document


def test_what_is_missing_is_not_loaded(folder: Path) -> None:
    database = f"sqlite:///{folder}/record.sqlite"
    code, said = imported(
        folder / "lee.ann", "--map", "parc", "-o", folder / "out", "--load", "--database-url", database
    )
    assert (code, "so nothing was loaded" in said) == (1, True)
    assert not (folder / "record.sqlite").exists()


def test_machines_read_json(folder: Path) -> None:
    result = RUN.invoke(
        app, ["import", str(folder / "lee.ann"), "-o", str(folder / "out"), "--set", "title=Lee", "--json"]
    )
    (told,) = json.loads(result.stdout)
    assert told["document"] == "lee"
    assert [Path(file).name for file in told["files"]] == ["lee.txt", "lee.claims.yaml"]
    assert told["missing"] == []
    assert [line.split("'")[1] for line in told["left"]] == ["Source", "Cue", "Content", "source", "content"]
    assert "title: Lee\n" in (folder / "out" / "lee.claims.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--map", "nowhere.yaml"), "--map nowhere.yaml: No such file or directory; it is a file, or one of"),
        (("--unit", "word"), "--unit is one of codepoint, utf16, byte, grapheme"),
        (("--set", "titel=a"), "--set titel: it is KEY=VALUE, and KEY one of id, title"),
        (("--from", "brad"), "no format is called 'brad'; did you mean brat?"),
        (("--from", "doccano"), "is no JSON"),
    ],
)
def test_what_does_not_exist_is_one_line(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    code, said = imported(folder / "lee.ann", "-o", folder / "out", *arguments)
    assert (code, message in said) == (1, True), said
    assert not (folder / "out").exists()


@pytest.mark.parametrize("id_", ["../../evil", "/tmp/evil", "x/y", "", "Über", "lee\n", "a" * 101])
def test_a_file_does_not_choose_where_it_is_written(folder: Path, id_: str) -> None:
    out = folder / "a" / "b"
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", out, "--set", f"id={id_}")
    assert (code, "no document can have this id" in said, "nothing was written" in said) == (1, True, True)
    assert not out.exists()
    assert {file.name for file in folder.iterdir()} == {"lee.txt", "lee.ann"}


def test_an_import_ends_where_it_cannot_be_written(folder: Path) -> None:
    (folder / "afile").write_text("")
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", folder / "afile")
    assert (code, "is no folder; nothing was written" in said) == (1, True)
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", "/proc/onrecord")
    assert (code, "/proc: No such file or directory; nothing was written" in said) == (1, True), said
    (folder / "out" / "lee.txt").mkdir(parents=True)
    code, said = imported(folder / "lee.ann", "--map", "parc", "-o", folder / "out", "--force")
    assert (code, "it is no file. Nothing was written" in said) == (1, True)
    assert list((folder / "out").iterdir()) == [folder / "out" / "lee.txt"]


def test_a_large_file_is_recognised_and_a_damaged_one_is_told_of(folder: Path) -> None:
    tasks: list[dict[str, object]] = [
        {"id": n, "data": {"text": TEXT}, "annotations": [], "meta": "x" * (5 << 20)} for n in (1, 2)
    ]
    (folder / "tasks.json").write_text(json.dumps(tasks))
    assert (folder / "tasks.json").stat().st_size > 8 << 20
    code, said = imported(folder / "tasks.json", "-o", folder / "out")
    assert "tasks-2.claims.yaml" in said, said[:300]
    (folder / "cut.json").write_text(json.dumps(tasks)[:-1])
    code, said = imported(folder / "cut.json", "-o", folder / "out2")
    assert (code, "cut.json:1: is no JSON" in said) == (1, True)


def test_a_value_over_many_lines_may_stand_before_small_ones(folder: Path) -> None:
    large = {"text": TEXT, "label": [], "meta": ["x" * 1000] * 5000}
    small = {"text": TEXT, "label": [], "meta": "x" * (1 << 20)}
    lines = [json.dumps(large, indent=1), *[json.dumps(small)] * 5]
    (folder / "texts.jsonl").write_text("\n".join(lines))
    code, said = imported(folder / "texts.jsonl", "--from", "doccano", "-o", folder / "out")
    assert "texts-6.claims.yaml" in said, (code, said[:300])
