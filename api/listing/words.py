"""Full text: a query in a reader's words is the same condition on SQLite (FTS5) and on PostgreSQL (GIN)."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
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
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from api.listing.sql import select
from models.folding import fold

LONGEST_QUERY = 500
MOST_WORDS = 32
_TERM = re.compile(r'"([^"]*)"|\u201c([^\u201d]*)\u201d|(\S+)')


@dataclass(frozen=True)
class Term:
    """Folded words that must follow each other; the last may be the beginning of one."""

    words: tuple[str, ...]
    prefix: bool = False


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


def matches(model: Any, terms: tuple[Term, ...], *, sqlite: bool) -> ColumnElement[bool]:
    """The condition that a row has all of the terms."""
    if sqlite:
        name = f"{model.__tablename__}_words"
        found = select(column("rowid")).select_from(table(name)).where(_match(name, terms))
        return model.row_key.in_(found)  # type: ignore[no-any-return]
    vector = func.array_to_tsvector(func.string_to_array(model.folded, literal(" ")))
    clauses: list[ColumnElement[bool]] = [vector.bool_op("@@")(cast(_tsquery(terms), TSQUERY))]
    clauses += [_follow(model.folded, term) for term in terms if len(term.words) > 1]
    return and_(*clauses)


def ranked(
    hits: Select[Any], model: Any, terms: tuple[Term, ...], newest: int, *, sqlite: bool
) -> Select[Any]:
    """Row key and rank (less is better) of the `newest` of the rows of a select that match."""
    if sqlite:
        name = f"{model.__tablename__}_words"
        words = table(name, column("rowid"))
        rank: Any = literal_column(f"bm25({name})", Float)
        # In the order of the full text itself, so that it stops at the last one that is ranked.
        found = hits.join(words, words.c.rowid == model.row_key).where(_match(name, terms))
        order: Any = words.c.rowid
    else:
        vector = func.to_tsvector("simple", model.folded)
        rank = 0 - func.ts_rank(vector, cast(_tsquery(terms), TSQUERY))
        found, order = hits.where(matches(model, terms, sqlite=False)), model.row_key
    keys = found.with_only_columns(
        model.row_key.label("row_key"), rank.label("rank"), maintain_column_froms=True
    )
    return keys.order_by(order.desc()).limit(newest)


def _match(name: str, terms: tuple[Term, ...]) -> ColumnElement[bool]:
    query = " ".join(f'"{" ".join(term.words)}"{"*" if term.prefix else ""}' for term in terms)
    return text(f"{name} MATCH :{name}_query").bindparams(**{f"{name}_query": query})  # type: ignore[return-value]


def _tsquery(terms: tuple[Term, ...]) -> str:
    """Folded words are letters and digits alone: quoting them is enough."""
    lexemes = []
    for term in terms:
        *whole, last = term.words
        lexemes += [f"'{word}'" for word in whole] + [f"'{last}'{':*' if term.prefix else ''}"]
    return " & ".join(lexemes)


def _follow(folded: Any, term: Term) -> ColumnElement[bool]:
    phrase = f"% {' '.join(term.words)}{'' if term.prefix else ' '}%"
    words: ColumnElement[str] = literal(" ") + folded + literal(" ")
    return words.like(phrase)
