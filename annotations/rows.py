"""An annotated document as rows of the record: every noun a draft, told apart by a digest of all that it says."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from sqlmodel import SQLModel

from annotations.annotated import AnnotatedDocument, Claim, Entity, Indicator, Mention, Quote, Span, Timex
from models import claim, document, entity, indicator, mention, number, quote, span, timex
from models.edtf import Interval
from models.folding import fold
from models.recorded import Recorded
from models.vocabulary import SpanRole

PARTED = " … "
# The field by which a row that is owned points at its owner's row.
OWNER_KEYS = {
    entity.Alias: "entity_key",
    quote.Speaker: "quote_key",
    claim.ClaimSource: "claim_key",
    span.Span: "owner_key",
    timex.Timex: "owner_key",
}
_GIVEN_LATER = {"row_key", "recorded", "superseded", "digest", *OWNER_KEYS.values()}


@dataclass
class Draft:
    """A row to be recorded with the rows that it owns; keys and revision are given when it is."""

    row: Recorded
    owned: list[SQLModel] = field(default_factory=list)

    def __post_init__(self) -> None:
        content = [_content(row) for row in (self.row, *self.owned)]
        self.row.digest = hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def keyed(self, key: int, revision: int) -> Iterator[SQLModel]:
        """The rows with their keys."""
        self.row.row_key, self.row.recorded = key, revision
        yield self.row
        for row in self.owned:
            setattr(row, OWNER_KEYS[type(row)], key)
            yield row


def entity_draft(given: Entity, document_id: str) -> Draft:
    """A named entity under its own key, any other below its document."""
    scoped = None if given.naming == "named" else document_id
    names = (given.name, *given.aliases)
    row = entity.Entity(
        **_unrecorded(fold(*names, given.description)),
        id=entity_id(given, document_id),
        kind=given.kind,
        naming=given.naming,
        name=given.name,
        description=given.description,
        wikidata=given.wikidata,
        country=given.country,
        document_id=scoped,
        part_of=given.part_of,
        acts_for=given.acts_for,
        latitude=_decimal(given.latitude),
        longitude=_decimal(given.longitude),
        name_order=fold(given.name),
    )
    aliases = [
        entity.Alias(entity_key=0, position=position, alias=alias, folded=fold(alias))
        for position, alias in enumerate(given.aliases)
    ]
    return Draft(row, list(aliases))


def entity_id(given: Entity, document_id: str) -> str:
    """The id of an entity of a document in the whole record."""
    return given.key if given.naming == "named" else f"{document_id}.{given.key}"


class DocumentDrafts:
    """The drafts of one annotated document; `ids` are its entities' ids in the record, by their keys in the file."""

    def __init__(self, source: AnnotatedDocument) -> None:
        self.source = source
        self.ids = {given.key: entity_id(given, source.id) for given in source.entities}
        self._mentions = {(mention.start, mention.end): mention for mention in source.mentions}
        self._within: dict[str, tuple[str, str]] = {}
        for outer in source.quotes:
            self._within |= dict.fromkeys(outer.relays, (outer.id, "relays"))
            self._within |= dict.fromkeys(outer.embeds, (outer.id, "embeds"))
            if outer.responds:
                self._within[outer.id] = (outer.responds, "responds")

    def document(self) -> Draft:
        source, published = self.source, self.source.published
        earliest, latest = _days(published)
        row = document.Document(
            **_unrecorded(fold(source.title, source.text)),
            id=source.id,
            title=source.title,
            outlet=source.outlet,
            url=source.url,
            language=source.language,
            timezone=source.timezone,
            published=published.value if published else None,
            published_earliest=earliest,
            published_latest=latest,
            published_basis=source.basis,
            published_note=source.note,
            printed=source.printed,
            status=source.status,
            text_sha256=source.sha256,
            published_order=earliest or latest or "",
        )
        return Draft(row, list(self._spans("document", source.spans)))

    def entities(self) -> Iterator[Draft]:
        """Entities that the document alone knows, and its word on named ones."""
        for given in self.source.entities:
            refers = {
                name: self.ids.get(key, key)
                for name in ("part_of", "acts_for")
                if (key := getattr(given, name))
            }
            yield entity_draft(Entity(**{**vars(given), **refers}), self.source.id)

    def indicators(self) -> Iterator[Draft]:
        for given in self.source.indicators:
            yield Draft(self._indicator(given))

    def mentions(self) -> Iterator[Draft]:
        for given in self.source.mentions:
            words = self.source.text[given.start : given.end]
            row = mention.Mention(
                **_unrecorded(fold(words)),
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

    def _indicator(self, given: Indicator) -> indicator.Indicator:
        return indicator.Indicator(
            **_unrecorded(fold(given.label)),
            id=given.key,
            label=given.label,
            measure=given.measure,
            counted=given.counted,
            unit=given.unit,
            place_id=self.ids.get(given.place, given.place) if given.place else None,
        )

    def _quote(self, given: Quote) -> quote.Quote:
        words = {
            role: self._words(given.spans, role)
            for role in ("content", "verbatim", "cue", "occasion", "medium")
        }
        within, relation = self._within.get(given.id, (None, None))
        earliest, latest = _days(given.said.interval if given.said else None)
        return quote.Quote(
            **_unrecorded(fold(words["content"], words["cue"], words["occasion"])),
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
        statement, figure = self._words(given.spans, "statement"), given.figure
        earliest, latest = _days(given.period.interval if given.period else None)
        numbers = {name: getattr(figure, name) for name in ("value", "low", "high")}
        keys = {f"{name}_key": number.order_key(n) if n is not None else None for name, n in numbers.items()}
        return claim.Claim(
            **_unrecorded(fold(statement)),
            **self._place(_start(given.spans, "number")),
            **{name: _decimal(value) for name, value in numbers.items()},
            **keys,
            id=self._below(given.id),
            as_written=self._words(given.spans, "number"),
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
            value_order=keys["value_key"] or keys["low_key"] or "",
            place_id=self.ids[given.place] if given.place else None,
            responsible_id=self.ids[given.responsible] if given.responsible else None,
            period_order=earliest or latest or "",
            indicator_id=given.indicator,
            subset_of=self._below(given.subset_of) if given.subset_of else None,
            refines=self._below(given.refines) if given.refines else None,
        )

    def _speakers(self, given: Quote) -> Iterator[quote.Speaker]:
        for position, speaker in enumerate(given.speakers):
            named = self._mentions.get((speaker.start, speaker.end)) if speaker.start is not None else None  # type: ignore[arg-type]
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

    def _place(self, start: int) -> dict[str, str | int]:
        return {"document_id": self.source.id, "text_sha256": self.source.sha256, "start": start}

    def _below(self, key: str) -> str:
        return f"{self.source.id}.{key}"

    def _mention_id(self, given: Mention) -> str:
        return self._below(f"m{given.start}-{given.end}")


def _content(row: SQLModel) -> list[object]:
    columns = sorted(type(row).__table__.columns.keys())  # type: ignore[attr-defined]
    return [type(row).__name__, *(getattr(row, name) for name in columns if name not in _GIVEN_LATER)]


def _unrecorded(folded: str) -> dict[str, object]:
    return {"row_key": 0, "recorded": 0, "digest": "", "folded": folded}


def _start(spans: Iterable[Span], role: SpanRole) -> int:
    """Where something stands in the text: where the part begins that tells it from its neighbours."""
    return min([part.start for part in spans if part.role == role] or [part.start for part in spans])


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else number.canonical(value)


def _days(interval: Interval | None) -> tuple[str | None, str | None]:
    if interval is None:
        return None, None
    earliest, latest = interval.earliest, interval.latest
    return (earliest.isoformat() if earliest else None, latest.isoformat() if latest else None)
