"""Every form of lists and items: the same items, in their order, with their values."""

import codecs
import csv
import io
import json
import zipfile
from decimal import Decimal
from typing import Any, get_args

import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient

from api.listing.forms import FORMS, MEDIA_TYPES
from api.listing.parameters import Format
from api.resources import RESOURCES
from models.session import Database
from tests.api.test_contract import LISTS, NEEDED, each_list, everything, get, refused
from tests.conftest import DOCUMENT, serve
from tests.documents import document, put

Json = dict[str, Any]
each_form = pytest.mark.parametrize("format", [format for format in get_args(Format) if format != "json"])


def table_of(client: TestClient, name: str, **parameters: Any) -> Any:
    answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), "format": "parquet", **parameters})
    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA_TYPES["parquet"]), answer.text
    return pyarrow.parquet.read_table(io.BytesIO(answer.content))


@each_list
def test_parquet_has_the_items_with_their_types(client: TestClient, name: str) -> None:
    items = everything(client, name, limit=50)
    rows = table_of(client, name).to_pylist()
    assert [row["id"] for row in rows] == [item["id"] for item in items]
    for row, item in zip(rows, items, strict=True):
        assert_same(row, item)


def assert_same(row: Any, value: Any) -> None:
    """A value of Parquet says what one of JSON does."""
    if isinstance(row, dict):
        for name in row.keys() & value.keys():
            assert_same(row[name], value[name])
        assert {name for name in row if row[name] is not None} <= value.keys()
    elif isinstance(row, list):
        assert len(row) == len(value)
        for one, other in zip(row, value, strict=True):
            assert_same(one, other)
    elif hasattr(row, "isoformat"):
        assert value.startswith(row.isoformat()[:19])
    elif isinstance(row, Decimal):
        assert row == Decimal(str(value))
    else:
        assert row == value


def test_parquet_is_typed(client: TestClient) -> None:
    claims = table_of(client, "claims").schema
    assert [str(claims.field(name).type) for name in ("value", "low", "high")] == ["decimal128(38, 10)"] * 3
    assert str(claims.field("period").type.field("earliest").type) == "date32[day]"
    assert str(claims.field("recorded").type.field("time").type) == "timestamp[ms, tz=UTC]"
    assert str(claims.field("caveats").type) == "list<element: string>"
    assert claims.field("value").metadata[b"description"] == b"The number as stated; none if none is"


def test_digits_that_no_decimal_of_parquet_holds_are_kept(empty_database: Database) -> None:
    values = ("0.12345678901", "1" + "0" * 28, "9" * 28, "0.1234567890")
    mark = "{{number|{value}}} {{counted|people}} fled"
    claims = "\n".join(
        f"- {{id: c{n}, value: '{value}', measure: displaced, mark: '{mark.format(value=value)}'}}"
        for n, value in enumerate(values, 1)
    )
    text = "".join(f"{value} people fled.\n" for value in values)
    put(empty_database, document("numbers", text, f"claims:\n{claims}\n"))
    with serve(empty_database) as client:
        rows = table_of(client, "claims").to_pylist()
    assert [(row["value"], row["value_exact"]) for row in rows] == [
        (None, "0.12345678901"), (None, "1" + "0" * 28),
        (Decimal("9" * 28), None), (Decimal("0.123456789"), None),
    ]  # fmt: skip


@each_form
@each_list
def test_a_page_of_a_form_has_a_link_and_an_empty_one_is_whole(
    client: TestClient, name: str, format: str
) -> None:
    query = {**NEEDED.get(name, {}), "format": format}
    answer = client.get(f"/v1/{name}", params=query | {"limit": 1})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == MEDIA_TYPES[format]
    assert ("next" in answer.links) == (get(client, name, limit=1)["next"] is not None)
    empty = client.get(f"/v1/{name}", params=query | {"as_of": 0})
    assert empty.status_code == 200
    if format == "parquet":
        assert pyarrow.parquet.read_table(io.BytesIO(empty.content)).num_rows == 0
    if format == "jsonld":
        assert empty.json()["@graph"] == []
    again = client.get(f"/v1/{name}", params=query, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 200  # of another limit
    same = client.get(
        f"/v1/{name}", params=query | {"limit": 1}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert same.status_code == 304


@pytest.mark.parametrize("name", RESOURCES)
def test_an_item_has_every_form_of_its_list(client: TestClient, name: str) -> None:
    id_ = get(client, name, limit=1)["results"][0]["id"]
    url = f"/v1/{name}/{id_}"
    item = client.get(url).json()
    assert client.get(url, params={"format": "json"}).json() == item
    ndjson = client.get(url, headers={"Accept": MEDIA_TYPES["ndjson"]})
    assert json.loads(ndjson.text) == item
    (row,) = csv.DictReader(io.StringIO(client.get(url, params={"format": "csv"}).text))
    assert row["id"] == id_
    (typed,) = pyarrow.parquet.read_table(
        io.BytesIO(client.get(url, params={"format": "parquet"}).content)
    ).to_pylist()
    assert_same(typed, item)
    graph = client.get(url, headers={"Accept": "application/ld+json"})
    assert graph.headers["content-type"] == "application/ld+json"
    # Whatever the list, an entity is one thing, and has one name in a graph.
    noun = "entities" if name in ("actors", "organisations", "places") else name
    assert graph.json()["@graph"][0]["id"] == f"http://testserver/v1/{noun}/{id_}"
    feed = client.get(url, params={"format": "atom"})
    assert feed.headers["content-type"] == "application/atom+xml"
    assert b"<entry" in feed.content
    tags = {client.get(url, params={"format": format}).headers["etag"] for format in get_args(Format)}
    assert len(tags) == len(get_args(Format))
    for format in get_args(Format):
        tag = client.get(url, params={"format": format}).headers["etag"]
        assert client.get(url, params={"format": format}, headers={"If-None-Match": tag}).status_code == 304


def test_a_byte_order_mark_is_for_csv_alone(client: TestClient) -> None:
    plain = client.get("/v1/claims?format=csv").content
    assert client.get("/v1/claims?format=csv&bom=on").content == codecs.BOM_UTF8 + plain
    assert client.get(f"/v1/claims/{DOCUMENT}.c1?format=csv&bom=on").content.startswith(codecs.BOM_UTF8)
    (error,) = refused(client, "claims", bom="on")
    assert (error["parameter"], "CSV" in error["message"]) == ("bom", True)


def test_documents_have_files_of_other_tools(client: TestClient) -> None:
    url = f"/v1/documents/{DOCUMENT}"
    for format, type_ in (
        ("brat", "application/zip"),
        ("cas", "application/vnd.uima.cas+json"),
        ("ninjs", "application/vnd.iptc.ninjs+json"),
    ):
        answer = client.get(url, params={"format": format})
        assert (answer.status_code, answer.headers["content-type"]) == (200, type_)
        assert client.get(url, headers={"Accept": type_}).content == answer.content
        again = client.get(url, params={"format": format}, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert client.get(f"/v1/quotes/{DOCUMENT}.q1", params={"format": format}).status_code == 422
        assert client.get(url, params={"format": format, "offsets": "utf16"}).status_code == 422
    brat = client.get(url, params={"format": "brat"}).content
    assert zipfile.ZipFile(io.BytesIO(brat)).namelist() == [f"{DOCUMENT}.txt", f"{DOCUMENT}.ann"]
    assert client.get("/v1/documents/nobody?format=brat").status_code == 404


def test_every_form_is_described(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    media = {type_.split(";")[0] for type_ in MEDIA_TYPES.values()}
    assert FORMS.keys() < MEDIA_TYPES.keys()
    for name in LISTS:
        assert paths[f"/v1/{name}"]["get"]["responses"]["200"]["content"].keys() == media
    item = paths["/v1/documents/{id}"]["get"]["responses"]["200"]["content"].keys()
    assert media < item
    assert {"application/zip", "application/vnd.uima.cas+json"} < item
