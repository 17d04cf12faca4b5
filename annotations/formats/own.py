"""An annotated document as standoff marks: what other formats write of it, and `onrecord.yaml` reads back.

| mark | on | attributes | links |
|---|---|---|---|
| `sentence`, `boilerplate` | the text, whole | | |
| `mention` | the words that name somebody | `entity`, `kind` | |
| `quote` | its extracts | its keys | its parts by role, mentions of its speakers, other quotes |
| `claim` | its extracts | its keys | its parts by role, the quotes behind it by stance, other claims |
| `content`, `number`, … | the words in that role | `value` of a date or an entity | |

About the text as a whole it says what the file says under `document`, `entities` and `indicators`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from annotations.annotated import AnnotatedDocument
from annotations.formats.naming import UNRESOLVED
from annotations.formats.standoff import Link, Mark, Standoff, Value
from annotations.parts import Marked, in_role, marked_claims, marked_quotes
from annotations.write import about, entity_keys, indicator_keys
from annotations.write_marks import Part

# Each stands for itself; of other roles two marks are one that is discontinuous.
ALONE = frozenset({"speaker", "addressee", "caveat"})
# Keys that name other quotes and claims.
LINKS = ("relays", "embeds", "responds", "subset_of", "refines")


def standoff(document: AnnotatedDocument) -> Standoff:
    """The marks and links of a document; nothing of its annotation is left out."""
    marks: list[Mark] = []
    links: list[Link] = []
    for role in ("sentence", "boilerplate"):
        for number, span in enumerate(in_role(document.spans, role), 1):
            marks.append(Mark(f"{role}{number}", role, ((span.start, span.end),)))
    mentioned: dict[tuple[int, int, str | None], str] = {}
    for number, mention in enumerate(document.mentions, 1):
        id_ = f"m{number}"
        mentioned[mention.start, mention.end, mention.entity] = id_
        who = {"entity": mention.entity or UNRESOLVED, "kind": mention.kind}
        marks.append(Mark(id_, "mention", ((mention.start, mention.end),), who))
    for label, given in (("quote", marked_quotes(document)), ("claim", marked_claims(document, ()))):
        for one in given:
            _node(label, one, mentioned, marks, links)
    told = {
        "document": _told(about(document)),
        "entities": {entity.key: _told(entity_keys(entity)) for entity in document.entities},
        # Other formats sort by place.
        "order": [*(quote.id for quote in document.quotes), *(claim.id for claim in document.claims)],
        "indicators": {indicator.key: _told(indicator_keys(indicator)) for indicator in document.indicators},
    }
    return Standoff(document.id, document.text, tuple(marks), tuple(links), _told(told))


def _told(keys: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keys.items() if value not in (None, [], {})}


def _node(
    label: str,
    given: Marked,
    mentioned: Mapping[tuple[int, int, str | None], str],
    marks: list[Mark],
    links: list[Link],
) -> None:
    own = str(given.keys["id"])
    marks.append(Mark(own, label, tuple(given.extracts), dict(_attributes(given.keys))))
    together: dict[str, list[Part]] = {}
    for number, part in enumerate(sorted(given.parts, key=lambda part: (part.start, part.end)), 1):
        role, value, _ = _head(part.head)
        there = mentioned.get((part.start, part.end, value)) if role in ALONE else None
        if there:
            links.append(Link(role, own, there))
        else:
            together.setdefault(f"{part.head}{number}" if role in ALONE else part.head, []).append(part)
    apart = [[Part(start, end, "caveat")] for start, end in given.apart]
    for number, parts in enumerate([*together.values(), *apart], 1):
        role, value, more = _head(parts[0].head)
        id_ = f"{own}.{number}"
        attributes: dict[str, Value] = {**({"value": value} if value else {}), **more}
        marks.append(Mark(id_, role, tuple((part.start, part.end) for part in parts), attributes))
        links.append(Link(role, own, id_))
    for name in LINKS:
        ids = given.keys.get(name) or []
        links += [Link(name, own, id_) for id_ in ([ids] if isinstance(ids, str) else ids)]
    for source in given.keys.get("sources") or []:
        quote, stance = (
            (source, "asserts") if isinstance(source, str) else (source["quote"], source["stance"])
        )
        links.append(Link(stance, own, quote))


def _head(head: str) -> tuple[str, str | None, dict[str, Value]]:
    """Role, value and further keys of the head of a mark, such as `said=2024-10-15;anchor=publication`."""
    first, *rest = head.split(";")
    role, _, value = first.partition("=")
    return role, value or None, {key: words for key, _, words in (part.partition("=") for part in rest)}


def _attributes(keys: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    for name, value in keys.items():
        if not value or name in (*LINKS, "sources"):
            continue
        if isinstance(value, dict):
            # A date without words of its own.
            yield from (
                (name if part == "value" else f"{name}.{part}", str(of)) for part, of in value.items()
            )
        else:
            yield name, " ".join(value) if isinstance(value, list) else str(value)
