"""A made-up article under way: its text grows sentence by sentence, with its spans and mentions."""

import hashlib

from annotations.annotated import Entity, Mention, Span
from annotations.mentions import kind
from bench.people import Cast


class Writing:
    """The text so far. Offsets are code points, and final: text is only added at the end."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self._pieces: list[str] = []
        self.length = 0
        self.sentences: list[Span] = []
        self.mentions: dict[tuple[int, int, str], Mention] = {}
        self.entities: dict[str, Entity] = {}
        self._begun = 0

    def add(self, words: str) -> tuple[int, int]:
        """Write on; where the words stand."""
        start = self.length
        self._pieces.append(words)
        self.length += len(words)
        return start, self.length

    def begin(self, gap: str) -> int:
        """Begin a sentence."""
        if self.length:
            self.add(gap)
        self._begun = self.length
        return self.length

    def end(self, mark: str) -> None:
        """End the sentence; where the mark ends it."""
        self.add(mark)
        self.sentences.append(Span(self._begun, self.length, "sentence"))

    def name(self, entity: Entity, words: str) -> tuple[int, int]:
        """Write a mention of an entity."""
        self.know(entity)
        start, end = self.add(words)
        self.mentions[start, end, entity.key] = Mention(start, end, entity.key, kind(words, entity, "en"))
        return start, end

    def know(self, entity: Entity) -> None:
        """List an entity, and those that it is part of or acts for, as a file does."""
        if entity.key in self.entities:
            return
        for key in (entity.part_of, entity.acts_for):
            if key:
                self.know(self.cast.background[key])
        self.entities[entity.key] = entity

    def finish(self) -> tuple[str, str]:
        """The text and its SHA-256."""
        text = "".join(self._pieces)
        return text, hashlib.sha256(text.encode()).hexdigest()
