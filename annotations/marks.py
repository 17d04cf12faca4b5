r"""Marked extracts: `{role=value;key=value|words}` in the words of the article, nested, with escapes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from annotations.mistakes import nearest

DEPTH = 20
_TOKEN = re.compile(r"\\.?|[{}|]|[^\\{}|]+", re.DOTALL)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Role:
    """What the head of a mark may hold: the name of its value (None: it takes none) and its further keys."""

    value: str | None = None
    keys: tuple[str, ...] = ()


@dataclass
class Part:
    """Marked words `[start, end)` of an extract, in code points; `offset` is where its brace stands."""

    role: str
    value: str | None
    keys: dict[str, str]
    offset: int
    start: int
    end: int = 0


@dataclass
class Extract:
    """An extract without its marks; each run of white space is one space, and there is none at the ends."""

    words: str
    parts: list[Part] = field(default_factory=list)


class MarkError(ValueError):
    """A mark that cannot be read; `offset` is the code point of the mark at which it goes wrong."""

    def __init__(self, message: str, offset: int, extract: str, help_: str | None = None) -> None:
        super().__init__(message)
        self.offset, self.extract, self.nearest = offset, extract, help_


def parse(raw: str, roles: Mapping[str, Role] | None) -> Extract:
    """The extract and its marks. `roles` None: every head is the key of an entity or `?`, as in `text:`.

    White space at the ends of marked words is not part of them. Raises MarkError.
    """
    parser = _Parser(raw, roles)
    for token in _TOKEN.finditer(raw):
        parser.take(token[0], token.start())
    return parser.extract()


class _Parser:
    """Reads token by token; a stack instead of recursion, so that hostile nesting costs nothing."""

    def __init__(self, raw: str, roles: Mapping[str, Role] | None) -> None:
        self.raw, self.roles = raw, roles
        self.out: list[str] = []
        self.length = 0
        self.space = True  # the last character is white space, or there is none yet
        self.head: int | None = None  # the brace whose bar has not come yet
        self.opened: list[Part] = []
        self.parts: list[Part] = []

    def take(self, piece: str, at: int) -> None:
        if self.head is not None:
            self._take_head(piece, at, self.head)
        elif piece == "{":
            if len(self.opened) >= DEPTH:
                raise MarkError("marks are nested too deeply", at, self.raw[at : at + 40])
            self.head = at
        elif piece == "}":
            if not self.opened:
                raise MarkError(r"'}' closes nothing; write \} if the article has it", at, self._around(at))
            part = self.opened.pop()
            part.end = self.length
            self.parts.append(part)
        else:
            self._append(self._words(piece, at))

    def extract(self) -> Extract:
        unclosed = self.head if self.head is not None else self.opened[-1].offset if self.opened else None
        if unclosed is not None:
            raise MarkError("'{' is never closed", unclosed, self.raw[unclosed : unclosed + 40])
        return _trimmed("".join(self.out), self.parts, self.raw)

    def _take_head(self, piece: str, at: int, head: int) -> None:
        if piece in ("{", "}"):
            message = "a mark has no '|' between its role and its words"
            raise MarkError(message, head, self.raw[head : head + 40])
        if piece == "|":
            part = _head(self.raw, head, at, self.roles)
            part.start = self.length
            self.opened.append(part)
            self.head = None

    def _words(self, piece: str, at: int) -> str:
        if piece == "|" and self.opened:
            raise MarkError(r"a second '|'; write \| if the article has it", at, self._around(at))
        if not piece.startswith("\\"):
            return piece
        if piece[1:] not in ("{", "}", "|", "\\"):
            message = r"'\' stands only before { } | \; write \\ if the article has it"
            raise MarkError(message, at, self._around(at))
        return piece[1]

    def _append(self, words: str) -> None:
        collapsed = _SPACE.sub(" ", words)
        if self.space:
            collapsed = collapsed.lstrip()
        if collapsed:
            self.out.append(collapsed)
            self.length += len(collapsed)
            self.space = collapsed[-1] == " "

    def _around(self, at: int) -> str:
        return self.raw[max(0, at - 20) : at + 20]


def _head(raw: str, start: int, end: int, roles: Mapping[str, Role] | None) -> Part:
    """The head between the brace at `start` and the bar at `end`."""
    first, *rest = raw[start + 1 : end].split(";")
    role, equals, value = (word.strip() for word in first.partition("="))
    shown = raw[start : end + 1]
    if not role:
        raise MarkError("a mark has no role", start, raw[start : start + 40])
    form = _role(role, roles, start, shown)
    if form.value and not value:
        raise MarkError(f"'{role}' needs a value: {{{role}={form.value}|words}}", start, shown)
    if equals and not form.value:
        raise MarkError(f"'{role}' takes no value: {{{role}|words}}", start, shown)
    keys: dict[str, str] = {}
    for pair in rest:
        key, _, word = (part.strip() for part in pair.partition("="))
        if key not in form.keys or key in keys or not word:
            allowed = (
                f"after ';' stands {' or '.join(form.keys)}=…, once" if form.keys else "no ';' belongs here"
            )
            raise MarkError(allowed, start, shown, nearest(key, form.keys))
        keys[key] = word
    return Part(role, value or None, keys, start, 0)


def _role(role: str, roles: Mapping[str, Role] | None, start: int, shown: str) -> Role:
    if roles is None:
        return Role(keys=("kind",))
    if role in roles:
        return roles[role]
    known = (
        f"the roles here are {', '.join(roles)}" if roles else r"no marks belong here; write \{ for a brace"
    )
    raise MarkError(f"unknown role; {known}", start, shown, nearest(role, roles))


def _trimmed(words: str, parts: list[Part], raw: str) -> Extract:
    words = words.rstrip()
    for part in parts:
        if words[part.start : part.start + 1] == " ":
            part.start += 1
        part.end = min(part.end, len(words))
        if part.end > part.start and words[part.end - 1] == " ":
            part.end -= 1
        if part.end <= part.start:
            raise MarkError("a mark has no words", part.offset, raw[part.offset : part.offset + 40])
    return Extract(words, sorted(parts, key=lambda part: (part.start, -part.end, part.offset)))
