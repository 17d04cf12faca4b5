"""Keys: who may do what, from when to when, and that nothing gives a secret away."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, inspect, text
from sqlmodel import Session, col, select

from api.access.keys import FORM, revoke
from api.commands.keys import SCOPES
from models.api_key import ApiKey, Scope
from models.session import Database
from tests.api.test_cli import run
from tests.conftest import DOCUMENT, Statements, serve
from tests.keys import bearer, id_of, key

QUOTES = "/v1/quotes?limit=1"
OPEN = ("/health", "/ready", "/metrics", "/docs", "/openapi.json", "/v1/schemas/annotated-document")


def stored(database: Database, secret: str) -> ApiKey:
    """What the database has of the key, once everything is done that is done aside."""
    with database.read() as session:
        mine = col(ApiKey.id) == id_of(secret)
        found: ApiKey = session.execute(select(ApiKey).where(mine)).scalar_one()
        session.expunge(found)
        return found


def settle(client: TestClient) -> None:
    """Wait for what the service does aside."""
    assert isinstance(client.app, FastAPI)
    client.app.state.keys.aside.submit(lambda: None).result()


@pytest.fixture
def desk(empty_database: Database) -> Iterator[TestClient]:
    """A client of a service of this test alone."""
    with serve(empty_database) as client:
        yield client


def test_secrets_are_random_and_stored_as_their_digest(empty_database: Database) -> None:
    secrets = [key(empty_database, "read") for _ in range(20)]
    assert len({secret.rpartition("_")[2] for secret in secrets}) == 20
    for secret in secrets:
        assert FORM.fullmatch(secret)
        # Of 62 letters and digits: more than 256 bits.
        assert 62 ** len(secret.rpartition("_")[2]) > 1 << 256
        row = stored(empty_database, secret)
        assert secret.startswith(f"{row.id}_")
        assert row.digest == hashlib.sha256(secret.encode()).hexdigest()


@pytest.mark.parametrize("scope", get_args(Scope))
def test_every_key_may_read(empty_database: Database, desk: TestClient, scope: Scope) -> None:
    assert desk.get(QUOTES, headers=bearer(key(empty_database, scope))).status_code == 200


def test_a_key_may_do_what_its_scopes_say(empty_database: Database, desk: TestClient) -> None:
    assert desk.get("/v1/audit", headers=bearer(key(empty_database, "read", "admin"))).status_code == 200
    refused = desk.get("/v1/audit", headers=bearer(key(empty_database, "read", "write", "entities")))
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "`admin`" in refused.json()["detail"]
    challenge = refused.headers["www-authenticate"]
    assert challenge == 'Bearer realm="onrecord", error="insufficient_scope", scope="admin"'


def test_what_needs_a_key_says_how_to_send_one(desk: TestClient) -> None:
    refused = desk.get("/v1/audit")
    assert refused.status_code == 401
    # Who sent none has made no error (RFC 6750, 3.1).
    assert refused.headers["www-authenticate"] == 'Bearer realm="onrecord"'
    assert "Authorization: Bearer" in refused.json()["detail"]


def test_a_key_that_is_none_is_refused_also_where_anybody_may_read(
    empty_database: Database, desk: TestClient
) -> None:
    revoked, expired = (
        key(empty_database, "read"),
        key(empty_database, "read", expires="2024-10-15T00:00:00.000Z"),
    )
    revoke(empty_database, id_of(revoked))
    good = key(empty_database, "read")
    unknown = good[:-1] + ("a" if good[-1] != "a" else "b")
    for secret, word in ((unknown, "no such"), (revoked, "revoked"), (expired, "expired")):
        answer = desk.get(QUOTES, headers=bearer(secret))
        assert answer.status_code == 401, word
        assert word in answer.json()["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="onrecord", error="invalid_token"'
        assert answer.headers["cache-control"] == "no-store"
        assert secret not in answer.text


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer or_1",
        "Basic ZGVzazpkZXNr",
        "{secret}",
        "Token {secret}",
    ],
)
def test_what_is_no_key_is_refused(empty_database: Database, desk: TestClient, sent: str) -> None:
    header = sent.format(secret=key(empty_database, "admin"))
    assert desk.get(QUOTES, headers={"Authorization": header}).status_code == 401


def test_of_two_keys_nobody_knows_which_counts(empty_database: Database, desk: TestClient) -> None:
    header = ("Authorization", f"Bearer {key(empty_database, 'read')}")
    assert desk.get(QUOTES, headers=[header]).status_code == 200
    assert desk.get(QUOTES, headers=[header, header]).status_code == 401


def test_the_scheme_is_written_as_anybody_likes(empty_database: Database, desk: TestClient) -> None:
    secret = key(empty_database, "read")
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert desk.get(QUOTES, headers={"Authorization": f"{scheme} {secret}"}).status_code == 200


def test_a_key_goes_before_what_is_asked(empty_database: Database, desk: TestClient) -> None:
    """Who may not ask learns nothing of what would be right to ask."""
    for query in ("nonsense=1", "limit=0", "limit=1&limit=2"):
        assert desk.get(f"/v1/audit?{query}").status_code == 401
        assert desk.get(f"/v1/audit?{query}", headers=bearer(key(empty_database, "write"))).status_code == 403
        assert desk.get(f"/v1/quotes?{query}", headers=bearer("or_nobody")).status_code == 401


def test_revocation_holds_with_the_next_request_in_every_process(empty_database: Database) -> None:
    secret = key(empty_database, "read")
    with serve(empty_database) as one, serve(empty_database) as other:
        assert [c.get(QUOTES, headers=bearer(secret)).status_code for c in (one, other)] == [200, 200]
        revoke(empty_database, id_of(secret))
        assert [c.get(QUOTES, headers=bearer(secret)).status_code for c in (one, other)] == [401, 401]


def test_the_end_of_a_key_holds_with_the_next_request(empty_database: Database, desk: TestClient) -> None:
    secret = key(empty_database, "read", expires="2999-01-01T00:00:00.000Z")
    assert desk.get(QUOTES, headers=bearer(secret)).status_code == 200
    with empty_database.write() as session:
        session.execute(text("UPDATE api_key SET expires = '2026-01-01T00:00:00.000Z'"))
    assert desk.get(QUOTES, headers=bearer(secret)).status_code == 401


def test_closed_reads_need_any_key(seeded_database: Database) -> None:
    reader = bearer(key(seeded_database, "read"))
    with serve(seeded_database, reads="closed") as client:
        for url in (QUOTES, f"/v1/documents/{DOCUMENT}/text", "/v1/record", "/v1/search?q=ceasefire"):
            refused = client.get(url)
            assert refused.status_code == 401, url
            assert refused.headers["www-authenticate"] == 'Bearer realm="onrecord"'
            assert client.get(url, headers=reader).status_code == 200
        assert [client.get(url).status_code for url in OPEN] == [200] * len(OPEN)


def test_a_tag_that_a_reader_has_opens_nothing(seeded_database: Database) -> None:
    with serve(seeded_database) as client:
        tag = client.get(QUOTES).headers["etag"]
    with serve(seeded_database, reads="closed") as client:
        assert client.get(QUOTES, headers={"If-None-Match": tag}).status_code == 401


def test_use_is_noted_to_the_minute_and_once_a_minute(empty_database: Database, desk: TestClient) -> None:
    secret, sent = key(empty_database, "read"), Statements()
    assert isinstance(desk.app, FastAPI)
    event.listen(desk.app.state.database.engine, "before_cursor_execute", sent.record)
    for _ in range(20):
        assert desk.get(QUOTES, headers=bearer(secret)).status_code == 200
        settle(desk)
    used = stored(empty_database, secret).used
    assert used is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z", used)
    # Two if a minute ended meanwhile.
    assert 1 <= sum(statement.startswith("UPDATE api_key") for statement in sent.sent) <= 2


def test_no_read_waits_for_its_use_to_be_noted(empty_database: Database, desk: TestClient) -> None:
    secret = key(empty_database, "read")
    with empty_database.write() as session:
        # A load that takes long: on SQLite nobody else writes meanwhile, on PostgreSQL nobody this row.
        session.execute(text("UPDATE api_key SET used = NULL"))
        assert desk.get(QUOTES, headers=bearer(secret)).status_code == 200
        settle(desk)
        assert desk.get(QUOTES, headers=bearer(secret)).status_code == 200
    assert stored(empty_database, secret).used is None


def test_a_database_that_is_away_is_not_taken_for_a_bad_key(tmp_path: Path) -> None:
    with serve(Database(f"sqlite:///{tmp_path}/none/at/all.sqlite")) as client:
        answer = client.get(QUOTES, headers=bearer(f"or_{'a' * 8}_{'b' * 43}"))
    assert answer.status_code == 503


def test_neither_the_log_nor_the_database_has_a_secret(
    empty_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = key(empty_database, "read")
    with serve(empty_database, log_level="debug") as client:
        client.get(QUOTES, headers=bearer(secret))
        client.get("/v1/audit", headers=bearer(secret))
        client.get(QUOTES, headers=bearer(f"{secret}x"))
        client.get(QUOTES, headers={"Authorization": secret})
        settle(client)
    logged = capsys.readouterr()
    assert '"status": 401' in logged.err
    hidden = secret.rpartition("_")[2]
    assert hidden not in logged.err + logged.out
    with Session(empty_database.engine) as session:
        for table in inspect(empty_database.engine).get_table_names():
            if not re.search("_words", table):
                rows = session.execute(text(f'SELECT * FROM "{table}"')).all()
                assert hidden not in repr(rows), table


def test_the_command_makes_lists_and_revokes_keys(tmp_path: Path) -> None:
    run("migrate", folder=tmp_path)
    made = run(
        "key", "create", "--name", "city desk", "--scope", "write", "--scope", "entities", folder=tmp_path
    )
    secret = made.stdout.strip()
    assert FORM.fullmatch(secret)
    assert "write entities" in made.stderr
    other = json.loads(
        run("key", "create", "--name", "feed", "--expires", "2999-01-01", "--json", folder=tmp_path).stdout
    )
    assert (other["scopes"], other["expires"]) == ("read", "2999-01-01T00:00:00.000Z")
    assert FORM.fullmatch(other["secret"])
    found = run("key", "list", "--json", folder=tmp_path).stdout
    assert secret.rpartition("_")[2] not in found
    assert {(k["id"], k["name"], k["state"]) for k in json.loads(found)} == {
        (id_of(secret), "city desk", "good"),
        (other["id"], "feed", "good"),
    }
    assert "digest" not in found
    # By the id, or by the secret that somebody has found where it should not be.
    for given in (other["id"], secret):
        assert "was revoked" in run("key", "revoke", given, folder=tmp_path).stderr
    states = {
        k["id"]: (k["state"], k["revoked"])
        for k in json.loads(run("key", "list", "--json", folder=tmp_path).stdout)
    }
    assert {state for state, _ in states.values()} == {"revoked"}
    # Again: it stays revoked since then.
    again = run("key", "revoke", other["id"], folder=tmp_path)
    assert str(states[other["id"]][1]) in again.stderr
    assert "city desk" in run("key", "list", folder=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--name", "desk", "--scope", "writes"), "did you mean write?"),
        (("--name", " "), "--name is empty"),
        (("--name", "desk", "--expires", "tomorrow"), "2027-01-01"),
        (("--name", "desk", "--expires", "2024-10-15"), "ends in the future"),
    ],
)
def test_the_command_refuses_keys_that_nobody_means(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    run("migrate", folder=tmp_path)
    assert said in run("key", "create", *arguments, folder=tmp_path, code=1).stderr
    assert json.loads(run("key", "list", "--json", folder=tmp_path).stdout) == []


def test_the_command_says_that_there_is_no_such_key(tmp_path: Path) -> None:
    run("migrate", folder=tmp_path)
    assert "no such key" in run("key", "revoke", "or_12345678", folder=tmp_path, code=1).stderr


def test_the_scopes_are_those_of_the_model() -> None:
    assert get_args(Scope) == SCOPES
