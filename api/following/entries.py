"""Items as entries of a feed: the words first, then on whose word and where they stand."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from api.listing.atom import Entry

Item = Mapping[str, Any]


def document_entry(item: Item) -> Entry:
    """A document: its title and its outlet."""
    facts = [_of("published", item["published"]), f"{item['characters']:,} characters"]
    counts = [f"{number} {noun}" for noun, number in item["counts"].items()]
    return Entry(
        "document", item["id"], item["recorded"]["time"], item["title"], _lines([", ".join(facts + counts)]),
        f"/v1/documents/{item['id']}", item["outlet"], _web(item["url"]), [("language", item["language"])],
    )  # fmt: skip


def quote_entry(item: Item) -> Entry:
    """A quote: its words, who says it, and who relays it."""
    who, words = _names(item["speakers"]), item["content"] or item["cue"] or item["act"]
    relays = [_names(link["speakers"]) for link in item["chain"]]
    said = _of("said on", (item["said"] or {}).get("value"))
    # Without the cue "expressed his opposition" the words that are opposed would stand as what is said.
    cue = f"“{item['cue']}”" if item["cue"] and item["content"] else ""
    source = ", ".join(filter(None, [who, cue, *(_of("according to", relay) for relay in relays), said]))
    title = f"{' '.join(filter(None, (who, cue and f'({cue})')))}: {words}" if who or cue else words
    return Entry(
        "quote", item["id"], item["recorded"]["time"], title,
        _lines([words, source, _stands(item)]), f"/v1/quotes/{item['id']}", item["document"]["outlet"],
        _web(item["document"]["url"]),
        [("form", item["form"]), ("act", item["act"]), ("polarity", item["polarity"])],
    )  # fmt: skip


def claim_entry(item: Item) -> Entry:
    """A claim: its words, on whose word it is, and where it holds."""
    sources = [f"{_names(one['speakers']) or one['quote']} {one['stance']}" for one in item["sources"]]
    holds = [_of("in", (item["place"] or {}).get("name")), _of("over", (item["period"] or {}).get("value"))]
    source = "; ".join(sources) or "the outlet's own voice"
    return Entry(
        "claim", item["id"], item["recorded"]["time"], item["statement"],
        _lines([item["statement"], source, ", ".join(filter(None, holds)), _stands(item)]),
        f"/v1/claims/{item['id']}", item["document"]["outlet"], _web(item["document"]["url"]),
        [("measure", item["measure"]), ("modality", item["modality"])],
    )  # fmt: skip


def entity_entry(item: Item) -> Entry:
    """An entity: its names and what it is."""
    lines = [_of("also", ", ".join(item["aliases"])), item["description"]]
    lines += [
        _of(words, (item[field] or {}).get("name"))
        for field, words in (("part_of", "part of"), ("acts_for", "acts for"))
    ]
    return Entry(
        "entity", item["id"], item["recorded"]["time"], item["name"], _lines([item["name"], *lines]),
        f"/v1/entities/{item['id']}", categories=[("kind", item["kind"]), ("naming", item["naming"])],
    )  # fmt: skip


def mention_entry(item: Item) -> Entry:
    """A mention: its words between those around them."""
    around = f"{item['prefix']}{item['exact']}{item['suffix']}"
    named = _of("names", (item["entity"] or {}).get("name"))
    return Entry(
        "mention", item["id"], item["recorded"]["time"], item["exact"],
        _lines([around, named, _stands(item)]), f"/v1/mentions/{item['id']}", item["document"]["outlet"],
        _web(item["document"]["url"]), [("kind", item["kind"])],
    )  # fmt: skip


def indicator_entry(item: Item) -> Entry:
    """An indicator: the question."""
    return Entry(
        "indicator", item["id"], item["recorded"]["time"], item["label"],
        _lines([item["label"], f"{item['claims']} claims"]), f"/v1/indicators/{item['id']}",
        categories=[("measure", item["measure"])],
    )  # fmt: skip


def measure_entry(item: Item) -> Entry:
    """A measure: its definition."""
    return Entry(
        "measure", item["id"], item["recorded"]["time"], item["label"], item["definition"],
        f"/v1/measures/{item['id']}", categories=[("unit", item["unit"])],
    )  # fmt: skip


def hit_entry(item: Item) -> Entry:
    """What a search finds: the words around the hit."""
    document = item["document"] or {}
    return Entry(
        item["type"], item["id"], item["recorded"]["time"], item["title"],
        _lines([item["snippet"], _stands(item) if document else None]), item["url"], document.get("outlet"),
        _web(document.get("url")), [("type", item["type"])],
    )  # fmt: skip


def _names(speaking: Iterable[Item]) -> str:
    return " and ".join(one["entity"]["name"] for one in speaking)


def _of(words: str, what: str | None) -> str:
    return f"{words} {what}" if what else ""


def _lines(lines: Iterable[str | None]) -> str:
    return "\n".join(filter(None, lines))


def _stands(item: Item) -> str:
    document = item["document"]
    return ", ".join(filter(None, (document["title"], document["outlet"], document["published"])))


def _web(url: str | None) -> str | None:
    """An address that a reader can follow, with what an IRI may not hold escaped."""
    if url is None or not url.startswith(("https://", "http://")):
        return None
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~")
