"""What is nested in items, and an item with it as it is shown."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import RowMapping, literal, union_all

from api.listing.formats import utf16
from api.listing.reading import Reading
from api.listing.resource import Part, Parts, Resource
from api.listing.sql import among, select


def fetch_parts(
    reading: Reading, parts: Sequence[Part], keys: Sequence[int]
) -> Mapping[int, Mapping[str, list[dict[str, Any]]]]:
    """The rows of several parts for several owners, in one statement."""
    found: dict[int, dict[str, list[dict[str, Any]]]] = {key: defaultdict(list) for key in keys}
    if not parts or not keys:
        return found
    owners = among(keys, sqlite=reading.sqlite)
    selects = []
    for part in parts:
        rows = part.rows(reading, owners).subquery()
        selects.append(select(rows.c.owner, literal(part.name).label("part"), rows.c.place, rows.c.body))
    nested = union_all(*selects).subquery()
    # The body last: parts that begin at one place come in one order, always.
    statement = select(nested).order_by(nested.c.owner, nested.c.part, nested.c.place, nested.c.body)
    for owner, name, _, body in reading.session.execute(statement):
        found[owner][name].append(orjson.loads(body))
    return found


def item_of(
    resource: Resource, row: RowMapping, parts: Parts, include: Sequence[str] = (), *, utf16_offsets: bool
) -> dict[str, Any]:
    """A row with its parts as it is shown."""
    item = resource.render(row, parts)
    for name in include:
        item[name] = parts["text"][0]["text"] if name == "text" else list(parts.get(name, ()))
    if utf16_offsets:
        utf16(item, resource.counted_in(item, parts))
    return item
