"""From a database's URL to a record that can be served or read: migrated, and with the seeds loaded."""

import os
import tempfile
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path

import uvicorn

from annotations.load import Disagreement, load
from annotations.read import ANNOTATION, read_files
from api.listing.prepare import fill
from api.resources import PREPARE, RESOURCES
from api.settings import Settings
from migrations.schema import current, drift, head, migrate
from models.engines import address_of
from models.erasing import erase, unerased
from models.measures import vocabulary
from models.purge import Purged
from models.record import By
from models.session import Database


class NotReady(Exception):
    """There is no record to read at this URL; the message says how to make one."""


def migrated(url: str | None) -> Database:
    """The database, brought to the schema of this release; a SQLite file is made if there is none."""
    database = Database(url or Settings().own_url)
    database.prepare = PREPARE
    if current(database) != head():
        migrate(database)
    return database


def existing(url: str | None) -> Database:
    """A database that has the schema already: reading creates nothing."""
    address = address_of(url or Settings().own_url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        raise NotReady(f"there is no record at {address.database}; `onrecord load` makes one")
    database = Database(address.render_as_string(hide_password=False))
    database.prepare = PREPARE
    if current(database) != head():
        raise NotReady("the database has another schema; run `onrecord migrate`")
    return database


def serve(given: Mapping[str, object], workers: int, announce: Callable[[str], None]) -> None:
    """Migrate, load the seeds, and serve until a signal ends it. `given` goes before the environment."""
    # In the environment, so that every worker process reads the same.
    os.environ |= {
        f"ONRECORD_{name.upper()}": str(value) for name, value in given.items() if value is not None
    }
    if given.get("database_url") is not None:
        # The environment's way past PgBouncer may lead to another database than the one that was named.
        os.environ.pop("ONRECORD_DIRECT_URL", None)
    settings = Settings()
    database = migrated(settings.own_url)
    fill(database, RESOURCES.values(), announce)
    if settings.seeds:
        terms = vocabulary(settings.measures)
        seeds = sorted(Path(str(files("seeds"))).glob(f"*{ANNOTATION}"))
        try:
            load(database, read_files(seeds, terms), terms, by=By(tool="onrecord serve", reason="load"))
        except Disagreement as error:
            # The newsroom's record goes before ours: it is served as it is.
            announce(f"The seed is not loaded, the record disagrees with it: {error}")
        except Purged as error:
            announce(f"The seed is not loaded: {error}")
    if not erase(database):
        left = ", ".join(unerased(database))
        announce(
            f"Purged, but not yet gone from the files of the database: {left}. The next start tries again."
        )
    database.close()
    announce(f"On Record: http://{settings.host}:{settings.port}/docs")
    uvicorn.run(
        "api.app:served",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=settings.shutdown_seconds,
        h11_max_incomplete_event_size=32_768,
    )


def drift_of_models() -> list[str]:
    """What differs between the models and a database that the migrations make."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/drift.sqlite")
        migrate(database)
        differences = drift(database)
        database.close()
    return differences
