"""An annotated document as rows of the record: every noun that belongs to it, a draft each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from annotations.annotated import AnnotatedDocument, Claim, Entity, Indicator, Mention, Quote, Span, Timex
from annotations.entity_rows import entity_draft
from annotations.recording import Draft, Owned
from models import claim, document, mention, number, quote, span, timex
from models.edtf import Interval
from models.folding import fold
from models.sending import Row
from models.vocabulary import SpanRole

PARTED = " … "
# As spans are sorted, and quicker than they compare.
PLACE = attrgetter("start", "end", "role")
# What the rows of documents, quotes and claims say as the annotated document has it.
AS_GIVEN = ("id", "title", "outlet", "url", "language", "timezone", "printed", "status", "embargo")
QUOTE_AS_GIVEN = ("form", "act", "polarity")
CLAIM_AS_GIVEN = ("value_words", "modality", "measure", "unit", "aggregation")
FIGURE_AS_GIVEN = ("comparator", "low_end", "high_end", "bounds_basis")


class DocumentDrafts:
    """The drafts of a document; `ids` are its entities' ids in the record, by their keys in the file."""

    def __init__(self, source: AnnotatedDocument) -> None:
        self.source = source
        self._text = {"document_id": source.id, "text_sha256": source.sha256}
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
        if (self.ids[given.key], part_of, acts_for) == (given.key, given.part_of, given.acts_for):
            return given
        return replace(given, key=self.ids[given.key], part_of=part_of, acts_for=acts_for)

    def document(self) -> Draft:
        source, published = self.source, self.source.published
        earliest, latest = _days(published)
        row = {name: getattr(source, name) for name in AS_GIVEN} | {
            "folded": fold(source.title, source.text),
            "published": published.value if published else None,
            "published_earliest": earliest,
            "published_latest": latest,
            "published_basis": source.basis,
            "published_note": source.note,
            "text_sha256": source.sha256,
            "published_order": earliest or latest or "",
        }
        return Draft(document.Document, row, list(self._spans("document", sorted(source.spans, key=PLACE))))

    def mentions(self) -> Iterator[Draft]:
        for given in self.source.mentions:
            words = self.source.text[given.start : given.end]
            row = {
                "folded": fold(words),
                **self._text,
                "start": given.start,
                "id": self._mention_id(given),
                "kind": given.kind,
                "end": given.end,
                "exact": words,
                "entity_id": self.ids[given.entity] if given.entity else None,
            }
            yield Draft(mention.Mention, row)

    def quotes(self) -> Iterator[Draft]:
        for given in self.source.quotes:
            spans = sorted(given.spans, key=PLACE)
            said = [self._timex("quote", given.said)] if given.said else []
            owned = [*self._spans("quote", spans), *self._speakers(given), *said]
            yield Draft(quote.Quote, self._quote(given, spans), owned)

    def claims(self) -> Iterator[Draft]:
        for given in self.source.claims:
            spans = sorted(given.spans, key=PLACE)
            times = [self._timex("claim", time) for time in (given.period, given.reference_date) if time]
            owned = [*self._spans("claim", spans), *times, *self._sources(given)]
            yield Draft(claim.Claim, self._claim(given, spans), owned)

    def _quote(self, given: Quote, spans: Sequence[Span]) -> Row:
        words = self._words(spans)
        content, cue, occasion = words.get("content"), words.get("cue"), words.get("occasion")
        within, relation = self._within.get(given.id, (None, None))
        earliest, latest = _days(given.said.interval if given.said else None)
        return {
            "folded": fold(content, cue, occasion),
            **self._text,
            "start": _start(spans, "content"),
            "content": content,
            "verbatim": words.get("verbatim"),
            "cue": cue,
            "occasion": occasion,
            "medium": words.get("medium"),
            "id": self._below(given.id),
            **{name: getattr(given, name) for name in QUOTE_AS_GIVEN},
            "said_order": earliest or latest or "",
            "within_id": self._below(within) if within else None,
            "relation": relation,
        }

    def _claim(self, given: Claim, spans: Sequence[Span]) -> Row:
        words, figure = self._words(spans), given.figure
        statement = words.get("statement", "")
        earliest, latest = _days(given.period.interval if given.period else None)
        numbers = {"value": figure.value, "low": figure.low, "high": figure.high}
        exact = {
            column: write(value) if value is not None else None
            for name, value in numbers.items()
            for column, write in ((name, number.canonical), (f"{name}_key", number.order_key))
        }
        return exact | {
            **{name: getattr(given, name) for name in CLAIM_AS_GIVEN},
            **{name: getattr(figure, name) for name in FIGURE_AS_GIVEN},
            "folded": fold(statement),
            **self._text,
            "start": _start(spans, "number"),
            "id": self._below(given.id),
            # A vague claim ("heavy losses") need not have a figure of its own.
            "as_written": words.get("number") or statement,
            "statement": statement,
            "counted": given.counted or words.get("counted"),
            "share_of": given.share_of or words.get("share_of"),
            "value_order": exact["value_key"] or exact["low_key"] or "",
            "place_id": self.ids[given.place] if given.place else None,
            "responsible_id": self.ids[given.responsible] if given.responsible else None,
            "period_order": earliest or latest or "",
            "indicator_id": given.indicator,
            "subset_of": self._below(given.subset_of) if given.subset_of else None,
            "refines": self._below(given.refines) if given.refines else None,
        }

    def _sources(self, given: Claim) -> Iterator[Owned]:
        for position, source in enumerate(given.sources):
            row = {"quote_id": self._below(source.quote), "position": position, "stance": source.stance}
            yield claim.ClaimSource, {"document_id": self.source.id, **row}

    def _speakers(self, given: Quote) -> Iterator[Owned]:
        for position, speaker in enumerate(given.speakers):
            named = None
            if speaker.start is not None and speaker.end is not None:
                named = self._mentions.get((speaker.start, speaker.end, speaker.entity))
            row = {
                "document_id": self.source.id,
                "role": speaker.role,
                "position": position,
                "entity_id": self.ids[speaker.entity],
                "mention_id": self._mention_id(named) if named else None,
                "as_written": self.source.text[named.start : named.end] if named else None,
            }
            yield quote.Speaker, row

    def _spans(self, owner: str, spans: Iterable[Span]) -> Iterator[Owned]:
        positions: dict[str, int] = {}
        for part in spans:
            position = positions[part.role] = positions.get(part.role, -1) + 1
            row = {
                "owner": owner,
                **self._text,
                "start": part.start,
                "role": part.role,
                "position": position,
                "end": part.end,
                "exact": self.source.text[part.start : part.end],
            }
            yield span.Span, row

    def _timex(self, owner: str, given: Timex) -> Owned:
        earliest, latest = _days(given.interval)
        row = {
            "document_id": self.source.id,
            "owner": owner,
            "role": given.role,
            "value": given.interval.value,
            "earliest": earliest,
            "latest": latest,
            "as_written": given.as_written,
            "anchor": given.anchor,
            "basis": given.basis,
        }
        return timex.Timex, row

    def _words(self, spans: Iterable[Span]) -> dict[str, str]:
        """The words of each role that has any, their parts in order."""
        words: dict[str, str] = {}
        for part in spans:
            piece = self.source.text[part.start : part.end]
            words[part.role] = f"{words[part.role]}{PARTED}{piece}" if part.role in words else piece
        return words

    def _below(self, key: str) -> str:
        return f"{self.source.id}.{key}"

    def _mention_id(self, given: Mention) -> str:
        """Words that name two entities are two mentions; the first of them is known by its place alone."""
        at = self._places[given.start, given.end].index(given.entity) + 1
        return self._below(f"m{given.start}-{given.end}" + (f"-{at}" if at > 1 else ""))


def _days(interval: Interval | None) -> tuple[str | None, str | None]:
    ends = (interval.earliest, interval.latest) if interval else (None, None)
    earliest, latest = (day.isoformat() if day else None for day in ends)
    return earliest, latest


def _start(spans: Iterable[Span], role: SpanRole) -> int:
    """Where something stands in the text: where the part begins that tells it from its neighbours."""
    return min([part.start for part in spans if part.role == role] or [part.start for part in spans])
