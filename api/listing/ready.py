"""Reading what is prepared: statements of the driver, run as templates, that give JSON with holes."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import orjson
from sqlalchemy import Dialect, Engine, LargeBinary, Select, Text, cast, func, literal, null, union_all
from sqlmodel import col

from api.listing.holes import ENTITY, ENTITY_MEMBERS, INDICATOR, REVISION, filled
from api.listing.order import readable
from api.listing.reading import AT_REVISION, Reading
from api.listing.resource import Resource
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


def template(shape: Hashable, build: Callable[[], Example], dialect: Dialect) -> Template:
    """The template of a shape, built if nobody has asked for that shape before."""
    if (known := TEMPLATES.get(shape)) is None:
        TEMPLATES.keep(shape, known := template_of(build(), dialect))
    return known


def body(reading: Reading) -> Any:
    """The column of a joined prepared item; as SQLite stores it, so that nothing is decoded on the way."""
    return cast(col(Shown.body), LargeBinary) if reading.sqlite else col(Shown.body)


def ready_item(resource: Resource, reading: Reading, run: Run, id: str) -> tuple[int, bytes] | None:
    """The key of an item's own state, and its JSON; None if it cannot be read, or is not prepared."""

    def built() -> Example:
        model, given = resource.model, Given("id", 0, id)
        bare = resource.own == "row_key"
        rows = readable(resource, reading) if bare else resource.select(reading)
        own = rows.selected_columns[resource.own]
        rows = joined(rows, model.row_key, reading).where(model.id == given.bind())
        return Example(rows.with_only_columns(own, body(reading), maintain_column_froms=True), [given])

    if not resource.prepared:
        return None
    found = template((resource.name, "item", reading.shape), built, run.dialect)
    rows = run(found.sql, found.values({"id": id}, {AT_REVISION: reading.number}))
    if not rows or rows[0][1] is None:
        return None
    own, shown = rows[0]
    return own, run.names.fill(shown if reading.sqlite else shown.encode(), reading, run)


def joined(statement: Select[Any], key: Any, reading: Reading) -> Select[Any]:
    """A select with the prepared item of each row, if there is one."""
    same = (col(Shown.row_key) == key) & reading.holds(Shown)
    return statement.join_from(key.table, Shown, same, isouter=True)


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
    """Make tokens known, in one statement."""
    ids: dict[str, list[Any]] = {kind: [] for kind in _HOLES}
    for token in tokens:
        kind, id_ = chr(token[0]), token[1:].decode()
        ids[kind].append(int(id_) if kind == REVISION else id_)
    # Few sizes, so that there are few statements: an id that stands there twice is found once.
    padded = {kind: of + of[:1] * (_size(len(of)) - len(of)) for kind, of in ids.items() if of}

    def built() -> Example:
        selects, given = [], []
        for kind, of in padded.items():
            asked = [Given(kind, place, id_) for place, id_ in enumerate(of)]
            rows = _HOLES[kind][1](reading, [one.bind() for one in asked])
            selects.append(rows)
            given += asked
        return Example(select(union_all(*selects).subquery()), given)

    sizes = tuple((kind, len(of)) for kind, of in padded.items())
    found = template(("holes", sizes, reading.shape), built, run.dialect)
    for kind, id_, *values in run(found.sql, found.values(padded, {AT_REVISION: reading.number})):
        shown = dict(zip(_HOLES[kind][0], values, strict=False))
        if kind == REVISION:
            shown["revision"] = int(shown["revision"])
        # A copy: what orjson gives keeps the kilobytes that it was written into.
        known[f"{kind}{id_}".encode()] = bytes(memoryview(orjson.dumps(shown)))


def _size(number: int) -> int:
    return next((size for size in _SIZES if size >= number), number)


def _entities(reading: Reading, ids: Sequence[Any]) -> Select[Any]:
    asked, shown = aliased(Entity, "asked"), aliased(Entity, "shown_entity")
    leads = shown.id == (func.coalesce(asked.survivor, asked.id) if reading.merged else asked.id)
    members = [getattr(shown, name) for name in ENTITY_MEMBERS]
    rows = select(literal(ENTITY).label("hole"), asked.id.label("asked"), shown.id.label("id"), *members)
    rows = rows.join_from(asked, shown, leads & reading.valid(shown))
    return rows.where(asked.id.in_(ids), reading.valid(asked))


def _indicators(reading: Reading, ids: Sequence[Any]) -> Select[Any]:
    own: Any = (col(Indicator.id).label("asked"), col(Indicator.id).label("id"), col(Indicator.label))
    rows = select(literal(INDICATOR).label("hole"), *own, *_nothing(len(ENTITY_MEMBERS) - 1))
    return rows.where(col(Indicator.id).in_(ids), reading.valid(Indicator))


def _revisions(_: Reading, keys: Sequence[Any]) -> Select[Any]:
    own: Any = (cast(col(Revision.key), Text), cast(col(Revision.number), Text), col(Revision.time))
    rows = select(literal(REVISION).label("hole"), *own, *_nothing(len(ENTITY_MEMBERS) - 1))
    return rows.where(col(Revision.key).in_(keys))


def _nothing(columns: int) -> list[Any]:
    return [cast(null(), Text) for _ in range(columns)]


_SIZES = (1, 8, 64, 512, 4096)
# What each kind of hole shows, and the select of its kind, its id or key, and what it shows.
_HOLES: dict[str, tuple[tuple[str, ...], Any]] = {
    ENTITY: (("id", *ENTITY_MEMBERS), _entities),
    INDICATOR: (("id", "label"), _indicators),
    REVISION: (("revision", "time"), _revisions),
}
