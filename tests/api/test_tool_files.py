"""A document in the files of other tools, and back: over HTTP and by the command."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from annotations.annotated import AnnotatedDocument
from annotations.formats import brat, cas, ninjs, web_annotation
from annotations.formats.compose import compose
from annotations.formats.mapping import mapping
from annotations.formats.standoff import Standoff
from annotations.read import read
from models.measures import vocabulary
from tests.api.test_cli import run
from tests.conftest import DOCUMENT, SEED

URL = f"/v1/documents/{DOCUMENT}"
NINJS = Path(__file__).parents[1] / "annotations" / "formats" / "ninjs-schema_3.1.json"
Back = Callable[[bytes, str], Standoff]


def _w3c(body: bytes, text: str) -> Standoff:
    return web_annotation.read(DOCUMENT, text, body)


def _brat(body: bytes, text: str) -> Standoff:
    with zipfile.ZipFile(io.BytesIO(body)) as files:
        assert files.read(f"{DOCUMENT}.txt").decode() == text
        return brat.read(DOCUMENT, text, files.read(f"{DOCUMENT}.ann").decode())


def _cas(body: bytes, text: str) -> Standoff:
    found = cas.read_json(DOCUMENT, body)
    assert found.text == text
    return found


@pytest.mark.parametrize(
    ("path", "back"), [("/annotations", _w3c), ("?format=brat", _brat), ("?format=cas", _cas)]
)
def test_each_comes_back_as_the_document(
    client: TestClient, seed: AnnotatedDocument, path: str, back: Back
) -> None:
    answer = client.get(URL + path)
    assert answer.status_code == 200
    composed = compose(back(answer.content, seed.text), mapping("onrecord"))
    assert composed.left == []
    assert read(DOCUMENT, composed.text.encode(), composed.annotation, vocabulary()) == seed
    again = client.get(URL + path, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_web_annotations_have_places_words_and_a_link(client: TestClient) -> None:
    answer = client.get(f"{URL}/annotations")
    assert answer.headers["content-type"].startswith("application/ld+json; profile=")
    page = json.loads(answer.content)
    assert page["type"] == "AnnotationPage"
    selectors = page["items"][0]["target"]["selector"]
    assert [selector["type"] for selector in selectors] == [
        "TextPositionSelector", "TextQuoteSelector", "FragmentSelector"
    ]  # fmt: skip
    assert selectors[2]["value"].startswith(":~:text=")
    assert client.get(f"{URL}/annotations", headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/v1/documents/nobody/annotations").status_code == 404
    assert client.get(f"{URL}/annotations?as_of=0").status_code == 404


def test_ninjs_is_what_its_schema_says(client: TestClient, seed: AnnotatedDocument) -> None:
    item = client.get(f"{URL}?format=ninjs").json()
    schema = json.loads(NINJS.read_text("utf-8"))
    # Its schema of coordinates stands elsewhere; none are sent.
    elsewhere = Resource.from_contents({}, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("https://geojson.org/schema/GeoJSON.json", elsewhere)
    jsonschema.Draft202012Validator(schema, registry=registry).validate(item)
    assert (item["type"], item["standard"]["version"]) == ("text", "3.1")
    named = {one["name"] for kind in ("people", "organisations", "places") for one in item.get(kind, ())}
    assert named == {entity.name for entity in seed.entities if entity.naming == "named"}


def test_ninjs_brings_the_article_back(client: TestClient, seed: AnnotatedDocument) -> None:
    found = ninjs.read(DOCUMENT, client.get(f"{URL}?format=ninjs").content)
    about = found.about["document"]
    assert found.text == seed.text
    assert (about["title"], about["language"], about.get("outlet")) == (
        seed.title,
        seed.language,
        seed.outlet,
    )
    assert seed.published is not None
    assert about["published"] == seed.published.value
    assert found.unread == ()


@pytest.mark.parametrize(
    ("format", "files"),
    [
        ("files", {".txt", ".claims.yaml"}), ("brat", {".txt", ".ann"}), ("w3c", {".txt", ".jsonld"}),
        ("cas", {".json"}), ("ninjs", {".json"}),
    ],
)  # fmt: skip
def test_the_command_writes_the_same(
    client: TestClient, tmp_path: Path, format: str, files: set[str]
) -> None:
    run("load", SEED, folder=tmp_path)
    options = ("--format", format, "-o", "out", "--base", "http://testserver")
    run("export", "annotated", *options, folder=tmp_path)
    assert {file.name.removeprefix(DOCUMENT) for file in (tmp_path / "out").iterdir()} == files
    if format == "w3c":
        written = (tmp_path / "out" / f"{DOCUMENT}.jsonld").read_bytes()
        assert written == client.get(f"{URL}/annotations").content
    if format == "cas":
        written = (tmp_path / "out" / f"{DOCUMENT}.json").read_bytes()
        assert written == client.get(f"{URL}?format=cas").content
    if format in ("brat", "w3c", "cas"):
        name = next(name for name in (".ann", ".jsonld", ".json") if name in files)
        run("import", f"out/{DOCUMENT}{name}", "-o", "back", folder=tmp_path)
        run("check", f"back/{DOCUMENT}.claims.yaml", folder=tmp_path)


def test_links_lead_to_where_the_service_stands(tmp_path: Path) -> None:
    run("load", SEED, folder=tmp_path)
    command = ("export", "quotes", "--format", "jsonld", "-w", "act=silence")
    public = {"ONRECORD_PUBLIC_URL": "https://record.example"}
    for options, settings, base in (
        ((), {}, "http://127.0.0.1:8000"),
        ((), public, "https://record.example"),
        (("--base", "https://other.example/"), public, "https://other.example"),
    ):
        written = json.loads(run(*command, *options, folder=tmp_path, settings=settings).stdout)
        assert written["@graph"][0]["id"].startswith(f"{base}/v1/quotes/{DOCUMENT}.q")


def test_the_command_refuses_what_there_is_not(tmp_path: Path) -> None:
    run("load", SEED, folder=tmp_path)
    for arguments, said in (
        (("--format", "brad", "-o", "out"), "did you mean brat?"),
        (("--format", "brat", "-o", "out", "-w", "id=nobody"), "nobody: not on record; nothing was written"),
        (("--format", "brat", "-o", "out", "-w", "status=draft"), "chosen by their ids"),
        (("--format", "zip", "-o", "all.zip", "-w", f"id={DOCUMENT}"), "has all documents"),
        (("--bom", "-o", "out"), "byte-order mark"),
    ):
        assert said in run("export", "annotated", *arguments, folder=tmp_path, code=1).stderr
