"""Databases and clients of the tests: every test of the record runs on SQLite and on PostgreSQL."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from annotations.read import read_files
from api.app import create_app
from api.resources import PREPARE
from api.settings import Settings
from migrations.schema import migrate
from models.measures import vocabulary
from models.session import Database
from tests.available import require
from tests.postgres import share, shared

SEED = Path(__file__).parents[1] / "seeds" / "beirut-strikes-2024-10-15.txt"
DOCUMENT = SEED.stem
COUNTED = "counted"
Tell = Callable[[str], None]


def pytest_configure(config: pytest.Config) -> None:
    share(config)


@pytest.fixture
def tell(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Tell:
    """For what a test has counted: the run says it in its last lines."""
    return lambda words: record_property(COUNTED, f"{request.node.name}: {words}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for found in terminalreporter.stats.values() for report in found]
    told = [
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == COUNTED
    ]
    for words in sorted(set(told)):
        terminalreporter.write_line(words)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """The kind of database; PostgreSQL is left out where it is missing, unless it is required."""
    if request.param == "postgresql":
        require("postgresql")
    return str(request.param)


@pytest.fixture(scope="session")
def seed() -> AnnotatedDocument:
    return read_files([SEED], vocabulary())[0]


NewDatabase = Callable[..., Database]


@pytest.fixture(scope="session")
def new_database(
    backend: str, seed: AnnotatedDocument, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NewDatabase]:
    """Makes databases, each a copy of a template that the migrations made: `seeded` holds the seed."""
    folder = tmp_path_factory.mktemp("databases")
    templates = {seeded: _create(backend, folder) for seeded in (False, True)}
    for seeded, url in templates.items():
        template = Database(url)
        migrate(template)
        template.prepare = PREPARE
        if seeded:
            load(template, [seed], vocabulary())
        template.close()
    made: list[Database] = []

    def new(*, seeded: bool = False) -> Database:
        made.append(Database(_create(backend, folder, templates[seeded])))
        return made[-1]

    yield new
    for database in made:
        database.close()
    if backend == "postgresql":
        for url in [*templates.values(), *(str(database.engine.url) for database in made)]:
            shared().drop_database(url.rsplit("/", 1)[1])


def _create(backend: str, folder: Path, template: str | None = None) -> str:
    name = f"test_{secrets.token_hex(6)}"
    if backend == "postgresql":
        return shared().create_database(name, template and template.rsplit("/", 1)[1])
    if template:
        shutil.copy(template.removeprefix("sqlite:///"), folder / name)
    return f"sqlite:///{folder / name}"


@pytest.fixture
def empty_database(new_database: NewDatabase) -> Iterator[Database]:
    """A migrated database of this test alone, with nothing on record."""
    with closing(new_database()) as database:
        yield database


@pytest.fixture
def seeded_database(new_database: NewDatabase) -> Iterator[Database]:
    """A database of this test alone, with the seed on record."""
    with closing(new_database(seeded=True)) as database:
        yield database


@pytest.fixture(scope="session")
def client(new_database: NewDatabase) -> Iterator[TestClient]:
    """A client of a service that has the seed; no test may change its database."""
    database = new_database(seeded=True)
    with serve(database) as serving:
        yield serving


# What the services of the running test have opened.
SERVED: list[Database] = []


@pytest.fixture(autouse=True)
def _close_what_was_served() -> Iterator[None]:
    """So that a test may ask a service without starting and stopping it."""
    SERVED.clear()
    yield
    for database in SERVED:
        database.close()


def serve(database: Database, **settings: object) -> TestClient:
    """A client of a service on this database, without limits and call-backs unless they are given."""
    url = database.engine.url.render_as_string(hide_password=False)
    given = {"database_url": url, "log_level": "error", "limit_address": 0, "limit_key": 0, "worker": False}
    app = create_app(Settings.model_validate({**given, **settings}))
    SERVED.append(app.state.database)
    return TestClient(app, raise_server_exceptions=False)


@dataclass
class Statements:
    """The SQL that a service sent while the block ran."""

    sent: list[str] = field(default_factory=list)

    def record(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.upper().startswith(("BEGIN", "PRAGMA")):
            self.sent.append(statement)


@pytest.fixture
def statements(client: TestClient) -> Iterator[Statements]:
    """Counts the statements of `client`; what it has seen is asked of the routes, not of what is in front."""
    engine = client.app.state.database.engine  # type: ignore[attr-defined]
    statements = Statements()
    event.listen(engine, "before_cursor_execute", statements.record)
    client.headers["X-Revision"] = "0"
    yield statements
    del client.headers["X-Revision"]
    event.remove(engine, "before_cursor_execute", statements.record)
