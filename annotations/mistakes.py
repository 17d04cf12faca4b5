"""What is wrong with an annotated document: each mistake with place, extract and nearest match."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice

Path = tuple[str | int, ...]

# A hostile file has as many mistakes as it likes; nobody reads more than these in one run.
MOST = 1000
# Control characters could steer the terminal that shows the message; lone surrogates cannot be printed.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHOWN = 160
_COMPARED = 700


def shown(words: str) -> str:
    """The words on one line, cut to a readable length, with control characters as escapes."""
    line = " ".join(words[: _SHOWN * 4].split())
    if len(line) > _SHOWN:
        line = f"{line[:_SHOWN].rstrip()} …"
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like this one, if any is alike."""
    folded = {candidate.casefold(): candidate for candidate in islice(known, _COMPARED)}
    close = difflib.get_close_matches(word[:100].casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


@dataclass(frozen=True)
class Place:
    """Where a value of the annotation stands in its file: line and column of its first character, from 1.

    `exact` says that the value stands on one line as it is, so that an offset can be added to the column.
    """

    line: int
    column: int
    exact: bool = False


@dataclass(frozen=True)
class Mistake:
    """One mistake; `pointer` is the JSON pointer of the annotation's value, such as `/quotes/3/mark`."""

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    pointer: str = ""
    extract: str | None = None
    nearest: str | None = None

    def __str__(self) -> str:
        pointed = f": {self.pointer}" if self.pointer else ""
        place = f"{self.file}:{self.line}" if self.line else f"{self.file}{pointed}"
        extract = f": '{self.extract}'" if self.extract is not None else ""
        help_ = f" (did you mean '{self.nearest}'?)" if self.nearest else ""
        return f"{place}: {self.message}{extract}{help_}"

    def as_dict(self) -> dict[str, str | int | None]:
        return asdict(self)


class Mistakes(ValueError):
    """Everything that is wrong, found in one run; nothing of the document can be used."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__(str(self))

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))

    def __iter__(self) -> Iterator[Mistake]:
        return iter(self.mistakes)


class Report:
    """Collects the mistakes of one file; knows where the values of the annotation stand."""

    def __init__(self, file: str, places: Mapping[Path, Place] | None = None) -> None:
        self.file = file
        self.places = places or {}
        self.mistakes: list[Mistake] = []

    def add(
        self,
        path: Path,
        message: str,
        extract: str | None = None,
        nearest: str | None = None,
        offset: int | None = None,
    ) -> None:
        """Note a mistake in the value at `path`; `offset` is the code point within that value."""
        if self.full:
            return
        while path and path not in self.places and self.places:
            path = path[:-1]
        place = self.places.get(path)
        column = place.column + (offset or 0 if place.exact else 0) if place else None
        self.mistakes.append(
            Mistake(
                self.file,
                _UNPRINTABLE.sub("�", message),
                place.line if place else None,
                column,
                "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path),
                None if extract is None else shown(extract),
                None if nearest is None else shown(nearest),
            )
        )

    def has(self, path: Path) -> bool:
        """Whether a mistake was noted in the value at `path` or inside it."""
        pointer = "".join(f"/{step}" for step in path)
        return any(f"{mistake.pointer}/".startswith(f"{pointer}/") for mistake in self.mistakes)

    def nearest(self, word: str, known: Iterable[str]) -> str | None:
        """The known word most like this one, as long as anybody will be told."""
        return None if self.full else nearest(word, known)

    @property
    def full(self) -> bool:
        return len(self.mistakes) >= MOST
