"""Loading: all or nothing, only what changed, and nothing that was seen before."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from annotations import load as loading
from annotations.agreement import Disagreement
from annotations.annotated import AnnotatedDocument
from annotations.load import Loaded
from annotations.states import state_digest
from annotations.unload import annotated
from models import commit
from models.claim import Claim
from models.entity import Alias, Entity
from models.indicator import Indicator
from models.measure import Measure
from models.measures import Term
from models.mention import Mention
from models.quote import Quote
from models.record import METADATA, By, Change, Conflict, newest
from models.recorded import valid
from models.session import Database
from models.vocabulary import Status
from tests.annotations.flood import MEASURES, SECTIONS, TEXT, flood
from tests.documents import document

ENTITIES = SECTIONS["entities"]


def load(database: Database, *documents: AnnotatedDocument) -> list[Loaded]:
    return loading.load(database, documents, MEASURES)


def edited(old: str, new: str) -> AnnotatedDocument:
    """The flood with other words in its annotation."""
    sections = {name: part.replace(old, new) for name, part in SECTIONS.items()}
    assert sections != SECTIONS
    return flood(**sections)


def another(source: AnnotatedDocument, id_: str) -> AnnotatedDocument:
    return replace(source, id=id_)


def rows(database: Database) -> Counter[str]:
    with database.read() as session:
        tables = METADATA.tables.values()
        return Counter({t.name: session.scalar(select(func.count()).select_from(t)) or 0 for t in tables})


def added(database: Database, change: Callable[[], object]) -> dict[str, int]:
    """How many rows each table gained, the lists of documents' states apart."""
    before = rows(database)
    change()
    return {
        table: n
        for table, n in (rows(database) - before).items()
        if table not in ("listed", "event", "audit")
    }


def entity(database: Database, id_: str) -> Entity | None:
    with database.read() as session:
        return session.scalar(select(Entity).where(col(Entity.id) == id_, valid(Entity, None)))


def aliases(database: Database, id_: str) -> list[str]:
    with database.read() as session:
        query = select(col(Alias.alias)).join(Entity, col(Entity.row_key) == Alias.entity_key)
        of_entity = query.where(col(Entity.id) == id_, valid(Entity, None))
        return list(session.scalars(of_entity.order_by(col(Alias.position))))


def test_a_document_is_created_once(empty_database: Database) -> None:
    (first,) = load(empty_database, flood())
    assert (first.outcome, first.revision) == ("created", 1)
    assert first.changes == {
        "documents": {"created": 1},
        "entities": {"created": 3},
        "mentions": {"created": 4},
        "quotes": {"created": 1},
        "claims": {"created": 1},
    }
    assert added(empty_database, lambda: load(empty_database, flood())) == {}
    assert load(empty_database, flood()) == [Loaded("harbour-flood", "unchanged")]


def test_an_earlier_state_undoes_nothing(empty_database: Database) -> None:
    """So that serving the same files again after a correction does not take the correction back."""
    load(empty_database, flood())
    (corrected,) = load(empty_database, edited("Harbour flood", "The harbour flood"))
    assert (corrected.outcome, corrected.revision) == ("corrected", 2)
    assert load(empty_database, flood())[0].outcome == "unchanged"
    with empty_database.read() as session:
        assert newest(session)[0] == 2
        assert annotated(session, "harbour-flood").title == "The harbour flood"


STATE = {"revision": 1, "document_state": 1}
CHANGED = {
    "title": ("Harbour flood", "The harbour flood", {"document": 1, "span": 3}),
    "measure": ("measure: displaced", "measure: returned", {"claim": 1, "span": 3, "claim_source": 1}),
    "act": ("  form:", "  act: warning\n  form:", {"quote": 1, "span": 4, "speaker": 1, "timex": 1}),
    "kind": ("{un|U.N.}", "{un;kind=demonym|U.N.}", {"mention": 1}),
    "role": ("name: ministry aide}", "name: ministry aide, description: aide}", {"entity": 1}),
    "alias": ("[U.N.]", "[U.N., UN]", {"entity": 1, "alias": 2}),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGED)
def test_new_rows_are_written_for_what_changed_alone(empty_database: Database, what: str) -> None:
    old, new, expected = CHANGED[what]
    load(empty_database, flood())
    assert added(empty_database, lambda: load(empty_database, edited(old, new))) == STATE | expected


def test_a_corrected_quote_keeps_its_id_and_its_history(empty_database: Database) -> None:
    load(empty_database, flood())
    (loaded,) = load(empty_database, edited("form: indirect", "form: indirect\n  polarity: negative"))
    assert loaded.changes == {"quotes": {"corrected": 1}}
    with empty_database.read() as session:
        query = select(col(Quote.polarity)).where(col(Quote.id) == "harbour-flood.q1")
        polarity = [session.scalars(query.where(valid(Quote, at))).all() for at in (1, 2, None)]
    assert polarity == [["positive"], ["negative"], ["negative"]]


def test_what_a_document_no_longer_has_is_withdrawn(empty_database: Database) -> None:
    load(empty_database, flood())
    (loaded,) = load(empty_database, flood(claims="", quotes=""))
    assert loaded.changes == {"quotes": {"withdrawn": 1}, "claims": {"withdrawn": 1}}
    with empty_database.read() as session:
        assert not session.scalars(select(Quote).where(valid(Quote, None))).all()
        assert session.scalars(select(col(Claim.id)).where(valid(Claim, 1))).all() == ["harbour-flood.c1"]


def test_an_edited_text_takes_its_annotation_along(empty_database: Database) -> None:
    load(empty_database, flood())
    words = TEXT.replace("at dawn", "at early dawn")
    sentences = SECTIONS["text"].replace("at dawn", "at early dawn")
    (loaded,) = load(empty_database, flood(words, text=sentences))
    assert loaded.changes["mentions"] == {"created": 3, "corrected": 1, "withdrawn": 3}
    assert loaded.changes["quotes"] == loaded.changes["claims"] == {"corrected": 1}
    with empty_database.read() as session:
        for at, then in ((1, TEXT), (2, words), (None, words)):
            assert annotated(session, "harbour-flood", at).text == then


def test_the_planner_knows_what_was_loaded(empty_database: Database) -> None:
    load(empty_database, flood())
    looked_at = "SELECT relname FROM pg_class WHERE reltuples > 0"
    if empty_database.sqlite:
        looked_at = "SELECT tbl FROM sqlite_stat1"
    with empty_database.read() as session:
        assert {"quote", "claim", "mention", "span", "listed"} <= set(session.scalars(text(looked_at)))


def test_a_change_knows_the_documents_that_it_touches(empty_database: Database) -> None:
    touched: list[set[str]] = []
    empty_database.prepare = lambda change: touched.append(change.documents)
    load(empty_database, flood(), another(flood(), "second"))
    load(empty_database, edited("form: indirect", "form: indirect\n  act: warning"))
    load(empty_database, another(edited("name: Harbour", "name: The harbour"), "second"))
    load(empty_database, replace(flood(), mentions=flood().mentions[1:]))
    assert touched == [{"harbour-flood", "second"}, {"harbour-flood"}, {"second"}, {"harbour-flood"}]


def test_a_load_does_not_wait_to_tell_the_planner(empty_database: Database) -> None:
    load(empty_database, flood())
    with empty_database.write() as session:
        session.execute(select(col(Quote.id)))
        begun = time.monotonic()
        empty_database.optimize()
        assert time.monotonic() - begun < 5


def test_one_mistake_loads_nothing(empty_database: Database) -> None:
    good = flood()
    broken = replace(another(good, "broken"), claims=(replace(good.claims[0], measure="unheard-of"),))
    with pytest.raises(IntegrityError, match="a claim's measure is a term of the vocabulary"):
        load(empty_database, good, broken)
    assert rows(empty_database)["document"] == 0
    assert load(empty_database, good)[0].revision == 1


def test_no_document_is_loaded_twice_at_once(empty_database: Database) -> None:
    with pytest.raises(ValueError, match="the same id"):
        load(empty_database, flood(), edited("Harbour flood", "Another"))


def test_entities_without_a_name_stay_in_their_document(empty_database: Database) -> None:
    load(empty_database, flood(), another(flood(), "second"))
    with empty_database.read() as session:
        found = session.execute(select(col(Entity.id), col(Entity.document_id)).order_by(col(Entity.id)))
        assert list(found.all()) == [
            ("harbour", None),
            ("harbour-flood.aide", "harbour-flood"),
            ("second.aide", "second"),
            ("un", None),
        ]


@pytest.mark.parametrize("at_once", [True, False])
def test_documents_add_to_what_they_share(empty_database: Database, at_once: bool) -> None:
    second = another(edited("name: United Nations, aliases: [U.N.]", "name: UN, aliases: [UNO]"), "second")
    loads = [(flood(), second)] if at_once else [(flood(),), (second,)]
    for documents in loads:
        load(empty_database, *documents)
    assert (found := entity(empty_database, "un")) and found.name == "United Nations"
    assert aliases(empty_database, "un") == ["U.N.", "UN", "UNO"]


SECRET = replace(
    edited("aliases: [U.N.], wikidata: Q1065", "aliases: [Hush], description: secret"), status="draft"
)


@pytest.mark.parametrize("status", ["draft", "embargoed", "withdrawn"])
@pytest.mark.parametrize("order", ["published first", "published last", "at once", "at once, published last"])
def test_what_is_not_published_adds_nothing_to_what_is_shared(
    empty_database: Database, status: Status, order: str
) -> None:
    """And all of it as soon as it is published."""
    secret = replace(another(SECRET, "secret"), status=status)
    public = edited(", wikidata: Q1065", "")
    documents = [public, secret] if order in ("published first", "at once") else [secret, public]
    if "at once" in order:
        load(empty_database, *documents)
    else:
        for document in documents:
            load(empty_database, document)
    assert (found := entity(empty_database, "un")) and found.description is None
    assert "hush" not in found.folded
    assert aliases(empty_database, "un") == ["U.N."]
    load(empty_database, replace(secret, status="published"))
    assert (found := entity(empty_database, "un")) and found.description == "secret"
    assert aliases(empty_database, "un") == ["U.N.", "Hush"]


def test_a_draft_that_disagrees_is_refused(empty_database: Database) -> None:
    load(empty_database, flood())
    with pytest.raises(Disagreement, match="entity un: elsewhere its kind is organisation"):
        load(
            empty_database, replace(another(edited("kind: organisation", "kind: actor"), "b"), status="draft")
        )


def test_a_draft_words_no_indicator_of_published_documents(empty_database: Database) -> None:
    question = "\n  tide: {label: How many fled?, measure: displaced}\n"
    secret = question.replace("How many fled?", "Who was it?").replace("}", ", counted: spies}")
    draft = replace(another(flood(indicators=secret), "secret"), status="draft")

    def said() -> tuple[str, str | None]:
        with empty_database.read() as session:
            (tide,) = session.scalars(select(Indicator).where(valid(Indicator, None)))
            return tide.label, tide.counted

    load(empty_database, draft)
    assert said() == ("Who was it?", "spies")
    load(empty_database, flood(indicators=question))
    assert said() == ("How many fled?", None)
    load(empty_database, replace(draft, status="published"))
    assert said() == ("How many fled?", "spies")


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize(("old", "new"), [("Q1065", "Q1066"), ("kind: organisation", "kind: actor")])
def test_documents_that_disagree_load_nothing(
    empty_database: Database, at_once: bool, old: str, new: str
) -> None:
    second = another(edited(old, new), "second")
    if not at_once:
        load(empty_database, flood())
    with pytest.raises(
        Disagreement, match=rf"entity un: elsewhere its \w+ is .+, here it is {new.rsplit(maxsplit=1)[-1]}"
    ):
        load(empty_database, *([flood()] if at_once else []), second)
    assert rows(empty_database)["document"] == (0 if at_once else 1)


def test_the_only_document_may_correct_an_entity(empty_database: Database) -> None:
    load(empty_database, flood())
    load(empty_database, edited("aliases: [U.N.], wikidata: Q1065", "wikidata: Q1066"))
    assert (found := entity(empty_database, "un")) and found.wikidata == "Q1066"
    assert aliases(empty_database, "un") == []


def test_all_documents_together_may_correct_an_entity(empty_database: Database) -> None:
    load(empty_database, flood(), another(flood(), "second"))
    corrected = edited("Q1065", "Q1066")
    with pytest.raises(Disagreement):
        load(empty_database, corrected)
    load(empty_database, corrected, another(corrected, "second"))
    assert (found := entity(empty_database, "un")) and found.wikidata == "Q1066"


def test_documents_do_not_make_an_entity_part_of_itself(empty_database: Database) -> None:
    # Together: the file of neither has a circle, but that of each would be unreadable on record.
    upper, lower = (
        document(
            id_,
            "Upper and Lower lie there.",
            f"entities: {{upper: {{kind: place, name: Upper{up}}}, "
            f"lower: {{kind: place, name: Lower{low}}}}}\n"
            "text: ['{upper|Upper} and {lower|Lower} lie there.']",
        )
        for id_, up, low in (("upper-town", ", part_of: lower", ""), ("lower-town", "", ", part_of: upper"))
    )
    with pytest.raises(Disagreement, match="it is part of itself"):
        load(empty_database, upper, lower)
    load(empty_database, upper)
    with pytest.raises(Disagreement, match=r"entity lower: .* part of itself \(lower → upper → lower\)"):
        load(empty_database, lower)
    assert (found := entity(empty_database, "lower")) and found.part_of is None


def test_an_entity_is_withdrawn_with_the_last_document_that_lists_it(empty_database: Database) -> None:
    load(empty_database, flood(), another(flood(), "second"))
    without = edited("{harbour|the harbour}", "the harbour")
    without = replace(without, entities=tuple(e for e in without.entities if e.key != "harbour"))
    (first,) = load(empty_database, without)
    assert "entities" not in first.changes
    assert entity(empty_database, "harbour")
    (second,) = load(empty_database, another(without, "second"))
    assert second.changes["entities"] == {"withdrawn": 1}
    assert entity(empty_database, "harbour") is None


def test_an_entity_stays_while_the_record_refers_to_it(empty_database: Database) -> None:
    part = "harbour: {kind: place, name: Harbour, part_of: bay}\n  bay: {kind: place, name: Bay}"
    whole = edited("harbour: {kind: place, name: Harbour}", part)
    load(empty_database, whole)
    load(empty_database, another(flood(), "second"))
    load(empty_database, flood(text=SECTIONS["text"].replace("{harbour|the harbour}", "the harbour")))
    assert (harbour := entity(empty_database, "harbour")) and harbour.part_of == "bay"
    assert entity(empty_database, "bay")


def test_documents_that_ask_differently_disagree(empty_database: Database) -> None:
    question = "\n  tide: {label: How many fled?, measure: displaced, counted: people}\n"
    load(empty_database, flood(indicators=question))
    more = question.replace("counted", "place: harbour, counted").replace("How many fled?", "The tide")
    load(empty_database, another(flood(indicators=more), "second"))
    with empty_database.read() as session:
        (tide,) = session.scalars(select(Indicator).where(valid(Indicator, None)))
        assert (tide.label, tide.place_id) == ("How many fled?", "harbour")
    other = another(flood(indicators=question.replace("displaced", "killed")), "third")
    with pytest.raises(
        Disagreement, match="indicator tide: elsewhere its measure is displaced, here it is killed"
    ):
        load(empty_database, other)


RELAYED = SECTIONS["quotes"] + "- {id: q2, relays: q1, mark: '{cue|citing} {speaker=un|U.N.} figures'}\n"
REVERSED = (
    "\n" + "\n".join(RELAYED.strip("\n").split("\n")[-1:] + SECTIONS["quotes"].strip("\n").split("\n")) + "\n"
)


@pytest.mark.parametrize("quotes", [RELAYED, REVERSED])
def test_quotes_refer_to_each_other_in_any_order(empty_database: Database, quotes: str) -> None:
    document = flood(quotes=quotes)
    load(empty_database, document)
    with empty_database.read() as session:
        query = select(col(Quote.id), col(Quote.within_id), col(Quote.relation)).order_by(col(Quote.id))
        assert list(session.execute(query).all()) == [
            ("harbour-flood.q1", "harbour-flood.q2", "relays"),
            ("harbour-flood.q2", None, None),
        ]
        assert annotated(session, "harbour-flood") == document


def test_the_same_words_may_name_two_entities(empty_database: Database) -> None:
    document = edited("{un|U.N.}", "{un|{aide|U.N.}}")
    load(empty_database, document)
    with empty_database.read() as session:
        ids = session.scalars(
            select(col(Mention.id)).where(col(Mention.exact) == "U.N.").order_by(col(Mention.id))
        )
        assert [id_.rpartition(".")[2] for id_ in ids] == ["m118-122", "m118-122-2"]
        assert annotated(session, "harbour-flood") == document


def test_a_vague_claim_needs_no_figure(empty_database: Database) -> None:
    vague = "\n- {id: c1, value: vague, measure: displaced, mark: 'people were displaced'}\n"
    load(empty_database, flood(claims=vague))
    with empty_database.read() as session:
        assert session.scalars(select(col(Claim.as_written))).all() == ["people were displaced"]


def test_names_of_any_length_are_indexed(empty_database: Database) -> None:
    name = "".join(chr(0x4E00 + at) for at in range(500))
    load(empty_database, edited("[U.N.]", f"[U.N., {name}]"))
    assert aliases(empty_database, "un") == ["U.N.", name]


def test_a_newsroom_adds_measures(empty_database: Database) -> None:
    load(empty_database, flood())
    wet = Term("wet", "Wet", "person", "Whoever got wet.")
    loading.load(empty_database, [flood()], {**MEASURES, "wet": wet})
    assert loading.load(empty_database, [], {**MEASURES, "wet": wet}) == []
    with empty_database.read() as session:
        assert newest(session)[0] == 2
        assert (
            session.scalar(select(col(Measure.definition)).where(col(Measure.id) == "wet")) == wet.definition
        )


def test_writers_of_the_same_document_settle_it(empty_database: Database) -> None:
    titles = [f"Harbour flood {n}" for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results = list(
            pool.map(lambda title: load(empty_database, edited("Harbour flood", title))[0], titles)
        )
    assert sorted(result.revision or 0 for result in results) == [1, 2, 3, 4]
    assert Counter(result.outcome for result in results) == {"created": 1, "corrected": 3}


def test_loads_at_once_that_share_entities_all_succeed(empty_database: Database) -> None:
    """Each thread adds an alias of its own, drops what it listed, and puts it back."""

    def work(thread: int) -> list[int | None]:
        loaded: list[int | None] = []
        for at in range(8):
            told = edited("[U.N.]", f"[U.N., UN-{thread}-{at}]")
            if at % 3 == 2:
                kept = tuple(given for given in told.entities if given.key != "harbour")
                unnamed = tuple(
                    replace(m, entity=None) if m.entity == "harbour" else m for m in told.mentions
                )
                told = replace(told, entities=kept, mentions=unnamed)
            loaded += [result.revision for result in load(empty_database, another(told, f"d{thread}"))]
        return loaded

    with ThreadPoolExecutor(3) as pool:
        numbers = [number for numbers in pool.map(work, range(3)) for number in numbers]
    assert sorted(number or 0 for number in numbers) == list(range(1, 25))
    assert entity(empty_database, "un")


def test_a_rule_that_another_load_broke_is_tried_again(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place is withdrawn between reading and commit; on SQLite the one writer has no such neighbour."""
    if empty_database.sqlite:
        return
    question = "\n  tide: {label: How many fled?, measure: displaced, place: harbour}\n"
    load(empty_database, flood())
    kept = tuple(given for given in flood().entities if given.key != "harbour")
    unnamed = tuple(replace(m, entity=None) if m.entity == "harbour" else m for m in flood().mentions)
    without = replace(flood(), entities=kept, mentions=unnamed)
    seal, first = Change.seal, [True]

    def overtaken(change: Change, by: By) -> int:
        if first:
            first.clear()
            change.flush()
            load(empty_database, without)
        return seal(change, by)

    monkeypatch.setattr(Change, "seal", overtaken)
    (loaded,) = load(empty_database, another(flood(indicators=question), "second"))
    assert loaded.revision == 3
    assert entity(empty_database, "harbour")


def test_a_load_that_never_has_its_turn_ends_in_one_error(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def disturbed(change: Change) -> None:
        raise Conflict("meanwhile")

    monkeypatch.setattr(Change, "flush", disturbed)
    monkeypatch.setattr(commit, "LONGEST_PAUSE", 0.001)
    with pytest.raises(Conflict, match="nothing was changed"):
        load(empty_database, flood())


def test_a_conflict_is_tried_again(empty_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    flush, failures = Change.flush, [Conflict("meanwhile"), Conflict("meanwhile")]

    def disturbed(change: Change) -> None:
        flush(change)
        if failures:
            raise failures.pop()

    monkeypatch.setattr(Change, "flush", disturbed)
    assert load(empty_database, flood())[0].revision == 1
    assert not failures


def test_a_state_is_known_by_what_it_says() -> None:
    assert state_digest(flood()) == state_digest(flood())
    assert state_digest(flood()) != state_digest(edited("Harbour flood", "The harbour flood"))
    document = edited("harbour: {kind: place,", "harbour: {kind: place, coordinates: '33.9, 35.5',")
    places = [replace(e, latitude=Decimal("33.900")) if e.latitude else e for e in document.entities]
    assert state_digest(replace(document, entities=tuple(places))) == state_digest(document)
