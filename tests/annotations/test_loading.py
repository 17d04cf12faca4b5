"""Loading many files: checked first, loaded in parts, resumed after an interruption."""

from pathlib import Path

import pytest

from annotations.agreement import Disagreement
from annotations.checking import check_files
from annotations.loading import PART, load_in_parts
from annotations.mistakes import Mistakes
from annotations.unload import documents
from models.measures import vocabulary
from models.record import By, newest
from models.session import Database

TERMS, BY = vocabulary(), By("desk", "test", "load")
ANNOTATION = """\
document: {{id: d{number}, title: Flood {number}, published: "2024-10-15", basis: stated}}
entities:
  port: {{kind: place, name: Port, wikidata: {wikidata}}}
text: ['The {{port|Port}} was flooded.']
"""


def write(folder: Path, number: int, wikidata: str = "Q1") -> Path:
    file = folder / f"d{number:03}.claims.yaml"
    file.write_text(ANNOTATION.format(number=number, wikidata=wikidata))
    (folder / f"d{number:03}.txt").write_text("The Port was flooded.\n")
    return file


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [write(tmp_path, number) for number in range(PART + 20)]


def on_record(database: Database) -> tuple[int, int]:
    """Documents, and the newest revision."""
    with database.read() as session:
        return len(list(documents(session))), newest(session)[0]


def test_what_was_cut_off_goes_on_where_it_stopped(empty_database: Database, files: list[Path]) -> None:
    write(files[0].parent, PART + 5, wikidata="Q2")
    with pytest.raises(Disagreement):
        list(load_in_parts(empty_database, files, TERMS, BY))
    assert on_record(empty_database) == (PART, 1)
    write(files[0].parent, PART + 5)
    outcomes = [loaded.outcome for loaded in load_in_parts(empty_database, files, TERMS, BY)]
    assert outcomes == ["unchanged"] * PART + ["created"] * 20
    assert on_record(empty_database) == (PART + 20, 2)
    again = {loaded.outcome for loaded in load_in_parts(empty_database, files, TERMS, BY)}
    assert (again, on_record(empty_database)) == ({"unchanged"}, (PART + 20, 2))


def test_all_files_are_checked_and_all_mistakes_told(files: list[Path]) -> None:
    checked: list[str] = []
    assert len(check_files(files, TERMS, checked.append)) == len(checked) == PART + 20
    files[3].write_text("document: 7")
    files[110].with_suffix("").with_suffix(".txt").write_text("Another text.")
    with pytest.raises(Mistakes) as found:
        check_files(files, TERMS, checked.append)
    assert {Path(mistake.file).name[:4] for mistake in found.value} == {"d003", "d110"}


def test_two_files_of_one_document_are_a_mistake(files: list[Path]) -> None:
    files[110].write_text(ANNOTATION.format(number=3, wikidata="Q1"))
    with pytest.raises(Mistakes, match="has the same id"):
        check_files(files, TERMS, lambda document: None)
