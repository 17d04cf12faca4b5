"""Schemathesis over the whole OpenAPI document: what it allows is taken, what it does not is refused.

All checks run, with data that fits it and data that does not, on both databases, the same each time.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from fastapi import FastAPI
from schemathesis import Case, Config, GenerationMode, HookContext
from schemathesis.engine import events, from_schema

from tests.api.writers import key
from tests.conftest import NewDatabase, serve

# Of parameters that each fit the document. The rest of what can be wrong no schema can say.
SEMANTIC = {
    "cursor": "it goes with one query alone, which nobody can make up",
    "after": "a place in the feed of this record, likewise",
    "nothing comes": "waiting in an order that ends",
    "of a revision that is not on record": "a client that has seen more than there is",
    "as_of": "revisions and times that are still to come",
    "no such day": "the 30th of February",
    "not an ISO 8601 time": "25 o'clock",
    "reversed": "ends of a range that are each good, in the wrong order",
    "two lower": "gte and gt of the same thing",
    "with this id": "a name that nothing on record has",
    "has no place": "facets of a table, or a part that has no columns",
    "leaves out a value": "the same value wanted and not wanted",
    "needs words": "a rank without a query",
    "no words to search for": "a query of nothing but signs",
    "no letters or digits": "a part of a name of nothing but signs",
    "more than 32 words": "a query that is short and of too many words",
    "a day needs its month": "2024-XX-01",
    "empty": "separators that are white space to Python alone",
}
CONFIG: dict[str, Any] = {
    "seed": 20241015,
    "continue-on-failure": True,
    # No NUL, which is refused before anything is looked at: it would end the trial of everything beside it.
    "generation": {
        "deterministic": True,
        "max-examples": 12,
        "database": "none",
        "no-shrink": True,
        "allow-x00": False,
    },
    # A valid request may still contradict itself: a test below holds each 422 to SEMANTIC.
    "checks": {
        "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "404", "410", "414", "422"]},
        # 413 and 414: what is too long is refused before anybody looks at what it says.
        "negative_data_rejection": {"expected-statuses": ["400", "404", "405", "406", "413", "414", "422"]},
        # The default takes 503 for an answer that is no error.
        "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx"]},
    },
}
# The same code and parameters as /v1/entities: their borders are tried there.
ALIKE = r"^/v1/(actors|organisations|places)"

# They would change what the reads are checked against: their bodies have tests of their own.
WRITES = {"include-method": ["POST", "PUT", "PATCH", "DELETE"], "enabled": False}


@schemathesis.hook("before_call")
def shorten(_context: HookContext, case: Case[Any], _options: dict[str, Any]) -> None:
    """One item a page, where a page is asked for: thousands of whole pages would take minutes."""
    if "limit" in {parameter.name for parameter in case.operation.query} and "format" not in case.query:
        case.query.setdefault("limit", 1)


@pytest.fixture(scope="module")
def asked(new_database: NewDatabase) -> Iterator[FastAPI]:
    """A service as it is when it ends: who would wait is answered at once; streams end with what there is."""
    with serve(new_database(seeded=True)) as client:
        app = cast("FastAPI", client.app)
        app.state.watch.closing = True
        yield app
        app.state.watch.closing = False


@pytest.fixture(scope="module")
def scenarios(asked: FastAPI, backend: str) -> list[events.ScenarioFinished]:
    """What Schemathesis did: the document's examples, its borders, made-up values, walks along its links."""
    # What stands at the borders of each parameter is decided before a database is asked: one is enough.
    alike = {"include-path-regex": ALIKE, "phases": {"coverage": {"enabled": False}}}
    phases = {"coverage": {"enabled": backend == "sqlite"}}
    admin = key(asked.state.database, "admin")
    config = Config.from_dict({**CONFIG, "operations": [WRITES, alike], "phases": phases, "headers": admin})
    schema = schemathesis.openapi.from_asgi("/openapi.json", asked, config=config)
    finished = []
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.FatalError | events.NonFatalError), vars(event)
        if isinstance(event, events.ScenarioFinished):
            finished.append(event)
    return finished


def checks(scenarios: list[events.ScenarioFinished]) -> Iterator[tuple[Any, Any, Any]]:
    """Each check with the case that it is of, and what was answered."""
    for scenario in scenarios:
        recorder = scenario.recorder
        for case, nodes in recorder.checks.items():
            for node in nodes:
                yield node, recorder.cases[case].value, recorder.interactions[case]


def test_no_check_fails(scenarios: list[events.ScenarioFinished]) -> None:
    failures: dict[tuple[str, str], str] = {}
    for node, case, interaction in checks(scenarios):
        if node.failure_info:
            failure = node.failure_info.failure
            kind = (case.operation.label, failure.title)
            failures.setdefault(kind, f"{failure.message[:300]} {interaction.request.uri[:500]}")
    assert not failures, "\n\n".join(f"{kind}: {told}" for kind, told in failures.items())


def test_every_operation_and_every_check_was_run(
    scenarios: list[events.ScenarioFinished], asked: FastAPI
) -> None:
    run = Counter(node.name for node, _, _ in checks(scenarios))
    assert len(run) >= 14
    # It looks at the few operations that need a key; the others look at all.
    assert run.pop("ignored_auth") > 50
    assert min(run.values()) > 300, run
    labels = {case.operation.label for _, case, _ in checks(scenarios)}
    document = asked.openapi()
    assert labels >= {f"GET {path}" for path, methods in document["paths"].items() if "get" in methods}


def test_what_fits_the_document_is_refused_for_a_reason(scenarios: list[events.ScenarioFinished]) -> None:
    taken, reasons = 0, Counter[str]()
    for _, case, interaction in checks(scenarios):
        answer = interaction.response
        if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
            continue
        if answer.status_code < 300:
            taken += 1
        if answer.status_code == 422:
            for mistake in answer.json()["errors"]:
                said = f"{mistake.get('parameter')}: {mistake['message']}"
                reason = next((reason for reason in SEMANTIC if reason in said), None)
                assert reason, (said, interaction.request.uri[:1000])
                reasons[reason] += 1
    assert taken > 200
