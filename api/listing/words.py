"""Full text: a query in a reader's words is the same condition on SQLite (FTS5) and on PostgreSQL (GIN)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    and_,
    cast,
    column,
    func,
    literal,
    literal_column,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from api.listing.sql import select
from api.listing.template import Given
from models.folding import fold

LONGEST_QUERY = 500
MOST_WORDS = 32
_TERM = re.compile(r'"([^"]*)"|\u201c([^\u201d]*)\u201d|(\S+)')


@dataclass(frozen=True)
class Term:
    """Folded words that must follow each other; the last may be the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


@lru_cache(maxsize=256)
def parse(query: str) -> tuple[Term, ...]:
    """The terms of a query: words, "phrases" and beginnings*; all of them must be found.

    Nothing else in it has a meaning, so nothing can go wrong with its syntax. ValueError if it has no words.
    """
    terms = []
    for quoted, curled, word in _TERM.findall(query):
        folded = tuple(fold(quoted or curled or word).split())
        if folded:
            # One character of a script without spaces is indexed as the beginning of a pair.
            lone = len(folded) == 1 and len(folded[0]) == 1 and ord(folded[0]) > 0x3000
            terms.append(Term(folded, prefix=word.endswith("*") or lone))
    if not terms:
        raise ValueError("no words to search for; give letters or digits, such as q=ceasefire")
    if sum(len(term.words) for term in terms) > MOST_WORDS:
        raise ValueError(f"more than {MOST_WORDS} words; search for fewer")
    return tuple(terms)


def matches(model: Any, query: Given, *, sqlite: bool) -> ColumnElement[bool]:
    """The condition that a row has all of the terms of a query."""
    if sqlite:
        words, match = full_text(model, query)
        found: ColumnElement[bool] = model.row_key.in_(select(words.c.rowid).where(match))
        return found
    vector = func.array_to_tsvector(func.string_to_array(model.folded, literal(" ")))
    clauses: list[ColumnElement[bool]] = [vector.bool_op("@@")(_tsvector_query(query))]
    spaced: ColumnElement[str] = literal(" ") + model.folded + literal(" ")
    for place, term in enumerate(parse(query.value)):
        if len(term.words) > 1:
            clauses.append(spaced.like(query.bind(partial(_phrase, place))))
    return and_(*clauses)


def hits_in(model: Any, query: Given, *, sqlite: bool) -> tuple[Select[Any], Any]:
    """The rows that have all of the terms, and the column of their keys by which they come in order."""
    if not sqlite:
        return select(model.row_key).where(matches(model, query, sqlite=False)), model.row_key
    words, match = full_text(model, query)
    rows = select(words.c.rowid).select_from(words).join(model, model.row_key == words.c.rowid)
    return rows.where(match), words.c.rowid


def full_text(model: Any, query: Given) -> tuple[Any, ColumnElement[bool]]:
    """SQLite's full text of a table, by `rowid`, and the condition on it that finds all of the terms."""
    name = f"{model.__tablename__}_words"
    return table(name, column("rowid", BigInteger)), literal_column(name).bool_op("MATCH")(query.bind(_match))


def ranked(  # noqa: PLR0913  # rows, words, and how they are cut
    hits: Select[Any], model: Any, query: Given, newest: int, more: Sequence[Any], *, sqlite: bool
) -> Select[Any]:
    """Row key, rank (less is better) and `more` of the `newest` of the rows of a select that match."""
    if sqlite:
        words, match = full_text(model, query)
        rank: Any = literal_column(f"bm25({model.__tablename__}_words)", Float)
        # In the order of the full text itself, so that it stops at the last one that is ranked.
        found = hits.join(words, words.c.rowid == model.row_key).where(match)
        order: Any = words.c.rowid
    else:
        vector = func.to_tsvector("simple", model.folded)
        rank = 0 - func.ts_rank(vector, _tsvector_query(query))
        found, order = hits.where(matches(model, query, sqlite=False)), model.row_key
    keys = found.with_only_columns(
        model.row_key.label("row_key"), rank.label("rank"), *more, maintain_column_froms=True
    )
    return keys.order_by(order.desc()).limit(newest)


def _match(query: str) -> str:
    terms = parse(query)
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in terms)


def _tsvector_query(query: Given) -> Any:
    return cast(query.bind(_tsquery), TSQUERY)


def _tsquery(query: str) -> str:
    """Folded words are letters and digits alone: quoting them is enough."""
    lexemes = []
    for term in parse(query):
        *whole, last = term.words
        lexemes += [f"'{word}'" for word in whole] + [f"'{last}'{':*' if term.prefix else ''}"]
    return " & ".join(lexemes)


def _phrase(place: int, query: str) -> str:
    """The pattern of words, with a space on either side, in which those of a term follow each other."""
    term = parse(query)[place]
    return f"% {' '.join(term.words)}{'' if term.prefix else ' '}%"
