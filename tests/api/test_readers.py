"""What analysts and editors open exports with: pandas, polars, DuckDB and LibreOffice, without options."""

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import duckdb
import pandas
import polars
import pytest
from fastapi.testclient import TestClient

from api.resources import RESOURCES
from tests.api.test_contract import everything
from tests.available import require

Rows = list[dict[str, Any]]
each_list = pytest.mark.parametrize("name", RESOURCES)


def of_pandas(table: pandas.DataFrame) -> Rows:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def of_polars(table: polars.DataFrame) -> Rows:
    return table.to_dicts()


def of_duckdb(relation: duckdb.DuckDBPyRelation) -> Rows:
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


CSV: dict[str, Callable[[str], Rows]] = {
    "pandas": lambda file: of_pandas(pandas.read_csv(file)),
    "polars": lambda file: of_polars(polars.read_csv(file)),
    "duckdb": lambda file: of_duckdb(duckdb.read_csv(file)),
}
PARQUET: dict[str, Callable[[str], Rows]] = {
    "pandas": lambda file: of_pandas(pandas.read_parquet(file)),
    "polars": lambda file: of_polars(polars.read_parquet(file)),
    "duckdb": lambda file: of_duckdb(duckdb.read_parquet(file)),
}


def exported(client: TestClient, name: str, folder: Path, **parameters: str) -> Path:
    format = parameters["format"]
    file = folder / f"{name}.{format}"
    answer = client.get(f"/v1/{name}", params=parameters)
    assert answer.status_code == 200
    file.write_bytes(answer.content)
    return file


def says(value: Any, cell: str) -> bool:
    """Whether what a reader made of a cell says what stands in it."""
    if value is None or (isinstance(value, float) and value != value):
        # What pandas takes for nothing.
        return cell in ("", "none", "None", "NA", "null", "n/a", "N/A", "nan", "NaN")
    if isinstance(value, bool):
        return str(value).lower() == cell.lower()
    if isinstance(value, int | float | Decimal):
        return Decimal(str(value)) == Decimal(cell)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())[:19] == cell[:19]
    return str(value) == cell


@pytest.mark.parametrize("reader", CSV)
@each_list
def test_csv_is_read_without_options(client: TestClient, tmp_path: Path, reader: str, name: str) -> None:
    file = exported(client, name, tmp_path, format="csv")
    cells = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    rows = CSV[reader](str(file))
    assert len(rows) == len(cells) == len(everything(client, name, limit=100))
    for row, told in zip(rows, cells, strict=True):
        assert list(row) == list(told)
        for column, cell in told.items():
            assert says(row[column], cell), (column, row[column], cell)


@pytest.mark.parametrize("reader", PARQUET)
@each_list
def test_parquet_is_read_with_its_types(client: TestClient, tmp_path: Path, reader: str, name: str) -> None:
    file = exported(client, name, tmp_path, format="parquet")
    items = everything(client, name, limit=100)
    rows = PARQUET[reader](str(file))
    assert [row["id"] for row in rows] == [item["id"] for item in items]
    for row, item in zip(rows, items, strict=True):
        for column in row.keys() & item.keys():
            assert same(row[column], item[column]), (column, row[column], item[column])


def same(value: Any, told: Any) -> bool:
    if told is None:
        return value is None or bool(value != value)
    if isinstance(told, dict):
        return all(same(value[name], told[name]) for name in value.keys() & told.keys())
    if isinstance(told, list):
        return len(value) == len(told) and all(map(same, value, told))
    if isinstance(told, int | float) and not isinstance(told, bool):
        return Decimal(str(value)) == Decimal(str(told))
    if isinstance(value, date) or hasattr(value, "isoformat"):
        return str(value.isoformat())[:19] == str(told)[:19]
    return bool(value == told)


def test_figures_are_computed_with(client: TestClient, tmp_path: Path) -> None:
    """Of each measure the number of claims and the largest exact figure, as three readers compute it."""
    file = str(exported(client, "claims", tmp_path, format="parquet"))
    found: dict[str, tuple[int, Any]] = {}
    for item in everything(client, "claims", limit=100):
        number, most = found.get(item["measure"], (0, None))
        value = None if item["value"] is None else Decimal(str(item["value"]))
        found[item["measure"]] = number + 1, max(filter(None, (most, value)), default=None)
    asked = duckdb.read_parquet(file).aggregate("measure, count(*), max(value)").fetchall()
    assert {measure: (number, most) for measure, number, most in asked} == found
    table = polars.read_parquet(file).group_by("measure").agg(polars.len().alias("n"), polars.max("value"))
    assert {row["measure"]: (row["n"], row["value"]) for row in table.to_dicts()} == found
    grouped = pandas.read_parquet(file).groupby("measure")["value"]
    assert {measure: len(values) for measure, values in grouped} == {
        measure: n for measure, (n, _) in found.items()
    }


def test_a_spreadsheet_opens_every_list(client: TestClient, tmp_path: Path) -> None:
    office = require("office")
    files = [exported(client, name, tmp_path, format="csv", bom="on") for name in RESOURCES]
    command: list[str | Path] = [
        office, "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
        # Comma, quotation mark, UTF-8: what its dialog proposes of a file with the mark.
        "--infilter=CSV:44,34,76", "--convert-to", "fods", "--outdir", tmp_path / "opened", *files,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    for name, file in zip(RESOURCES, files, strict=True):
        told = list(csv.reader(io.StringIO(file.read_text("utf-8-sig"))))
        opened = sheet(tmp_path / "opened" / f"{name}.fods")
        assert len(opened) == len(told)
        for row, cells in zip(opened, told, strict=True):
            for value, cell in zip(row + [""] * (len(cells) - len(row)), cells, strict=True):
                assert words(value) == words(cell) or number(value) == number(cell), (name, value, cell)


def words(text: str) -> list[str]:
    """Spaces beside each other are elements of their own there."""
    return text.split()


def number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


OFFICE, TABLE, TEXT = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("office", "table", "text")
)


def sheet(file: Path) -> list[list[str]]:
    """The cells of the one sheet of a flat OpenDocument file, as they are stored; none is a formula."""
    rows: list[list[str]] = []
    for row in parse(file).iter(f"{TABLE}table-row"):
        cells: list[str] = []
        for cell in row.iter(f"{TABLE}table-cell"):
            assert cell.get(f"{TABLE}formula") is None
            stored = cell.get(f"{OFFICE}value") or cell.get(f"{OFFICE}date-value")
            words = " ".join("".join(one.itertext()) for one in cell.iter(f"{TEXT}p"))
            cells += [stored or words] * int(cell.get(f"{TABLE}number-columns-repeated", "1"))
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows += [cells] * int(row.get(f"{TABLE}number-rows-repeated", "1"))
    return rows


def test_ndjson_is_read_without_options(client: TestClient, tmp_path: Path) -> None:
    file = exported(client, "quotes", tmp_path, format="ndjson")
    ids = [item["id"] for item in everything(client, "quotes", limit=100)]
    assert list(pandas.read_json(file, lines=True)["id"]) == ids
    assert polars.read_ndjson(file)["id"].to_list() == ids
    assert [row[0] for row in duckdb.read_json(str(file)).project("id").fetchall()] == ids
    assert json.loads(file.read_text("utf-8").splitlines()[0])["id"] == ids[0]
