"""The service killed in the midst of writes: nothing acknowledged is lost, nothing is half there."""

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from models.session import Database
from tests.conftest import Tell
from tests.faults.everything import events, revisions
from tests.faults.service import Follower, Service, Writer, await_writes, writing, writing_key

KILLS, WRITERS = 20, 4
# A kill comes after so many more acknowledged writes, and then within so many seconds: in any part of one.
MORE, SECONDS = (1, 4), 0.2


def test_a_service_killed_while_it_writes_loses_nothing(
    empty_database: Database, tmp_path: Path, tell: Tell
) -> None:
    """What was not answered is sent again under the same Idempotency-Key, and is done once."""
    key, chance = writing_key(empty_database), random.Random(KILLS)
    service = Service(empty_database.engine.url.render_as_string(hide_password=False), tmp_path)
    follower = Follower()
    with service:
        writers = [Writer(f"w{at}", service, key) for at in range(WRITERS)]
        with writing(writers) as gate:
            for _ in range(KILLS):
                await_writes(writers, chance.randint(*MORE))
                time.sleep(chance.uniform(0, SECONDS))
                service.kill()
                gate()
                if empty_database.sqlite:
                    assert_sound(Path(str(empty_database.engine.url.database)))
                assert_gap_free(empty_database)
                service.start()
                with service.client(key) as client:
                    for writer in writers:
                        writer.assert_kept(client)
                    follower.follow(client)
                gate()
            await_writes(writers, WRITERS)
        with service.client(key) as client:
            for writer in writers:
                writer.assert_kept(client)
            follower.follow(client)
    follower.assert_missed_nothing(empty_database)
    written = {revision: what for writer in writers for revision, what in writer.revisions.items()}
    # Each write made one revision, although some were sent twice.
    assert sorted(written) == list(range(1, len(written) + 1))
    told = {revision: id for revision, _, noun, id, *_ in events(empty_database) if noun == "document"}
    assert told == {revision: id for revision, (id, _) in written.items()}
    again, replayed = (sum(getattr(w, name) for w in writers) for name in ("sent_again", "replayed"))
    assert again
    tell(
        f"{KILLS} kills, {len(written)} acknowledged writes, none lost;"
        f" {again} requests sent again, {replayed} of them had been done; {len(follower.told)} changes"
    )


def assert_sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()


def assert_gap_free(database: Database) -> None:
    """Revisions and the events of each are numbered without gaps."""
    numbers = revisions(database)
    assert numbers == list(range(len(numbers)))
    places: dict[object, list[object]] = {}
    for revision, position, *_ in events(database):
        places.setdefault(revision, []).append(position)
    assert list(places) == numbers[1:]
    assert all(found == list(range(len(found))) for found in places.values())
