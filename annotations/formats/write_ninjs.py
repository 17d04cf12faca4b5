"""Writing ninjs 3.1 (IPTC): a document as a news item, with whom and where it names.

Its marks have no place there. A day that the article states is written as the beginning of that day in the
document's time zone, because the schema takes no date without a time.
"""

import datetime
from typing import Any
from zoneinfo import ZoneInfo

from annotations.annotated import AnnotatedDocument, Entity

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
WIKIDATA = "http://www.wikidata.org/entity/"
_LISTS = {"actor": "people", "organisation": "organisations", "place": "places"}
_STATUS = {"published": "usable", "draft": "withheld", "embargoed": "withheld", "withdrawn": "canceled"}


def item(document: AnnotatedDocument, address: str, recorded: str | None = None) -> dict[str, Any]:
    """The news item: `address` is its IRI, `recorded` the time at which this version was recorded."""
    source = {"infoSources": [{"name": document.outlet, "role": "publisher"}]} if document.outlet else {}
    told: dict[str, Any] = {
        "uri": address,
        "standard": {"name": "ninjs", "version": "3.1", "schema": SCHEMA},
        "type": "text",
        "language": document.language,
        "pubStatus": _STATUS[document.status],
        "embargoedUntil": document.embargo,
        "contentCreated": _moment(document),
        "versionCreated": recorded,
        "headlines": [{"role": "main", "contentType": "text/plain", "value": document.title}],
        "bodies": [
            {
                "role": "main",
                "contentType": "text/plain",
                "charCount": len(document.text),
                "value": document.text,
            }
        ],
        **source,
        "altIds": [{"role": "onrecord", "value": document.id}]
        + ([{"role": "url", "value": document.url}] if document.url else []),
    }
    for entity in document.entities:
        if entity.naming == "named":
            told.setdefault(_LISTS[entity.kind], []).append(_named(entity))
    return {name: value for name, value in told.items() if value is not None}


def _named(entity: Entity) -> dict[str, str]:
    known = {"uri": f"{WIKIDATA}{entity.wikidata}"} if entity.wikidata else {}
    return {"name": entity.name, "literal": entity.key, **known}


def _moment(document: AnnotatedDocument) -> str | None:
    try:
        day = datetime.date.fromisoformat(document.published.value if document.published else "")
    except ValueError:
        return None  # less than a day is known
    midnight = datetime.datetime.combine(day, datetime.time(), ZoneInfo(document.timezone or "UTC"))
    return midnight.isoformat()
