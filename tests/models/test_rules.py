"""Rule by rule: a row that breaks it is refused by SQLite and by PostgreSQL, and by that very rule."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, ForeignKeyConstraint, exc

from models import number
from models.record import METADATA
from models.session import Database
from tests.conftest import NewDatabase
from tests.models.breaking import OTHER_TEXT, TABLES, Broken, D, broken

Change = Callable[[Broken], object]


def add(table: str, where: str = "1 = 1", **changes: Any) -> Change:
    return lambda r: r.add(table, where, **changes)


def close(table: str, where: str) -> Change:
    return lambda r: r.close(table, where)


def sql(statement: str) -> Change:
    return lambda r: r.sql(statement)


@pytest.fixture(scope="module")
def database(new_database: NewDatabase) -> Database:
    """The seed on record; every change of it is rolled back."""
    return new_database(seeded=True)


def figure(**numbers: str | None) -> dict[str, str | None]:
    """Numbers with their keys."""
    keys = {f"{name}_key": n and number.order_key(number.parse(n)) for name, n in numbers.items()}
    order = keys.get("value_key") or keys.get("low_key")
    return {**numbers, **keys} | ({"value_order": order or ""} if "value" in numbers else {})


ANY, ABOUT, OWN, SAID, PERIOD = (
    "1 = 1",
    "comparator = '~'",
    "document_id IS NOT NULL",
    "role = 'said'",
    "role = 'period'",
)
CLOSED = {"low_end": "closed", "high_end": "closed"}
WITHIN: dict[str, Any] = {"relation": "relays"}
# The CHECK -> a good row, and the change that breaks this rule alone.
CHECKS: dict[str, tuple[str, dict[str, Any]]] = {
    "ck_alias_alias": (ANY, {"alias": ""}),
    "ck_alias_position": (ANY, {"position": -1}),
    "ck_api_key_digest": (ANY, {"digest": "short"}),
    "ck_api_key_name": (ANY, {"name": ""}),
    "ck_audit_status": (ANY, {"status": 42}),
    "ck_claim_aggregation": (ABOUT, {"aggregation": "sum"}),
    "ck_claim_at_least": ("comparator = '>='", {"low_end": "open"}),
    "ck_claim_at_most": ("comparator = '<='", {"high_end": "open"}),
    "ck_claim_bounds_basis": (ABOUT, {"bounds_basis": "guess"}),
    "ck_claim_comparator": (ABOUT, {"comparator": "=="}),
    "ck_claim_convention": (ABOUT, {"bounds_basis": "convention"}),
    "ck_claim_exact": ("comparator = '='", figure(high="999999999")),
    "ck_claim_folded": (ABOUT, {"folded": "two  spaces"}),
    "ck_claim_high_end": (ABOUT, {"high_end": "ajar"}),
    "ck_claim_high_known": (ABOUT, {"high_end": "closed"}),
    "ck_claim_id": (ABOUT, {"id": "another.c1"}),
    "ck_claim_keys": (ABOUT, {"value_key": None, "value_order": ""}),
    "ck_claim_low_end": (ABOUT, {"low_end": "ajar"}),
    "ck_claim_low_known": (ABOUT, {"low_end": "closed"}),
    "ck_claim_modality": (ABOUT, {"modality": "likely"}),
    "ck_claim_order": (ABOUT, {"comparator": "range", **figure(value=None, low="2", high="1"), **CLOSED}),
    "ck_claim_over": ("comparator = '>'", {"low_end": "closed"}),
    "ck_claim_range": (ABOUT, {"comparator": "range"}),
    "ck_claim_refines": (ABOUT, {"refines": "another.c1"}),
    "ck_claim_slug": (ABOUT, {"id": f"{D}.c 1"}),
    "ck_claim_start": (ABOUT, {"start": -1}),
    "ck_claim_subset_of": (ABOUT, {"subset_of": f"{D}.c99"}),
    "ck_claim_under": ("comparator = '<~'", {"high_end": "closed"}),
    "ck_claim_value": (ABOUT, figure(value=None)),
    "ck_claim_value_order": (ABOUT, {"value_order": "1"}),
    "ck_claim_within": (ABOUT, {**figure(low="999999999"), "low_end": "closed"}),
    "ck_claim_source_position": (ANY, {"position": -1}),
    "ck_claim_source_stance": (ANY, {"stance": "doubts"}),
    "ck_complete_one": (ANY, {"id": 2}),
    "ck_counter_one": (ANY, {"id": 2}),
    "ck_delivery_error": (ANY, {"outcome": "failed", "error": "gremlins"}),
    "ck_delivery_outcome": (ANY, {"outcome": "lost"}),
    "ck_delivery_went_wrong": (ANY, {"outcome": "failed"}),
    "ck_document_embargo": (ANY, {"embargo": "2024-10-16T05:00:00.000Z"}),
    "ck_document_folded": (ANY, {"folded": " space"}),
    "ck_document_published_basis": (ANY, {"published_basis": "guessed"}),
    "ck_document_published_days": (ANY, {"published_latest": "2024-10-14"}),
    "ck_document_published_note": (ANY, {"published_note": None}),
    "ck_document_published_order": (ANY, {"published_order": ""}),
    "ck_document_published_unknown": (ANY, {"published": None}),
    "ck_document_slug": (ANY, {"id": "Another"}),
    "ck_document_status": (ANY, {"status": "lost"}),
    "ck_document_title": (ANY, {"title": ""}),
    "ck_document_state_digest": (ANY, {"digest": "short"}),
    "ck_entity_authority": ("naming = 'named'", {"authority": "reader"}),
    "ck_entity_coordinates": ("kind = 'place' AND naming = 'named'", {"latitude": "33.9"}),
    "ck_entity_country": ("kind = 'place' AND naming = 'named'", {"country": "lb"}),
    "ck_entity_document": ("naming = 'named'", {"naming": "role"}),
    "ck_entity_folded": ("naming = 'named'", {"folded": "space "}),
    "ck_entity_kind": ("naming = 'named' AND kind = 'actor'", {"kind": "thing"}),
    "ck_entity_merged_into": ("naming = 'named'", {"merged_into": "another", "survivor": "israel"}),
    "ck_entity_name": ("naming = 'named'", {"name": ""}),
    "ck_entity_naming": (OWN, {"id": f"{D}.another", "naming": "famous"}),
    "ck_entity_scope": (OWN, {}),
    "ck_entity_slug": ("naming = 'named'", {"id": "österreich"}),
    "ck_entity_wikidata": ("naming = 'named'", {"wikidata": "Q1x"}),
    "ck_entity_wikidata_length": ("naming = 'named'", {"wikidata": "Q" + 12 * "1"}),
    "ck_entity_survivor": ("naming = 'named'", {"merged_into": "israel"}),
    "ck_event_kind": (ANY, {"kind": "lost"}),
    "ck_event_noun": (ANY, {"noun": "measure"}),
    "ck_event_position": (ANY, {"position": -1}),
    "ck_event_public": (ANY, {"public": "lost"}),
    "ck_event_told": (ANY, {"kind": None, "public": None}),
    "ck_indicator_folded": (ANY, {"folded": " "}),
    "ck_indicator_label": (ANY, {"label": ""}),
    "ck_indicator_slug": (ANY, {"id": ""}),
    "ck_listed_noun": (ANY, {"noun": "mention"}),
    "ck_listed_position": (ANY, {"position": -1}),
    "ck_measure_definition": (ANY, {"definition": ""}),
    "ck_measure_folded": (ANY, {"folded": " "}),
    "ck_measure_slug": (ANY, {"id": 301 * "x"}),
    "ck_mention_folded": (ANY, {"folded": " "}),
    "ck_mention_id": (ANY, {"id": f"{D}.q99"}),
    "ck_mention_kind": (ANY, {"kind": "nickname"}),
    "ck_mention_slug": (ANY, {"id": f"{D}.m1/2"}),
    "ck_mention_span": (ANY, {"exact": ""}),
    "ck_permit_taken": (ANY, {"taken": -1}),
    "ck_purge_noun": (ANY, {"noun": "measure"}),
    "ck_purge_reason": (ANY, {"reason": ""}),
    "ck_quote_act": ("act = 'statement'", {"act": "shout"}),
    "ck_quote_folded": (ANY, {"folded": " "}),
    "ck_quote_form": ("act = 'silence'", {"form": "free"}),
    "ck_quote_form_verbatim": ("act = 'statement' AND verbatim IS NULL", {"form": "mixed"}),
    "ck_quote_id": (ANY, {"id": f"{D}.c99"}),
    "ck_quote_polarity": (ANY, {"polarity": "neutral"}),
    "ck_quote_relation": (ANY, {"within_id": f"{D}.q1", "relation": "quotes"}),
    "ck_quote_silence": ("act = 'silence'", {"content": "words"}),
    "ck_quote_slug": (ANY, {"id": f"{D}.q1\n"}),
    "ck_quote_start": (ANY, {"start": -1}),
    "ck_quote_within": (ANY, {"within_id": f"{D}.q99", **WITHIN}),
    "ck_quote_within_document": (ANY, {"within_id": "another.q1", **WITHIN}),
    "ck_revision_number": (ANY, {"number": -1}),
    "ck_revision_time": (ANY, {"time": "2024-10-15 12:00:00.000Z"}),
    "ck_span_offsets": (ANY, {"exact": ""}),
    "ck_span_owner": (ANY, {"owner": "entity"}),
    "ck_span_position": (ANY, {"position": -1}),
    "ck_span_role": (ANY, {"role": "words"}),
    "ck_speaker_mention": ("mention_id IS NOT NULL", {"mention_id": None}),
    "ck_speaker_position": (ANY, {"position": -1}),
    "ck_speaker_role": (ANY, {"role": "hearer"}),
    "ck_subscription_off": (ANY, {"status": "off"}),
    "ck_subscription_status": (ANY, {"status": "asleep"}),
    "ck_text_sha256": (ANY, {"sha256": "B" * 64}),
    "ck_text_text": (ANY, {"text": ""}),
    "ck_timex_anchor": (SAID, {"anchor": "today"}),
    "ck_timex_basis": (SAID, {"basis": "guessed"}),
    "ck_timex_day_length": (SAID, {"earliest": "2024"}),
    "ck_timex_days": (SAID, {"earliest": "2024-10-16", "latest": "2024-10-15"}),
    "ck_timex_inferred": (SAID, {"as_written": None, "basis": "stated"}),
    "ck_timex_known": (SAID, {"earliest": None, "latest": None}),
    "ck_timex_owner": (PERIOD, {"owner": "document"}),
    "ck_timex_owner_role": (PERIOD, {"role": "said"}),
    "ck_timex_role": (PERIOD, {"role": "published"}),
}  # fmt: skip
RECORDED = sorted(name for name, table in TABLES.items() if "superseded" in table.columns)
OWNED = ["alias", "claim_source", "listed", "span", "speaker", "timex"]
CLOSED_TABLES = [*OWNED, "text", "revision"]
NOWHERE = 99
# The foreign key -> the change after which something points nowhere.
KEYS: dict[str, Change] = {
    **{f"fk_{table}_recorded": add(table) for table in RECORDED},
    **{f"fk_{table}_superseded": close(table, ANY) for table in RECORDED},
    "fk_alias_entity_key": add("alias", entity_key=NOWHERE),
    "fk_claim_document_id_text_sha256": add("claim", text_sha256=OTHER_TEXT),
    "fk_claim_source_document_id_claim_key": add("claim_source", claim_key=NOWHERE),
    "fk_counter_number": sql("UPDATE counter SET number = number + 1"),
    "fk_delivery_subscription_id": add("delivery", subscription_id="nobody"),
    "fk_event_revision": add("event", revision=NOWHERE),
    "fk_purge_recorded": add("purge"),
    "fk_document_id_text_sha256": add("document", text_sha256=OTHER_TEXT),
    "fk_listed_document_id_digest": add("listed", digest="d" * 64),
    "fk_mention_document_id_text_sha256": add("mention", text_sha256=OTHER_TEXT),
    "fk_quote_document_id_text_sha256": add("quote", text_sha256=OTHER_TEXT),
    "fk_span_document_id_text_sha256": add("span", text_sha256=OTHER_TEXT),
    "fk_speaker_document_id_quote_key": add("speaker", quote_key=NOWHERE),
}


def reworded(r: Broken) -> None:
    """The article gets another text."""
    document = r.row("document", f"id = '{D}'")
    r.add("text", text="Another text.")
    r.close("document", f"id = '{D}'")
    r.add("document", id=D, text_sha256=OTHER_TEXT, **{k: document[k] for k in ("title",)})


def kind_of_lebanon(r: Broken) -> None:
    r.close("entity", "id = 'lebanon'")
    r.add("entity", "id = 'lebanon'", id="lebanon", kind="organisation", country=None)


def chain(r: Broken, *within: tuple[int, int]) -> None:
    """Quotes that stand within each other, by number."""
    for inner, outer in within:
        r.add("quote", id=f"{D}.q{inner}", within_id=f"{D}.q{outer}", relation="embeds")


def spanned(r: Broken, role: str, **changes: Any) -> None:
    """A quote with one span in this role."""
    key = r.add("quote", "act = 'statement' AND said_order = ''", **changes)
    r.add("span", "role = 'content'", owner_key=key, role=role, owner="quote", position=0)


def spoken(r: Broken, **changes: Any) -> None:
    r.add("speaker", "mention_id IS NOT NULL", quote_key=r.add("quote"), **changes)


def listing(noun: str) -> Change:
    """A state of the document that lists something unknown."""

    def change(r: Broken) -> None:
        r.close("document_state", ANY)
        r.add("document_state")
        r.add("listed", digest="c" * 64, noun=noun, id="nobody")

    return change


def added_and(table: str, statement: str) -> Change:
    """A row is added, of which the seed brings none, and then changed."""

    def change(r: Broken) -> None:
        r.add(table)
        r.sql(statement)

    return change


def redescribed(r: Broken) -> None:
    """A purge may take a description away, but not put another one in its place."""
    r.add("purge")
    r.sql("UPDATE entity SET description = 'x'")


def purged(table: str) -> Change:
    """What was purged is recorded anew."""

    def change(r: Broken) -> None:
        r.sql(f"UPDATE {table} SET superseded = {r.key} WHERE superseded IS NULL")
        r.add("purge", id=D)
        r.add(table, **({"id": D} if table == "document" else {}))

    return change


def merged(into: str) -> Change:
    """An entity is merged into one that is withdrawn, or that was merged itself."""

    def change(r: Broken) -> None:
        r.add("entity", NAMED, merged_into=into, survivor=into)
        r.close("entity", f"id = '{into}'")
        r.add("entity", NAMED, id=into, merged_into="hezbollah", survivor="hezbollah")

    return change


NAMED = "naming = 'named' AND kind = 'actor'"
# The trigger -> the changes that it refuses, as soon as they are made.
AT_ONCE: dict[str, list[Change]] = {
    **{
        f"{t}_insert_enters_open": [
            add(t, superseded=0),
            add(t, recorded=0),
        ]
        for t in RECORDED
    },
    **{
        f"{t}_update_closed_once": [
            sql(f"UPDATE {t} SET superseded = 0"),
            sql(f"UPDATE {t} SET superseded = NULL"),
        ]
        for t in RECORDED
    },
    **{f"{t}_update_unchanged": [sql(f"UPDATE {t} SET digest = 'x'")] for t in RECORDED},
    "entity_update_unchanged": [sql("UPDATE entity SET name = 'x'")],
    "entity_update_redacted": [sql("UPDATE entity SET folded = 'x'"), redescribed],
    **{f"{t}_update_unchanged": [sql(f"UPDATE {t} SET position = position + 1")] for t in OWNED},
    **{
        f"{t}_delete_kept": [sql(f"DELETE FROM {t}")]
        for t in [*RECORDED, *OWNED, "text", "revision", "counter"]
    },
    **{
        f"{t}_update_unchanged": [added_and(t, f"UPDATE {t} SET id = '7'")]
        for t in ("event", "audit", "purge")
    },
    **{f"{t}_delete_kept": [added_and(t, f"DELETE FROM {t}")] for t in ("event", "audit", "purge")},
    "purge_update_erased_once": [added_and("purge", "UPDATE purge SET erased = NULL")],
    "event_insert_written_with_revision": [add("event", revision=0)],
    "purge_insert_enters_open": [add("purge", recorded=0)],
    "revision_update_note_unchanged": [
        sql("UPDATE revision SET note = 'x'"),
        sql("UPDATE revision SET note = NULL"),
    ],
    "timex_update_unchanged": [sql("UPDATE timex SET value = '2024'")],
    "text_update_unchanged": [sql("UPDATE text SET text = 'x'")],
    "revision_update_unchanged": [sql("UPDATE revision SET reason = 'x'")],
    "counter_update_counts_by_one": [
        sql("UPDATE counter SET number = number + 2"),
        sql("UPDATE counter SET number = number + 1, time = '2000-01-01T00:00:00.000Z'"),
    ],
    "revision_insert_numbered_by_counter": [add("revision")],
    "alias_insert_owned": [add("alias")],
    "claim_source_insert_owned": [
        add("claim_source"),
        add("claim_source", document_id="another"),
    ],
    "listed_insert_owned": [add("listed")],
    "speaker_insert_owned": [add("speaker"), add("speaker", document_id="another")],
    **{
        f"timex_insert_owned_by_{owner}": [add("timex", f"owner = '{owner}'")] for owner in ("quote", "claim")
    },
    **{
        f"span_insert_owned_by_{owner}": [add("span", f"owner = '{owner}'")]
        for owner in ("document", "quote", "claim")
    },
    "span_insert_exact": [
        lambda r: r.add("span", "role = 'cue'", owner_key=r.add("quote"), exact="said", start=0, end=4)
    ],
    "mention_insert_exact": [add("mention", start=1, end=3, exact="xx")],
}
# The trigger -> the changes that it refuses when their revision is sealed: what comes, what is taken away.
SEALED: dict[str, list[Change]] = {
    "claim_document_id": [close("document", f"id = '{D}'"), reworded],
    "claim_indicator_id": [
        add("claim", indicator_id="nobody"),
        close("indicator", "id = 'displaced-in-lebanon'"),
    ],
    "claim_measure": [
        add("claim", measure="nothing"),
        close("measure", "id = 'killed'"),
    ],
    "claim_place_id": [add("claim", place_id="israel"), kind_of_lebanon],
    "claim_refines": [
        add("claim", refines=f"{D}.c98"),
        close("claim", f"id = '{D}.c6'"),
    ],
    "claim_responsible_id": [
        add("claim", responsible_id="lebanon"),
        close("entity", "id = 'hezbollah'"),
    ],
    "claim_source_quote_id": [
        lambda r: r.add("claim_source", claim_key=r.add("claim"), quote_id=f"{D}.q98"),
        close("quote", "id IN (SELECT quote_id FROM claim_source)"),
    ],
    "claim_subset_of": [
        add("claim", subset_of=f"{D}.c98"),
        close("claim", f"id = '{D}.c17'"),
    ],
    "content": [add("quote", "act = 'statement'")],
    "chain": [
        lambda r: chain(r, (91, 92), (92, 91)),
        lambda r: chain(r, *((n, n + 1) for n in range(80, 90))),
    ],
    "entity_acts_for": [
        add("entity", NAMED, acts_for="nobody"),
        close("entity", "id = 'united-states'"),
    ],
    "entity_document_id": [
        add("entity", OWN, id="another.x", document_id="another"),
        close("document", f"id = '{D}'"),
    ],
    "entity_merged_into": [add("entity", NAMED, merged_into="nobody", survivor="israel")],
    "entity_survives": [add("entity", NAMED, merged_into="israel", survivor="nobody"), merged("israel")],
    "entity_survivor": [add("entity", NAMED, merged_into="israel", survivor="lebanon"), merged("israel")],
    "entity_part_of": [
        add("entity", NAMED, part_of=f"{D}.evacuees"),
        close("entity", "id = 'lebanon'"),
    ],
    "indicator_measure": [
        add("indicator", measure="nothing"),
        close("measure", "id = 'killed'"),
    ],
    "indicator_place_id": [add("indicator", place_id=f"{D}.beirut-outskirts"), kind_of_lebanon],
    **{f"listed_{noun}": [listing(noun)] for noun in ("entity", "indicator", "quote", "claim")},
    "mention_document_id": [close("document", f"id = '{D}'"), reworded],
    "mention_entity_id": [
        add("mention", entity_id="nobody"),
        close("entity", "id = 'israel'"),
    ],
    "number": [add("claim", ABOUT)],
    **{f"{table}_purged": [purged(table)] for table in ("document", "document_state")},
    "period_order": [add("claim", period_order="2024-10-15")],
    "quote_document_id": [close("document", f"id = '{D}'"), reworded],
    "quote_within_id": [lambda r: chain(r, (99, 98)), close("quote", f"id = '{D}.q9'")],
    "said_order": [add("quote", said_order="2024-10-15")],
    "silence": [lambda r: spanned(r, "content", act="silence", content=None, verbatim=None)],
    "speaker_entity_id": [
        lambda r: spoken(r, entity_id="nobody"),
        close("entity", "id = 'israel'"),
    ],
    "speaker_mention_id": [
        lambda r: spoken(r, as_written="other words"),
        lambda r: spoken(r, entity_id="lebanon"),
        close("mention", "id IN (SELECT mention_id FROM speaker)"),
    ],
    "verbatim": [lambda r: spanned(r, "verbatim")],
}
TRIGGERS = AT_ONCE | {f"revision_insert_{name}": changes for name, changes in SEALED.items()}


def refusal(record: Broken, change: Change) -> str:
    """How the database refuses the change, on one line."""
    with pytest.raises(exc.IntegrityError) as refused:
        change(record)
    return " ".join(str(refused.value.orig).split())


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_refuses_what_breaks_it_alone(database: Database, name: str) -> None:
    (table,) = (table for table in TABLES if any(c.name == name for c in TABLES[table].constraints))
    where, changes = CHECKS[name]
    with broken(database) as record:
        record.prepare(table)
        if (table, where) not in (("complete", ANY), ("counter", ANY), ("entity", OWN)):
            with record.connection.begin_nested() as good:
                record.add(table, where)
                good.rollback()
        assert name in refusal(record, lambda record: record.add(table, where, **changes))


@pytest.mark.parametrize("name", KEYS)
def test_a_foreign_key_refuses_what_points_nowhere(database: Database, name: str) -> None:
    (table,) = (table for table in TABLES if any(c.name == name for c in TABLES[table].constraints))

    def commit(record: Broken) -> None:
        KEYS[name](record)
        record.commit()

    with broken(database) as record:
        record.prepare(table)
        assert ("FOREIGN KEY" if database.sqlite else f'"{name}"') in refusal(record, commit)


@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, all_ in TRIGGERS.items() for at in range(len(all_))]
)
def test_a_trigger_refuses_what_breaks_it_alone(database: Database, name: str, at: int) -> None:
    def change(record: Broken) -> None:
        TRIGGERS[name][at](record)
        if name.removeprefix("revision_insert_") in SEALED:
            record.seal()

    with broken(database) as record:
        table, message = record.triggers()[name]
        record.only(keep=name)
        record.release(table)
        assert f"{table}: {message}".removeprefix(f"{table}: {table}: ") in refusal(record, change)


def test_every_rule_has_a_case(database: Database) -> None:
    tables = METADATA.tables.values()
    for kind, cases in ((CheckConstraint, CHECKS), (ForeignKeyConstraint, KEYS)):
        names = {str(c.name) for table in tables for c in table.constraints if isinstance(c, kind)}
        assert names == cases.keys()
    with broken(database) as record:
        names = record.triggers().keys() - {"text_insert_nul"}
        assert names == TRIGGERS.keys()


def test_a_text_has_no_nul(database: Database) -> None:
    with broken(database) as record, pytest.raises((exc.IntegrityError, exc.DataError)):
        record.add("text", text="before\x00after")


def test_a_change_that_keeps_the_rules_is_taken(seeded_database: Database) -> None:
    """A corrected claim, a withdrawn one and a new quote: the rules refuse no more than they must."""
    with broken(seeded_database) as record:
        old = record.row("claim", f"id = '{D}.c14'")
        record.close("claim", f"id IN ('{D}.c14', '{D}.c18')")
        key = record.add("claim", f"id = '{D}.c14'", id=f"{D}.c14", indicator_id=None)
        for span in ("statement", "number"):
            record.add("span", f"owner_key = {old['row_key']} AND role = '{span}'", owner_key=key, position=0)
        record.add("timex", f"owner_key = {old['row_key']} AND role = 'period'", owner_key=key)
        spanned(record, "content")
        record.seal()
        record.commit()
