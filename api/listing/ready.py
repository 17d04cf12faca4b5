"""Reading what is prepared: statements of the driver, run as templates, that give JSON with holes."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Dialect, Engine, LargeBinary, Select, cast, func
from sqlmodel import col

from api.listing.holes import ENTITY, ENTITY_MEMBERS, INDICATOR, REVISION, filled
from api.listing.reading import AT_REVISION, Reading
from api.listing.sql import aliased, select
from api.listing.template import Example, Given, Template, Templates, template_of
from models.entity import Entity
from models.indicator import Indicator
from models.prepared import Shown
from models.revision import Revision

TEMPLATES = Templates()
# Names that are known at once, and revisions: each takes some hundred bytes.
MOST_NAMES = 20_000
Rows = Sequence[Sequence[Any]]


class Run(Protocol):
    """Runs a statement of the driver in the snapshot of the request."""

    dialect: Dialect
    names: "Names"

    def __call__(self, sql: str, values: Any) -> Rows: ...


def shape_of(reading: Reading) -> Hashable:
    """What of a reading decides how statements are built."""
    now = reading.number == reading.newest
    return reading.sqlite, now, reading.desk, reading.merged, reading.prepared


def template(shape: Hashable, build: Callable[[], Example], dialect: Dialect) -> Template:
    """The template of a shape, built if nobody has asked for that shape before."""
    if (known := TEMPLATES.get(shape)) is None:
        TEMPLATES.keep(shape, known := template_of(build(), dialect))
    return known


def body(reading: Reading) -> Any:
    """The column of a joined prepared item; as SQLite stores it, so that nothing is decoded on the way."""
    return cast(col(Shown.body), LargeBinary) if reading.sqlite else col(Shown.body)


def joined(statement: Select[Any], key: Any, reading: Reading) -> Select[Any]:
    """A select with the prepared item of each row, if there is one."""
    return statement.outerjoin(Shown, (col(Shown.row_key) == key) & reading.holds(Shown))


class Names:
    """The values of holes: of the newest revision those that were looked up before, too."""

    def __init__(self) -> None:
        # In one piece: threads replace it.
        self._newest: tuple[Hashable, dict[bytes, bytes]] = (None, {})

    def fill(self, body: bytes, reading: Reading, run: Run) -> bytes:
        """JSON without holes, as the reading has what stands in them."""
        known = self._at(reading)
        return filled(body, known, lambda tokens: _look_up(tokens, known, reading, run))

    def _at(self, reading: Reading) -> dict[bytes, bytes]:
        if reading.number != reading.newest:
            return {}
        of = (reading.began, reading.newest)
        newest, known = self._newest
        if newest != of or len(known) > MOST_NAMES:
            # Another dictionary: a reader of an earlier state may still fill the last one.
            known = {}
            self._newest = (of, known)
        return known


class InSession:
    """In the session of a reading."""

    def __init__(self, reading: Reading) -> None:
        self._connection = reading.session.connection()
        self.dialect = self._connection.dialect
        self.names = names_of(self._connection.engine)

    def __call__(self, sql: str, values: Any) -> Rows:
        return self._connection.exec_driver_sql(sql, values).all()


# By engine, for as long as it is there: what one record says is nothing to another one.
_NAMES: WeakKeyDictionary[Engine, Names] = WeakKeyDictionary()


def names_of(engine: Engine) -> Names:
    """What is known of the record behind an engine."""
    return _NAMES.setdefault(engine, Names())


def _look_up(tokens: Iterable[bytes], known: dict[bytes, bytes], reading: Reading, run: Run) -> None:
    by_kind: dict[str, list[Any]] = {}
    for token in tokens:
        kind, rest = chr(token[0]), token[1:].decode()
        by_kind.setdefault(kind, []).append(int(rest) if kind == REVISION else rest)
    for kind, ids in by_kind.items():
        members, build = _HOLES[kind]
        for start in range(0, len(ids), _SIZES[-1]):
            for id_, *values in _rows(kind, build, ids[start : start + _SIZES[-1]], reading, run):
                shown = dict(zip(members, values, strict=True))
                known[f"{kind}{id_}".encode()] = orjson.dumps(shown)


def _rows(kind: str, build: Any, ids: list[Any], reading: Reading, run: Run) -> Rows:
    size = next(size for size in _SIZES if size >= len(ids))
    # Few sizes, so that there are few statements: an id that stands there twice is found once.
    padded = ids + ids[:1] * (size - len(ids))

    def built() -> Example:
        given = [Given("ids", place, id_) for place, id_ in enumerate(padded)]
        return Example(build(reading, [one.bind() for one in given]), given)

    found = template(("hole", kind, size, shape_of(reading)), built, run.dialect)
    return run(found.sql, found.values({"ids": padded}, {AT_REVISION: reading.number}))


def _entities(reading: Reading, ids: Sequence[Any]) -> Select[Any]:
    asked, shown = aliased(Entity, "asked"), aliased(Entity, "shown_entity")
    columns = (asked.id, shown.id, shown.kind, shown.name, shown.naming)
    leads = shown.id == (func.coalesce(asked.survivor, asked.id) if reading.merged else asked.id)
    rows = select(*columns).join(shown, leads & reading.valid(shown))
    return rows.where(asked.id.in_(ids), reading.valid(asked))


def _indicators(reading: Reading, ids: Sequence[Any]) -> Select[Any]:
    rows = select(col(Indicator.id).label("asked"), col(Indicator.id), col(Indicator.label))
    return rows.where(col(Indicator.id).in_(ids), reading.valid(Indicator))


def _revisions(_: Reading, keys: Sequence[Any]) -> Select[Any]:
    columns = (col(Revision.key), col(Revision.number), col(Revision.time))
    return select(*columns).where(col(Revision.key).in_(keys))


_SIZES = (1, 8, 64, 500)
# What each kind of hole shows, and the select of it by id or key, which comes first.
_HOLES: dict[str, tuple[tuple[str, ...], Any]] = {
    ENTITY: (("id", *ENTITY_MEMBERS), _entities),
    INDICATOR: (("id", "label"), _indicators),
    REVISION: (("revision", "time"), _revisions),
}
