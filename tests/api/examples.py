"""The examples of the OpenAPI document: requests to the seed, and the answers that the service really gives.

`python -m tests.api.examples` writes them anew into `api/examples.json`.
"""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from annotations.load import load
from annotations.read import read_files
from api.app import create_app
from api.resources import RESOURCES
from api.settings import Settings
from api.writing.bodies import EXAMPLE_ANNOTATION, EXAMPLE_TEXT
from migrations.schema import migrate
from models.measures import vocabulary
from models.session import Database
from tests.api.change_examples import changes
from tests.api.entity_examples import written
from tests.api.subscription_examples import subscribed
from tests.api.version_examples import corrected, purged
from tests.api.write_examples import written_documents
from tests.keys import bearer, key

FILE = Path(__file__).parents[2] / "api" / "examples.json"
SEED = Path(__file__).parents[2] / "seeds" / "beirut-strikes-2024-10-15.txt"
D = SEED.stem
# When the examples say that something was recorded; the day the article was published on, and a bit.
RECORDED = "2024-10-16T08:00:00.000Z"
# By operation id; a suffix names the format.
REQUESTS = {
    "list_documents": "/v1/documents?limit=1",
    "list_entities": "/v1/entities?kind=organisation&part_of=united-states&limit=1",
    "list_actors": "/v1/actors?name__contains=netanyahu&limit=1",
    "list_organisations": "/v1/organisations?id=hezbollah",
    "list_places": "/v1/places?id=lebanon",
    "list_mentions": "/v1/mentions?entity=benjamin-netanyahu&kind=pronoun&limit=1&count=on",
    "list_quotes": "/v1/quotes?speaker=benjamin-netanyahu&facet=form&limit=1&count=on",
    "list_claims": "/v1/claims?measure=killed&range__overlaps=2000..3000&limit=1",
    "list_indicators": "/v1/indicators?measure=killed&limit=1",
    "list_measures": "/v1/measures?id=killed",
    "list_search": "/v1/search?q=ceasefire&type=quote",
    "get_document": f"/v1/documents/{D}",
    "get_document_text": f"/v1/documents/{D}/text",
    "get_entity": "/v1/entities/benjamin-netanyahu",
    "get_actor": "/v1/actors/antony-blinken",
    "get_organisation": "/v1/organisations/hezbollah",
    "get_place": "/v1/places/lebanon",
    "get_mention": f"/v1/mentions/{D}.m0-17",
    "get_quote": f"/v1/quotes/{D}.q28",
    "get_claim": f"/v1/claims/{D}.c11",
    "get_indicator": "/v1/indicators/displaced-in-lebanon",
    "get_measure": "/v1/measures/killed",
    "get_record": "/v1/record",
    "get_health": "/health",
    "get_ready": "/ready",
    "get_annotated_document_schema": "/v1/schemas/annotated-document",
    "problem_400": "/v1/quotes?q=%FF",
    "problem_404": "/v1/quotes/beirut-strikes-2024-10-15.q1000",
    "problem_414": f"/v1/quotes?q={'a' * 20_000}",
    "problem_422": "/v1/quotes?speakr=benjamin-netanyahu&form=verbatim",
}
LISTS = [name for name in REQUESTS if name.startswith("list_")] + ["list_search"]
PLURALS = {f"get_{resource.noun}": name for name, resource in RESOURCES.items()}
# A text and a table are answered whole: so many of their lines show what they are like.
LINES = 3
# Of this record alone: its name in those of feeds, and places in its lists.
_RECORD, _CURSOR = re.compile(r"\burn:onrecord:[0-9a-f]{12}\b"), re.compile(r"\bcursor=[\w-]+")
_TIME = re.compile(r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def answers(folder: Path) -> dict[str, Any]:
    """What a new service answers to the requests, the times of its revisions aside."""
    database = Database(f"sqlite:///{folder}/record.sqlite")
    app = create_app(Settings(database_url=f"sqlite:///{folder}/record.sqlite", log_level="error"))
    client = TestClient(app, raise_server_exceptions=False)
    found = {"problem_503": ask(client, "/ready")}
    migrate(database)
    load(database, read_files([SEED], vocabulary()), vocabulary())
    for name, url in REQUESTS.items():
        found[name] = ask(client, url)
        if name in LISTS:
            plain = re.sub(r"&(facet|count)=\w+", "", url)
            for form in ("csv", "ndjson"):
                found[f"{name}_{form}"] = ask(client, f"{plain}&format={form}")
            one = re.sub(r"([?&])limit=1\b", r"\1", plain)
            for form in ("atom", "jsonld"):
                found[f"{name}_{form}"] = ask(client, f"{one}&limit=1&format={form}")
        elif f"list_{PLURALS.get(name)}" in LISTS:
            for form in ("csv", "ndjson", "atom", "jsonld"):
                found[f"{name}_{form}"] = ask(client, f"{url}?format={form}")
    for form in ("ninjs", "cas"):
        found[f"get_document_{form}"] = ask(client, f"/v1/documents/{D}?format={form}")
    found["get_document_annotations_jsonld"] = ask(client, f"/v1/documents/{D}/annotations")
    found["get_dictionary"] = ask(client, "/v1/dictionary")
    found["get_dictionary_csvw"] = ask(client, "/v1/dictionary?format=csvw")
    found["problem_406"] = ask(client, "/v1/quotes", accept="image/png")
    found["problem_413"] = ask(client, "/v1/quotes", content_length=str(1 << 30))
    found["problem_410"] = _withdrawn(folder, database, client)
    found |= _guarded(database, client)
    found |= changes(client)
    for more in (subscribed, corrected, written, written_documents, purged):
        found |= json.loads(_TIME.sub(RECORDED, json.dumps(more(database, client))))
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE quote_words"))
    found["problem_500"] = ask(client, "/v1/quotes?q=ceasefire")
    client.close()
    database.close()
    return dict(sorted(found.items()))


def _guarded(database: Database, client: TestClient) -> dict[str, Any]:
    """What is answered to keys, and to those who ask too often."""
    writer, admin = bearer(key(database, "write")), bearer(key(database, "admin"))
    loaded = {"text": EXAMPLE_TEXT, "annotation": EXAMPLE_ANNOTATION}
    request = {"X-Request-ID": "5f2a9c0e1b7d4a66"}
    client.put("/v1/documents/harbour-flood", json=loaded, headers=writer | request).raise_for_status()
    audit = ask(client, "/v1/audit?operation=put_document&count=on", **admin)
    audit["results"][0] |= {"id": "1771142400000000001", "key": "or_7Kx2mQ9d", "address": "192.0.2.7"}
    url = database.engine.url.render_as_string(hide_password=False)
    with TestClient(create_app(Settings(database_url=url, log_level="error", limit_address=2))) as hasty:
        # More than two, also if the minute ends between them.
        often = [ask(hasty, "/v1/record") for _ in range(6)]
    return {
        "get_audit": audit,
        "problem_401": ask(client, "/v1/audit"),
        "problem_403": ask(client, "/v1/audit", **writer),
        "problem_429": next(answer for answer in often if answer.get("status") == 429),
    }


def ask(client: TestClient, url: str, **headers: str) -> Any:
    """The answer as an example shows it."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.get(url, headers=sent)
    content = _TIME.sub(RECORDED, answer.text)
    if "json" in answer.headers["content-type"] and "ndjson" not in answer.headers["content-type"]:
        return _shortened(json.loads(content))
    if "atom" in answer.headers["content-type"]:
        return _CURSOR.sub("cursor=3lz0hOCis9mm", _RECORD.sub("urn:onrecord:0a1b2c3d4e5f", content))
    return "".join(content.splitlines(keepends=True)[:LINES])


def _shortened(body: Any) -> Any:
    """A form that is long, without its inner parts, or with few of them."""
    kept = {name: value for name, value in body.items() if name not in ("$defs", "properties")}
    for name in ("items", "%FEATURE_STRUCTURES", "tables"):
        if name in kept:
            kept[name] = kept[name][:1]
            for table in kept[name] if name == "tables" else ():
                inside = table.get("tableSchema", table)
                inside["columns"] = inside["columns"][:2]
    # Types and features of a CAS, and what a page of annotations says of the article itself.
    return {name: value for name, value in kept.items() if name not in ("%TYPES", "%VIEWS", "onrecord:about")}


def _withdrawn(folder: Path, database: Database, client: TestClient) -> Any:
    """What is answered of a quote that a correction took away."""
    claims = SEED.with_suffix(".claims.yaml").read_text("utf-8")
    last = re.compile(r"^- id: (q\d+)\n(?:  .*\n)+", re.MULTILINE)
    for match in reversed(list(last.finditer(claims))):
        if len(re.findall(rf"\b{match[1]}\b", claims)) == 1:
            corrected = folder / "corrected" / SEED.name
            corrected.parent.mkdir()
            corrected.write_bytes(SEED.read_bytes())
            shorter = claims[: match.start()] + claims[match.end() :]
            corrected.with_suffix(".claims.yaml").write_text(shorter, "utf-8")
            load(database, read_files([corrected], vocabulary()), vocabulary())
            return ask(client, f"/v1/quotes/{D}.{match[1]}")
    raise AssertionError("every quote is referred to")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = answers(Path(folder))
    FILE.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
