"""The OpenAPI document: complete enough to learn from, and true."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from api.openapi import QUERIES, operations
from tests.api.examples import FILE, answers
from tests.keys import bearer, key

REF = "#/components/schemas/"
# How the names of operations begin that change nothing.
READING = ("list_", "get_", "search")
VERBS = "list|get|create|put|patch|update|delete|check|load|merge|unmerge|purge|ping|replay|resume|rotate"
# Not of the record: its items are deleted, and every service has others.
PRIVATE = "/v1/subscriptions"
# Answered without a body: there is nothing to show.
BARE = {"204", "304", "308"}


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """Of a schema inside the document, whose references are to the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every content of every response: where it is, its media type, and what is said of it."""
    for path, operation in operations(document):
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                yield f"{path} {status} {media_type}", media_type, content


def test_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert not [error.message for error in Draft202012Validator(OPENAPI_31).iter_errors(document)]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_operations_have_names_that_make_methods(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if not re.fullmatch(rf"({VERBS})_[a-z]+(_[a-z]+)*|search", name)]
    assert all(operation["summary"] and operation["description"] for _, operation in operations(document))


def test_every_tag_is_described_and_used(document: dict[str, Any]) -> None:
    used = [tag for _, operation in operations(document) for tag in operation["tags"]]
    assert {tag["name"] for tag in document["tags"] if tag["description"]} == set(used)
    assert all(len(operation["tags"]) == 1 for _, operation in operations(document))


def test_every_parameter_has_a_description_and_an_example_that_fits(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            where, schema = f"{path} {parameter['name']}", parameter["schema"]
            assert len(parameter["description"]) > 5, where
            assert schema.get("examples"), where
            for example in schema["examples"]:
                assert validator(document, schema).is_valid(example), where


@pytest.fixture(scope="module")
def admin(client: TestClient) -> dict[str, str]:
    """The header of who may ask for everything."""
    assert isinstance(client.app, FastAPI)
    return bearer(key(client.app.state.database, "admin"))


def test_every_example_of_a_parameter_is_taken(
    client: TestClient, admin: dict[str, str], document: dict[str, Any]
) -> None:
    for path, operation in operations(document):
        if not operation["operationId"].startswith(READING):
            continue
        parameters = operation.get("parameters", ())
        required = {p["name"]: p["schema"]["examples"][0] for p in parameters if p["required"]}
        for parameter in parameters:
            name, example = parameter["name"], parameter["schema"]["examples"][0]
            if name in ("cursor", "after"):  # goes with one query or record alone: see their tests
                continue
            in_header = parameter["in"] == "header"
            query = required if in_header else {**required, name: example}
            headers = {**admin, name: str(example)} if in_header else admin
            if "id" in query and path.startswith(PRIVATE):
                continue
            url = path.replace("{id}", query["id"]) if "{id}" in path else path
            query = {name: value for name, value in query.items() if name != "id" or "{id}" not in path}
            answer = client.get(url, params=query, headers=headers)
            assert answer.status_code == 200, (path, name, answer.text)


def test_every_response_has_a_schema_and_an_example_that_fits(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        for status, response in operation["responses"].items():
            assert response["description"], (path, status)
            assert bool(response.get("content")) != (status in BARE), (path, status)
    for where, _, content in contents(document):
        assert content.get("schema"), where
        assert content.get("example"), where
        errors = [e.message for e in validator(document, content["schema"]).iter_errors(content["example"])]
        assert not errors, (where, errors)


def test_every_operation_has_its_problems(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        responses = operation["responses"]
        assert {"400", "413", "414", "500"} <= responses.keys(), path
        if path.startswith("/v1/"):
            assert "422" in responses, path
        if "{id}" in path and not operation["operationId"].startswith("put_"):
            gone = {"410"} if operation["operationId"].startswith(READING) else set()
            assert {"404"} | (gone if not path.startswith(PRIVATE) else set()) <= responses.keys(), path
        for status, response in responses.items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], (path, status)
                example = response["content"]["application/problem+json"]["example"]
                assert example["status"] == int(status), path


def test_no_schema_is_unused(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    used = set(re.findall(rf'"{REF}(\w+)"', json.dumps(document)))
    assert used == set(schemas)
    assert not [name for name in schemas if name.endswith(("View", "Base", "-Input", "-Output"))]


def test_every_property_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name
        for property_name, about in schema.get("properties", {}).items():
            assert about.get("description"), f"{name}.{property_name}"


def test_examples_are_what_the_service_answers(tmp_path: Path) -> None:
    assert answers(tmp_path) == json.loads(FILE.read_text("utf-8")), "python -m tests.api.examples"


def test_the_example_of_the_measurements_is_of_their_form(
    client: TestClient, document: dict[str, Any]
) -> None:
    client.get("/v1/quotes/nobody")
    example = document["paths"]["/metrics"]["get"]["responses"]["200"]["content"]["text/plain"]["example"]
    measured = client.get("/metrics").text
    for line in example.splitlines():
        form = re.escape(line.partition(",status")[0])
        assert re.search(f"^{form}", measured, re.MULTILINE), line


@pytest.mark.parametrize("query", [f"{name}?{query}" for name in QUERIES for query in QUERIES[name]])
def test_suggested_queries_find_something(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/{query}")
    assert answer.status_code == 200, answer.text
    assert len(answer.text.splitlines()) > 1 if "csv" in query else answer.json()["results"]


def test_every_list_suggests_queries(document: dict[str, Any]) -> None:
    for path, operation in operations(document):
        if operation["operationId"].startswith("list_") or operation["operationId"] == "search":
            queries = QUERIES[path.rpartition("/")[2]]
            assert all(f"GET {path}?{query}`" in operation["description"] for query in queries)
