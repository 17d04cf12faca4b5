"""Loading many files in parts, so that who was interrupted can go on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from annotations.load import Loaded, load
from annotations.read import read_files
from models.measures import Term
from models.record import By
from models.session import Database

# Documents in one revision: few enough for a short transaction, and to begin again at.
PART = 100


def load_in_parts(  # noqa: PLR0913  # as `load`
    database: Database,
    files: Sequence[Path],
    measures: Mapping[str, Term],
    by: By,
    *,
    again: bool = False,
    progress: Callable[[str], None] = lambda document: None,
) -> Iterator[Loaded]:
    """Load the documents of these files, PART in a revision, and say what became of each.

    The parts are the same each time: whoever was interrupted, and begins again, makes the revisions that were
    left to make. Raises what `load` raises; the parts before it stay.
    """
    for start in range(0, len(files), PART):
        documents = read_files(files[start : start + PART], measures)
        yield from load(database, documents, measures, by=by, again=again, progress=progress)
