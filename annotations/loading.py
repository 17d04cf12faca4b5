"""Loading many files: checked whole before the first is loaded, then loaded in parts that can be resumed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from annotations.mistakes import Mistake, Mistakes
from annotations.read import read_files
from models.measures import Term

if TYPE_CHECKING:
    from annotations.load import Loaded
    from models.record import By
    from models.session import Database

# Documents in one revision: few enough for a short transaction, and to begin again at.
PART = 100
NOUNS = ("entities", "mentions", "quotes", "claims")


def check_files(
    files: Sequence[Path], measures: Mapping[str, Term], progress: Callable[[str], None]
) -> list[dict[str, str | int]]:
    """The id of each document and how much is annotated in it. Raises Mistakes with those of all files."""
    mistakes: list[Mistake] = []
    counts: list[dict[str, str | int]] = []
    known: set[str] = set()
    for file in files:
        try:
            (document,) = read_files([file], measures)
        except Mistakes as found:
            mistakes += found.mistakes
            continue
        if document.id in known:
            message = "another of these files has the same id"
            mistakes.append(Mistake(str(file), message, extract=document.id))
        known.add(document.id)
        counts.append({"document": document.id} | {noun: len(getattr(document, noun)) for noun in NOUNS})
        progress(document.id)
    if mistakes:
        raise Mistakes(mistakes)
    return counts


def load_in_parts(  # noqa: PLR0913  # as `load`
    database: "Database",
    files: Sequence[Path],
    measures: Mapping[str, Term],
    by: "By",
    *,
    again: bool = False,
    progress: Callable[[str], None] = lambda document: None,
) -> "Iterator[Loaded]":
    """Load the documents of these files, PART in a revision, and say what became of each.

    The parts are the same each time: whoever was interrupted, and begins again, makes the revisions that were
    left to make. Raises what `load` raises; the parts before it stay.
    """
    # Not above: `check` answers an editor at once, without the database's library.
    from annotations.load import load  # noqa: PLC0415

    for start in range(0, len(files), PART):
        documents = read_files(files[start : start + PART], measures)
        yield from load(database, documents, measures, by=by, again=again, progress=progress)
