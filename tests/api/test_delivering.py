"""Being called back: signed, in order, at least once, whatever fails on the way."""

import asyncio
import calendar
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import insert, text, update
from sqlmodel import col

from annotations.annotated import AnnotatedDocument
from annotations.purge import Purging
from api.subscriptions.addresses import Allowed
from api.subscriptions.calling import Outcome
from api.subscriptions.calling import Receiver as Connection
from api.subscriptions.delivering import NOTED
from api.subscriptions.outbox import moment
from api.subscriptions.retrying import ATTEMPTS, JITTER, PAUSES, pause_after
from models.api_key import ApiKey
from models.commit import commit
from models.record import By
from models.session import Database
from models.subscription import Delivery, Subscription
from tests.api.receivers import TAKEN, Answer, Call, Receiver, calling, eventually, receiving, subscribe
from tests.documents import document, put
from tests.serving import environment

FAILED: Answer = (500, {}, b"broken")


def toll(id: str, number: str = "2", place: str = "Tyre", **fields: str) -> AnnotatedDocument:
    """A document with a quote and a claim of so many killed in a place of that name."""
    slug = place.lower()
    words = f"{number} people were killed in {place}, doctor Ali said."
    annotation = f"""
entities:
  ali: {{kind: actor, name: Ali}}
  {slug}: {{kind: place, name: {place}}}
quotes:
- id: q1
  form: indirect
  mark: '{{content|{number} people were killed in {place}}}, doctor {{speaker=ali|Ali}} {{cue|said}}'
claims:
- id: c1
  sources: [q1]
  value: "{number}"
  measure: killed
  place: {slug}
  mark: '{{number|{number}}} {{counted|people}} were killed'
text:
- '{number} people were killed in {{{slug}|{place}}}, doctor {{ali|Ali}} said.'
"""
    return document(id, words, annotation, **fields)


def ids(calls: list[Call]) -> list[str]:
    return [call.data["id"] for call in calls]


def set_all(database: Database, **values: Any) -> None:
    """As time, or somebody else, would change every subscription."""
    with database.write() as session:
        session.execute(update(Subscription).values(values))


def test_events_are_sent_signed_and_in_order(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver)
        put(empty_database, toll("flood"))
        calls = receiver.wait(5)
        assert receiver.types() == [
            "document.created", "quote.created", "claim.created", "entity.created", "entity.created",
        ]  # fmt: skip
        for position, call in enumerate(calls):
            call.verify(made["secret"])
            assert call.path == "/hook?of=desk"
            assert call.headers["host"] == f"localhost:{receiver.port}"
            assert call.headers["content-type"] == "application/json"
            assert call.place == (1, position)
            item = client.get(call.data["url"])
            assert item.status_code == 200 and item.json() == call.data["item"]
            assert call.data["matches"] is True and call.data["reason"] == "load"
            assert call.content["timestamp"] == item.json()["recorded"]["time"]
        assert len({call.id for call in calls}) == 5
        document = client.get("/openapi.json").json()
        form = {"$ref": "#/components/schemas/EventMessage", "components": document["components"]}
        for call in calls:
            assert not [error.message for error in Draft202012Validator(form).iter_errors(call.content)]
        done = eventually(client, f"/v1/subscriptions/{made['id']}", lambda found: found["revision"] == 2)
        assert done["position"] == done["attempts"] == 0


def test_a_subscription_is_told_of_what_it_asks_for(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        subscribe(client, receiver, events=["claim", "document.withdrawn"])
        put(empty_database, toll("flood"))
        put(empty_database, toll("flood", "3"))
        put(empty_database, toll("flood", "3", status="withdrawn"))
        receiver.wait(4)
        assert receiver.types() == [
            "claim.created", "claim.corrected", "document.withdrawn", "claim.withdrawn",
        ]  # fmt: skip
        figures = [call.data["item"] and call.data["item"]["as_written"] for call in receiver.calls]
        assert figures == ["2", "3", None, None]


def test_a_saved_query_is_a_subscription(empty_database: Database) -> None:
    put(empty_database, toll("old", "4"))
    with receiving() as receiver, calling(empty_database) as client:
        asked = "/v1/claims?measure=killed&place=tyre&value__gte=3"
        made = subscribe(client, receiver, query=asked)
        assert made["filters"] == {"measure": "killed", "place": "tyre", "value__gte": "3"}
        assert made["query"] == asked
        put(empty_database, toll("few", "2"))
        put(empty_database, toll("elsewhere", "5", "Sidon"))
        put(empty_database, toll("many", "5"))
        put(empty_database, toll("few", "6"))
        put(empty_database, toll("few", "1"))
        put(empty_database, toll("many", "5", status="withdrawn"))
        calls = receiver.wait(4)
        told = [(call.content["type"], call.data["id"], call.data["matches"]) for call in calls]
        assert told == [
            ("claim.created", "many.c1", True),
            ("claim.corrected", "few.c1", True),
            ("claim.corrected", "few.c1", False),
            ("claim.withdrawn", "many.c1", False),
        ]
        # What it has become, although it is no more what was asked for.
        assert calls[2].data["item"]["as_written"] == "1"
        assert calls[3].data["item"] is None
        eventually(client, f"/v1/subscriptions/{made['id']}", lambda found: found["revision"] == 8)
        assert len(receiver.calls) == 4


def test_everything_that_somebody_says_is_a_subscription(empty_database: Database) -> None:
    put(empty_database, toll("old"))
    with receiving() as receiver, calling(empty_database) as client:
        subscribe(client, receiver, resource="quotes", filters={"speaker": ["ali"]}, **{"from": 1})
        put(empty_database, document("other", "Nobody said a word."), toll("flood"))
        assert ids(receiver.wait(2)) == ["old.q1", "flood.q1"]


def test_readers_are_not_told_of_drafts(empty_database: Database) -> None:
    with (
        receiving() as desk,
        receiving() as reader,
        calling(empty_database) as client,
        calling(empty_database, "subscriptions", worker=False) as other,
    ):
        subscribe(client, desk, events=["document", "claim"])
        subscribe(other, reader, events=["document", "claim"])
        put(empty_database, toll("flood", status="draft"))
        desk.wait(2)
        put(empty_database, toll("flood", status="published"))
        desk.wait(3)
        reader.wait(2)
        assert desk.types() == ["document.created", "claim.created", "document.corrected"]
        assert reader.types() == ["document.created", "claim.created"]
        assert [call.place[0] for call in desk.calls + reader.calls] == [1, 1, 2, 2, 2]


def test_failure_and_recovery_leave_no_gap_and_keep_the_order(empty_database: Database) -> None:
    """Each call fails now and then, by chance that is the same each time."""
    broken = {0, 1, 4, 5, 6, 9, 13, 14}

    def answer(number: int, _: Call) -> Answer:
        return FAILED if number in broken else TAKEN

    with receiving(answer) as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver)
        for number in range(4):
            put(empty_database, toll(f"flood-{number}"))
        calls = receiver.wait(14 + len(broken))
        taken = [call for number, call in enumerate(calls) if number not in broken]
        places = [call.place for call in taken]
        # The places and people are known since the first.
        assert places == [(1, p) for p in range(5)] + [(r, p) for r in (2, 3, 4) for p in range(3)]
        for number in broken:
            # What failed comes again before anything else does, under its own id.
            assert calls[number].id == calls[number + 1].id
        log = client.get(f"/v1/subscriptions/{made['id']}/deliveries?outcome=failed").json()["results"]
        assert len(log) == len(broken)
        assert {row["status"] for row in log} == {500} and {row["error"] for row in log} == {"status"}
        assert max(row["attempt"] for row in log) == 3


def test_a_receiver_that_never_answers_well_is_switched_off_visibly(empty_database: Database) -> None:
    well = False
    with receiving(lambda *_: TAKEN if well else FAILED) as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver, events=["document"])
        path = f"/v1/subscriptions/{made['id']}"
        put(empty_database, toll("flood"))
        off = eventually(client, path, lambda found: found["status"] == "off")
        assert off["off_reason"] == (
            "its receiver did not take an event in 10 attempts; the last one answered 500"
        )
        assert len(receiver.calls) == ATTEMPTS and len({call.id for call in receiver.calls}) == 1
        put(empty_database, toll("drought"))
        # On again, it goes on where it stopped.
        well = True
        on = client.post(f"{path}:resume")
        assert on.status_code == 200 and on.json()["status"] == "active" and on.json()["off_reason"] is None
        calls = receiver.wait(ATTEMPTS + 2)
        assert ids(calls[ATTEMPTS:]) == ["flood", "drought"]
        assert calls[ATTEMPTS].id == calls[0].id


def test_a_receiver_that_has_gone_is_switched_off_at_once(empty_database: Database) -> None:
    with receiving(lambda *_: (410, {}, b"")) as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver)
        put(empty_database, toll("flood"))
        off = eventually(client, f"/v1/subscriptions/{made['id']}", lambda found: found["status"] == "off")
        assert off["off_reason"] == "its receiver answered 410 Gone" and len(receiver.calls) == 1


def test_a_redirect_is_a_failure_that_says_so(empty_database: Database) -> None:
    with receiving() as aim:
        moved: Answer = (307, {"Location": aim.url}, b"")
        with receiving(lambda *_: moved) as receiver, calling(empty_database) as client:
            made = subscribe(client, receiver, events=["document"])
            put(empty_database, toll("flood"))
            receiver.wait(2)
            log = eventually(
                client,
                f"/v1/subscriptions/{made['id']}/deliveries",
                lambda found: len(found["results"]) > 1,
            )
            assert {(row["status"], row["error"]) for row in log["results"]} == {(307, "redirect")}
            assert not aim.calls


def test_a_busy_receiver_is_asked_again_when_it_says(empty_database: Database) -> None:
    for status, wait, least, most in (
        (429, "3600", 3500, 3600),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", 86300, 86400),
        (500, "3600", 0, 60),
        (503, "soon", 0, 60),
    ):
        busy: Answer = (status, {"Retry-After": wait}, b"")
        with receiving(lambda *_, a=busy: a) as receiver, calling(empty_database) as client:
            made = subscribe(client, receiver, events=["document"])
            put(empty_database, toll(f"flood-{status}-{len(wait)}"))
            path = f"/v1/subscriptions/{made['id']}"
            found = eventually(client, path, lambda found: found["next_attempt"] is not None)
            before = time.time()
            due = time.strptime(found["next_attempt"][:19], "%Y-%m-%dT%H:%M:%S")
            assert least - 60 <= calendar.timegm(due) - before <= most + 60
            set_all(empty_database, status="off", off_reason="the test is over")


def test_pauses_grow_over_more_than_two_days() -> None:
    shortest = sum(PAUSES) * (1 - JITTER)
    assert shortest > 2 * 24 * 3600 and list(PAUSES) == sorted(PAUSES) and ATTEMPTS == 10
    for failed, pause in enumerate(PAUSES, 1):
        waits = [pause_after(failed) for _ in range(200)]
        assert all(wait is not None and abs(wait - pause) <= pause * JITTER for wait in waits)
        assert len(set(waits)) > 100
    assert pause_after(ATTEMPTS) is None
    assert pause_after(1, scale=0.001, wait=90) == 90
    assert pause_after(1, wait=10**9) == 24 * 3600


def test_a_slow_receiver_delays_only_itself(empty_database: Database) -> None:
    go_on = threading.Event()

    def slowly(*_: Any) -> Answer:
        go_on.wait(15)
        return TAKEN

    with receiving(slowly) as slow, receiving() as quick, calling(empty_database) as client:
        made = subscribe(client, slow)
        subscribe(client, quick)
        put(empty_database, toll("flood"))
        assert len(quick.wait(5)) == 5 and len(slow.calls) == 1
        assert client.get(f"/v1/subscriptions/{made['id']}").json()["position"] == 0
        go_on.set()
        slow.wait(5)


def test_two_workers_share_the_work(empty_database: Database) -> None:
    with receiving() as one, receiving() as two:
        with calling(empty_database) as client, calling(empty_database):
            for receiver in (one, two):
                subscribe(client, receiver)
            for number in range(20):
                put(empty_database, toll(f"flood-{number}"))
            for receiver in (one, two):
                receiver.wait(5 + 19 * 3)
        for receiver in (one, two):
            places = [call.place for call in receiver.calls]
            assert places == sorted(set(places)) and len(places) == 5 + 19 * 3


def test_a_restart_loses_nothing(empty_database: Database) -> None:
    with receiving() as receiver:
        with calling(empty_database) as client:
            subscribe(client, receiver, events=["document"])
            put(empty_database, toll("before"))
            receiver.wait(1)
        put(empty_database, toll("meanwhile"))
        with calling(empty_database):
            put(empty_database, toll("after"))
            assert ids(receiver.wait(3)) == ["before", "meanwhile", "after"]


@contextmanager
def worker(database: Database, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`onrecord worker` as a process of its own."""
    url = database.engine.url.render_as_string(hide_password=False)
    env = environment(ONRECORD_CALLBACK_HTTP="1", ONRECORD_CALLBACK_LOOPBACK="1")
    command = [str(Path(sys.executable).parent / "onrecord"), "worker", "--database-url", url]
    process = subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
        assert b"Traceback" not in told


def test_what_a_killed_worker_had_sent_and_not_noted_is_sent_again(
    empty_database: Database, tmp_path: Path
) -> None:
    killed: list[int] = []

    def answer(number: int, _: Call) -> Answer:
        if number == 2:
            os.kill(killed[0], signal.SIGKILL)
        return TAKEN

    with receiving(answer) as receiver, calling(empty_database, worker=False) as client:
        made = subscribe(client, receiver)
        put(empty_database, toll("flood"))
        with worker(empty_database, tmp_path) as process:
            killed.append(process.pid)
            assert process.wait(60) == -signal.SIGKILL
        path = f"/v1/subscriptions/{made['id']}"
        position = client.get(path).json()["position"]
        assert position <= 2
        with worker(empty_database, tmp_path) as process:
            # The lease outlives the one that held it.
            time.sleep(2)
            assert len(receiver.calls) == 3
            set_all(empty_database, leased_until="2000-01-01T00:00:00.000Z")
            calls = receiver.wait(3 + 5 - position)
            eventually(client, path, lambda found: found["revision"] == 2)
            process.terminate()
            assert process.wait(30) == 0
        assert [call.place[1] for call in calls] == [0, 1, 2, *range(position, 5)]
        names = {call.place: {other.id for other in calls if other.place == call.place} for call in calls}
        assert all(len(found) == 1 for found in names.values())


def test_a_worker_that_is_stopped_ends_its_leases(empty_database: Database) -> None:
    with receiving() as receiver:
        with calling(empty_database) as client:
            subscribe(client, receiver, events=["document"])
            put(empty_database, toll("flood"))
            receiver.wait(1)
        with empty_database.read() as session:
            assert session.execute(text("SELECT leased_by FROM subscription")).scalar() is None


def test_a_clock_that_was_set_back_delays_nobody_for_whom_nothing_failed(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        subscribe(client, receiver, events=["claim"])
        set_all(empty_database, due=moment(3600))
        put(empty_database, toll("flood"))
        receiver.wait(1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked": "2026-01-01T00:00:00.000Z"}, "the key was revoked"),
        ({"expires": "2026-01-01T00:00:00.000Z"}, "the key has expired"),
        ({"scopes": "write"}, "the key has lost the scope `subscriptions`"),
    ],
)
def test_whose_key_has_ended_is_called_no_more(
    empty_database: Database, change: dict[str, str], reason: str
) -> None:
    with receiving() as receiver, calling(empty_database, "admin") as admin:
        with calling(empty_database, worker=False) as client:
            made = subscribe(client, receiver)
        with empty_database.write() as session:
            session.execute(update(ApiKey).where(col(ApiKey.id) == made["key"]).values(change))
        put(empty_database, toll("flood"))
        off = eventually(admin, f"/v1/subscriptions/{made['id']}", lambda found: found["status"] == "off")
        assert off["off_reason"] == reason and not receiver.calls


def test_a_ping_goes_out_like_an_event_and_is_in_the_log(empty_database: Database) -> None:
    answers = [TAKEN, FAILED]
    with receiving(lambda number, _: answers[number]) as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver)
        path = f"/v1/subscriptions/{made['id']}"
        sent = client.post(f"{path}:ping")
        assert sent.status_code == 202
        call = receiver.wait(1)[0]
        call.verify(made["secret"])
        assert call.id == sent.json()["message"]
        assert call.content["type"] == "subscription.ping" and call.data == {"subscription": made["id"]}
        log = eventually(client, f"{path}/deliveries", lambda found: bool(found["results"]))["results"]
        assert [(row["message"], row["type"], row["revision"], row["outcome"]) for row in log] == [
            (call.id, "subscription.ping", None, "delivered")
        ]
        # Also while it is off; and one that fails counts for nothing.
        set_all(empty_database, status="off", off_reason="the test says so")
        client.post(f"{path}:ping")
        receiver.wait(2)
        eventually(client, f"{path}/deliveries", lambda found: len(found["results"]) == 2)
        assert client.get(path).json()["attempts"] == 0


def test_after_a_rotation_both_secrets_sign_for_a_day(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver, events=["document"])
        path = f"/v1/subscriptions/{made['id']}"
        rotated = client.post(f"{path}:rotate").json()
        assert rotated["secret"] != made["secret"] and rotated["old_secret_until"] > rotated["changed"]
        put(empty_database, toll("flood"))
        call = receiver.wait(1)[0]
        assert len(call.headers["webhook-signature"].split()) == 2
        for secret in (made["secret"], rotated["secret"]):
            call.verify(secret)
        set_all(empty_database, old_secret_until="2026-01-01T00:00:00.000Z")
        put(empty_database, toll("drought"))
        call = receiver.wait(2)[1]
        assert len(call.headers["webhook-signature"].split()) == 1
        call.verify(rotated["secret"])
        assert client.get(path).json()["old_secret_until"] is None


def test_a_replay_tells_all_again_under_the_same_ids(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        made = subscribe(client, receiver, events=["document"])
        path = f"/v1/subscriptions/{made['id']}"
        for number in range(3):
            put(empty_database, toll(f"flood-{number}"))
        receiver.wait(3)
        eventually(client, path, lambda found: found["revision"] == 4)
        assert client.post(f"{path}:replay", json={"from": 2}).status_code == 200
        calls = receiver.wait(5)
        assert [call.id for call in calls[3:]] == [call.id for call in calls[1:3]]
        assert [call.body for call in calls[3:]] == [call.body for call in calls[1:3]]


def test_who_follows_an_entity_follows_the_one_that_it_is_merged_into(empty_database: Database) -> None:
    put(
        empty_database,
        toll("flood"),
        document(
            "b",
            "Ali B. spoke.",
            "entities:\n  ali-b: {kind: actor, name: Ali B.}\ntext: ['{ali-b|Ali B.} spoke.']",
        ),
    )
    with receiving() as receiver, calling(empty_database, "subscriptions", "entities") as client:
        subscribe(client, receiver, resource="quotes", filters={"speaker": "ali"})
        entity = client.get("/v1/entities/ali")
        merged = client.post(
            "/v1/entities/ali:merge",
            json={"into": "ali-b"},
            headers={"If-Match": entity.headers["etag"]},
        )
        assert merged.status_code == 200, merged.text
        put(empty_database, toll("drought"))
        assert ids(receiver.wait(1)) == ["drought.q1"]


def test_the_address_is_checked_at_each_call(empty_database: Database) -> None:
    """As it is when a name leads elsewhere by then."""
    with receiving() as receiver:
        with calling(empty_database, worker=False) as client:
            made = subscribe(client, receiver)
        put(empty_database, toll("flood"))
        with calling(empty_database, "admin", callback_loopback=False) as client:
            log = eventually(
                client, f"/v1/subscriptions/{made['id']}/deliveries", lambda found: bool(found["results"])
            )
        assert log["results"][0]["error"] == "address" and not receiver.calls


def test_no_proxy_of_the_environment_is_used(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with calling(empty_database) as client:
            subscribe(client, receiver, events=["document"])
            put(empty_database, toll("flood"))
            receiver.wait(1)
        assert not proxy.calls


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a host of this name, signed by itself, with its key."""
    path = folder / f"{name}.pem"
    made = subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-addext", f"subjectAltName=DNS:{name}", "-keyout", folder / "key.pem",
            "-out", folder / "crt.pem",
        ],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    path.write_bytes((folder / "key.pem").read_bytes() + (folder / "crt.pem").read_bytes())
    return path


@pytest.mark.parametrize(("name", "error"), [("localhost", None), ("elsewhere.example", "tls")])
def test_the_certificate_must_name_the_host(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, error: str | None
) -> None:
    """The connection goes to an address; the certificate is that of the host all the same."""
    own = certificate(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "crt.pem"))
    with receiving(certificate=own) as receiver, calling(empty_database, callback_http=False) as client:
        made = subscribe(client, receiver, events=["document"])
        put(empty_database, toll("flood"))
        log = eventually(
            client, f"/v1/subscriptions/{made['id']}/deliveries", lambda found: bool(found["results"])
        )
        assert log["results"][-1]["error"] == error
        assert bool(receiver.calls) == (error is None)


def test_a_receiver_that_is_not_there_is_told_so(empty_database: Database) -> None:
    with calling(empty_database) as client:
        made = subscribe(client, Receiver(port=1025), events=["document"])
        put(empty_database, toll("flood"))
        log = eventually(
            client, f"/v1/subscriptions/{made['id']}/deliveries", lambda found: bool(found["results"])
        )
        assert (log["results"][0]["error"], log["results"][0]["status"]) == ("connect", None)


def test_a_large_answer_is_not_waited_for(empty_database: Database) -> None:
    with receiving(lambda *_: (200, {}, bytes(50_000_000))) as receiver, calling(empty_database) as client:
        subscribe(client, receiver, events=["document"])
        for number in range(3):
            put(empty_database, toll(f"flood-{number}"))
        assert ids(receiver.wait(3)) == ["flood-0", "flood-1", "flood-2"]


@pytest.mark.parametrize(
    "content", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12"]
)
def test_an_answer_that_does_not_end_is_not_waited_for(content: bytes) -> None:
    async def call(port: int) -> Outcome:
        allowed, context = Allowed(http=True, loopback=True), httpx.create_ssl_context()
        with ThreadPoolExecutor() as names:
            async with Connection(allowed, context, names, seconds=1.0) as receiver:
                return await receiver.take(f"http://127.0.0.1:{port}/", {}, b"{}")

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(content)
                over.wait(60)

        over = threading.Event()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        outcome = asyncio.run(call(server.getsockname()[1]))
        over.set()
        thread.join()
    assert (outcome.error, outcome.status) == ("timeout", None) and outcome.milliseconds >= 990


def test_no_word_of_a_document_is_kept(empty_database: Database) -> None:
    with receiving(lambda number, _: TAKEN if number else FAILED) as receiver:
        with calling(empty_database) as client:
            made = subscribe(client, receiver, resource="claims", filters={"measure": "killed"})
            put(empty_database, toll("flood"))
            receiver.wait(2)
            eventually(client, f"/v1/subscriptions/{made['id']}", lambda found: found["revision"] == 2)
        with empty_database.read() as session:
            for table in ("subscription", "delivery"):
                kept = str(session.execute(text(f"SELECT * FROM {table}")).all())
                assert kept != "[]" and not any(word in kept for word in ("flood", "people", "Ali", "broken"))


def test_after_a_purge_no_word_goes_out_and_everybody_is_told(empty_database: Database) -> None:
    """Also what was read before, and waited for a receiver that took its time."""
    waits, go_on = threading.Event(), threading.Event()

    def slowly(number: int, _: Call) -> Answer:
        if number == 0:
            waits.set()
            go_on.wait(30)
        return TAKEN

    with receiving(slowly) as receiver, calling(empty_database) as client:
        subscribe(client, receiver)
        subscribe(client, Receiver(port=receiver.port), resource="claims", filters={"measure": "injured"})
        put(empty_database, toll("flood"))
        assert waits.wait(60)
        commit(empty_database, Purging(["flood"], "Court order"), By())
        # What follows the last note so soon was on its way when the purge came.
        time.sleep(2 * NOTED)
        go_on.set()
        calls = receiver.wait(11)
        assert all(call.data["item"] is None and not call.data["matches"] for call in calls[1:])
        assert not any(b"killed in Tyre" in call.body for call in calls[1:])
        told = sorted(call.content["type"] for call in calls if call.data["change"] == "purged")
        # Who follows some claims is told of each that is gone: which of them it had, nobody knows any more.
        assert told == [
            "claim.purged", "claim.purged", "document.purged", "entity.purged", "entity.purged",
            "quote.purged",
        ]  # fmt: skip


def test_the_log_is_kept_for_thirty_days(empty_database: Database) -> None:
    with receiving() as receiver:
        with calling(empty_database, worker=False) as client:
            made = subscribe(client, receiver)
        row = {
            "subscription_id": made["id"], "message": "m", "type": "claim.created", "attempt": 1,
            "milliseconds": 1, "outcome": "delivered",
        }  # fmt: skip
        now = time.time()
        with empty_database.write() as session:
            for id, days in ((1, 29), (2, 31)):
                then = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now - days * 86400))
                session.execute(insert(Delivery).values(id=id, time=then, **row))
        with calling(empty_database, "admin") as client:
            path = f"/v1/subscriptions/{made['id']}/deliveries"
            log = eventually(client, path, lambda found: len(found["results"]) == 1)
            assert log["results"][0]["id"] == "1"


def test_call_backs_are_measured(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database) as client:
        subscribe(client, receiver, events=["document"])
        put(empty_database, toll("flood"))
        receiver.wait(1)
        measured = client.get("/metrics").text
        assert 'onrecord_callbacks_total{outcome="delivered"}' in measured
        assert "onrecord_callbacks_lag_seconds" in measured


def test_a_service_without_a_worker_calls_nobody(empty_database: Database) -> None:
    with receiving() as receiver, calling(empty_database, worker=False) as client:
        made = subscribe(client, receiver)
        put(empty_database, toll("flood"))
        time.sleep(1.5)
        assert not receiver.calls
        assert client.get(f"/v1/subscriptions/{made['id']}").json()["revision"] == 1
