"""Quotes and claims out of marks and links: what belongs together, and in which role."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from annotations.formats.mapping import CLAIM_PARTS, QUOTE_PARTS
from annotations.formats.naming import WHO
from annotations.formats.standoff import Mark
from annotations.formats.understood import Understood

NODES = {"quote": QUOTE_PARTS, "claim": CLAIM_PARTS}
# Where a scheme has no mark for a quote or a claim as a whole: which marks stand for one, in turn.
ANCHORS = (("quote", "cue"), ("quote", "content"), ("claim", "number"))
Beside = Mapping[str, list[tuple[str, str]]]


@dataclass
class Node:
    """A quote or a claim: the mark that it hangs on, and its parts with their roles."""

    mark: Mark
    kind: str
    parts: list[tuple[str, Mark]] = field(default_factory=list)

    @property
    def place(self) -> tuple[int, int]:
        """Its first span."""
        spans = [span for mark in (self.mark, *(mark for _, mark in self.parts)) for span in mark.spans]
        return min(spans, default=(0, 0))


def nodes_of(understood: Understood) -> dict[str, Node]:
    """The quotes and claims by the id that they will have, in the order of the file, or else of the text."""
    found = _Found(understood).nodes
    order: list[str] = list(understood.given.about.get("order") or [])
    ids: dict[str, Node] = {}
    for kind in NODES:
        own = [node for node in found.values() if node.kind == kind]
        given = [str(understood.said[node.mark.id].get("id", "")) for node in own]
        if all(re.fullmatch(f"{kind[0]}[1-9][0-9]*", id_) for id_ in given) and len(set(given)) == len(given):
            # Other formats sort by place: the file says in which order it lists them.
            listed = {id_: (order.index(id_) if id_ in order else len(order), int(id_[1:])) for id_ in given}
            ids |= dict(sorted(zip(given, own, strict=True), key=lambda pair: listed[pair[0]]))
        else:
            own.sort(key=lambda node: node.place)
            ids |= {f"{kind[0]}{number}": node for number, node in enumerate(own, 1)}
    return ids


class _Found:
    def __init__(self, understood: Understood) -> None:
        self.marks, self.roles, self.links = understood.marks, understood.roles, understood.links
        self.nodes = {
            id_: Node(m, self.roles[id_]) for id_, m in self.marks.items() if self.roles[id_] in NODES
        }
        self.beside = self._beside()
        for kind, anchor in ANCHORS:
            taken = {mark.id for node in self.nodes.values() for _, mark in self._reached(node)}
            for id_, mark in self.marks.items():
                if self.roles[id_] == anchor and id_ not in taken:
                    self.nodes[id_] = Node(mark, kind)
        for node in self.nodes.values():
            own = self.roles[node.mark.id]
            node.parts = ([] if own in NODES else [(own, node.mark)]) + self._reached(node)
        held = {mark.id for node in self.nodes.values() for _, mark in node.parts} | set(self.nodes)
        for id_, mark in self.marks.items():
            if id_ not in held and self.roles[id_] in (*QUOTE_PARTS, *CLAIM_PARTS):
                words = understood.given.words(mark)[:60]
                understood.leave(mark, f"the {self.roles[id_]} '{words}' belongs to no quote or claim")

    def _beside(self) -> Beside:
        """For each mark the marks that it is linked with, each with the role that it has there."""
        beside: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for role, link in self.links:
            one, other = link.source, link.target
            if role == "part":
                beside[one].append((self.roles[other], other))
                beside[other].append((self.roles[one], one))
            elif role in QUOTE_PARTS or role in CLAIM_PARTS:
                # The end that is in this role, or names somebody; else the one that the link leads to.
                if self.roles[one] in (role, "mention") and self.roles[other] != role:
                    one, other = other, one
                beside[one].append((role, other))
                if self.roles[other] not in WHO:
                    beside[other].append((self.roles[one], one))
        return beside

    def _reached(self, node: Node) -> list[tuple[str, Mark]]:
        """The parts of a node: what is linked with it, and with its parts.

        Not by way of other nodes, nor of those who speak: they may speak in several quotes.
        """
        found: dict[tuple[str, str], Mark] = {}
        open_ = [node.mark.id]
        while open_:
            for role, id_ in self.beside.get(open_.pop(), ()):
                if id_ in self.nodes or role not in NODES[node.kind] or (role, id_) in found:
                    continue
                found[role, id_] = self.marks[id_]
                if role not in WHO:
                    open_.append(id_)
        return [(role, mark) for (role, _), mark in found.items()]


def related(ids: Mapping[str, Node], understood: Understood, node: Node) -> dict[str, Any]:
    """The keys of a node that name other quotes and claims."""
    names = {other.mark.id: id_ for id_, other in ids.items()}
    keys: dict[str, Any] = {}
    for relation, link in understood.links:
        other = names.get(link.target)
        if link.source != node.mark.id or other is None:
            continue
        if relation in ("asserts", "repeats", "disputes", "denies"):
            source = other if relation == "asserts" else {"quote": other, "stance": relation}
            keys.setdefault("sources", []).append(source)
        elif relation in ("relays", "embeds"):
            keys.setdefault(relation, []).append(other)
        elif relation in ("responds", "subset_of", "refines"):
            keys[relation] = other
    return keys
