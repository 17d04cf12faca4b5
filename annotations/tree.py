"""The annotation as a plain tree in which every scalar is a string, with the place of every value.

YAML is read from its events, one at a time: nothing is built from aliases or tags, and the depth is checked
before it can hurt.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from annotations.mistakes import Mistake, Mistakes, Path, Place, Report
from annotations.source import utf8

DEPTH = 20
NODES = 300_000
_FORBIDDEN = re.compile("[\0\ud800-\udfff]")
# libyaml is ten times as fast; the pure Python parser does where PyYAML was built without it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Value = Any
"""A string, a list or dict of values, or None for a value that was left empty."""


@dataclass
class Tree:
    """The values, and where they stand; a tree that came as JSON has no places."""

    value: Value
    places: dict[Path, Place] = field(default_factory=dict)


@dataclass
class _Open:
    """A mapping or sequence that is still being read."""

    value: dict[str, Value] | list[Value]
    path: Path
    key: str | None = None
    key_place: Place | None = None


def from_yaml(data: bytes, file: str) -> Tree:
    """The tree of a YAML file. Raises Mistakes for anything but one plain document."""
    content = utf8(data, file).removeprefix("\ufeff")
    reader = _Reader(file)
    try:
        for event in yaml.parse(content, Loader=_LOADER):
            if not reader.take(event):
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        if "escape character" in problem:
            problem += "; put the value in single quotes"
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        reader.report.mistakes.append(Mistake(file, f"is not YAML: {problem}", line, column))
    except yaml.YAMLError as error:
        reader.report.mistakes.append(Mistake(file, f"is not YAML: {' '.join(str(error).split())}"))
    if reader.report.mistakes:
        raise Mistakes(reader.report.mistakes)
    return Tree(reader.root, reader.places)


class _Reader:
    def __init__(self, file: str) -> None:
        self.places: dict[Path, Place] = {}
        self.report = Report(file, self.places)
        self.root: Value = None
        self.stack: list[_Open] = []
        self.documents = 0

    def take(self, event: Any) -> bool:
        """Take one event in; False ends the reading, because what follows cannot be trusted."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._refuse(event, "is a second YAML document; a file holds one")
                return False
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"is an alias: write the value out: '*{event.anchor}'")
            return False
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            return self._node(event)
        return not self.report.full

    def _node(self, event: Any) -> bool:
        if event.anchor is not None:
            self._refuse(event, f"is an anchor: write the value out: '&{event.anchor}'")
        if event.tag is not None:
            self._refuse(event, f"is a tag; every value here is words: '{event.tag}'")
        if len(self.stack) >= DEPTH or len(self.places) >= NODES:
            self._refuse(event, "is nested too deeply" if len(self.stack) >= DEPTH else "has too many values")
            return False
        if isinstance(event, yaml.ScalarEvent):
            if _FORBIDDEN.search(event.value):
                self._refuse(event, "contains a NUL character or half of a surrogate pair")
            return self._scalar(event)
        parent = self.stack[-1] if self.stack else None
        if parent and isinstance(parent.value, dict) and parent.key is None:
            self._refuse(event, "is a list or a mapping used as a key")
            return False
        value: dict[str, Value] | list[Value] = {} if isinstance(event, yaml.MappingStartEvent) else []
        place = parent.key_place if parent and parent.key_place else _place(event)
        self.stack.append(_Open(value, self._put(value, place)))
        return True

    def _scalar(self, event: Any) -> bool:
        parent = self.stack[-1] if self.stack else None
        if parent is None or isinstance(parent.value, list) or parent.key is not None:
            self._put(event.value if event.value or not event.implicit[0] else None, _place(event))
            return True
        if event.value in parent.value:
            self._refuse(event, f"the key '{event.value}' is here twice")
        parent.key, parent.key_place = event.value, _place(event)
        return True

    def _put(self, value: Value, place: Place) -> Path:
        path: Path = ()
        if not self.stack:
            self.root = value
        else:
            parent = self.stack[-1]
            if isinstance(parent.value, list):
                path = (*parent.path, len(parent.value))
                parent.value.append(value)
            else:
                path = (*parent.path, str(parent.key))
                parent.value[str(parent.key)] = value
                parent.key = parent.key_place = None
        self.places[path] = place
        return path

    def _refuse(self, event: Any, message: str) -> None:
        mark = event.start_mark
        self.report.mistakes.append(Mistake(self.report.file, message, mark.line + 1, mark.column + 1))


def _place(event: Any) -> Place:
    start, end = event.start_mark, event.end_mark
    quotes = 1 if getattr(event, "style", None) in ("'", '"') else 0
    length = len(getattr(event, "value", ""))
    exact = start.line == end.line and end.column - start.column == length + 2 * quotes
    return Place(start.line + 1, start.column + 1 + quotes, exact)


def from_json(value: object, file: str) -> Tree:
    """The tree of parsed JSON in the same form; whole numbers become strings. Raises Mistakes."""
    report = Report(file)
    for count, (path, node) in enumerate(_walk(value)):
        if len(path) >= DEPTH:
            report.add(path[:3], "is nested too deeply")
        elif count >= NODES:
            report.add((), "has too many values")
        elif isinstance(node, str) and _FORBIDDEN.search(node):
            report.add(path, "contains a NUL character or half of a surrogate pair")
        elif isinstance(node, bool | float):
            # A float has already lost the digits that were written.
            report.add(path, "is not words: write the value as a string")
        else:
            continue
        raise Mistakes(report.mistakes)
    return Tree(_strings(value))


def _walk(root: object) -> Iterator[tuple[Path, object]]:
    stack: list[tuple[Path, object]] = [((), root)]
    while stack:
        path, node = stack.pop()
        yield path, node
        if isinstance(node, Mapping):
            stack.extend(((*path, str(key)), child) for key, child in node.items())
            stack.extend(((*path, str(key)), str(key)) for key in node)
        elif isinstance(node, list | tuple):
            stack.extend(((*path, index), child) for index, child in enumerate(node))


def _strings(node: object) -> Value:
    if isinstance(node, Mapping):
        return {str(key): _strings(child) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [_strings(child) for child in node]
    return None if node is None else str(node)
