"""The vocabulary of measures: the terms that ship with the product, and those that a newsroom adds."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Term:
    """A measure that claims may use; `unit` is that of a value that names none."""

    id: str
    label: str
    unit: str
    definition: str


def vocabulary(extension: Path | None = None) -> dict[str, Term]:
    """The terms by id; `extension` is a file of the same form, whose terms add to or replace ours.

    Raises ValueError, naming the file, when it is not a list of `{id, label, unit, definition}`.
    """
    terms = _read(files("models").joinpath("measures.yaml").read_text("utf-8"), "measures.yaml")
    return terms | _read(extension.read_text("utf-8"), str(extension)) if extension else terms


def _read(content: str, name: str) -> dict[str, Term]:
    try:
        return {term.id: term for term in (Term(**entry) for entry in yaml.safe_load(content))}
    except (TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{name}: expected a list of {{id, label, unit, definition}}: {error}") from None
