"""What several nodes of linked data have in common: references, articles, spans, figures."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

Item = Mapping[str, Any]
Node = dict[str, Any]
# Of an exact decimal, not to be read as a float.
DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"
_DAY = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?\Z")
_TYPES = {"actor": "Person", "organisation": "Organization", "place": "Place"}


def known(node: Item) -> Node:
    """The node without what is unknown."""
    return {name: value for name, value in node.items() if value not in (None, [], {}, "")}


def url(base: str, name: str, id: str) -> str:
    """Where an item of a list is, and so what it is called in a graph."""
    return f"{base}/v1/{name}/{id}"


def reference(base: str, name: str, id: str | None) -> Node | None:
    """An item by its name alone, if there is one."""
    return {"id": url(base, name, id)} if id else None


def article(item: Item, base: str) -> Node:
    """A document in brief."""
    return known(
        {
            "id": url(base, "documents", item["id"]),
            "type": "NewsArticle",
            "identifier": item["id"],
            "name": item["title"],
            "publisher": {"type": "NewsMediaOrganization", "name": item["outlet"]}
            if item["outlet"]
            else None,
            "url": item["url"],
            "datePublished": day(item["published"]),
        }
    )


def in_article(name: str, type: str, item: Item, base: str) -> Node:
    """What begins the node of whatever stands in a document: its spans are in code points, half-open."""
    document = url(base, "documents", item["document"]["id"])
    spans = [
        {
            "onrecord:role": one["role"],
            "onrecord:start": one["start"],
            "onrecord:end": one["end"],
            "text": one["exact"],
        }
        for one in item.get("spans", ())
    ]
    return {
        "id": url(base, name, item["id"]),
        "type": type,
        "identifier": item["id"],
        "wasQuotedFrom" if type == "Quotation" else "wasDerivedFrom": document,
        "onrecord:span": spans,
        "onrecord:textSha256": item["text_sha256"],
    }


def who(item: Item | None, base: str) -> Node | None:
    """An entity in brief, if there is one."""
    return entity(item, base) if item else None


def entity(item: Item, base: str) -> Node:
    """An entity in brief."""
    # Several people together are no person.
    several = item["naming"] == "collective" and item["kind"] == "actor"
    type_ = "Organization" if several else _TYPES[item["kind"]]
    return {"id": url(base, "entities", item["id"]), "type": type_, "name": item["name"]}


def speaking(given: Iterable[Item], base: str) -> list[Node]:
    """Who speaks, or is spoken to, in brief."""
    return [entity(one["entity"], base) for one in given]


def said_by(given: Iterable[Item], base: str, *names: str) -> Node:
    """Speakers under these members of schema.org; places, which speak in articles alone, under ours."""
    each = speaking(given, base)
    places = [one for one in each if one["type"] == "Place"]
    able = [one for one in each if one["type"] != "Place"]
    return {**dict.fromkeys(names, able), "onrecord:speaker": places}


def link(link: Item, base: str) -> Node:
    """A quote that relays another one, in brief."""
    node = {"id": url(base, "quotes", link["id"]), "type": "Quotation"}
    return known(node | said_by(link["speakers"], base, "spokenByCharacter"))


def quantity(item: Item) -> Node:
    """The figure with its bounds. Whether an end is part of it, or unknown, schema.org has no word for."""
    numbers = {"value": item["value"], "minValue": item["low"], "maxValue": item["high"]}
    return known(
        {
            "type": "QuantitativeValue",
            **{name: number(value) for name, value in numbers.items()},
            "unitText": item["unit"],
            "description": item["as_written"],
            "onrecord:comparator": item["comparator"],
            "onrecord:lowEnd": item["low_end"],
            "onrecord:highEnd": item["high_end"],
        }
    )


def point(coordinates: Item | None) -> Node | None:
    """A place on the map, in degrees (WGS 84)."""
    if coordinates is None:
        return None
    return {"type": "GeoCoordinates", **{name: number(value) for name, value in coordinates.items()}}


def number(value: Any) -> Node | None:
    """An exact decimal, digit by digit as in JSON."""
    return None if value is None else {"@value": orjson.dumps(value).decode(), "@type": DECIMAL}


def day(value: str | None) -> str | None:
    """A date that is one in ISO 8601, too: of those in EDTF a year, a month or a day."""
    return value if value and _DAY.match(value) else None
