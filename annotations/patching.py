"""Correcting one thing: the annotated document as its own file says it, with one entry of it changed."""

from collections.abc import Mapping
from typing import Any, Literal

from annotations.annotated import AnnotatedDocument
from annotations.read import ANNOTATION, read
from annotations.reading import Measures
from annotations.tree import from_yaml
from annotations.write import write

Entries = Literal["quotes", "claims"]


def twin(document: AnnotatedDocument, measures: Measures = ()) -> dict[str, Any]:
    """The annotation file of a document as JSON: the same keys and lists, every value words."""
    tree: dict[str, Any] = from_yaml(write(document, measures), document.id + ANNOTATION).value
    return tree


def merged(target: object, patch: object) -> object:
    """A JSON merge patch (RFC 7396) applied: null takes a member away, a list replaces a list."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def with_entry(
    document: AnnotatedDocument,
    entries: Entries,
    id: str,
    patch: Mapping[str, Any] | None,
    measures: Measures,
) -> AnnotatedDocument:
    """The document with the quote or claim `id` (as the file has it: `q1`) patched, or without it (None).

    It is read anew, as a whole: raises Mistakes as `annotations.read.read` does. Raises KeyError if the
    document has no such entry, ValueError if the patch would give it another id.
    """
    tree = twin(document, measures)
    at = next((at for at, entry in enumerate(tree.get(entries, ())) if entry["id"] == id), None)
    if at is None:
        raise KeyError(id)
    if patch is None:
        del tree[entries][at]
    else:
        if patch.get("id", id) != id:
            raise ValueError("an id survives corrections; it cannot be changed")
        tree[entries][at] = merged(tree[entries][at], patch)
    return _read(document, tree, measures)


def with_fields(
    document: AnnotatedDocument, patch: Mapping[str, Any], measures: Measures
) -> AnnotatedDocument:
    """The document with its own fields (the file's `document`) patched. Raises Mistakes and ValueError."""
    tree = twin(document, measures)
    for name in ("id", "sha256"):
        if patch.get(name, tree["document"].get(name)) != tree["document"].get(name):
            raise ValueError(f"`{name}` cannot be patched; put the whole document")
    tree["document"] = merged(tree["document"], patch)
    if tree["document"].get("status") != "embargoed" and "embargo" not in patch:
        # The moment goes with the status that it belongs to.
        tree["document"].pop("embargo", None)
    return _read(document, tree, measures)


def _read(document: AnnotatedDocument, tree: Mapping[str, object], measures: Measures) -> AnnotatedDocument:
    return read(document.id, document.text.encode(), tree, measures)
