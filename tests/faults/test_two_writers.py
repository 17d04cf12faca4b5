"""Two writers on one document, both with the same If-Match: one wins, and nothing of the other's mixes in."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from models.session import Database
from tests.conftest import Tell
from tests.faults.everything import revisions
from tests.faults.service import Service, body, version, writing_key

ROUNDS = 20


def test_of_two_writers_one_wins(empty_database: Database, tmp_path: Path, tell: Tell) -> None:
    key, path = writing_key(empty_database), "/v1/documents/flood"
    start = threading.Barrier(2)

    def put(client: httpx.Client, boats: int, etag: str) -> httpx.Response:
        start.wait()
        return client.put(path, json=body(boats), headers={"If-Match": etag}, params={"reason": "typo"})

    url = empty_database.engine.url.render_as_string(hide_password=False)
    with Service(url, tmp_path) as service, service.client(key) as one, service.client(key) as other:
        etag, wins = one.put(path, json=body(1)).headers["etag"], [0, 0]
        with ThreadPoolExecutor(2) as pool:
            for at in range(1, ROUNDS + 1):
                sent = (10 * at, 10 * at + 1)
                answers = list(pool.map(put, (one, other), sent, (etag, etag)))
                assert sorted(answer.status_code for answer in answers) == [200, 412]
                winner = answers[1].status_code == 200
                wins[winner] += 1
                assert version(one, "flood") == sent[winner]
                etag = answers[winner].headers["etag"]
                assert answers[winner].json()["revision"] == at + 1
    assert revisions(empty_database) == list(range(ROUNDS + 2))
    tell(f"{ROUNDS} rounds, {wins[0]} to {wins[1]}")
