"""Asking the service, and the ids that the annotation of the seed says must come back."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from fastapi.testclient import TestClient

from annotations.annotated import AnnotatedDocument, Quote

Json = dict[str, Any]


def ask(client: TestClient, path: str, **parameters: Any) -> Json:
    """The answer at a path below /v1; decimals are kept as their words."""
    answer = client.get(f"/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    content: Json = json.loads(answer.text, parse_float=str)
    return content


def status(client: TestClient, path: str, **parameters: Any) -> int:
    return int(client.get(f"/v1/{path}", params=parameters).status_code)


def ids(client: TestClient, path: str, **parameters: Any) -> set[str]:
    """Ids of a list that fits on one page, without their document."""
    page = ask(client, path, limit=200, **parameters)
    assert page["next"] is None
    return {item["id"].rpartition(".")[2] for item in page["results"]}


def of_quotes(seed: AnnotatedDocument, test: Callable[..., Any]) -> set[str]:
    return {quote.id for quote in seed.quotes if test(quote)}


def entity(seed: AnnotatedDocument, key: str) -> str:
    """The id on record of an entity of the file."""
    naming = next(e.naming for e in seed.entities if e.key == key)
    return key if naming == "named" else f"{seed.id}.{key}"


def speakers(quote: Quote, role: str = "speaker") -> list[str]:
    return [speaker.entity for speaker in quote.speakers if speaker.role == role]


def chain(seed: AnnotatedDocument, quote: Quote) -> list[Quote]:
    """The quotes that relay a quote, innermost first."""
    outer = next((other for other in seed.quotes if quote.id in other.relays), None)
    return [outer, *chain(seed, outer)] if outer else []


def sources(seed: AnnotatedDocument, quote: Quote) -> set[str]:
    return {key for link in (quote, *chain(seed, quote)) for key in speakers(link)}


def mentioned(seed: AnnotatedDocument, spans: Iterable[Any], role: str) -> set[str]:
    """Entities mentioned inside spans of a role."""
    inside = [span for span in spans if span.role == role]
    return {
        mention.entity
        for mention in seed.mentions
        if mention.entity and any(s.start <= mention.start and mention.end <= s.end for s in inside)
    }


def whole(seed: AnnotatedDocument, key: str) -> set[str]:
    """An entity and all that is part of it."""
    inner = [e.key for e in seed.entities if e.part_of == key]
    return {key}.union(*(whole(seed, part) for part in inner))
