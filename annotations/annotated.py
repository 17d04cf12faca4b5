"""An annotated document with every extract located: what is read, loaded into the record and written.

Offsets are Unicode code points of `text`, half-open: `text[start:end]` are the words.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from models.edtf import Interval
from models.vocabulary import (
    Act,
    Aggregation,
    Anchor,
    BoundsBasis,
    Comparator,
    End,
    EntityKind,
    Form,
    MentionKind,
    Modality,
    Naming,
    Polarity,
    PublishedBasis,
    SpanRole,
    SpeakerRole,
    Stance,
    Status,
    TimexBasis,
    TimexRole,
)


@dataclass(frozen=True, order=True)
class Span:
    """Characters `[start, end)` of the text in one role; those of one role are one discontinuous span."""

    start: int
    end: int
    role: SpanRole


@dataclass(frozen=True)
class Timex:
    """A time expression; `as_written` is None when no words of the article give it."""

    role: TimexRole
    interval: Interval
    anchor: Anchor
    basis: TimexBasis
    as_written: str | None


@dataclass(frozen=True, order=True)
class Mention:
    """A span that names an entity, by the entity's key in the file; None when it is unresolved."""

    start: int
    end: int
    entity: str | None
    kind: MentionKind


@dataclass(frozen=True)
class Speaker:
    """Who speaks, or is spoken to; `start` and `end` are its mention's, None when no words name it."""

    role: SpeakerRole
    entity: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Entity:
    """An entity by its key in the file; loading makes the key document-scoped unless `naming` is `named`."""

    key: str
    kind: EntityKind
    naming: Naming
    name: str
    aliases: tuple[str, ...] = ()
    description: str | None = None
    wikidata: str | None = None
    part_of: str | None = None
    acts_for: str | None = None
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    country: str | None = None


@dataclass(frozen=True)
class Quote:
    """One attribution. `relays`, `embeds` and `responds` hold ids of quotes of this document."""

    id: str
    form: Form
    act: Act
    polarity: Polarity
    spans: tuple[Span, ...]
    speakers: tuple[Speaker, ...]
    said: Timex | None = None
    relays: tuple[str, ...] = ()
    embeds: tuple[str, ...] = ()
    responds: str | None = None


@dataclass(frozen=True)
class Figure:
    """A value in words, interpreted: `low` and `high` are None where an end is unbounded or unknown."""

    comparator: Comparator
    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    low_end: End
    high_end: End
    bounds_basis: BoundsBasis


@dataclass(frozen=True)
class Source:
    """A quote of this document that stands behind a claim."""

    quote: str
    stance: Stance


@dataclass(frozen=True)
class Claim:
    """One numeric claim. `value_words` is the value as the file has it, `figure` what it means."""

    id: str
    value_words: str
    figure: Figure
    measure: str
    unit: str
    spans: tuple[Span, ...]
    counted: str | None = None
    share_of: str | None = None
    aggregation: Aggregation | None = None
    modality: Modality = "asserted"
    sources: tuple[Source, ...] = ()
    place: str | None = None
    responsible: str | None = None
    period: Timex | None = None
    reference_date: Timex | None = None
    subset_of: str | None = None
    refines: str | None = None
    indicator: str | None = None


@dataclass(frozen=True)
class Indicator:
    """A question that claims of several documents answer, by its key."""

    key: str
    label: str
    measure: str
    counted: str | None = None
    unit: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class AnnotatedDocument:
    """One article with its annotation. `spans` are its sentences and its boilerplate."""

    id: str
    title: str
    text: str
    sha256: str
    published: Interval | None
    basis: PublishedBasis
    spans: tuple[Span, ...]
    outlet: str | None = None
    url: str | None = None
    language: str = "en"
    timezone: str = "UTC"
    printed: str | None = None
    note: str | None = None
    status: Status = "published"
    embargo: str | None = None
    entities: tuple[Entity, ...] = field(default_factory=tuple)
    mentions: tuple[Mention, ...] = field(default_factory=tuple)
    quotes: tuple[Quote, ...] = field(default_factory=tuple)
    claims: tuple[Claim, ...] = field(default_factory=tuple)
    indicators: tuple[Indicator, ...] = field(default_factory=tuple)
