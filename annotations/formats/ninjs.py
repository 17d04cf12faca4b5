"""ninjs (IPTC, 1.4 to 3.1): a news item in JSON, as the envelope of an article.

Version 1 has `headline`, `body_text` and `versioncreated`, or `headline_main` and `body_main`; from 2 on
there are lists with roles. The main body in plain text is the article. People, organisations and places come
with it, but no mention of them: nothing says where they stand.
"""

import re
from collections.abc import Iterator
from typing import Any

from annotations.formats.json_file import load, member
from annotations.formats.standoff import Standoff, checked
from annotations.mistakes import Mistake, Mistakes
from models.folding import fold

KINDS = {
    "people": "actor",
    "person": "actor",
    "organisations": "organisation",
    "organisation": "organisation",
}
KINDS |= {"places": "place", "place": "place"}
_WIKIDATA = re.compile(r"https?://www\.wikidata\.org/(?:wiki|entity)/(Q[1-9][0-9]*)\Z")
_STATUS = {"usable": "published", "withheld": "draft", "canceled": "withdrawn", "cancelled": "withdrawn"}
# What is said here, or decides how the item is read.
_READ = frozenset(
    [
        *("uri", "type", "version", "profile", "language", "standard", "$schema", "mimetype", "provider"),
        *(
            "headline",
            "headline_main",
            "headlines",
            "body_text",
            "body_main",
            "bodies",
            "url",
            "canonicalUrl",
        ),
        *(
            "versionCreated",
            "versioncreated",
            "firstCreated",
            "firstcreated",
            "contentCreated",
            "contentcreated",
        ),
        *("embargoed", "embargoedUntil", "pubStatus", "infoSources", "altIds"),
        *("pubstatus", "charcount", "charCount", "wordcount", "wordCount", *KINDS),
    ]
)


def read(name: str, data: bytes) -> Standoff:
    """The article of a news item. Raises Mistakes if it has no text, or none in plain text."""
    file = f"{name}.json"
    item = load(data, file)
    if member(item, "type", str, file, "text") != "text":
        raise Mistakes([Mistake(file, f"is a {item['type']}, not a text")])
    text = _body(item, file).replace("\r\n", "\n")
    told = {
        "title": _headline(item),
        "language": item.get("language"),
        "outlet": _outlet(item),
        "url": _url(item),
        **_published(item),
        **_status(item),
    }
    about = {
        "document": {key: str(value) for key, value in told.items() if value},
        "entities": _entities(item),
    }
    unread = tuple(f"{file}: '{key}'" for key in item if key not in _READ)
    return checked(Standoff(name, text, about=about, unread=unread))


def _body(item: dict[str, Any], file: str) -> str:
    for key in ("body_text", "body_main"):
        if isinstance(item.get(key), str):
            return _plain(item[key], file)
    bodies = member(item, "bodies", list, file, None) or []
    plain = [
        body
        for body in bodies
        if isinstance(body, dict)
        and body.get("contentType", body.get("contenttype", "text/plain")) == "text/plain"
    ]
    main = next((body for body in plain if body.get("role") == "main"), plain[0] if plain else None)
    if main is None:
        kinds = ", ".join(sorted({str(body.get("contentType")) for body in bodies if isinstance(body, dict)}))
        raise Mistakes([Mistake(file, f"has no body in plain text{f', but {kinds}' if kinds else ''}")])
    return _plain(member(main, "value", str, file), file)


def _plain(text: str, file: str) -> str:
    if not text.strip():
        raise Mistakes([Mistake(file, "its body has no text")])
    if re.match(r"\s*<(?:p|div|html|body|h\d)\b", text):
        raise Mistakes([Mistake(file, "its body is HTML, although it says plain text: export it as text")])
    return text


def _headline(item: dict[str, Any]) -> str | None:
    for key in ("headline", "headline_main"):
        if isinstance(item.get(key), str):
            return str(item[key])
    found = [
        one
        for one in item.get("headlines") or ()
        if isinstance(one, dict) and isinstance(one.get("value"), str)
    ]
    main = [one["value"] for one in found if one.get("role") == "main"] or [one["value"] for one in found]
    return main[0] if main else None


def _outlet(item: dict[str, Any]) -> str | None:
    provider = item.get("provider")
    # From 3 on it is one of the sources.
    given = [provider, *(one for one in _objects(item, "infoSources") if one.get("role") == "publisher")]
    return next((str(one["name"]) for one in given if isinstance(one, dict) and one.get("name")), None)


def _url(item: dict[str, Any]) -> str | None:
    given = [item.get(key) for key in ("canonicalUrl", "url")]
    given += [one.get("value") for one in _objects(item, "altIds") if one.get("role") == "url"]
    return next((url for url in given if isinstance(url, str) and re.match(r"https?://\S+\Z", url)), None)


def _objects(item: dict[str, Any], key: str) -> list[dict[str, Any]]:
    listed = item.get(key)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _published(item: dict[str, Any]) -> dict[str, str]:
    # Of the text, of its first version, of this one: when it was published is not said.
    for key in (
        f"{what}{created}" for what in ("content", "first", "version") for created in ("Created", "created")
    ):
        if isinstance(item.get(key), str) and (day := re.match(r"\d{4}-\d\d-\d\d", item[key])):
            return {"published": day[0], "printed": item[key], "basis": "stated"}
    return {}


def _status(item: dict[str, Any]) -> dict[str, str]:
    until = item.get("embargoed", item.get("embargoedUntil"))
    if isinstance(until, str) and until:
        return {"status": "embargoed", "embargo": until}
    status = item.get("pubStatus", item.get("pubstatus"))
    return {"status": _STATUS[status]} if status in _STATUS and status != "usable" else {}


def _entities(item: dict[str, Any]) -> dict[str, Any]:
    entities: dict[str, Any] = {}
    for kind, name, uri in _named(item):
        key = re.sub(r"[^a-z0-9]+", "-", fold(name)).strip("-")[:100]
        if key and key not in entities:
            known = _WIKIDATA.match(uri)
            entities[key] = {"kind": kind, "name": name, **({"wikidata": known[1]} if known else {})}
    return entities


def _named(item: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for key, kind in KINDS.items():
        for one in _objects(item, key):
            if isinstance(one.get("name"), str):
                yield kind, one["name"], str(one.get("uri", one.get("literal", "")))
