"""Checking many files whole, before the first of them is loaded."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from annotations.mistakes import Mistake, Mistakes
from annotations.read import read_files
from models.measures import Term

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
