"""What rows of the record say, in an annotated document's terms: the way back from `annotations.rows`."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from annotations import annotated
from models.claim import Claim, ClaimSource
from models.document import Document
from models.edtf import parse
from models.mention import Mention
from models.quote import Quote, Speaker
from models.span import Span
from models.timex import Timex


class Owned:
    """The rows that quotes, claims and the document own, by the key of their owner."""

    def __init__(
        self,
        spans: Iterable[Span],
        times: Iterable[Timex],
        speakers: Iterable[Speaker],
        sources: Iterable[ClaimSource],
    ) -> None:
        self.spans: dict[int, list[Span]] = defaultdict(list)
        self.speakers: dict[int, list[Speaker]] = defaultdict(list)
        self.sources: dict[int, list[ClaimSource]] = defaultdict(list)
        self.times = {(row.owner_key, row.role): row for row in times}
        for span in spans:
            self.spans[span.owner_key].append(span)
        for speaker in sorted(speakers, key=lambda row: row.position):
            self.speakers[speaker.quote_key].append(speaker)
        for source in sorted(sources, key=lambda row: row.position):
            self.sources[source.claim_key].append(source)


class FromRows:
    """The parts of one document. `quotes` are all of them, in the document's order."""

    def __init__(
        self, document_id: str, owned: Owned, mentions: Iterable[Mention], quotes: Iterable[Quote]
    ) -> None:
        self.owned, self._below = owned, f"{document_id}."
        self._places = {row.id: (row.start, row.end) for row in mentions}
        self._inner: dict[tuple[str | None, str | None], list[str]] = defaultdict(list)
        for row in quotes:
            self._inner[row.within_id, row.relation].append(self._key(row.id))

    def mention(self, row: Mention) -> annotated.Mention:
        return annotated.Mention(row.start, row.end, self.key(row.entity_id), _word(row.kind))

    def quote(self, row: Quote) -> annotated.Quote:
        return annotated.Quote(
            id=self._key(row.id),
            form=_word(row.form),
            act=_word(row.act),
            polarity=_word(row.polarity),
            spans=self.spans(row.row_key),
            speakers=tuple(map(self._speaker, self.owned.speakers[row.row_key])),
            said=self._time(row.row_key, "said"),
            relays=tuple(self._inner[row.id, "relays"]),
            embeds=tuple(self._inner[row.id, "embeds"]),
            responds=self.key(row.within_id) if row.relation == "responds" else None,
        )

    def claim(self, row: Claim) -> annotated.Claim:
        figure = annotated.Figure(
            comparator=_word(row.comparator),
            value=_decimal(row.value),
            low=_decimal(row.low),
            high=_decimal(row.high),
            low_end=_word(row.low_end),
            high_end=_word(row.high_end),
            bounds_basis=_word(row.bounds_basis),
        )
        sources = self.owned.sources[row.row_key]
        return annotated.Claim(
            id=self._key(row.id),
            value_words=row.value_words,
            figure=figure,
            measure=row.measure,
            unit=row.unit,
            spans=self.spans(row.row_key),
            counted=row.counted,
            share_of=row.share_of,
            aggregation=_word(row.aggregation),
            modality=_word(row.modality),
            sources=tuple(annotated.Source(self._key(s.quote_id), _word(s.stance)) for s in sources),
            place=self.key(row.place_id),
            responsible=self.key(row.responsible_id),
            period=self._time(row.row_key, "period"),
            reference_date=self._time(row.row_key, "reference"),
            subset_of=self.key(row.subset_of),
            refines=self.key(row.refines),
            indicator=row.indicator_id,
        )

    def spans(self, owner: int) -> tuple[annotated.Span, ...]:
        rows = self.owned.spans[owner]
        return tuple(sorted(annotated.Span(row.start, row.end, _word(row.role)) for row in rows))

    def key(self, id_: str | None) -> str | None:
        """The key in the file of an id in the record: without the document's own id before it."""
        return None if id_ is None else self._key(id_)

    def _key(self, id_: str) -> str:
        return id_.removeprefix(self._below)

    def _speaker(self, row: Speaker) -> annotated.Speaker:
        start, end = self._places[row.mention_id] if row.mention_id else (None, None)
        return annotated.Speaker(_word(row.role), self._key(row.entity_id), start, end)

    def _time(self, owner: int, role: str) -> annotated.Timex | None:
        row = self.owned.times.get((owner, role))
        if row is None:
            return None
        return annotated.Timex(
            _word(row.role), parse(row.value), _word(row.anchor), _word(row.basis), row.as_written
        )


def publication(row: Document) -> dict[str, Any]:
    """What the record says of the document itself, the text apart."""
    same = ("id", "title", "outlet", "url", "language", "timezone", "printed", "status", "embargo")
    return {name: getattr(row, name) for name in same} | {
        "published": parse(row.published) if row.published else None,
        "basis": row.published_basis,
        "note": row.published_note,
        "sha256": row.text_sha256,
    }


def _word(value: str | None) -> Any:
    """A member of a vocabulary: the database holds them, which the checker of types cannot know."""
    return value


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)
