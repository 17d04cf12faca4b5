"""Items as linked data: a graph in JSON-LD, with where each of them comes from in the words of PROV-O.

Its context stands in every answer, so that nothing has to be fetched to understand it; the same is shipped as
`api/static/context.jsonld`.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import orjson
from sqlalchemy import RowMapping, select
from sqlmodel import col

from api.listing.formats import dump, exact
from api.listing.reading import Reading
from api.listing.resource import Resource
from models.event import Event
from models.revision import Revision

CONTEXT: dict[str, Any] = orjson.loads((files("api.static") / "context.jsonld").read_bytes())["@context"]
Node = dict[str, Any]
_WORKS = ("NewsArticle", "Quotation", "Claim")


class Graph:
    """The items of a resource as the nodes of a graph, with the revisions that recorded them."""

    def __init__(self, resource: Resource, base: str) -> None:
        self.resource, self.base = resource, base
        self._told: set[int] = set()
        self._first = True

    def begin(self) -> bytes:
        return b'{"@context":' + dump(CONTEXT) + b',"@graph":['

    def rows(self, lines: bytes, reading: Reading) -> bytes:
        nodes = list(self._nodes([exact(line) for line in lines.split(b"\n")], reading))
        joined = b",".join(map(dump, nodes))
        comma, self._first = b"" if self._first else b",", False
        return comma + joined

    def end(self) -> bytes:
        return b"]}\n"

    def _nodes(self, items: Sequence[Mapping[str, Any]], reading: Reading) -> Iterator[Node]:
        corrections = self._corrections([item["id"] for item in items], reading)
        own = getattr(self.resource.model, "__tablename__", "")
        for item in items:
            node = self.resource.node(item, self.base)
            recorded = item["recorded"]
            node["wasGeneratedBy"] = _revision(recorded["revision"], self.base)
            node["generatedAtTime"] = recorded["time"]
            if found := corrections.get((item["type"] if self.resource.across else own, item["id"])):
                # Schema.org corrects works alone.
                node["correction" if node["type"] in _WORKS else "onrecord:correction"] = found
            yield node
        if new := {item["recorded"]["revision"] for item in items} - self._told:
            self._told |= new
            yield from self._activities(new, reading)

    def _corrections(self, ids: Sequence[str], reading: Reading) -> dict[tuple[str, str], list[Node]]:
        """What readers have seen corrected, by noun and id: the latest correction last."""
        audience = col(Event.kind if reading.desk else Event.public)
        columns: Any = (Event.noun, Event.id, Event.revision, Revision.time, Revision.reason, Revision.note)
        rows = select(*columns).join(Revision, col(Revision.number) == Event.revision)
        rows = rows.where(
            col(Event.id).in_(ids), audience == "corrected",
            col(Event.revision) <= reading.number,
        )  # fmt: skip
        found: dict[tuple[str, str], list[Node]] = {}
        for row in reading.session.execute(rows.order_by(col(Event.revision))).mappings():
            told = {"type": "CorrectionComment", "datePublished": row["time"][:10], **_why(row)}
            found.setdefault((row["noun"], row["id"]), []).append(told)
        return found

    def _activities(self, numbers: set[int], reading: Reading) -> Iterator[Node]:
        columns: Any = (
            Revision.number,
            Revision.time,
            Revision.agent,
            Revision.tool,
            Revision.reason,
            Revision.note,
        )
        rows = select(*columns).where(col(Revision.number).in_(numbers)).order_by(col(Revision.number))
        for row in reading.session.execute(rows).mappings():
            who = [{"type": "prov:SoftwareAgent", "name": row["tool"]}] if row["tool"] else []
            if row["agent"] and reading.desk:
                who.append({"type": "prov:Agent", "name": row["agent"]})
            yield {
                "id": _revision(row["number"], self.base),
                "type": "prov:Activity",
                "endedAtTime": row["time"],
                **({"wasAssociatedWith": who} if who else {}),
                **_why(row),
            }


def _revision(number: int, base: str) -> str:
    # The record as that revision left it.
    return f"{base}/v1/record?as_of={number}"


def _why(row: RowMapping) -> Node:
    told = {"onrecord:reason": row["reason"], "text": row["note"]}
    return {name: value for name, value in told.items() if value}
