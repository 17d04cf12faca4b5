"""A primary and its streaming replica, which sees what is committed as late as a test wants."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from migrations.schema import migrate
from models.record import newest
from models.session import Database
from tests.available import require
from tests.postgres import Cluster, Server, Standby

RECORD = "record"
# So late that no test sees it, and so patient that every test does.
NEVER, PATIENCE = "10h", 60


@dataclass
class Pair:
    """Both have the same `databases`; what one test commits no other one sees."""

    primary: Cluster
    standby: Standby
    databases: int = 0

    def new_record(self) -> str:
        """The name of a migrated, empty database that both have; the replica follows at once."""
        self.standby.delay("0")
        self.databases += 1
        name = f"{RECORD}_{self.databases}"
        with closing(Database(self.primary.create_database(name))) as database:
            migrate(database)
            self.follow(database)
        return name

    def follow(self, database: Database) -> None:
        """Wait until the replica has what the primary has."""
        self.standby.delay("0")
        with database.read() as session:
            number = newest(session)[0]
        with closing(Database(self.standby.url(str(database.engine.url.database)))) as copy:
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until:
                if _number(copy) == number:
                    return
                time.sleep(0.02)
        raise AssertionError(f"the replica does not come to revision {number}")


def _number(database: Database) -> int | None:
    try:
        with database.read() as session:
            return newest(session)[0]
    except Exception:
        return None  # not yet there: the database, or its tables


@contextmanager
def pair() -> Iterator[Pair]:
    """A primary and a replica, made with pg_basebackup."""
    require("postgresql")
    # What was acknowledged is on its way to the replica.
    with Cluster(synchronous_commit="on") as primary, Standby(primary) as standby:
        yield Pair(primary, standby)


def nowhere() -> Server:
    """Where nobody answers."""
    return Server(port=1)
