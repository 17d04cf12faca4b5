"""The annotation after the check of its keys: what is broken is left out, and the rest is checked, too."""

import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from annotations.file_format import PATTERNS, Claim, File, Quote
from annotations.mistakes import Path, Report
from annotations.tree import Tree, Value

Part = TypeVar("Part")
_UNDATED = {"id": "unknown", "title": "unknown", "basis": "unknown", "note": "unknown"}


@dataclass
class Draft:
    """The file's valid parts, with the place of each in its list.

    `broken` holds the ids and keys of the others and the names of broken sections: what refers to them is not
    a mistake of its own.
    """

    file: File
    kept: dict[str, list[int]]
    broken: set[str] = field(default_factory=set)

    def quotes(self) -> Iterator[tuple[Path, Quote]]:
        return self._placed("quotes", self.file.quotes)

    def claims(self) -> Iterator[tuple[Path, Claim]]:
        return self._placed("claims", self.file.claims)

    def text(self) -> Iterator[tuple[Path, str]]:
        return self._placed("text", self.file.text)

    def boilerplate(self) -> Iterator[tuple[Path, str]]:
        return self._placed("boilerplate", self.file.boilerplate)

    def _placed(self, section: str, parts: list[Part]) -> Iterator[tuple[Path, Part]]:
        return (((section, at), part) for at, part in zip(self.kept[section], parts, strict=False))


def check(tree: Tree, report: Report) -> Draft:
    """The valid part of the annotation; mistakes of keys and forms go to the report."""
    values = tree.value
    if not isinstance(values, dict):
        report.add((), "is not a mapping with the keys document, entities, quotes, claims and text")
        values = {}
    empty(values, report)
    kept = {name: list(range(len(part))) for name, part in values.items() if isinstance(part, list)}
    try:
        return Draft(File.model_validate(values), _all(kept))
    except ValidationError as error:
        unknown, wrong = note(error, report)
    broken = set().union(*(_names(values, path) for path in wrong))
    rest, kept = _rest(_without(values, unknown), wrong)
    return Draft(File.model_validate(rest), _all(kept), broken)


def _all(kept: dict[str, list[int]]) -> dict[str, list[int]]:
    return {"quotes": [], "claims": [], "text": [], "boilerplate": []} | kept


def empty(values: Value, report: Report, model: type[BaseModel] = File) -> None:
    """Report the values that were left empty under known keys; `note` reports those under unknown ones."""
    stack: list[tuple[Path, Value]] = [((), values)]
    while stack:
        path, value = stack.pop()
        if value is None and (isinstance(path[-1], int) or path[-1] in _known(path, model)):
            report.add(path, "is empty: write a value or leave the key out", str(path[-1]))
        elif isinstance(value, dict):
            stack.extend(((*path, key), child) for key, child in value.items())
        elif isinstance(value, list):
            stack.extend(((*path, at), child) for at, child in enumerate(value))


def note(
    error: ValidationError, report: Report, model: type[BaseModel] = File
) -> tuple[list[Path], list[Path]]:
    """Report what Pydantic found, in our words, and return the unknown keys and what else is wrong."""
    unknown: list[Path] = []
    wrong: list[Path] = []
    for found in error.errors(include_url=False):
        path: Path = tuple(found["loc"])
        kind, given = found["type"], found["input"]
        (unknown if kind == "extra_forbidden" and not report.full else wrong).append(path)
        extract = given if isinstance(given, str) else None
        if kind == "extra_forbidden":
            known = _known(path, model)
            help_ = "; quote the value if it has a comma" if given is None else ""
            report.add(path, f"unknown key{help_}", str(path[-1]), report.nearest(str(path[-1]), known))
        elif kind == "missing":
            report.add(path[:-1], f"the key '{path[-1]}' is missing")
        elif given is None:
            continue  # `empty` has said so
        elif kind == "literal_error":
            known = str(found["ctx"]["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
            report.add(
                path, f"is not one of {', '.join(known)}", extract, report.nearest(str(extract), known)
            )
        elif path[-1] == "[key]":
            wrong[-1] = path[:-1]
            report.add(path[:-1], _message(found), str(path[-2]))
        else:
            report.add(path, _message(found), extract)
    return unknown, wrong


def _message(found: Any) -> str:
    context = found.get("ctx", {})
    match found["type"]:
        case "value_error":
            return str(context["error"])
        case "string_pattern_mismatch":
            return PATTERNS[context["pattern"]]
        case "string_too_long" | "too_long":
            return f"is too long; {context['max_length']} are the most"
        case "string_too_short":
            return "is empty"
        case "too_short":
            return "needs at least one"
        case "string_type":
            return "is not a single value"
        case "list_type":
            return "is not a list"
        case _:
            return "is not a mapping of keys to values"


def _known(path: Path, model: type[BaseModel]) -> list[str]:
    """The keys that stand beside the last step of the path."""
    mapping = False
    for step in path[:-1]:
        if isinstance(step, int) or mapping:
            mapping = False
            continue
        annotation = model.model_fields[str(step)].annotation if str(step) in model.model_fields else None
        inner = _model(annotation)
        if inner is None:
            return []
        model, mapping = inner, typing.get_origin(annotation) is dict
    return list(model.model_fields) if not mapping else [str(path[-1])]


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, typing.get_args(annotation))), None)


def _names(values: Value, loc: Path) -> set[str]:
    """The id or key by which other parts may refer to the broken one, or the name of its section."""
    if len(loc) < 2:
        return set(map(str, loc))
    if isinstance(loc[1], str):
        return {loc[1]}
    item = values[loc[0]][loc[1]]
    return {item["id"]} if isinstance(item, dict) and isinstance(item.get("id"), str) else set()


def _without(values: Value, unknown: list[Path]) -> Value:
    """The values without the keys that nothing is known of; what stands beside them can still be checked."""
    for path in unknown:
        values = _removed(values, path)
    return values


def _removed(node: Value, path: Path) -> Value:
    if isinstance(node, dict):
        first, *rest = path
        inner = {first: _removed(node[first], tuple(rest))} if rest else {}
        return {key: inner.get(key, value) for key, value in node.items() if rest or key != first}
    at = path[0]
    return [_removed(value, path[1:]) if index == at else value for index, value in enumerate(node)]


def _rest(values: Value, wrong: list[Path]) -> tuple[Value, dict[str, list[int]]]:
    """The values without the broken parts, and which items of each list are left."""
    out = {loc[:2] if len(loc) > 1 and loc[0] != "document" else loc[:1] for loc in wrong}
    rest: dict[str, Value] = {}
    kept: dict[str, list[int]] = {}
    for name, part in values.items():
        if (name,) in out:
            continue
        if isinstance(part, list):
            kept[name] = [at for at in range(len(part)) if (name, at) not in out]
            rest[name] = [part[at] for at in kept[name]]
        elif isinstance(part, dict) and name != "document":
            rest[name] = {key: item for key, item in part.items() if (name, key) not in out}
        else:
            rest[name] = part
    rest.setdefault("document", _UNDATED)
    if not rest.get("text"):
        # Without sentences nothing can be said of coverage; the placeholder keeps the form valid.
        rest["text"], kept["text"] = ["-"], []
    return rest, kept
