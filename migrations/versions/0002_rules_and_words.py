"""The rules that no single row shows, as triggers, and the full-text index.

A rule is a table, an event and the condition under which the row is refused, in SQL that both databases
understand. Rules about several rows hang on the insert of the revision, which comes last in its transaction.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

IN_DOCUMENT = ("mention", "quote", "claim")
RECORDED = ("measure", "entity", "indicator", "document", *IN_DOCUMENT)
OWNED = ("alias", "speaker", "claim_source", "span", "timex")
CLOSED = ("text", "document_state", "revision")
LONGEST_CHAIN = 8


@dataclass(frozen=True)
class Rule:
    """`event` may name columns (`UPDATE OF a, b`); a row for which `refused` holds raises `message`."""

    name: str
    table: str
    event: str
    refused: str
    message: str


def _sealed(key: str) -> str:
    return f"EXISTS (SELECT 1 FROM revision r WHERE r.key = {key})"


def _in_scope(entity: str, document: str, kind: str = "") -> str:
    """An entity that the document may name: a named one, or one of its own."""
    return (
        f"EXISTS (SELECT 1 FROM entity e WHERE e.id = {entity} AND e.superseded IS NULL"
        f" AND (e.document_id IS NULL OR e.document_id = {document}){kind})"
    )


def _current(table: str, document: str, id_: str, *more: str) -> str:
    conditions = " AND ".join((f"k.document_id = {document}", f"k.id = {id_}", "k.superseded IS NULL", *more))
    return f"EXISTS (SELECT 1 FROM {table} k WHERE {conditions})"


def _owner(table: str, key: str, *more: str) -> str:
    document = "id" if table == "document" else "document_id"
    conditions = " AND ".join(
        (f"o.row_key = {key}", f"o.{document} = NEW.document_id", f"NOT {_sealed('o.recorded')}", *more)
    )
    return f"EXISTS (SELECT 1 FROM {table} o WHERE {conditions})"


def _words_stand(start: str = 'NEW."start"', end: str = 'NEW."end"') -> str:
    return (
        "EXISTS (SELECT 1 FROM text t WHERE t.document_id = NEW.document_id AND t.sha256 = NEW.text_sha256"
        f" AND substr(t.text, {start} + 1, {end} - {start}) = NEW.exact)"
    )


def _columns(table: str) -> str:
    columns = sa.inspect(op.get_bind()).get_columns(table)
    return ", ".join(f'"{column["name"]}"' for column in columns if column["name"] != "superseded")


def _history() -> list[Rule]:
    rules = []
    for table in RECORDED:
        rules += [
            Rule(
                "enters_open", table, "INSERT", f"NEW.superseded IS NOT NULL OR {_sealed('NEW.recorded')}",
                "a row enters the record with the revision being written",
            ),
            Rule("unchanged", table, f"UPDATE OF {_columns(table)}", "1 = 1", "nothing changes in place"),
            Rule(
                "closed_once", table, "UPDATE OF superseded",
                f"OLD.superseded IS NOT NULL OR NEW.superseded IS NULL OR {_sealed('NEW.superseded')}",
                "a row is closed once, by the revision being written",
            ),
            Rule("kept", table, "DELETE", "1 = 1", "nothing is deleted from the record"),
        ]  # fmt: skip
    for table in OWNED + CLOSED:
        rules += [
            Rule("unchanged", table, "UPDATE", "1 = 1", "nothing changes in place"),
            Rule("kept", table, "DELETE", "1 = 1", "nothing is deleted from the record"),
        ]
    return rules


def _revisions() -> list[Rule]:
    return [
        Rule("kept", "counter", "DELETE", "1 = 1", "the counter stays"),
        Rule(
            "counts_by_one", "counter", "UPDATE", "NEW.number <> OLD.number + 1 OR NEW.time < OLD.time",
            "revisions are counted one by one and times never run backwards",
        ),
        Rule(
            "numbered_by_counter", "revision", "INSERT",
            "NOT EXISTS (SELECT 1 FROM counter c WHERE c.number = NEW.number AND c.time = NEW.time)",
            "a revision takes its number and its time from the counter",
        ),
    ]  # fmt: skip


def _owned() -> list[Rule]:
    same_text = "o.text_sha256 = NEW.text_sha256"
    owner = " OR ".join(
        f"(NEW.owner = '{table}' AND {_owner(table, 'NEW.owner_key', same_text)})"
        for table in ("document", "quote", "claim")
    )
    timed = " OR ".join(
        f"(NEW.owner = '{table}' AND {_owner(table, 'NEW.owner_key')})" for table in ("quote", "claim")
    )
    late = "belongs to a row of the same document, state of the text and revision"
    return [
        Rule("owned", "span", "INSERT", f"NOT ({owner})", f"a span {late}"),
        Rule("exact", "span", "INSERT", f"NOT {_words_stand()}", "the words of a span are the text's between its offsets"),
        Rule("owned", "timex", "INSERT", f"NOT ({timed})", "a time expression belongs to a row of the same document and revision"),
        Rule("owned", "speaker", "INSERT", f"NOT {_owner('quote', 'NEW.quote_key')}", "a speaker belongs to a quote of the same document and revision"),
        Rule("entity", "speaker", "INSERT", f"NOT {_in_scope('NEW.entity_id', 'NEW.document_id')}", "a speaker is an entity that the document may name"),
        Rule(
            "mention", "speaker", "INSERT",
            "NEW.mention_id IS NOT NULL AND NOT "
            + _current("mention", "NEW.document_id", "NEW.mention_id", "k.exact = NEW.as_written", "k.entity_id = NEW.entity_id"),
            "a speaker's words are a mention of it in the same document",
        ),
        Rule("owned", "claim_source", "INSERT", f"NOT {_owner('claim', 'NEW.claim_key')}", "a source belongs to a claim of the same document and revision"),
        Rule("quote", "claim_source", "INSERT", f"NOT {_current('quote', 'NEW.document_id', 'NEW.quote_id')}", "a claim's source is a quote of the same document"),
        Rule(
            "owned", "alias", "INSERT",
            f"NOT EXISTS (SELECT 1 FROM entity e WHERE e.row_key = NEW.entity_key AND NOT {_sealed('e.recorded')})",
            "an alias belongs to an entity of the same revision",
        ),
    ]  # fmt: skip


def _nouns() -> list[Rule]:
    place, party = " AND e.kind = 'place'", " AND e.kind <> 'place'"
    return [
        Rule("exact", "mention", "INSERT", f"NOT {_words_stand()}", "the words of a mention are the text's between its offsets"),
        Rule("entity", "mention", "INSERT", f"NEW.entity_id IS NOT NULL AND NOT {_in_scope('NEW.entity_id', 'NEW.document_id')}", "a mention names an entity that the document may name"),
        Rule("measure", "claim", "INSERT", "NOT EXISTS (SELECT 1 FROM measure m WHERE m.id = NEW.measure AND m.superseded IS NULL)", "a claim's measure is a term of the vocabulary"),
        Rule("place", "claim", "INSERT", f"NEW.place_id IS NOT NULL AND NOT {_in_scope('NEW.place_id', 'NEW.document_id', place)}", "a claim's place is a place that the document may name"),
        Rule("responsible", "claim", "INSERT", f"NEW.responsible_id IS NOT NULL AND NOT {_in_scope('NEW.responsible_id', 'NEW.document_id', party)}", "the responsible party is an actor or organisation that the document may name"),
        Rule("indicator", "claim", "INSERT", "NEW.indicator_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM indicator i WHERE i.id = NEW.indicator_id AND i.superseded IS NULL)", "a claim's indicator is on record"),
        Rule("measure", "indicator", "INSERT", "NOT EXISTS (SELECT 1 FROM measure m WHERE m.id = NEW.measure AND m.superseded IS NULL)", "an indicator's measure is a term of the vocabulary"),
        Rule("place", "indicator", "INSERT", f"NEW.place_id IS NOT NULL AND NOT {_in_scope('NEW.place_id', 'NULL', place)}", "an indicator's place is a named place"),
    ]  # fmt: skip


def _ancestors() -> str:
    """Climbs from each quote of the revision through `within_id`; refuses a loop or too long a chain."""
    joins = ["quote q0"]
    for level in range(1, LONGEST_CHAIN + 1):
        joins.append(
            f"LEFT JOIN quote q{level} ON q{level}.document_id = q0.document_id"
            f" AND q{level}.id = q{level - 1}.within_id AND q{level}.superseded IS NULL"
        )
    loop = " OR ".join(f"q{level}.id = q0.id" for level in range(1, LONGEST_CHAIN + 1))
    return (
        f"EXISTS (SELECT 1 FROM {' '.join(joins)} WHERE q0.recorded = NEW.key AND q0.superseded IS NULL"
        f" AND ({loop} OR q{LONGEST_CHAIN}.within_id IS NOT NULL))"
    )


def _when_sealed() -> list[Rule]:
    """Rules about all rows of the revision together."""

    def rows(table: str, wrong: str, alias: str = "x") -> str:
        return f"EXISTS (SELECT 1 FROM {table} {alias} WHERE {alias}.recorded = NEW.key AND {alias}.superseded IS NULL AND ({wrong}))"

    def has(owner: str, role: str) -> str:
        return f"EXISTS (SELECT 1 FROM span s WHERE s.document_id = x.document_id AND s.owner_key = x.row_key AND s.owner = '{owner}' AND s.role = '{role}')"

    def order(role: str) -> str:
        return f"coalesce((SELECT coalesce(t.earliest, t.latest) FROM timex t WHERE t.document_id = x.document_id AND t.owner_key = x.row_key AND t.role = '{role}'), '')"

    relays = "EXISTS (SELECT 1 FROM quote i WHERE i.document_id = x.document_id AND i.within_id = x.id AND i.relation = 'relays' AND i.superseded IS NULL)"
    rules = [
        Rule("content", "revision", "INSERT", rows("quote", f"x.act <> 'silence' AND NOT {has('quote', 'content')} AND NOT {relays}"), "a quote has content unless it is a silence or relays another"),
        Rule("silence", "revision", "INSERT", rows("quote", f"x.act = 'silence' AND {has('quote', 'content')}"), "a silence has no content"),
        Rule("said_order", "revision", "INSERT", rows("quote", f"x.said_order <> {order('said')}"), "a quote sorts by its day"),
        Rule("period_order", "revision", "INSERT", rows("claim", f"x.period_order <> {order('period')}"), "a claim sorts by its period"),
        Rule("number", "revision", "INSERT", rows("claim", f"NOT {has('claim', 'number')}"), "a claim points at its figure in the text"),
        Rule(
            "verbatim", "revision", "INSERT",
            rows("quote", "EXISTS (SELECT 1 FROM span v WHERE v.document_id = x.document_id AND v.owner_key = x.row_key AND v.role = 'verbatim'"
            " AND NOT EXISTS (SELECT 1 FROM span c WHERE c.document_id = v.document_id AND c.owner_key = v.owner_key AND c.role = 'content'"
            ' AND c."start" <= v."start" AND c."end" >= v."end"))'),
            "verbatim words lie within the content",
        ),
        Rule("chain", "revision", "INSERT", _ancestors(), f"quotes stand within each other without a loop, at most {LONGEST_CHAIN} deep"),
    ]  # fmt: skip
    references = [
        ("quote", "within_id", "quote"),
        ("claim", "subset_of", "claim"),
        ("claim", "refines", "claim"),
    ]
    for table, column, target in references:
        # A reference is checked when its own row enters, and when the row that it points at is closed.
        touched = (
            f"x.recorded = NEW.key OR EXISTS (SELECT 1 FROM {target} g WHERE g.document_id = x.document_id"
            f" AND g.id = x.{column} AND g.superseded = NEW.key)"
        )
        dangling = (
            f"EXISTS (SELECT 1 FROM {table} x WHERE x.superseded IS NULL AND x.{column} IS NOT NULL AND ({touched})"
            f" AND NOT {_current(target, 'x.document_id', f'x.{column}')})"
        )
        rules.append(
            Rule(column, "revision", "INSERT", dangling, f"a {table} refers to a {target} of its document")
        )
    for column in ("part_of", "acts_for", "merged_into"):
        missing = rows(
            "entity", f"x.{column} IS NOT NULL AND NOT {_in_scope(f'x.{column}', 'x.document_id')}"
        )
        rules.append(
            Rule(
                column,
                "revision",
                "INSERT",
                missing,
                "an entity refers to entities that it shares a scope with",
            )
        )
    for table in IN_DOCUMENT:
        # An edited text orphans what was annotated in the old one: it is annotated anew or withdrawn, never moved.
        orphaned = (
            f"EXISTS (SELECT 1 FROM document d JOIN {table} x ON x.document_id = d.id AND x.superseded IS NULL"
            " WHERE d.recorded = NEW.key AND d.superseded IS NULL AND x.text_sha256 <> d.text_sha256)"
        )
        foreign = rows(
            table,
            "NOT EXISTS (SELECT 1 FROM document d WHERE d.id = x.document_id AND d.superseded IS NULL"
            " AND d.text_sha256 = x.text_sha256)",
        )
        message = f"a {table} stands in its document's present text"
        rules.append(Rule(f"{table}_text", "revision", "INSERT", f"{orphaned} OR {foreign}", message))
    withdrawn = (
        "EXISTS (SELECT 1 FROM quote q JOIN claim_source s ON s.document_id = q.document_id AND s.quote_id = q.id"
        " JOIN claim c ON c.document_id = s.document_id AND c.row_key = s.claim_key AND c.superseded IS NULL"
        f" WHERE q.superseded = NEW.key AND NOT {_current('quote', 'q.document_id', 'q.id')})"
    )
    rules.append(
        Rule("sources", "revision", "INSERT", withdrawn, "a claim's source is not withdrawn before the claim")
    )
    return rules


def _rules() -> list[Rule]:
    return [*_history(), *_revisions(), *_owned(), *_nouns(), *_when_sealed()]


def _sqlite(rule: Rule) -> Iterator[str]:
    name = f"{rule.table}_{rule.event.split()[0].lower()}_{rule.name}"
    message = rule.message.replace("'", "''")
    yield (
        f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} WHEN {rule.refused}"
        f" BEGIN SELECT RAISE(ABORT, '{rule.table}: {message}'); END"
    )


def _postgresql(rule: Rule) -> Iterator[str]:
    name = f"{rule.table}_{rule.event.split()[0].lower()}_{rule.name}"
    message = f"{rule.table}: {rule.message}".replace("'", "''")
    result = "OLD" if rule.event == "DELETE" else "NEW"
    yield (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $rule$ BEGIN IF {rule.refused} THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; RETURN {result}; END $rule$"
    )
    yield f"CREATE TRIGGER {name} BEFORE {rule.event} ON {rule.table} FOR EACH ROW EXECUTE FUNCTION {name}()"


def _begin_record() -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    op.execute(
        sa.text(
            "INSERT INTO revision (key, number, time, reason) VALUES (0, 0, :now, 'The record begins, empty')"
        ).bindparams(now=now)
    )
    op.execute(sa.text("INSERT INTO counter (id, number, time) VALUES (1, 0, :now)").bindparams(now=now))


def upgrade() -> None:
    _begin_record()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _rules():
        for statement in (_sqlite if sqlite else _postgresql)(rule):
            op.execute(sa.text(statement.replace(":", "\\:")))
    if sqlite:
        # PostgreSQL refuses NUL by itself; SQLite's length() would stop at it unseen.
        op.execute(
            "CREATE TRIGGER text_insert_nul BEFORE INSERT ON text WHEN instr(NEW.text, char(0)) > 0"
            " BEGIN SELECT RAISE(ABORT, 'text: a text has no NUL'); END"
        )
    for table in RECORDED:
        if sqlite:
            # Rows never change, so the index keeps no copy of the words. `ascii` parts at spaces and nothing else
            # that folded words contain; unicode61 would disagree with PostgreSQL about newer scripts.
            op.execute(f"CREATE VIRTUAL TABLE {table}_words USING fts5(folded, content='', tokenize='ascii')")
            op.execute(
                f"CREATE TRIGGER {table}_insert_words AFTER INSERT ON {table}"
                f" BEGIN INSERT INTO {table}_words (rowid, folded) VALUES (NEW.row_key, NEW.folded); END"
            )
        else:
            op.execute(
                f"CREATE INDEX {table}_words ON {table} USING gin (array_to_tsvector(string_to_array(folded, ' ')))"
            )


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in RECORDED:
        op.execute(f"DROP TABLE {table}_words" if sqlite else f"DROP INDEX {table}_words")
    if sqlite:
        triggers = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in op.get_bind().execute(triggers).scalars().all():
            op.execute(f"DROP TRIGGER {name}")
        return
    for rule in _rules():
        # Two rules on one table and event have two names: dropping the function takes its trigger along.
        op.execute(f"DROP FUNCTION {rule.table}_{rule.event.split()[0].lower()}_{rule.name} CASCADE")
