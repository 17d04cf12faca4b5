"""The data dictionary describes what is exported: every column, its type and its words."""

import csv
import io
from typing import Any

from fastapi.testclient import TestClient

from tests.api.test_contract import LISTS, NEEDED, everything


def csv_of(client: TestClient, name: str) -> str:
    answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), "format": "csv"})
    assert answer.status_code == 200
    return answer.text


def test_it_has_the_columns_of_every_csv(client: TestClient) -> None:
    tables = {table["name"]: table for table in client.get("/v1/dictionary").json()["tables"]}
    assert tables.keys() == LISTS.keys()
    for name, table in tables.items():
        header = next(csv.reader(io.StringIO(csv_of(client, name))))
        assert [column["name"] for column in table["columns"]] == header
        assert all(column["description"] for column in table["columns"])


def test_what_it_says_of_a_column_holds_for_the_record(client: TestClient) -> None:
    for table in client.get("/v1/dictionary").json()["tables"]:
        rows = list(csv.DictReader(io.StringIO(csv_of(client, table["name"]))))
        for column in table["columns"]:
            cells = [row[column["name"]] for row in rows]
            values = [
                value
                for cell in cells
                if cell
                for value in (cell.split(" | ") if column["repeated"] else [cell])
            ]
            assert not column["required"] or all(cells), (table["name"], column)
            assert all(fits(column["type"], value) for value in values if value), (table["name"], column)
            if column["values"] is not None:
                assert set(values) <= set(column["values"])


def fits(type_: str, value: str) -> bool:
    if type_ == "integer":
        return value.lstrip("-").isdecimal()
    if type_ == "decimal":
        return value.lstrip("-").replace(".", "", 1).isdecimal()
    return len(value) == {"date": 10, "dateTime": 24}.get(type_, len(value))


def test_vocabularies_are_listed(client: TestClient) -> None:
    tables = {table["name"]: table["columns"] for table in client.get("/v1/dictionary").json()["tables"]}
    words: dict[str, Any] = {column["name"]: column["values"] for column in tables["quotes"]}
    assert words["form"] == ["direct", "mixed", "indirect"]
    assert words["content"] is None


def test_csvw_describes_the_exports(client: TestClient) -> None:
    answer = client.get("/v1/dictionary", headers={"Accept": "application/csvm+json"})
    assert answer.headers["content-type"] == "application/csvm+json"
    metadata = answer.json()
    assert metadata["@context"][0] == "http://www.w3.org/ns/csvw"
    for table in metadata["tables"]:
        lines = csv_of(client, table["dc:title"])
        assert table["url"] == f"http://testserver/v1/{table['dc:title']}?format=csv"
        header = next(csv.reader(io.StringIO(lines)))
        assert [column["titles"] for column in table["tableSchema"]["columns"]] == header
        ids = [row["id"] for row in csv.DictReader(io.StringIO(lines))]
        assert len(set(ids)) == len(ids)
    same = client.get("/v1/dictionary?format=csvw", headers={"If-None-Match": answer.headers["etag"]})
    assert same.status_code == 304
    assert len(everything(client, "quotes", limit=50)) > 0
