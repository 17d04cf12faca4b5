"""Small annotated documents for tests, from a text and the annotation that an editor would write."""

from collections.abc import Mapping
from typing import Any

import yaml

from annotations.annotated import AnnotatedDocument
from annotations.load import Loaded, load
from annotations.read import read
from models.measures import vocabulary
from models.session import Database


def document(id: str, text: str, annotation: str = "", **fields: str) -> AnnotatedDocument:
    """A document of this id, published on 15 October 2024; `annotation` is YAML of everything but `document`.

    A field that is empty is left out; without sentences under `text` each line of the text is one.
    """
    parts: dict[str, Any] = yaml.load(annotation, yaml.BaseLoader) or {}
    about: Mapping[str, str] = {
        "id": id, "title": f"About {id}", "published": "2024-10-15", "basis": "stated", **fields,
    }  # fmt: skip
    parts.setdefault("text", [_escaped(line) for line in text.splitlines() if line.strip()])
    return read(
        id,
        text.encode(),
        {"document": {name: value for name, value in about.items() if value}, **parts},
        vocabulary(),
    )


def put(database: Database, *documents: AnnotatedDocument) -> list[Loaded]:
    """Load documents into a database."""
    return load(database, list(documents), vocabulary())


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}").replace("|", "\\|")
