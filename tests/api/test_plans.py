"""How the databases find what lists ask for: by indexes, as far as a page goes, no table from end to end.

Without what a planner knows of so small a record: SQLite then takes each table for a large one, and
PostgreSQL, told to, reads a table from end to end only where there is no other way. That an index is read
from end to end is seen on SQLite alone: PostgreSQL calls each reading of an index the same.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, event

from api.listing.resource import Resource
from tests.api.test_contract import LISTS, NEEDED
from tests.conftest import NewDatabase, serve

Asked = dict[str, Any]
# Few rows, however large the record: what there is of it, its vocabulary, and what was purged or is hidden.
FEW = {"counter", "complete", "purge", "measure", "indicator", "alembic_version"}
HIDDEN = "document USING INDEX ix_document_hidden"
# What no order of an index helps with: words in the midst of names. (Nor do numbers that are counted for each
# entity: they are no columns, and `queries` leaves out the orders by them.)
NAMES = re.compile(r"prefix|\w+__contains$")


def queries(name: str, resource: Resource) -> Iterator[Asked]:
    """Each filter by its example, each order, and words."""
    yield {}
    for filter in resource.filters:
        yield from ({p.name: p.example} for p in filter.parameters())
    for sort, how in resource.sorts.items():
        if how.count is None:
            yield from ({"sort": sort}, {"sort": f"-{sort}"})
    if resource.words and name != "search":
        yield from ({"q": "israel"}, {"q": "israel", "sort": "rank"})


class Sent:
    """The selects that a service sent, with their values."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def record(self, _connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if re.match(r"\s*(SELECT|WITH)\b", statement) and not statement.startswith("SELECT pg_"):
            self.all.append((statement, values))


@pytest.fixture(scope="module")
def planned(new_database: NewDatabase, backend: str) -> Iterator[tuple[TestClient, Sent, Connection]]:
    """A client, what it sends to the database, and a connection that explains it."""
    database, sent = new_database(seeded=True), Sent()
    with database.engine.execution_options(writes=True).begin() as connection:
        if backend == "sqlite":
            connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    database.engine.dispose()
    with serve(database) as client, database.engine.connect() as connection:
        if backend == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
        engine = client.app.state.database.engine  # type: ignore[attr-defined]
        event.listen(engine, "before_cursor_execute", sent.record)
        # What it has seen is asked of the routes, not of what is in front.
        client.headers["X-Revision"] = "0"
        yield client, sent, connection


@pytest.mark.parametrize("name", LISTS)
def test_no_list_reads_a_table_from_end_to_end(
    planned: tuple[TestClient, Sent, Connection], backend: str, name: str
) -> None:
    client, sent, connection = planned
    explained = 0
    for asked in queries(name, LISTS[name]):
        sent.all.clear()
        answer = client.get(f"/v1/{name}", params={**NEEDED.get(name, {}), **asked})
        assert answer.status_code == 200, (asked, answer.text)
        for statement, values in sent.all:
            found = (_sqlite if backend == "sqlite" else _postgresql)(connection, statement, values)
            if not any(NAMES.match(parameter) for parameter in asked):
                assert not found, (asked, found, statement)
            explained += 1
    assert explained >= len(LISTS[name].filters)


def _sqlite(connection: Connection, statement: str, values: Any) -> list[str]:
    """The steps that go through a table or sort all of it.

    Walking an index is none, if nothing is sorted afterwards: it ends where the page ends.
    """
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    # What the statement makes itself: of rows that were found, or of its own values.
    made = {step.split()[1] for *_, step in plan if step.startswith(("MATERIALIZE ", "CO-ROUTINE "))}
    sorted_ = {parent for _, parent, _, step in plan if step == "USE TEMP B-TREE FOR ORDER BY"}
    found = []
    for _, parent, _, step in plan:
        if scan := re.match(r"SCAN ([a-z]\w*)( USING| VIRTUAL TABLE INDEX \d+:.*M)?", step):
            walk = scan[2] and (parent not in sorted_ or "VIRTUAL" in scan[2])
            if not walk and scan[1] not in made | FEW and HIDDEN not in step:
                found.append(step)
    return found


def _postgresql(connection: Connection, statement: str, values: Any) -> list[str]:
    """The tables that it reads from end to end."""
    plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
    scans = [match[1] for line in plan if (match := re.search(r"Seq Scan on (\w+)", line))]
    return [table for table in scans if table not in FEW]


# What is asked of each row that matches, however few a page shows, or of each row of a page.
COVERED = {
    "/v1/quotes?q=israel": ("ix_quote_row_key", "ix_document_readable"),
    "/v1/quotes?q=israel&sort=rank": ("ix_quote_row_key",),
    "/v1/claims?q=people&sort=rank": ("ix_claim_row_key",),
    "/v1/quotes?published__gte=2024-10-01&limit=1&facet=form": ("ix_quote_counted",),
}


# Whether PostgreSQL looks into the table depends on when it was vacuumed.
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True, scope="session")
@pytest.mark.parametrize("url", COVERED)
def test_what_is_asked_of_many_rows_is_in_an_index(
    planned: tuple[TestClient, Sent, Connection], url: str
) -> None:
    client, sent, connection = planned
    sent.all.clear()
    assert client.get(url).status_code == 200
    found = [
        match[1]
        for statement, values in sent.all
        for *_, step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        if (match := re.search(r"USING COVERING INDEX (ix_\w+_(?:row_key|counted|readable))", step))
    ]
    assert sorted(found) == sorted(COVERED[url])
