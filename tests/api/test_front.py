"""What is in front of the routes gives the answers of the routes, and never an old one."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from api.listing import in_loop, in_threads
from api.listing.giving_way import NICE
from api.listing.quick import Quickly
from models.session import Database
from tests.api.writers import FLOOD, body, key, tag, writer
from tests.conftest import DOCUMENT, serve

SPEAKER = "/v1/quotes?speaker=benjamin-netanyahu"
PLAIN = {"Accept-Encoding": "identity"}
# Light and heavy ones, every resource that is prepared, and what only the routes answer.
ADDRESSES = [
    SPEAKER, "/v1/quotes?limit=3", "/v1/quotes?source=united-states&sort=said", "/v1/quotes?about=lebanon",
    "/v1/quotes?q=ceasefire", "/v1/quotes?q=%22air%20strikes%22&sort=rank", "/v1/quotes?said=2024-10-15",
    "/v1/quotes?as_of=1", "/v1/quotes?form=mixed&form=direct&act__not=statement", "/v1/quotes?sort=-recorded",
    "/v1/claims?measure=killed", "/v1/claims?value__gte=41",
    "/v1/claims?period__overlaps=2024-10-01..2024-11-01",
    "/v1/claims?place__within=lebanon", "/v1/claims?source=none", "/v1/documents", "/v1/documents?q=strikes",
    f"/v1/quotes/{DOCUMENT}.q1", f"/v1/claims/{DOCUMENT}.c1?as_of=1", f"/v1/documents/{DOCUMENT}",
]  # fmt: skip
OTHERS = [
    "/v1/quotes?speaker=nobody", "/v1/quotes?limit=0", "/v1/quotes?limit=1&limit=2",
    "/v1/claims?measure=nope",
    "/v1/quotes?facet=form", "/v1/quotes?count=on", "/v1/quotes?include=sentences", "/v1/quotes?as_of=99",
    "/v1/quotes?format=csv&limit=2", f"/v1/quotes/{DOCUMENT}.q999", "/v1/quotes?q=%00", "/v1/quotes?cursor=x",
    "/v1/quotes?said=1999", "/v1/mentions?limit=2", "/v1/entities?limit=2",
    f"/v1/quotes/{DOCUMENT}.q1?offsets=utf16",
]  # fmt: skip


def routed(client: TestClient, path: str) -> Any:
    """As the routes answer: they alone are asked by who says what revision he has seen."""
    return client.get(path, headers={"X-Revision": "0", **PLAIN})


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but what is of this one request."""
    own = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content, own


@pytest.mark.parametrize("path", [*ADDRESSES, *OTHERS])
def test_an_answer_is_the_same_whoever_gives_it(client: TestClient, path: str) -> None:
    expected = told(routed(client, path))
    assert [told(client.get(path, headers=PLAIN)) for _ in range(3)] == [expected] * 3
    assert (expected[0] == 200) or path in OTHERS


@pytest.mark.parametrize("path", ADDRESSES)
def test_pages_go_on_where_they_ended(client: TestClient, path: str) -> None:
    following = f"{path}{'&' if '?' in path else '?'}limit=1"
    for _ in range(3):
        page = client.get(following, headers=PLAIN)
        assert told(page) == told(routed(client, following))
        if page.status_code != 200 or page.json().get("next") is None:
            break
        following = page.json()["next"]


def quickly(client: TestClient, query: bytes) -> Quickly | None:
    """What is answered past the routes."""
    quick: in_loop.InLoop | in_threads.InThreads = client.app.state.quick  # type: ignore[attr-defined]

    async def ask() -> Quickly | None:
        quick.state()
        return await quick.answer("/v1/quotes", query)

    return asyncio.run(ask())


def test_what_is_light_is_answered_at_once(client: TestClient) -> None:
    for query in (b"speaker=benjamin-netanyahu", b"speaker=benjamin-netanyahu&count=off"):
        assert quickly(client, query) is not None


def test_what_takes_long_is_left_to_the_routes(
    seeded_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = serve(seeded_database)
    if seeded_database.sqlite:
        monkeypatch.setattr(in_loop, "STEPS", 0)
        monkeypatch.setattr(in_loop, "ASKED", 1)
        assert quickly(client, b"limit=50") is None
    else:
        with seeded_database.engine.begin() as connection:
            connection.execute(text("LOCK TABLE shown IN ACCESS EXCLUSIVE MODE"))
            assert quickly(client, b"limit=50") is None
        assert quickly(client, b"limit=50") is not None
    assert told(client.get(SPEAKER, headers=PLAIN)) == told(routed(client, SPEAKER))


def test_the_next_request_sees_a_write(seeded_database: Database) -> None:
    """Of this service, and of another one beside it."""
    client, beside = writer(seeded_database), writer(seeded_database)
    reader = serve(seeded_database)
    assert client.put(FLOOD, json=body()).status_code == 201
    paths = [FLOOD, "/v1/quotes?limit=50", "/v1/quotes/flood.q1"]
    for number, by in enumerate((client, beside, client)):
        before = [told(reader.get(path, headers=PLAIN)) for path in paths for _ in (1, 2)]
        given = body(title=f"Flood {number}")
        assert by.put(FLOOD, json=given, headers=tag(by, FLOOD), params={"reason": "typo"}).status_code == 200
        after = [told(reader.get(path, headers=PLAIN)) for path in paths for _ in (1, 2)]
        assert all(one != other for one, other in zip(before, after, strict=True))
        assert after == [told(routed(reader, path)) for path in paths for _ in (1, 2)]


def test_a_new_name_of_an_entity_shows_at_once(seeded_database: Database) -> None:
    client = serve(seeded_database)
    desk = key(seeded_database, "entities")
    path = "/v1/entities/benjamin-netanyahu"
    assert "Bibi" not in client.get(SPEAKER).text
    match = {"If-Match": client.get(path).headers["etag"], **desk}
    answer = client.patch(path, json={"name": "Bibi"}, headers=match, params={"reason": "typo"})
    assert answer.status_code == 200, answer.text
    assert {s["entity"]["name"] for q in client.get(SPEAKER).json()["results"] for s in q["speakers"]} >= {
        "Bibi"
    }
    assert "Bibi" not in client.get(f"{SPEAKER}&as_of=1").text


def test_nobody_gets_what_a_key_may_see(seeded_database: Database) -> None:
    client, desk = serve(seeded_database), key(seeded_database)
    assert client.put(FLOOD, json=body(status="draft"), headers=desk).status_code == 201
    for _ in range(2):
        assert client.get(FLOOD, headers=desk).status_code == 200
        assert client.get(FLOOD).status_code == 404
    lists = {len(client.get("/v1/documents", headers=h).json()["results"]) for h in (desk, {}, desk, {})}
    assert lists == {1, 2}


def test_what_is_closed_is_closed_in_front_too(seeded_database: Database) -> None:
    client = serve(seeded_database, reads="closed")
    assert [client.get(SPEAKER).status_code for _ in range(2)] == [401, 401]


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_who_has_it_gets_304_and_others_the_whole(client: TestClient, coding: str) -> None:
    for path in (SPEAKER, f"/v1/quotes/{DOCUMENT}.q1"):
        whole = client.get(path, headers={"Accept-Encoding": coding})
        etag = whole.headers["etag"]
        for given, status in ((etag, 304), (f'"x", {etag}', 304), ('"x"', 200), ("*", 304)):
            answer = client.get(path, headers={"Accept-Encoding": coding, "If-None-Match": given})
            assert (answer.status_code, answer.headers["etag"]) == (status, etag)
            assert answer.content == (whole.content if status == 200 else b"")


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_whoever_wants_nothing_that_is_there_gets_304_with_the_tag(client: TestClient, coding: str) -> None:
    wants = {"Accept-Encoding": coding, "If-None-Match": "*"}
    for path in ("/v1/quotes?format=csv", "/v1/changes", "/v1/record", f"/v1/documents/{DOCUMENT}/text"):
        expected = client.get(path, headers={"Accept-Encoding": coding}).headers["etag"]
        for ask in (client.get, client.head):
            answer = ask(path, headers=wants)
            assert (answer.status_code, answer.headers["etag"], answer.content) == (304, expected, b""), path
            assert "content-type" not in answer.headers
    assert client.get("/v1/quotes/nobody.q1", headers=wants).status_code == 404
    assert client.get("/v1/changes", headers={**wants, "Accept": "text/event-stream"}).status_code == 304


def test_memory_is_bounded(seeded_database: Database) -> None:
    client = serve(seeded_database, memory=40_000)
    memory = client.app.state.memory  # type: ignore[attr-defined]
    taken, answers = [], []
    for limit in (*range(1, 30), *range(1, 30)):
        answers.append(client.get(f"/v1/quotes?limit={limit}").content)
        taken.append(memory.size)
    assert max(taken) <= 40_000
    assert (max(taken) > 20_000) == seeded_database.sqlite
    assert answers[:29] == answers[29:]


@pytest.mark.skipif(sys.platform != "linux", reason="no priorities of threads")
@pytest.mark.parametrize("path", ["/v1/quotes?facet=speaker", "/v1/quotes?format=csv"])
def test_what_takes_long_gives_way_to_the_loop(seeded_database: Database, path: str) -> None:
    usual = os.getpriority(os.PRIO_PROCESS, os.getpid())

    def given_way() -> set[str]:
        found = set()
        for thread in Path("/proc/self/task").iterdir():
            # One of an earlier test may be ending.
            with suppress(ProcessLookupError):
                if os.getpriority(os.PRIO_PROCESS, int(thread.name)) == min(usual + NICE, 19):
                    found.add(thread.name)
        return found

    before = given_way()
    with serve(seeded_database) as client:
        assert client.get(f"/v1/quotes/{DOCUMENT}.q1").status_code == 200
        assert given_way() <= before
        assert client.get(path).status_code == 200
        assert given_way() - before
    assert os.getpriority(os.PRIO_PROCESS, os.getpid()) == usual
