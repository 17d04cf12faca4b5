"""The explorer, in a real browser that reaches nothing but the service."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page

from api.openapi import operations
from models.session import Database
from tests.available import require
from tests.chromium import browser
from tests.explorer import PICTURE, add, authorise, execute, fill, opened, served
from tests.keys import bearer, key
from tests.postgres import free_port

SWAGGER = Path(__file__).parents[2] / "api" / "static" / "swagger-ui"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("explorer")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    require("chromium")
    with served(free_port(), folder) as url:
        yield url


@pytest.fixture(scope="module")
def chromium(address: str) -> Iterator[Browser]:
    with browser() as started:
        yield started


@dataclass
class Seen:
    """What a page did: the requests that it made, and what it complained of."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture
def seen(chromium: Browser, address: str) -> Iterator[Seen]:
    page = chromium.new_page()
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("console", lambda line: seen.complaints.append(f"{line.type}: {line.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.goto(f"{address}/docs")
    page.locator(".opblock").first.wait_for()
    yield seen
    page.close()


def test_explorer_lists_every_tag_and_operation(seen: Seen, address: str) -> None:
    document = httpx.get(f"{address}/openapi.json", trust_env=False).json()
    tags = seen.page.locator(".opblock-tag")
    assert tags.evaluate_all("tags => tags.map(tag => tag.dataset.tag)") == [
        t["name"] for t in document["tags"]
    ]
    paths = seen.page.locator(".opblock-summary-path").evaluate_all("all => all.map(one => one.dataset.path)")
    sent = [*document["webhooks"]]
    assert sorted(paths) == sorted([*sent, *(path for path, _ in operations(document))])
    assert seen.page.title() == "On Record · explorer"


def test_explorer_executes_requests(seen: Seen) -> None:
    block = opened(seen.page, "list_quotes")
    add(block, "speaker", "naim-qassem")
    fill(block, form="direct", limit="1", count="on")
    answer = execute(block)
    assert answer.locator(".response-col_status").inner_text().strip() == "200"
    body = json.loads(answer.locator(".response-col_description pre").first.inner_text())
    assert [s["entity"]["name"] for s in body["results"][0]["speakers"]] == ["Naim Qassem"]
    assert body["total"] == {"value": 2, "relation": "eq"}


def test_explorer_fills_in_what_a_request_needs(seen: Seen) -> None:
    answer = execute(opened(seen.page, "get_claim"))
    assert answer.locator(".response-col_status").inner_text().strip() == "200"


def test_explorer_shows_what_is_wrong(seen: Seen) -> None:
    block = opened(seen.page, "list_claims")
    fill(block, as_of="999999")
    answer = execute(block)
    assert "422" in answer.locator(".response-col_status").inner_text()
    assert "still to come" in answer.inner_text()


def test_explorer_authorises_and_sends_the_key(seen: Seen, folder: Path) -> None:
    database = Database(f"sqlite:///{folder}/record.sqlite")
    secret = key(database, "admin")
    database.close()
    refused = execute(opened(seen.page, "get_audit"))
    assert refused.locator(".response-col_status").inner_text().strip() == "401"
    authorise(seen.page, secret)
    block = seen.page.locator(".opblock[id$='-get_audit']")
    with seen.page.expect_request("**/v1/audit*") as sent:
        answer = execute(block)
    assert sent.value.headers["authorization"] == bearer(secret)["Authorization"]
    answer.locator(".response-col_status", has_text="200").wait_for()
    rows = json.loads(answer.locator(".response-col_description pre").first.inner_text())["results"]
    assert rows[0]["operation"] == "create_key"
    # Kept in the page alone: gone with it.
    assert secret not in json.dumps(seen.page.evaluate("({...localStorage, ...sessionStorage})"))


def test_explorer_asks_its_server_alone_and_complains_of_nothing(seen: Seen, address: str) -> None:
    execute(opened(seen.page, "get_record"))
    seen.page.locator("section.models button").first.click()
    seen.page.wait_for_load_state("networkidle")
    assert len(seen.requests) >= 5
    assert not [url for url in seen.requests if not url.startswith((address, "data:"))]
    assert not seen.complaints


def test_what_calls_out_is_refused(seen: Seen) -> None:
    refused = seen.page.evaluate("fetch('http://127.0.0.2:9/').then(() => 'sent', error => error.name)")
    assert refused == "TypeError"
    assert any("Content Security Policy" in line for line in seen.complaints)


def test_files_are_kept_as_long_as_their_url_names_their_content(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["cache-control"] == "no-cache"
    urls = re.findall(r'"(static/[^"]+)"', page.text)
    assert len(urls) == 4
    for url in urls:
        kept = client.get(f"/{url}")
        content = hashlib.sha256(kept.content).hexdigest()
        assert url.endswith(f"?v={content[:16]}")
        assert "immutable" in kept.headers["cache-control"]
        for other in (url.partition("?")[0], f"{url}0"):
            answer = client.get(f"/{other}")
            assert answer.headers["cache-control"] == "no-cache"
            tag = answer.headers["etag"]
            assert client.get(f"/{other}", headers={"If-None-Match": tag}).status_code == 304


def test_vendored_files_are_those_of_the_release() -> None:
    said = dict(re.findall(r"\| `(\S+)` \| `([0-9a-f]{64})` \|", (SWAGGER / "README.md").read_text()))
    assert said == {name: hashlib.sha256((SWAGGER / name).read_bytes()).hexdigest() for name in said}
    version = re.search(r'PACKAGE_VERSION:"([^"]+)"', (SWAGGER / "swagger-ui-bundle.js").read_text())
    assert version
    assert f"Swagger UI {version[1]}" in (SWAGGER / "README.md").read_text()


def test_picture_is_light() -> None:
    assert 20_000 < PICTURE.stat().st_size < 300_000
