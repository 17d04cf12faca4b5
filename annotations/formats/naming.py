"""Who is named by the marks of a file: mentions, and the entities behind them.

Two mentions are of one entity if the file says so, or if they are the same words. A pronoun names nobody
unless the file says whom.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from annotations import mentions
from annotations.formats.segments import trimmed
from annotations.formats.standoff import Mark, Span, Value
from annotations.formats.understood import Understood
from models.folding import fold
from models.vocabulary import MentionKind, words

WHO = frozenset({"mention", "speaker", "addressee", "place", "responsible"})
KINDS = frozenset(words(MentionKind))
# Whom a mention names, if that is left open.
UNRESOLVED = "?"
LONGEST = 60  # characters of a key


class Naming:
    """The entities of a text."""

    def __init__(self, understood: Understood) -> None:
        self.given, self.said, self.roles = understood.given, understood.said, understood.roles
        self._known: dict[str, Any] = dict(self.given.about.get("entities") or {})
        self._marks = {
            id_: mark for id_, mark in understood.marks.items() if self.roles[id_] in WHO and mark.spans
        }
        self._language = str((self.given.about.get("document") or {}).get("language", "en"))
        self._group = {id_: id_ for id_ in self._marks}
        self._join(understood.same())
        self._keys: dict[str, str] = {}
        self._made: dict[str, dict[str, Any]] = {}
        self._name(understood)

    def key(self, mark: Mark) -> str | None:
        """The key of whom a mark names; None if nothing says it."""
        said = self.said[mark.id]
        if given := said.get("entity") or said.get("value"):
            return None if given == UNRESOLVED else str(given)
        if mark.id not in self._group:
            return None
        return self._keys.get(self._root(mark.id))

    def spans(self, mark: Mark) -> list[Span]:
        """The one span of a mention: from its first word to its last."""
        ends = [end for span in mark.spans for end in span]
        return [trimmed(self.given.text, min(ends), max(ends))] if ends else []

    def mentioned(self) -> Iterator[Mark]:
        """The marks whose words are mentions."""
        for id_, mark in self._marks.items():
            if self.roles[id_] == "mention" or not self.said[id_].get("value"):
                yield mark

    def parts(self) -> list[tuple[int, int, str]]:
        """Start, end and head of each mention, such as `un;kind=name`, in the order of the text."""
        found: dict[tuple[int, int, str | None], str] = {}
        for mark in self.mentioned():
            kind = self.said[mark.id].get("kind")
            more = f";kind={kind}" if kind in KINDS else ""
            key = self.key(mark)
            for start, end in self.spans(mark):
                found.setdefault((start, end, key), f"{key or '?'}{more}")
        return sorted((start, end, head) for (start, end, _), head in found.items())

    def entities(self) -> dict[str, Any]:
        """The entities by key: those that the file describes, then those that its marks name."""
        return self._known | self._made

    def _words(self, mark: Mark) -> str:
        start, end = self.spans(mark)[0]
        return " ".join(self.given.text[start:end].split())

    def _pronoun(self, mark: Mark) -> bool:
        return mentions.kind(self._words(mark), None, self._language) == "pronoun"

    def _root(self, id_: str) -> str:
        while self._group[id_] != id_:
            id_ = self._group[id_]
        return id_

    def _join(self, same: Iterable[tuple[str, str]]) -> None:
        alike: dict[str, list[str]] = defaultdict(list)
        for id_, mark in self._marks.items():
            if not self._pronoun(mark) and not self.said[id_].get("entity"):
                alike[fold(self._words(mark))].append(id_)
        pairs = [(ids[0], other) for ids in alike.values() for other in ids[1:]]
        for one, other in (*pairs, *same):
            if one in self._group and other in self._group:
                self._group[self._root(other)] = self._root(one)

    def _name(self, understood: Understood) -> None:
        groups: dict[str, list[Mark]] = defaultdict(list)
        for id_, mark in self._marks.items():
            if not self.said[id_].get("entity") and not self.said[id_].get("value"):
                groups[self._root(id_)].append(mark)
        for root, marks in groups.items():
            called = [self._words(mark) for mark in marks if not self._pronoun(mark)]
            if called:
                name = max(called, key=lambda words: (words[:1].isupper(), len(words)))
                key = self._keys[root] = self._new(name)
                self._made[key] = self._described(name, called, [self.said[mark.id] for mark in marks])
                continue
            for mark in marks:
                if self.roles[mark.id] != "mention":
                    role = self.roles[mark.id]
                    understood.leave(
                        mark, f"'{self._words(mark)}' is a {role}, and nothing says whom it means"
                    )

    def _described(
        self, name: str, called: Sequence[str], told: Sequence[Mapping[str, Value]]
    ) -> dict[str, Any]:
        """What the marks of an entity say of it; a name that begins small is a role."""
        kinds = Counter(str(said["entity_kind"]) for said in told if "entity_kind" in said)
        naming = next((str(said["naming"]) for said in told if "naming" in said), None)
        ids = {str(said["wikidata"]).rpartition(":")[2] for said in told if "wikidata" in said}
        others = [words for words in dict.fromkeys(called) if words != name and words[:1].isupper()]
        described = {
            "kind": kinds.most_common(1)[0][0] if kinds else None,
            "naming": naming or (None if name[:1].isupper() else "role"),
            "name": name,
            "aliases": others,
            "wikidata": ids.pop() if len(ids) == 1 else None,
        }
        return {key: value for key, value in described.items() if value}

    def _new(self, name: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", fold(name))[:LONGEST].strip("-") or "somebody"
        taken = self._known.keys() | self._made.keys()
        number = 2
        key = slug
        while key in taken:
            key, number = f"{slug}-{number}", number + 1
        return key
