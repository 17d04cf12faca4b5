"""An annotated document as rows of the record: every noun that belongs to it, a draft each."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from annotations.annotated import AnnotatedDocument, Claim, Entity, Indicator, Mention, Quote, Span, Timex
from annotations.entity_rows import entity_draft
from annotations.recording import Draft, unrecorded
from models import claim, document, mention, number, quote, span, timex
from models.edtf import Interval
from models.folding import fold
from models.vocabulary import SpanRole

PARTED = " … "
# What a document's row says in the words of its file.
AS_GIVEN = ("id", "title", "outlet", "url", "language", "timezone", "printed", "status", "embargo")


class DocumentDrafts:
    """The drafts of a document; `ids` are its entities' ids in the record, by their keys in the file."""

    def __init__(self, source: AnnotatedDocument) -> None:
        self.source = source
        self.ids = {
            given.key: given.key if given.naming == "named" else f"{source.id}.{given.key}"
            for given in source.entities
        }
        self._mentions = {(given.start, given.end, given.entity): given for given in source.mentions}
        self._places: dict[tuple[int, int], list[str | None]] = {}
        for start, end, named in self._mentions:
            self._places.setdefault((start, end), []).append(named)
        self._within: dict[str, tuple[str, str]] = {}
        for outer in source.quotes:
            self._within |= dict.fromkeys(outer.relays, (outer.id, "relays"))
            self._within |= dict.fromkeys(outer.embeds, (outer.id, "embeds"))
            if outer.responds:
                self._within[outer.id] = (outer.responds, "responds")

    def listed(self) -> dict[document.ListedNoun, list[str]]:
        """The ids in the record of all that the document lists, in its order."""
        return {
            "entity": list(self.ids.values()),
            "indicator": [given.key for given in self.source.indicators],
            "quote": [self._below(given.id) for given in self.source.quotes],
            "claim": [self._below(given.id) for given in self.source.claims],
        }

    def named(self) -> Iterator[Entity]:
        """The document's word on named entities, by their keys in the record."""
        return (self._entity(given) for given in self.source.entities if given.naming == "named")

    def indicators(self) -> Iterator[Indicator]:
        """The document's word on indicators, by keys in the record."""
        for given in self.source.indicators:
            yield replace(given, place=self.ids.get(given.place, given.place) if given.place else None)

    def entities(self) -> Iterator[Draft]:
        """The entities that the document alone knows."""
        for given in self.source.entities:
            if given.naming != "named":
                yield entity_draft(self._entity(given), self.source.id)

    def _entity(self, given: Entity) -> Entity:
        part_of, acts_for = (
            self.ids.get(key, key) if key else None for key in (given.part_of, given.acts_for)
        )
        return replace(given, key=self.ids[given.key], part_of=part_of, acts_for=acts_for)

    def document(self) -> Draft:
        source, published = self.source, self.source.published
        earliest, latest = _days(published)
        row = document.Document(
            **unrecorded(fold(source.title, source.text)),
            **{name: getattr(source, name) for name in AS_GIVEN},
            published=published.value if published else None,
            published_earliest=earliest,
            published_latest=latest,
            published_basis=source.basis,
            published_note=source.note,
            text_sha256=source.sha256,
            published_order=earliest or latest or "",
        )
        return Draft(row, list(self._spans("document", source.spans)))

    def mentions(self) -> Iterator[Draft]:
        for given in self.source.mentions:
            words = self.source.text[given.start : given.end]
            row = mention.Mention(
                **unrecorded(fold(words)),
                **self._place(given.start),
                id=self._mention_id(given),
                kind=given.kind,
                end=given.end,
                exact=words,
                entity_id=self.ids[given.entity] if given.entity else None,
            )
            yield Draft(row)

    def quotes(self) -> Iterator[Draft]:
        for given in self.source.quotes:
            said = [self._timex("quote", given.said)] if given.said else []
            owned = [*self._spans("quote", given.spans), *self._speakers(given), *said]
            yield Draft(self._quote(given), owned)

    def claims(self) -> Iterator[Draft]:
        for given in self.source.claims:
            times = [self._timex("claim", time) for time in (given.period, given.reference_date) if time]
            sources = [
                claim.ClaimSource(
                    document_id=self.source.id,
                    claim_key=0,
                    quote_id=self._below(source.quote),
                    position=position,
                    stance=source.stance,
                )
                for position, source in enumerate(given.sources)
            ]
            yield Draft(self._claim(given), [*self._spans("claim", given.spans), *times, *sources])

    def _quote(self, given: Quote) -> quote.Quote:
        roles: tuple[SpanRole, ...] = ("content", "verbatim", "cue", "occasion", "medium")
        words: dict[str, Any] = {role: self._words(given.spans, role) for role in roles}
        within, relation = self._within.get(given.id, (None, None))
        earliest, latest = _days(given.said.interval if given.said else None)
        return quote.Quote(
            **unrecorded(fold(words["content"], words["cue"], words["occasion"])),
            **self._place(_start(given.spans, "content")),
            **words,
            id=self._below(given.id),
            form=given.form,
            act=given.act,
            polarity=given.polarity,
            said_order=earliest or latest or "",
            within_id=self._below(within) if within else None,
            relation=relation,
        )

    def _claim(self, given: Claim) -> claim.Claim:
        statement, figure = self._words(given.spans, "statement") or "", given.figure
        earliest, latest = _days(given.period.interval if given.period else None)
        numbers = {"value": figure.value, "low": figure.low, "high": figure.high}
        exact: dict[str, Any] = {
            column: write(value) if value is not None else None
            for name, value in numbers.items()
            for column, write in ((name, number.canonical), (f"{name}_key", number.order_key))
        }
        return claim.Claim(
            **unrecorded(fold(statement)),
            **self._place(_start(given.spans, "number")),
            **exact,
            id=self._below(given.id),
            # A vague claim ("heavy losses") need not have a figure of its own.
            as_written=self._words(given.spans, "number") or statement,
            value_words=given.value_words,
            statement=statement,
            comparator=figure.comparator,
            low_end=figure.low_end,
            high_end=figure.high_end,
            bounds_basis=figure.bounds_basis,
            modality=given.modality,
            measure=given.measure,
            unit=given.unit,
            counted=given.counted or self._words(given.spans, "counted"),
            share_of=given.share_of or self._words(given.spans, "share_of"),
            aggregation=given.aggregation,
            value_order=exact["value_key"] or exact["low_key"] or "",
            place_id=self.ids[given.place] if given.place else None,
            responsible_id=self.ids[given.responsible] if given.responsible else None,
            period_order=earliest or latest or "",
            indicator_id=given.indicator,
            subset_of=self._below(given.subset_of) if given.subset_of else None,
            refines=self._below(given.refines) if given.refines else None,
        )

    def _speakers(self, given: Quote) -> Iterator[quote.Speaker]:
        for position, speaker in enumerate(given.speakers):
            named = None
            if speaker.start is not None and speaker.end is not None:
                named = self._mentions.get((speaker.start, speaker.end, speaker.entity))
            yield quote.Speaker(
                document_id=self.source.id,
                quote_key=0,
                role=speaker.role,
                position=position,
                entity_id=self.ids[speaker.entity],
                mention_id=self._mention_id(named) if named else None,
                as_written=self.source.text[named.start : named.end] if named else None,
            )

    def _spans(self, owner: str, spans: Iterable[Span]) -> Iterator[span.Span]:
        positions: dict[str, int] = {}
        for part in sorted(spans):
            position = positions[part.role] = positions.get(part.role, -1) + 1
            yield span.Span(
                owner=owner,
                owner_key=0,
                **self._place(part.start),
                role=part.role,
                position=position,
                end=part.end,
                exact=self.source.text[part.start : part.end],
            )

    def _timex(self, owner: str, given: Timex) -> timex.Timex:
        earliest, latest = _days(given.interval)
        return timex.Timex(
            document_id=self.source.id,
            owner_key=0,
            owner=owner,
            role=given.role,
            value=given.interval.value,
            earliest=earliest,
            latest=latest,
            as_written=given.as_written,
            anchor=given.anchor,
            basis=given.basis,
        )

    def _words(self, spans: Iterable[Span], role: SpanRole) -> str | None:
        parts = [self.source.text[part.start : part.end] for part in sorted(spans) if part.role == role]
        return PARTED.join(parts) or None

    def _place(self, start: int) -> dict[str, Any]:
        return {"document_id": self.source.id, "text_sha256": self.source.sha256, "start": start}

    def _below(self, key: str) -> str:
        return f"{self.source.id}.{key}"

    def _mention_id(self, given: Mention) -> str:
        """Words that name two entities are two mentions; the first of them is known by its place alone."""
        at = self._places[given.start, given.end].index(given.entity) + 1
        return self._below(f"m{given.start}-{given.end}" + (f"-{at}" if at > 1 else ""))


def _days(interval: Interval | None) -> tuple[str | None, str | None]:
    if interval is None:
        return None, None
    earliest, latest = interval.earliest, interval.latest
    return (earliest.isoformat() if earliest else None, latest.isoformat() if latest else None)


def _start(spans: Iterable[Span], role: SpanRole) -> int:
    """Where something stands in the text: where the part begins that tells it from its neighbours."""
    return min([part.start for part in spans if part.role == role] or [part.start for part in spans])
