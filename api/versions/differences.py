"""What differs between two states of an item, field by field, in what it says itself."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

Item = Mapping[str, Any]
# Shown with an item, but the word of others: counts, addresses, and what other quotes and claims say of it.
JOINED = {
    "id", "recorded", "counts", "links", "text_url", "characters",
    "relays", "embeds", "responses", "claims",
}  # fmt: skip
# Of what others are joined with, the members that the item itself says.
_OWN = {
    "spans": ("role", "start", "end", "exact"),
    "sources": ("stance", "quote"),
    "speakers": ("entity", "as_written"),
    "addressees": ("entity", "as_written"),
}
# What is named by its id alone: whatever else is shown of it may change without the item.
_NAMED = ("document", "entity", "place", "responsible", "part_of", "acts_for", "indicator")


def own(item: Item) -> dict[str, Any]:
    """What an item says itself, by field; of what it names, the id."""
    said = {name: _said(name, value) for name, value in item.items() if name not in JOINED}
    if "chain" in said:
        # The quote that relays this one; which one relays that is its own word.
        said["chain"] = [link["id"] for link in item["chain"][:1]]
    return said


def differences(before: Item, after: Item) -> Iterator[dict[str, Any]]:
    """The fields that differ, in their order, each with both values; decimals keep all of their digits."""
    for name in {**after, **before}:
        old, new = before.get(name), after.get(name)
        # As JSON: a decimal is a fragment of it, which cannot be compared otherwise.
        if orjson.dumps(old) != orjson.dumps(new):
            yield {"field": name, "from": old, "to": new}


def _said(name: str, value: Any) -> Any:
    if name in _NAMED and isinstance(value, Mapping):
        return value["id"]
    if name in _OWN:
        return [{member: _said(member, part[member]) for member in _OWN[name]} for part in value]
    return value
