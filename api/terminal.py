"""What the command shows: tables and progress for eyes, JSON for machines, one line for what is wrong."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

# Exit codes: what was asked for is wrong; the database could not; somebody ended it.
WRONG, FAILED, INTERRUPTED = 1, 3, 130
out, err = Console(highlight=False), Console(stderr=True, highlight=False)


def write_lines(path: Path | None, lines: Iterable[bytes]) -> None:
    """To standard output, or beside the file and then in its place: a broken export leaves no half file."""
    if path is None:
        sys.stdout.buffer.writelines(lines)
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as opened:
            opened.writelines(lines)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def print_json(value: Any, indent: int | None = None) -> None:
    """On standard output."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


@contextmanager
def progress_bar(label: str, total: int | None, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """A bar on standard error, if somebody looks at it; what it gives is called with each document done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        yield lambda _: progress.advance(task)


def fail(message: str, code: int = WRONG) -> NoReturn:
    """Say what is wrong and end."""
    err.print(message, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code)


def confirm(question: str, option: str) -> None:
    """Ask at a terminal; end unless the answer is yes. Elsewhere nobody answers: the option has to say so."""
    if not sys.stdin.isatty():
        fail(f"{question} {option} says so where there is no terminal to ask at")
    typer.confirm(question, abort=True, err=True)
