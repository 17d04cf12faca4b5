"""Search: one query across documents, entities, quotes and claims, with the words found in their place."""

import html
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, RowMapping, Select, literal, literal_column, null, union_all
from sqlmodel import col

from api.counting import told
from api.following.entries import hit_entry
from api.listing.filters import Exact
from api.listing.reading import Reading
from api.listing.resource import Parts, Resource, Sort
from api.listing.sql import select
from api.listing.template import Given
from api.listing.words import Term, hits_in
from api.nested import DOCUMENT_COLUMNS, RECORDED_COLUMNS, document_reference, recorded_view
from api.nodes import hit_node
from api.views import SEED, DocumentReference, RecordedView
from models.claim import Claim
from models.columns import Words
from models.document import Document
from models.entity import Entity
from models.folding import fold
from models.quote import Quote
from models.revision import Revision
from models.text import Text

BEFORE, LENGTH = 80, 240
# Words of texts that are remembered of a query.
MOST_KNOWN = 5_000
Kind = Literal["document", "entity", "quote", "claim"]
PATHS = {"document": "documents", "entity": "entities", "quote": "quotes", "claim": "claims"}
_COLUMNS = ("row_key", "recorded", "type", "id", "title", "words", "in_document")
_WORD = re.compile(r"[^\W_]+(?:['\u2019\u2018.,][^\W_]+)*")


class Highlight(BaseModel):
    """A found word, in code points of the snippet."""

    start: int = Field(description="First code point", examples=[10])
    end: int = Field(description="Code point after the last one", examples=[19])


class HitView(BaseModel):
    """An item that has all the words."""

    type: Kind = Field(description="Noun of the item", examples=["quote"])
    id: str = Field(description="Its id", examples=[f"{SEED}.q1"])
    url: str = Field(description="The item", examples=[f"/v1/quotes/{SEED}.q1"])
    title: str = Field(description="Title of a document, name of an entity, else its document's title")
    snippet: str = Field(
        description="Words of the item around the first hit, unchanged", examples=["a ceasefire"]
    )
    highlights: list[Highlight] = Field(description="The words found, in the snippet")
    html: str = Field(description="The same, escaped, with `<mark>`", examples=["a <mark>ceasefire</mark>"])
    document: DocumentReference | None = Field(description="Where it stands; none for a named entity")
    recorded: RecordedView = Field(description="Since when this state is on record")


def _hits(reading: Reading, sought: Given) -> dict[str, Select[Any]]:
    nouns = (
        ("document", Document, Document.title, Text.text, Document.id),
        ("entity", Entity, Entity.name, Entity.description, Entity.document_id),
        ("quote", Quote, null(), Quote.content, Quote.document_id),
        ("claim", Claim, null(), Claim.statement, Claim.document_id),
    )
    hits = {}
    for noun, model, *shown in nouns:
        rows, key = hits_in(model, sought, sqlite=reading.sqlite)
        columns = (key, model.recorded, literal(noun).label("type"), model.id, *shown)
        labelled = (column.label(name) for column, name in zip(columns, _COLUMNS, strict=True))
        hits[noun] = rows.with_only_columns(*labelled, maintain_column_froms=True).where(reading.valid(model))
    stands = (col(Text.document_id) == Document.id) & (col(Text.sha256) == Document.text_sha256)
    hits["document"] = hits["document"].join(Text, stands)
    hits["entity"] = hits["entity"].where(told(reading, Entity))
    return hits


def _shown(hits: Any, reading: Reading) -> Select[Any]:
    hit = hits.subquery("hit")
    document = (col(Document.id) == hit.c.in_document) & reading.valid(Document)
    readable = hit.c.in_document.is_(None) | reading.sees(Document)
    own = (hit.c.row_key, hit.c.type, hit.c.id, hit.c.title, hit.c.words)
    rows = select(*own, *DOCUMENT_COLUMNS, *RECORDED_COLUMNS).select_from(hit).outerjoin(Document, document)
    return rows.join(Revision, col(Revision.key) == hit.c.recorded).where(readable)


def _select(reading: Reading) -> Select[Any]:
    return _shown(union_all(*_hits(reading, Given("q", 0, reading.sought)).values()), reading)


def _branches(reading: Reading, sought: Given) -> dict[str, Select[Any]]:
    return {noun: _shown(hits, reading) for noun, hits in _hits(reading, sought).items()}


def _render(row: RowMapping, parts: Parts) -> dict[str, Any]:
    snippet, marks = highlight(row["words"] or row["title"] or "", parts["terms"])
    return {
        "type": row["type"],
        "id": row["id"],
        "url": f"/v1/{PATHS[row['type']]}/{row['id']}",
        "title": row["title"] or row["document_title"],
        "snippet": snippet,
        "highlights": [{"start": start, "end": end} for start, end in marks],
        "html": _marked(snippet, marks),
        "document": document_reference(row) if row["document_id"] else None,
        "recorded": recorded_view(row),
    }


def highlight(text: str, terms: Sequence[Term]) -> tuple[str, list[tuple[int, int]]]:
    """The words of a text around the first of the terms, and where in them the terms stand (code points)."""
    found: list[tuple[int, int]] = []
    known = _known(tuple(terms))
    for match in _WORD.finditer(text):
        if found and match.start() > found[0][0] + LENGTH:
            break
        if known[match[0]]:
            found.append(match.span())
    first = max(0, found[0][0] - BEFORE) if found else 0
    if first:
        first = text.rfind(" ", 0, first + 1) + 1
    last = min(len(text), first + LENGTH)
    space = text.rfind(" ", first, last + 1)
    if last < len(text) and space >= 0:
        # No word is cut, and the first one found never left out.
        last = max(space, found[0][1] if found else first)
    marks = [(start - first, end - first) for start, end in found if start >= first and end <= last]
    return text[first:last], marks


class _Known(dict[str, bool]):
    """Whether a word is among the terms; most words of texts are among some thousand, and come again."""

    def __init__(self, terms: Sequence[Term]) -> None:
        super().__init__()
        self.whole = {word for term in terms for word in term.words}
        self.beginnings = tuple(term.words[-1] for term in terms if term.prefix)

    def __missing__(self, word: str) -> bool:
        if len(self) > MOST_KNOWN:
            self.clear()
        found = any(one in self.whole or one.startswith(self.beginnings) for one in _folded(word))
        self[word] = found
        return found


# Whatever is sought, texts have much the same words.
@lru_cache(maxsize=MOST_KNOWN)
def _folded(word: str) -> list[str]:
    return fold(word).split()


@lru_cache(maxsize=8)
def _known(terms: tuple[Term, ...]) -> _Known:
    return _Known(terms)


def _marked(snippet: str, marks: list[tuple[int, int]]) -> str:
    parts, last = [], 0
    for start, end in marks:
        parts += [html.escape(snippet[last:start]), "<mark>", html.escape(snippet[start:end]), "</mark>"]
        last = end
    return "".join(parts) + html.escape(snippet[last:])


HIT_KEY: Any = literal_column("hit.row_key", BigInteger)
HIT_TYPE: Any = literal_column("hit.type", Words)
SEARCH = Resource(
    name="search",
    noun="hit",
    about="Documents, entities, quotes and claims that have all the words, newest on record first.",
    model=None,
    view=HitView,
    select=_select,
    render=_render,
    entry=hit_entry,
    node=hit_node,
    branches=_branches,
    counted_in=lambda hit, _: str(hit["snippet"]),
    filters=(
        Exact("type", "Noun of the item.", "quote", of=HIT_TYPE, type=Kind),
        Exact(
            "document", "Document that it stands in.", SEED, of=col(Document.id), label=col(Document.title),
            none=True, names="documents",
        ),
    ),
    sorts={"recorded": Sort("when it was recorded", (HIT_KEY,))},
    default_sort="-recorded",
    tie=(HIT_TYPE, literal_column("hit.id", Words)),
    words="the words of documents, entities, quotes and claims",
)  # fmt: skip
