"""The OpenAPI document, for people to learn from and for clients to be generated from."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.access.security import secure
from api.listing.openapi import REVISION, problems
from api.problems import MEDIA_TYPE, ProblemDocument
from api.subscriptions.webhooks import webhooks

ABOUT = """
**On Record** answers *who said what* and *who gave which figure*: attributed quotes and numeric claims of
annotated news articles, with the whole chain of sources, each traceable to the characters of the article.

- Filters: `field=value`, `field__not`, `field__contains`, `field__gte|gt|lte|lt`, `field__overlaps`,
  `field__within`. A repeated parameter is OR, different ones are AND. Unknown or conflicting parameters are
  refused, never ignored.
- Four date axes: `said`, `period`, `published`, `recorded`.
- A page is `{results, next, total, facets}`. Follow `next`: it stays at the revision that the first page
  read.
- `as_of` reads the record as it stood, by revision or time. `offsets=utf16` counts as JavaScript does.
- `format=csv` and `format=ndjson` stream everything that matches; `format=atom` makes a feed of any list.
- Reading needs no key, unless this service is closed; writing does: `Authorization: Bearer …`. What is left
  of a minute's requests is in `RateLimit`.
- Errors are problem documents (RFC 9457) that say what is wrong and what would be right.

Every example of an answer is what the service gives with the article that it ships with.
"""
TAGS = {
    "documents": "The articles",
    "quotes": "Who said what",
    "claims": "Who gave which figure",
    "entities": "Actors, organisations and places",
    "actors": "Persons and groups of persons: those entities alone",
    "organisations": "Organisations, acting states among them: those entities alone",
    "places": "Places: those entities alone",
    "mentions": "Where an entity is named",
    "indicators": "Questions that claims answer",
    "measures": "What claims count",
    "search": "Everything at once",
    "changes": "What happens to all of them, for tools that follow",
    "record": "The state of the record, and the form of what goes into it",
    "subscriptions": "Be called back on what happens",
    "service": "Is it well?",
}
# What to ask a list for, to begin with: requests that the shipped article answers, and what they ask.
QUERIES = {
    "documents": {
        "q=ceasefire": "articles with this word",
        "published__within=2024-10-01..2024-11-01": "those of October 2024",
        "sort=published&format=csv": "all of them as a table, oldest first",
    },
    "entities": {
        "prefix=netan": "whom a reader who types this means",
        "kind=organisation&quotes__gte=2": "organisations that speak at least twice",
        "naming=anonymous": "the sources that are not named",
    },
    "actors": {
        "name__contains=blinken": "by a part of the name",
        "acts_for=united-states&mentions__gte=2": "who acts for the United States and is named twice",
    },
    "organisations": {
        "part_of=united-states": "what belongs to the United States",
        "alias=U.N.": "by another name",
    },
    "places": {
        "part_of=lebanon": "what lies in Lebanon",
        "facet=country&limit=1": "how many in each country",
    },
    "mentions": {
        "entity=benjamin-netanyahu": "wherever he is named, pronouns included",
        "kind=pronoun&include=sentences": "pronouns, each in its sentence",
    },
    "quotes": {
        "speaker=naim-qassem&form=direct": "what he says, in his own words",
        "source__naming=anonymous": "what a source relays that is not named",
        "about=beirut&said__overlaps=2024-10-01..2024-11-01": "what is said of Beirut in October 2024",
        "facet=speaker&limit=1": "how often each of them speaks",
    },
    "claims": {
        "measure=killed&place__within=lebanon": "how many were killed in Lebanon",
        "range__overlaps=2000..3000": "figures whose bounds touch this range",
        "source=none": "figures that the outlet gives in its own voice",
        "measure=displaced&sort=-value": "the displaced, largest figure first",
    },
    "indicators": {
        "measure=killed&place=lebanon": "the toll of Lebanon",
        "claims__gte=2": "those that several claims answer",
    },
    "measures": {"unit=person": "measures that count persons", "claims__gte=1": "those in use"},
    "changes": {
        "type=claim": "everything that happens to a claim",
        "entity=benjamin-netanyahu&type=quote.created": "everything that he says, or that is said of him",
        "sort=-recorded&limit=20": "the latest changes, newest first",
    },
    "search": {
        "q=ceasefire": "wherever it is spoken of",
        "q=%22northern+Israel%22&type=quote": "quotes in which these words follow each other",
    },
}
SHOWING = (
    "sort",
    "limit",
    "cursor",
    "after",
    "wait",
    "count",
    "facet",
    "include",
    "format",
    "offsets",
    "as_of",
)
# How an example is found in examples.json: by the operation's id and, behind it, the format.
FORMS = {
    "application/yaml": "_yaml", "text/csv": "_csv", "application/x-ndjson": "_ndjson",
    "application/atom+xml": "_atom", "text/event-stream": "_sse", "application/ld+json": "_jsonld",
    "application/csvm+json": "_csvw", "application/vnd.iptc.ninjs+json": "_ninjs",
    "application/vnd.uima.cas+json": "_cas",
}  # fmt: skip
# What the door may answer to any request, and a mistake of ours.
ANYWHERE = (400, 413, 414, 500)
_VIEW = re.compile(rb'(?<=[/"])([A-Z][A-Za-z]+)View(?=")')


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary="Who said what, and who gave which figure",
            description=ABOUT,
            routes=app.routes,
            tags=[{"name": name, "description": about} for name, about in TAGS.items()],
            license_info={"name": "Apache 2.0", "identifier": "Apache-2.0"},
        )
        schemas = document["components"]["schemas"]
        problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"ProblemDocument": problem}
        # FastAPI's own forms of a 422, which nothing here answers.
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        document["webhooks"] = webhooks(schemas)
        secure(app, document)
        for path, operation in operations(document):
            _complete(path, operation)
            _exemplify(operation)
        # Inside, Quote is a table and QuoteView what is shown of it; outside, only that is a Quote.
        app.openapi_schema = orjson.loads(_VIEW.sub(rb"\1", orjson.dumps(document)))
    return app.openapi_schema


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation, with its path."""
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _conditions(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The headers that reads and writes take: the explorer offers them, clients have arguments for them."""
    if "428" in operation["responses"]:
        about = "ETag of what is changed, as it was read. Needed for what exists."
        yield _header("If-Match", about, '"f5187437ee04.670a186a7b548c4d49"')
    if "507" in operation["responses"] and not operation["operationId"].startswith("check_"):
        about = "Makes the write safe to send again: under one key it is done once. A new one for each write."
        yield _header("Idempotency-Key", about, "8e03978e-40d5-43dd-bc93-6894a57f9324")
    if "304" in operation["responses"] and "X-Revision" in operation["responses"]["200"].get("headers", ()):
        about = "The newest revision that you have seen in an answer: this one is of no older state."
        yield _header("X-Revision", about, 1)


def _header(name: str, about: str, example: str | int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "examples": [example]}
    if isinstance(example, int):
        schema |= {"type": "integer", "minimum": 0, "maximum": 10**15 - 1}
    return {"name": name, "in": "header", "required": False, "description": about, "schema": schema}


def _complete(path: str, operation: dict[str, Any]) -> None:
    for status, response in problems(*ANYWHERE).items():
        operation["responses"].setdefault(str(status), response)
    if "507" in operation["responses"]:
        for status in operation["responses"].keys() & {"200", "201"}:
            operation["responses"][status].setdefault("headers", {}).update(REVISION)
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for parameter in operation.get("parameters", ()):
        _plain(parameter)
    operation.setdefault("parameters", []).extend(_conditions(operation))
    # What a list is asked for stands above how it is shown: a reader looks for `speaker`, not for `offsets`.
    operation.get("parameters", []).sort(key=lambda parameter: parameter["name"] in SHOWING)
    if operation["operationId"].startswith("list_") and (queries := QUERIES.get(path.rpartition("/")[2])):
        lines = [f"- `GET {path}?{query}`: {about}" for query, about in queries.items()]
        operation["description"] = "\n".join([operation["description"], "\nFor example:", *lines])


def _exemplify(operation: dict[str, Any]) -> None:
    answer = examples().get(operation["operationId"])
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "cursor":
            parameter["schema"]["examples"] = [examples()["list_quotes"]["next"].rpartition("cursor=")[2]]
        if parameter["name"] == "after":
            parameter["schema"]["examples"] = [examples()["list_changes"]["cursor"]]
        if parameter["in"] == "path":
            # Of a write: the same as of the item that it is about.
            about = examples().get(f"get_{operation['operationId'].partition('_')[2]}")
            shown = next((of["id"] for of in (answer, about) if isinstance(of, dict) and "id" in of), None)
            given = shown or parameter["schema"]["examples"][0]
            # Here, and not in the schema alone, because the explorer fills it in.
            parameter["example"], parameter["schema"]["examples"] = given, [given]
        elif not {"enum", "minimum"} & parameter["schema"].keys():
            # The explorer shows no examples of parameters, but their descriptions.
            example = parameter["schema"]["examples"][0]
            shown = example[0] if isinstance(example, list) else example
            parameter["description"] += f" For example `{shown}`."
    for status, response in operation["responses"].items():
        for media_type, content in response.get("content", {}).items():
            name = f"problem_{status}" if media_type == MEDIA_TYPE else operation["operationId"]
            if content.get("schema", {}).get("format") == "binary":
                content["example"] = "(a file)"
            elif (example := examples().get(name + FORMS.get(media_type, ""))) is not None:
                content["example"] = example


@cache
def examples() -> dict[str, Any]:
    """Answers to requests to the shipped article; a test compares them with what the service answers."""
    content: dict[str, Any] = orjson.loads(files("api").joinpath("examples.json").read_bytes())
    return content


def _plain(parameter: dict[str, Any]) -> None:
    """A parameter that is left out is not null, and has its description and its name once."""
    schema = parameter["schema"]
    present = [option for option in schema.pop("anyOf", ()) if option != {"type": "null"}]
    if len(present) == 1:
        schema |= present[0]
    elif present:
        schema["anyOf"] = present
    for name in ("title", "description"):
        schema.pop(name, None)
