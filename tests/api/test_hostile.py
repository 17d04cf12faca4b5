"""Requests that nobody should send, and what each is answered: the right problem, never an error of ours."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from urllib.parse import parse_qs, quote

import pytest
from fastapi.testclient import TestClient

from api.listing import cursor
from models.session import Database
from tests.api.writers import key
from tests.conftest import serve

SOME = 1  # at least one result
NOBODY = 0  # a list that is rightly empty


@dataclass(frozen=True)
class Hostile:
    """A request, the status that it gets, and the parameter that is blamed or whether anything is found."""

    url: str
    status: int = 422
    blames: str | None = None
    finds: int | None = None
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def quotes(query: str, blames: str | None = None, status: int = 422, finds: int | None = None) -> Hostile:
    return Hostile(f"/v1/quotes?{query}", status, blames or query.partition("=")[0], finds)


def claims(query: str, blames: str | None = None) -> Hostile:
    return Hostile(f"/v1/claims?{query}", 422, blames or query.partition("=")[0])


def words(text: str, status: int = 200, finds: int | None = None) -> Hostile:
    return Hostile(f"/v1/quotes?q={quote(text)}", status, "q", finds)


def page(**more: str) -> Hostile:
    return Hostile("/v1/quotes?limit=1", 200, finds=SOME, headers=more)


def forged(*content: object) -> str:
    """A cursor with a good seal and this content."""
    body = json.dumps(content).encode()
    seal = blake2b(body, digest_size=12, person=b"onrecord cursor1").digest()
    return urlsafe_b64encode(seal + body).rstrip(b"=").decode()


OVERLONG = "%C0%AF"
REQUESTS = {
    # What is no parameter, or not in this way.
    "unknown parameter": quotes("speakr=x"),
    "unknown operator": quotes("speaker__like=x"),
    "operator of another kind": quotes("speaker__gte=x"),
    "operator twice": quotes("speaker__not__not=x"),
    "parameter of another resource": quotes("measure=killed"),
    "parameter in capitals": quotes("Speaker=x"),
    "parameter without a name": Hostile("/v1/quotes?=x"),
    "parameter in brackets": Hostile("/v1/quotes?speaker[]=x"),
    "markup for a name": Hostile("/v1/quotes?%3Cscript%3E=x"),
    "line break in a name": Hostile("/v1/quotes?a%0D%0AX-Evil:1=x"),
    "name of a Python attribute": quotes("__class__=x"),
    "parameter of a schema": Hostile("/v1/schemas/annotated-document?x=1", blames="x"),
    "parameter of an item": Hostile("/v1/measures/killed?limit=1", blames="limit"),
    "search without words": Hostile("/v1/search", blames="q"),
    "scalar twice": quotes("limit=1&limit=2"),
    "scalar twice, the same": quotes("sort=said&sort=said"),
    "operator's scalar twice": quotes("said__gte=2024&said__gte=2023"),
    "as_of twice on an item": Hostile("/v1/measures/killed?as_of=1&as_of=0", blames="as_of"),
    "as_of twice on the record": Hostile("/v1/record?as_of=1&as_of=0", blames="as_of"),
    "1,000 values": quotes("&".join(["speaker=x"] * 1000)),
    "1,000 unknown parameters": Hostile("/v1/quotes?" + "&".join(f"x{i}=" for i in range(1000)), blames="x0"),
    "empty value": quotes("speaker="),
    "blank value": quotes("words__contains=%20"),
    # Numbers and their ends.
    "limit 0": quotes("limit=0"),
    "limit over the maximum": quotes("limit=201"),
    "negative limit": quotes("limit=-1"),
    "limit with a fraction": quotes("limit=1.5"),
    "limit with an exponent": quotes("limit=1e2"),
    "limit in words": quotes("limit=all"),
    "limit of 400 digits": quotes(f"limit={'9' * 400}"),
    "limit of 5,000 digits": quotes(f"limit={'9' * 5000}"),
    "limit that is not a number": quotes("limit=NaN"),
    "limit in Arabic digits": quotes("limit=%D9%A5"),
    "count in another word": quotes("count=yes"),
    "value with an exponent": claims("value=1e400"),
    "value of 400 digits": claims(f"value__gte=1{'0' * 400}"),
    "value that is infinite": claims("value__lt=Infinity"),
    "value that is not a number": claims("value=NaN"),
    "value with a comma": claims("value=2,350"),
    "value in full-width digits": claims("value=%EF%BC%91"),
    "value in hexadecimal": claims("value=0x10"),
    "value range reversed": Hostile("/v1/claims?value__gte=5&value__lte=4"),
    "two lower ends": Hostile("/v1/claims?value__gte=5&value__gt=4"),
    "range reversed": claims("range__overlaps=20..10"),
    "range without an end": claims("range__overlaps=10.."),
    "range of three": claims("range__overlaps=1..2..3"),
    "count below zero": Hostile("/v1/entities?mentions__gte=-1", blames="mentions__gte"),
    "count beyond 64 bits": Hostile(f"/v1/entities?mentions__gte={1 << 70}", blames="mentions__gte"),
    # Dates.
    "month 13": quotes("said=2024-13-01"),
    "day 30 of February": quotes("said=2024-02-30"),
    "zero date": quotes("said=0000-00-00"),
    "month 99": quotes("said__gte=9999-99"),
    "five digits of a year": quotes("said=12024"),
    "negative year": quotes("said=-0044"),
    "EDTF season": quotes("said=2024-21"),
    "EDTF decade": quotes("said=202X"),
    "EDTF exponent": quotes("said=Y17E8"),
    "EDTF interval for a date": quotes("said=2024-10/2024-11"),
    "EDTF set": quotes("said=%5B2024,2025%5D"),
    "EDTF open interval": quotes("said=../2024"),
    "day of an unknown month": quotes("said=2024-XX-01"),
    "date in words": quotes("said=Tuesday"),
    "dates reversed": quotes("published__within=2024-11-01..2024-10-01"),
    "dates empty": quotes("published__within=2024-10-01..2024-10-01"),
    "dates without an end": quotes("said__overlaps=2019-01-01.."),
    "bounds reversed": Hostile("/v1/quotes?said__gte=2024-10-02&said__lt=2024-10-01"),
    "time of no day": quotes("recorded__gte=2024-10-15T25:00:00Z"),
    "time before time": quotes("recorded__gte=0001-01-01T00:00:00%2B14:00"),
    "time after time": quotes("recorded__lt=9999-12-31T23:59:59-14:00"),
    # Revisions.
    "as_of to come": quotes("as_of=999999"),
    "as_of beyond 64 bits": quotes(f"as_of={'9' * 15}"),
    "as_of of 400 digits": quotes(f"as_of={'9' * 400}"),
    "negative as_of": quotes("as_of=-1"),
    "as_of of garbage": quotes("as_of=yesterday"),
    "as_of in the next century": quotes("as_of=2124-01-01"),
    "as_of before time": quotes("as_of=0001-01-01T00:00:00%2B14:00"),
    "as_of of no day": quotes("as_of=2024-02-30"),
    "as_of in Arabic digits": quotes("as_of=%D9%A1"),
    # Names of values.
    "facet that is none": quotes("facet=nothing"),
    "facet of a filter without one": quotes("facet=id"),
    "sort that is none": quotes("sort=nothing"),
    "sort with two signs": quotes("sort=--said"),
    "sort by SQL": quotes("sort=said;DROP TABLE quote"),
    "rank of nothing": quotes("sort=rank"),
    "include that is none": quotes("include=password"),
    "format that is none": quotes("format=xlsx"),
    "offsets in bytes": quotes("offsets=byte"),
    "form that is none": quotes("form=telepathy"),
    "facets of a table": Hostile("/v1/quotes?format=csv&facet=form", blames="facet"),
    # Cursors.
    "cursor of garbage": quotes("cursor=garbage"),
    "cursor that is empty": quotes("cursor="),
    "cursor with a traversal": quotes("cursor=../../etc/passwd"),
    "cursor beyond length": quotes(f"cursor={'A' * 5000}"),
    "cursor in another alphabet": quotes("cursor=%F0%9F%8C%8A"),
    "cursor sealed with nothing in it": quotes(f"cursor={forged()}"),
    "cursor sealed for another list": quotes(f"cursor={cursor.encode('0' * 18, 1, ['a'])}"),
    # Full text: nothing but words and quotation marks has a meaning.
    "q of 10,000 words": words(" ".join(["ceasefire"] * 1000), 422),
    "q of 33 words": words(" ".join("abcdefgh" * 5), 422),
    "q without words": words('"*^-()&|!:', 422),
    "q with FTS5 NEAR": words("NEAR(ceasefire", finds=NOBODY),
    "q with an FTS5 column": words("content:ceasefire", finds=NOBODY),
    "q with FTS5 operators": words("ceasefire AND OR NOT", finds=NOBODY),
    "q with an open quotation mark": words('"ceasefire', finds=SOME),
    "q with a lone star": words("ceasefire *", finds=SOME),
    "q with FTS5 signs": words("^ceasefire + -ceasefire", finds=SOME),
    "q with FTS5 braces": words("{content} : ceasefire", finds=NOBODY),
    "q with tsquery operators": words("ceasefire & ! | <-> (ceasefire)", finds=SOME),
    "q with a tsquery prefix": words("ceasefire:*", finds=SOME),
    "q with a tsquery weight": words("ceasefire:ABCD*", finds=NOBODY),
    "q with an apostrophe": words("'ceasefire", finds=SOME),
    "q with a backslash": words("\\ceasefire\\", finds=SOME),
    "q with an emoji": words("🌊", 422),
    "q with a lone accent": words("\u0301", 422),
    # Other languages than ours.
    "SQL in a filter": quotes("speaker=' OR 1=1 --"),
    "SQL in contains": quotes("words__contains=' UNION SELECT * FROM quote --", status=200, finds=NOBODY),
    "LIKE's percent": quotes("words__contains=%25"),
    "LIKE's underscore": quotes("speaker__contains=_"),
    "LIKE's percent between letters": quotes("words__contains=ceas%25re", status=200, finds=NOBODY),
    "template": quotes("speaker={{7*7}}"),
    "format string": quotes("speaker=%25s%25n{0}"),
    "GLOB in a prefix": Hostile("/v1/entities?prefix=*", blames="prefix"),
    # Bytes that are no text.
    "NUL in the query": quotes("speaker=a%00b", status=400),
    "NUL in the path": Hostile("/v1/quotes/a%00b", 400),
    "NUL in a name": quotes("a%00=b", status=400),
    "lone surrogate in the query": quotes("q=%ED%A0%80", status=400),
    "lone surrogate in the path": Hostile("/v1/quotes/%ED%A0%80", 400),
    "invalid UTF-8 in the query": quotes("q=%FF", status=400),
    "invalid UTF-8 in the path": Hostile("/v1/quotes/%FF", 400),
    "overlong UTF-8 in the query": quotes(f"q={OVERLONG}", status=400),
    "overlong UTF-8 in the path": Hostile(f"/v1/documents/{OVERLONG}", 400),
    "UTF-8 cut off": quotes("q=%E2%82", status=400),
    "a lone percent sign": quotes("speaker=%"),
    # Addresses.
    "unknown id": Hostile("/v1/quotes/nobody", 404),
    "id of another resource": Hostile("/v1/claims/hezbollah", 404),
    "kind of another resource": Hostile("/v1/places/hezbollah", 404),
    "id in capitals": Hostile("/v1/measures/KILLED", 404),
    "id of 300 characters": Hostile(f"/v1/quotes/{'x' * 300}", 404),
    "id beyond length": Hostile(f"/v1/quotes/{'x' * 301}", 422, "id"),
    "id of 10,000 characters": Hostile(f"/v1/documents/{'x' * 10_000}/text", 422, "id"),
    "id with dots": Hostile("/v1/quotes/%2E%2E", 404),
    "id with slashes": Hostile("/v1/quotes/a%2Fb%2Fc", 404),
    "id with a percent sign": Hostile("/v1/quotes/%25", 404),
    "id with markup": Hostile("/v1/quotes/%3Cimg%20src=x%3E", 404),
    "id with SQL": Hostile("/v1/quotes/'%20OR%201=1", 404),
    "id with spaces": Hostile("/v1/quotes/%20%20", 404),
    "traversal in an id": Hostile("/v1/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd/text", 404),
    "traversal in a file": Hostile("/static/%2e%2e/app.py", 404),
    "traversal with backslashes": Hostile("/static/..%5c..%5capp.py", 404),
    "absolute file": Hostile("/static//etc/passwd", 404),
    "file with a NUL": Hostile("/static/docs.js%00", 400),
    "file with a long name": Hostile(f"/static/{'x' * 5000}", 404),
    "folder of files": Hostile("/static/swagger-ui", 404),
    "trailing slash": Hostile("/v1/quotes/", 404),
    "double slash": Hostile("/v1//quotes", 404),
    "another version": Hostile("/v2/quotes", 404),
    "address of nothing": Hostile("/wp-login.php", 404),
    "query beyond length": quotes(f"q={'x' * 20_000}", status=414),
    # Methods and bodies.
    "POST to a list": Hostile("/v1/quotes", 405, method="POST"),
    "PUT to an item": Hostile("/v1/measures/killed", 405, method="PUT"),
    "PATCH to an item": Hostile("/v1/measures/killed", 405, method="PATCH"),
    "DELETE of a document": Hostile("/v1/documents/x", 405, method="DELETE"),
    "TRACE": Hostile("/v1/quotes", 405, method="TRACE"),
    "method that is none": Hostile("/v1/quotes", 405, method="BREW"),
    "OPTIONS without CORS": Hostile("/v1/quotes", 405, method="OPTIONS"),
    "POST to a file": Hostile("/static/docs.js", 405, method="POST"),
    "body in a GET": Hostile("/v1/quotes?limit=1", 200, finds=SOME, body=b"{}"),
    "body beyond length": Hostile("/v1/quotes", 413, body=b"x" * ((12 << 20) + 1)),
    "body said to be long": Hostile("/v1/quotes", 413, headers={"Content-Length": str(1 << 60)}),
    "body said to be longer": Hostile("/v1/quotes", 413, headers={"Content-Length": "9" * 5000}),
    # Headers.
    "Accept of a picture": Hostile("/v1/quotes", 406, headers={"Accept": "image/png"}),
    "Accept of garbage": Hostile("/v1/quotes", 406, headers={"Accept": "garbage, /;q="}),
    "Accept of nothing but commas": page(Accept=",,,"),
    "Accept of 10,000 kinds": Hostile("/v1/quotes", 406, headers={"Accept": "a/b," * 10_000 + "a/b"}),
    "If-None-Match of garbage": page(**{"If-None-Match": '"""",,W/,"x'}),
    "If-None-Match of 10,000 tags": page(**{"If-None-Match": '"x",' * 10_000}),
    "Range beyond the end": page(Range="bytes=999999-"),
    "Accept-Encoding of garbage": page(**{"Accept-Encoding": "gzip;q=zero, \x7f"}),
    "request id with a line break's code": page(**{"X-Request-ID": "a%0d%0aX-Evil: 1"}),
    "Host of somebody else": page(Host="evil.example"),
    "forwarded by somebody else": page(**{"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/evil"}),
}


def pieces(hostile: Hostile) -> Iterator[str]:
    """What of a request must not come back as it was sent."""
    query = hostile.url.partition("?")[2]
    for values in parse_qs(query, errors="replace").values():
        yield from (value for value in values if len(value) > 7)
    yield from (part for part in hostile.url.partition("?")[0].split("/") if len(part) > 13)
    yield from ("<script", "X-Evil", "evil.example", "etc/passwd")


@pytest.mark.parametrize("hostile", REQUESTS.values(), ids=REQUESTS.keys())
def test_hostile_requests_get_the_right_answer(client: TestClient, hostile: Hostile) -> None:
    answer = client.request(
        hostile.method, hostile.url, headers=hostile.headers, content=hostile.body, follow_redirects=False
    )
    assert answer.status_code == hostile.status, answer.text[:1000]
    assert re.fullmatch(r"[A-Za-z0-9._-]{8,128}", answer.headers["x-request-id"])
    assert not [name for name in answer.headers if "evil" in name]
    if hostile.status == 200:
        results = answer.json()["results"]
        assert bool(results) == bool(hostile.finds), results[:1]
        assert "evil.example" not in answer.text
        return
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == hostile.status
    assert problem["type"] == f"urn:onrecord:problem:{hostile.status}"
    assert problem["title"] != "Error"
    assert problem["detail"]
    assert not [piece for piece in pieces(hostile) if piece in answer.text]
    assert len(answer.content) < 20_000
    if hostile.status == 405:
        allowed = answer.headers["allow"].split(", ")
        assert hostile.method not in allowed
        assert {"GET", "HEAD"} <= set(allowed)
    if hostile.status == 422:
        assert problem["errors"]
        assert all(mistake["message"] for mistake in problem["errors"])
        if hostile.blames and re.fullmatch(r"\w+", hostile.blames):
            assert hostile.blames in [mistake.get("parameter") for mistake in problem["errors"]]


def test_a_refused_method_names_all_that_are_taken(client: TestClient) -> None:
    taken = {
        "/v1/documents": "GET, HEAD, POST",
        "/v1/documents/x": "GET, HEAD, PATCH, PUT",
        "/v1/quotes/x": "DELETE, GET, HEAD, PATCH",
        "/v1/subscriptions": "GET, HEAD, POST",
        "/v1/documents:check": "POST",
    }
    assert {path: client.request("BREW", path).headers["allow"] for path in taken} == taken


def test_there_are_enough_of_them() -> None:
    assert len(REQUESTS) > 150


def test_a_chunked_body_beyond_length_is_refused(seeded_database: Database) -> None:
    client = serve(seeded_database, body_limit=10_000)

    def chunks() -> Iterator[bytes]:
        return (b"x" * 1024 for _ in range(20))

    may = key(seeded_database, "write", "subscriptions")
    for method, path in (("GET", "/v1/quotes"), ("PUT", "/v1/documents/a"), ("POST", "/v1/subscriptions")):
        headers = {**may, "Content-Type": "application/json"}
        answer = client.request(method, path, content=chunks(), headers=headers)
        assert (answer.status_code, path) == (413, path)
        assert "10000" in answer.json()["detail"]
    assert client.request("GET", "/v1/quotes", content=iter([b"x"])).status_code == 200
    # Whoever may not write is not listened to at all.
    assert client.request("PUT", "/v1/documents/a", content=chunks()).status_code == 401


def test_a_cursor_goes_with_its_query_alone(client: TestClient) -> None:
    following = client.get("/v1/quotes?limit=1&form=direct").json()["next"]
    assert client.get(following).status_code == 200
    given = following.rpartition("cursor=")[2]
    for other in (
        f"/v1/quotes?limit=1&form=mixed&cursor={given}",
        f"/v1/quotes?limit=1&cursor={given}",
        f"/v1/quotes?limit=1&form=direct&sort=said&cursor={given}",
        f"/v1/claims?limit=1&cursor={given}",
        f"{following[:-1]}{'A' if following[-1] != 'A' else 'B'}",
        f"{following}A",
        f"{following}&as_of=0",
    ):
        answer = client.get(other)
        assert answer.status_code == 422, other
        assert answer.json()["errors"][0]["parameter"] in ("cursor", "as_of")


@pytest.mark.parametrize(
    "after",
    [
        [],
        [None, None, None, None],
        ["2024", "x"],
        [1, 2, 3, 4],
        [True, [], {}, 1.5],
        ["2024", "x", "not a number", "x"],
        ["2024", "x", 1 << 70, "x"],
        ["2024", "x\x00", 1, "\ud800"],
        "2024",
    ],
)
@pytest.mark.parametrize("revision", [1, -1, 99, "x", None, 1 << 70])
def test_a_forged_cursor_is_refused(client: TestClient, after: object, revision: object) -> None:
    """The seal is no secret: what it covers is checked all the same."""
    genuine = client.get("/v1/quotes?limit=1").json()["next"].rpartition("cursor=")[2]
    digest = json.loads(cursor_body(genuine))[0]
    answer = client.get(f"/v1/quotes?limit=1&cursor={forged(digest, revision, after)}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["parameter"] == "cursor"


def cursor_body(text: str) -> bytes:
    """What a cursor covers with its seal."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))[12:]
