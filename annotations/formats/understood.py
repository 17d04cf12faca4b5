"""Marks and links as a mapping understands them; what it does not name is listed."""

from collections import Counter
from collections.abc import Sequence

from annotations.formats.mapping import Mapping
from annotations.formats.standoff import Link, Mark, Span, Standoff, Value


class Understood:
    """The marks that mean something, by id: their roles, and the keys that their attributes are.

    `left` counts what the mapping does not name, a line each.
    """

    def __init__(self, given: Standoff, meaning: Mapping) -> None:
        self.given, self.meaning, self.text = given, meaning, given.text
        self.left: Counter[str] = Counter(given.unread)
        self.roles: dict[str, str] = {}
        self.said: dict[str, dict[str, Value]] = {}
        for mark in given.marks:
            self._understand(mark)
        self.marks = {mark.id: mark for mark in given.marks if mark.id in self.roles}
        self.links = [(meaning.links[link.label], link) for link in given.links if self._meant(link)]

    def leave(self, of: Mark | Link | None, what: str) -> None:
        """List something that no annotation file will hold."""
        self.left[f"{(of.place if of else '') or self.given.name}: {what}"] += 1

    def spans(self, role: str) -> Sequence[Span]:
        """The spans of all marks in a role, in the order of the text."""
        return sorted(
            span for id_, mark in self.marks.items() if self.roles[id_] == role for span in mark.spans
        )

    def same(self) -> list[tuple[str, str]]:
        """Pairs of marks that name the same one."""
        return [(link.source, link.target) for meant, link in self.links if meant == "same"]

    def _understand(self, mark: Mark) -> None:
        meaning = self.meaning
        # `NamedEntity.PER`: as a whole, else by what stands before the stop.
        label = meaning.labels.get(mark.label) or meaning.labels.get(mark.label.partition(".")[0])
        if label is None:
            if mark.label not in meaning.ignore:
                self.leave(mark, f"the label '{mark.label}' is not in the mapping")
            return
        self.roles[mark.id] = label.role
        told = {
            "entity_kind": label.kind,
            "naming": label.naming,
            "form": label.form,
            "measure": label.measure,
        }
        said: dict[str, Value] = {key: value for key, value in told.items() if value}
        for name, value in mark.attributes.items():
            if key := meaning.attributes.get(name):
                said[key] = meaning.values.get(str(value), value)
            elif name not in meaning.ignore:
                self.leave(mark, f"the attribute '{name}' is not in the mapping")
        self.said[mark.id] = said

    def _meant(self, link: Link) -> bool:
        known = link.label in self.meaning.links
        between = link.source in self.roles and link.target in self.roles
        if not (known and between) and link.label not in self.meaning.ignore:
            why = "leads to a mark that was left out" if known else "is not in the mapping"
            self.leave(link, f"the link '{link.label}' {why}")
        return known and between
