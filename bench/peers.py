"""One question, asked of each server in its own words, and the rows of its answer in one form.

A question is a kind (a list of quotes, one quote …) with its parameters. Before a case is measured, answers
are compared: the same rows, in the same order, with the same words.
"""

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from bench.datasette import canned, table
from bench.generator import Request

Rows = list[tuple[Any, ...]]
# What On Record assumes anyway. Said or left out, and in any order, they make another request of the same one
# for what is kept by URL: where there are few things to ask for, every request is still different.
ASSUMED = (("count", "off"), ("offsets", "codepoint"), ("format", "json"))


@dataclass(frozen=True)
class Question:
    """`variant` 0 is how anybody would ask; others ask the same in other words."""

    kind: str
    given: Mapping[str, Any] = field(default_factory=dict)
    variant: int = 0


def different(questions: Iterable[Question], number: int) -> list[Question]:
    """So many questions of which no two are the same request: further variants where there are too few."""
    kept = list(questions)
    rounds = (number + len(kept) - 1) // len(kept)
    every = [Question(q.kind, q.given, n) for n in range(rounds) for q in kept]
    return every[:number]


@cache
def _ways(pairs: int) -> tuple[tuple[int, ...], ...]:
    """The orders of so many pairs, and of these with what On Record assumes; the first is the plain one."""
    plain = tuple(range(pairs))
    said = range(pairs, pairs + len(ASSUMED))
    more = (some for n in range(len(ASSUMED) + 1) for some in itertools.combinations(said, n))
    return tuple(order for some in more for order in itertools.permutations((*plain, *some)))


def _pairs(pairs: list[tuple[str, Any]], variant: int) -> str:
    """The query string in one of the ways to write it; beyond them, letters are percent-encoded."""
    ways = _ways(len(pairs))
    every = [*pairs, *ASSUMED]
    query = urlencode([every[n] for n in ways[variant % len(ways)]])
    encoded = variant // len(ways)
    letters = (n for n, c in enumerate(query) if c.isalpha() and "%" not in query[max(0, n - 2) : n])
    marked = {n for bit, n in enumerate(itertools.islice(letters, 16)) if encoded >> bit & 1}
    return "".join(f"%{ord(c):02X}" if n in marked else c for n, c in enumerate(query))


# An item takes none of what lists assume: only its letters are written otherwise.
_EACH = len(_ways(1))


def cased(term: str, variant: int) -> str:
    """The term with other letters in upper case: the same words to a search, another request to a cache."""
    return "".join(c.upper() if variant >> n & 1 else c for n, c in enumerate(term))


def onrecord(question: Question) -> Request:
    """What to ask of On Record."""
    given, variant = question.given, question.variant
    match question.kind:
        case "list" | "as_of":
            pairs = [("speaker", given["speaker"]), ("limit", 50)]
            pairs += [("as_of", given["revision"])] if "revision" in given else []
            return Request(f"/v1/quotes?{_pairs(pairs, variant)}")
        case "item":
            other = f"?{_pairs([('offsets', 'codepoint')], (variant - 1) * _EACH)}" if variant else ""
            return Request(f"/v1/quotes/{given['id']}{other}")
        case "claims":
            period = f"{given['from']}..{given['before']}"
            pairs = [("measure", given["measure"]), ("period__overlaps", period), ("limit", 50)]
            return Request(f"/v1/claims?{_pairs(pairs, variant)}")
        case "words" | "ranked" | "search":
            pairs = [("q", cased(given["q"], variant)), ("limit", 50)]
            if question.kind == "search":
                return Request(f"/v1/search?{urlencode([*pairs, ('type', 'quote')])}")
            sort = "rank" if question.kind == "ranked" else "-recorded"
            return Request(f"/v1/quotes?{urlencode([*pairs, ('sort', sort)])}")
        case "facets":
            pairs = [("facet", name) for name in given["of"]] + [("limit", 1)]
            pairs += [(name, given[name]) for name in ("published__gte", "published__lte") if name in given]
            return Request(f"/v1/quotes?{urlencode(pairs)}")
        case "deep":
            return Request(f"/v1/quotes?{_pairs(given['pairs'], variant)}")
    raise ValueError(question.kind)


def datasette(size: str, question: Question, *, flat: bool = False) -> Request | None:
    """What to ask of Datasette; None if it is not asked. `flat` leaves the nested parts out."""
    given, kind = question.given, question.kind
    suffix = "_flat" if flat else ""
    match kind:
        case "list" | "item":
            return canned(size, kind + suffix, **given)
        case _ if flat:
            return None
        case "claims" | "as_of" | "ranked":
            return canned(size, kind, **given)
        case "words" | "search":
            return table(size, _search=given["q"], _sort_desc="row_key", _size=50)
        case "facets":
            window = {name: value for name, value in given.items() if name != "of"}
            return Request(
                f"/{size}/bench_facets.json?"
                + urlencode({"_facet": given["of"], "_size": 1, "_nocount": 1, **window}, doseq=True)
            )
        case "deep":
            return canned(size, kind, offset=given["offset"])
    return None


def plain(question: Question) -> Request | None:
    """What to ask of the plain endpoint; it has lists and items alone."""
    match question.kind:
        case "list":
            return Request(f"/quotes?{urlencode(question.given)}&limit=50")
        case "item":
            return Request(f"/quotes/{question.given['id']}")
        case "deep":
            return Request(f"/quotes?limit=50&offset={question.given['offset']}")
    return None


POSTGRAPHILE_PARTS = """
id form act polarity content verbatim cue occasion medium textSha256
document { id title outlet url published }
speakersList { role asWritten mentionId speaking { id kind name naming } }
spansList { role start end exact } timesList { role value earliest latest asWritten }
"""


def postgraphile(question: Question) -> Request | None:
    """What to ask of PostGraphile, by POST as its clients do."""
    match question.kind:
        case "list":
            query = f"query($s: String!) {{ benchListList(wanted: $s) {{ {POSTGRAPHILE_PARTS} }} }}"
            variables = {"s": question.given["speaker"]}
        case "item":
            query = f"query($s: String!) {{ benchItem(wanted: $s) {{ {POSTGRAPHILE_PARTS} }} }}"
            variables = {"s": question.given["id"]}
        case _:
            return None
    body = json.dumps({"query": " ".join(query.split()), "variables": variables})
    return Request("/graphql", "POST", (("Content-Type", "application/json"),), body)


def rows(kind: str, body: bytes) -> Rows:
    """The rows of an answer: id and words, or value and count by facet."""
    answer = json.loads(body)
    if kind == "facets":
        return _facets(answer)
    if isinstance(answer, dict):
        answer = answer.get("data", answer)
        for name in ("results", "rows", "benchListList", "benchItem"):
            if name in answer:
                answer = answer[name]
                break
    items = answer if isinstance(answer, list) else [answer]
    words = {"claims": "statement", "search": ""}.get(kind, "content")
    return [(item["id"], item[words] if words else None) for item in items]


def _facets(answer: dict[str, Any]) -> Rows:
    """Counts by facet; values that are counted alike may come in any order, and the last ones be others."""
    if isinstance(answer.get("facets"), dict):
        found = answer["facets"]
    else:
        found = {name: facet["results"] for name, facet in answer["facet_results"].items()}
    return [
        (name, [value["count"] for value in values], _settled(values))
        for name, values in sorted(found.items())
    ]


def _settled(values: list[dict[str, Any]]) -> list[tuple[str, int]]:
    last = values[-1]["count"] if len(values) >= 100 else 0
    return sorted((str(value["value"]), value["count"]) for value in values if value["count"] > last)
