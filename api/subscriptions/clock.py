"""What time brings while the service runs: embargoes end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from anyio.to_thread import run_sync

from annotations.embargo import due, release
from api.settings import Settings
from models.measures import Term
from models.session import Database

# Seconds: how late a document may be published, and how long one that cannot be is left alone.
TICK, PATIENCE = 1.0, 60.0


async def keep_time(database: Database, measures: Mapping[str, Term]) -> None:
    """Publish what is due, until cancelled. Any number of processes may do so: the first one does it."""
    left_alone: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(TICK)
        try:
            for document in await run_sync(_due, database):
                if left_alone.get(document, 0) > loop.time():
                    continue
                left_alone[document] = loop.time() + PATIENCE
                await run_sync(release, database, [document], measures)
                del left_alone[document]
        except Exception as error:
            # The database may be away, or the document disagree with the record: the next tick comes.
            structlog.get_logger().exception("embargo not ended", error=type(error).__name__)


@asynccontextmanager
async def timekeeping(
    database: Database, measures: Mapping[str, Term], settings: Settings
) -> AsyncIterator[None]:
    """Keep the time beside a service, if its settings want it to work."""
    if not settings.worker:
        yield
        return
    clock = asyncio.create_task(keep_time(database, measures))
    try:
        yield
    finally:
        clock.cancel()
        # It may be at the database still, which is closed next.
        await asyncio.wait([clock])


def _due(database: Database) -> list[str]:
    with database.read() as session:
        return due(session)
