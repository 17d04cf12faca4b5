"""The clock of the machine set back an hour: order, cursors and what was read at a revision hold."""

import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from models.session import Database
from tests.available import require
from tests.conftest import Tell
from tests.faults.service import Follower, Service, body, version, writing_key
from tests.faults.test_killed import assert_gap_free

AHEAD = timedelta(hours=1)


def moments(database: Database) -> list[datetime]:
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT time FROM revision WHERE number > 0 ORDER BY number")
        return [datetime.fromisoformat(row[0]) for row in found]


def ahead() -> dict[str, str]:
    """The environment in which a process has a clock that is an hour ahead."""
    # Not through the program itself: it stays between, and what is sent to it does not reach the service.
    shown = subprocess.run(
        [require("faketime"), "-f", "+1h", "env"], capture_output=True, text=True, check=True
    ).stdout
    given = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    return {name: given[name] for name in ("LD_PRELOAD", "FAKETIME")}


def test_a_clock_set_back_an_hour_changes_no_order(
    empty_database: Database, tmp_path: Path, tell: Tell
) -> None:
    """Revisions then follow the last one of before by a millisecond each, until the clock has come there."""
    url, key = empty_database.engine.url.render_as_string(hide_password=False), writing_key(empty_database)
    follower = Follower()
    with Service(url, tmp_path, **ahead()) as service, service.client(key) as client:
        for at in range(4):
            assert client.put(f"/v1/documents/a{at}", json=body(at + 1)).status_code == 201
        page = client.get("/v1/documents?sort=recorded&limit=2").json()
        whole = client.get("/v1/claims?format=ndjson&as_of=4").content
        rest = client.get(page["next"]).content
        follower.follow(client)
    assert min(moments(empty_database)) > datetime.now(UTC) + AHEAD / 2
    with Service(url, tmp_path) as service, service.client(key) as client:
        for at in range(4):
            assert client.put(f"/v1/documents/b{at}", json=body(at + 1)).status_code == 201
        etag = client.get("/v1/documents/a0").headers["etag"]
        answer = client.put(
            "/v1/documents/a0", json=body(7), headers={"If-Match": etag}, params={"reason": "typo"}
        )
        assert answer.status_code == 200
        times = moments(empty_database)
        passed = [later - earlier for earlier, later in pairwise(times[3:])]
        assert passed == [timedelta(milliseconds=1)] * 5
        assert times == sorted(set(times))
        # A list that was begun before goes on where it was, and what was read is read again.
        assert client.get(page["next"]).content == rest
        assert client.get("/v1/claims?format=ndjson&as_of=4").content == whole
        ids = [item["id"] for item in client.get("/v1/documents?sort=recorded&as_of=8").json()["results"]]
        assert ids == [f"{when}{at}" for when in "ab" for at in range(4)]
        assert version(client, "a0") == 7
        follower.follow(client)
        # By time nothing has been written in this hour yet, and what is to come is not answered.
        now = datetime.now(UTC) - timedelta(seconds=30)
        assert client.get("/v1/documents", params={"as_of": now.isoformat()}).json()["results"] == []
        answer = client.get("/v1/documents", params={"as_of": times[-1].isoformat()})
        assert answer.status_code == 422
        assert "still to come" in answer.text
    assert_gap_free(empty_database)
    follower.assert_missed_nothing(empty_database)
    tell(f"4 revisions an hour ahead, 5 after them: {len(follower.told)} changes followed in order")
