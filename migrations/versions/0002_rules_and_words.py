"""The rules that no single row shows, as triggers, and the full-text index.

A rule is a table, an event and the condition under which the row is refused, in SQL that both databases
understand. What a row refers to is looked up when its revision is sealed: the counter's row is locked by then,
so that no other transaction can take away what was found; and one statement looks up all rows of the revision.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

from migrations.rules import Rule, create, sealed

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NOUNS = ("measure", "entity", "indicator", "document", "mention", "quote", "claim")
RECORDED = (*NOUNS, "document_state")
OWNED = ("alias", "speaker", "claim_source", "span", "timex", "listed")
CLOSED = ("text", "revision")
LONGEST_CHAIN = 8


def _history() -> Iterator[Rule]:
    for table in RECORDED:
        columns = sa.inspect(op.get_bind()).get_columns(table)
        names = ", ".join(f'"{column["name"]}"' for column in columns if column["name"] != "superseded")
        yield Rule(
            "enters_open", table, "INSERT", f"NEW.superseded IS NOT NULL OR {sealed('NEW.recorded')}",
            "a row enters the record with the revision being written",
        )  # fmt: skip
        yield Rule("unchanged", table, f"UPDATE OF {names}", "1 = 1", "nothing changes in place")
        yield Rule(
            "closed_once", table, "UPDATE OF superseded",
            f"OLD.superseded IS NOT NULL OR NEW.superseded IS NULL OR {sealed('NEW.superseded')}",
            "a row is closed once, by the revision being written",
        )  # fmt: skip
    for table in OWNED + CLOSED:
        yield Rule("unchanged", table, "UPDATE", "1 = 1", "nothing changes in place")
    for table in RECORDED + OWNED + CLOSED:
        yield Rule("kept", table, "DELETE", "1 = 1", "nothing is deleted from the record")


def _revisions() -> Iterator[Rule]:
    yield Rule("kept", "counter", "DELETE", "1 = 1", "the counter stays")
    yield Rule(
        "counts_by_one", "counter", "UPDATE", "NEW.number <> OLD.number + 1 OR NEW.time < OLD.time",
        "revisions are counted one by one and times never run backwards",
    )  # fmt: skip
    yield Rule(
        "numbered_by_counter", "revision", "INSERT",
        "NOT EXISTS (SELECT 1 FROM counter c WHERE c.number = NEW.number AND c.time = NEW.time)",
        "a revision takes its number and its time from the counter",
    )  # fmt: skip


def _owned() -> Iterator[Rule]:
    """Owned rows come with their owner: a row of the same document, whose revision is being written."""

    def rule(table: str, owner: str, same: str, name: str = "owned", only: str = "1 = 1") -> Rule:
        missing = f"NOT EXISTS (SELECT 1 FROM {owner} o WHERE {same} AND NOT {sealed('o.recorded')})"
        noun = owner.replace("_", " ")
        message = f"belongs to a {noun} of the same document and revision"
        return Rule(name, table, "INSERT", missing, message, only)

    below = "o.document_id = NEW.document_id AND o.row_key = NEW."
    yield rule("alias", "entity", "o.row_key = NEW.entity_key")
    yield rule("speaker", "quote", f"{below}quote_key")
    yield rule("claim_source", "claim", f"{below}claim_key")
    yield rule("listed", "document_state", "o.document_id = NEW.document_id AND o.digest = NEW.digest")
    for owner in ("quote", "claim"):
        yield rule("timex", owner, f"{below}owner_key", f"owned_by_{owner}", f"NEW.owner = '{owner}'")
    same_text = "o.text_sha256 = NEW.text_sha256 AND o.row_key = NEW.owner_key AND o."
    for owner, key in (("document", "id"), ("quote", "document_id"), ("claim", "document_id")):
        same = f"{same_text}{key} = NEW.document_id"
        yield rule("span", owner, same, f"owned_by_{owner}", f"NEW.owner = '{owner}'")


def _exact() -> Iterator[Rule]:
    for table in ("span", "mention"):
        found = (
            "EXISTS (SELECT 1 FROM text t WHERE t.document_id = NEW.document_id AND t.sha256 = NEW.text_sha256"
            ' AND substr(t.text, NEW."start" + 1, NEW."end" - NEW."start") = NEW.exact)'
        )
        message = "the words are the text's between the offsets"
        yield Rule("exact", table, "INSERT", f"NOT {found}", message)


@dataclass(frozen=True)
class Reference:
    """`x.column` of a row leads to a current row `g` of `target` that is `fit` for it.

    `rows` has the referring row as `x` and the recorded row that it belongs to as `c`. `same` holds for two
    states of a target between which nothing changed that `fit` looks at.
    """

    table: str
    column: str
    target: str
    fit: str
    message: str
    same: str = "1 = 1"
    rows: str = ""

    def rule(self) -> Rule:
        rows, c = (self.rows, "c") if self.rows else (f"{self.table} x", "x")
        current = "g.superseded IS NULL"
        dangles = f"NOT EXISTS (SELECT 1 FROM {self.target} g WHERE g.id = x.{self.column} AND {current} AND {self.fit})"
        # `+` keeps SQLite from reading all current rows by their index instead of the few of this revision.
        entering = (
            f"EXISTS (SELECT 1 FROM {rows} WHERE {c}.recorded = NEW.key AND +{c}.superseded IS NULL"
            f" AND x.{self.column} IS NOT NULL AND {dangles})"
        )
        # What belongs to a document is referred to from there alone, and found by the document's key.
        near = " AND x.document_id = o.document_id" if self.target in ("mention", "quote", "claim") else ""
        leaving = (
            f"EXISTS (SELECT 1 FROM {self.target} o, {rows}"
            f" WHERE o.superseded = NEW.key AND x.{self.column} = o.id{near} AND {c}.superseded IS NULL AND {dangles}"
            f" AND NOT EXISTS (SELECT 1 FROM {self.target} g WHERE g.id = o.id AND {current} AND {self.same}))"
        )
        return Rule(
            f"{self.table}_{self.column}", "revision", "INSERT", f"{entering} OR {leaving}", self.message
        )


def _references() -> Iterator[Rule]:
    below = "g.document_id = x.document_id"
    # A named entity may be referred to from anywhere, any other from its document alone.
    scope = "(g.document_id IS NULL OR g.document_id = x.document_id)"
    same = "g.kind = o.kind AND coalesce(g.document_id, '') = coalesce(o.document_id, '')"
    place, party, named = "g.kind = 'place'", "g.kind <> 'place'", "g.document_id IS NULL"
    spoken = "quote c JOIN speaker x ON x.document_id = c.document_id AND x.quote_key = c.row_key"
    sourced = "claim c JOIN claim_source x ON x.document_id = c.document_id AND x.claim_key = c.row_key"
    may = "that the document may name"
    references = [
        Reference("mention", "entity_id", "entity", scope, f"a mention names an entity {may}", same),
        Reference("speaker", "entity_id", "entity", scope, f"a speaker is an entity {may}", same, spoken),
        Reference(
            "speaker", "mention_id", "mention", f"{below} AND g.exact = x.as_written AND g.entity_id = x.entity_id",
            "a speaker's words are a mention of it in the same document",
            "g.document_id = o.document_id AND g.entity_id = o.entity_id", spoken,
        ),
        Reference("claim", "place_id", "entity", f"{scope} AND {place}", f"a claim's place is a place {may}", same),
        Reference(
            "claim", "responsible_id", "entity", f"{scope} AND {party}",
            f"the responsible party is an actor or organisation {may}", same,
        ),
        Reference("claim", "measure", "measure", "1 = 1", "a claim's measure is a term of the vocabulary"),
        Reference("claim", "indicator_id", "indicator", "1 = 1", "a claim's indicator is on record"),
        Reference("claim", "subset_of", "claim", below, "a claim is part of a claim of its document"),
        Reference("claim", "refines", "claim", below, "a claim refines a claim of its document"),
        Reference("claim_source", "quote_id", "quote", below, "a claim's source is a quote of its document", rows=sourced),
        Reference("quote", "within_id", "quote", below, "a quote stands within a quote of its document"),
        Reference("indicator", "measure", "measure", "1 = 1", "an indicator's measure is a term of the vocabulary"),
        Reference(
            "indicator", "place_id", "entity", f"{named} AND {place}", "an indicator's place is a named place", same
        ),
        Reference("entity", "document_id", "document", "1 = 1", "an entity's document is on record"),
    ]  # fmt: skip
    for column in ("part_of", "acts_for", "merged_into"):
        message = "an entity refers to entities that it shares a scope with"
        references.append(Reference("entity", column, "entity", scope, message, same))
    for noun in ("mention", "quote", "claim"):
        # An edited text orphans what was annotated in the old one: it is annotated anew or withdrawn, never moved.
        message = f"a {noun} stands in its document's present text"
        text, same_text = "g.text_sha256 = x.text_sha256", "g.text_sha256 = o.text_sha256"
        references.append(Reference(noun, "document_id", "document", text, message, same_text))
    return (reference.rule() for reference in references)


def _new(table: str, wrong: str) -> str:
    """A row of the revision is wrong."""
    return (
        f"EXISTS (SELECT 1 FROM {table} x WHERE x.recorded = NEW.key AND +x.superseded IS NULL AND ({wrong}))"
    )


def _ancestors() -> str:
    """Climbs from each quote of the revision through `within_id`; refuses a loop or too long a chain."""
    levels = range(1, LONGEST_CHAIN + 1)
    joins = " ".join(
        f"LEFT JOIN quote q{level} ON q{level}.document_id = q0.document_id"
        f" AND q{level}.id = q{level - 1}.within_id AND q{level}.superseded IS NULL"
        for level in levels
    )
    loop = " OR ".join(f"q{level}.id = q0.id" for level in levels)
    return (
        f"EXISTS (SELECT 1 FROM quote q0 {joins} WHERE q0.recorded = NEW.key AND +q0.superseded IS NULL"
        f" AND ({loop} OR q{LONGEST_CHAIN}.within_id IS NOT NULL))"
    )


def _wholes() -> Iterator[Rule]:
    """A quote or a claim together with its spans and its days."""
    mine = "s.document_id = x.document_id AND s.owner_key = x.row_key"

    def has(role: str) -> str:
        return f"EXISTS (SELECT 1 FROM span s WHERE {mine} AND s.role = '{role}')"

    def day(role: str) -> str:
        earliest = f"SELECT coalesce(s.earliest, s.latest) FROM timex s WHERE {mine} AND s.role = '{role}'"
        return f"coalesce(({earliest}), '')"

    relays = (
        "EXISTS (SELECT 1 FROM quote i WHERE i.document_id = x.document_id AND i.within_id = x.id"
        " AND i.relation = 'relays' AND i.superseded IS NULL)"
    )
    outside = (
        f"EXISTS (SELECT 1 FROM span s WHERE {mine} AND s.role = 'verbatim' AND NOT EXISTS (SELECT 1 FROM span c"
        " WHERE c.document_id = s.document_id AND c.owner_key = s.owner_key AND c.role = 'content'"
        ' AND c."start" <= s."start" AND c."end" >= s."end"))'
    )
    rules = {
        "content": ("quote", f"x.act <> 'silence' AND NOT {has('content')} AND NOT {relays}",
                    "a quote has content unless it is a silence or relays another"),
        "silence": ("quote", f"x.act = 'silence' AND {has('content')}", "a silence has no content"),
        "verbatim": ("quote", outside, "verbatim words lie within the content"),
        "said_order": ("quote", f"x.said_order <> {day('said')}", "a quote sorts by its day"),
        "period_order": ("claim", f"x.period_order <> {day('period')}", "a claim sorts by its period"),
        "number": ("claim", f"x.comparator <> 'magnitude' AND NOT {has('number')}",
                   "a claim points at its figure in the text, unless it is vague"),
    }  # fmt: skip
    for name, (table, wrong, message) in rules.items():
        yield Rule(name, "revision", "INSERT", _new(table, wrong), message)
    message = f"quotes stand within each other without a loop, at most {LONGEST_CHAIN} deep"
    yield Rule("chain", "revision", "INSERT", _ancestors(), message)
    for noun in ("entity", "indicator", "quote", "claim"):
        unknown = (
            "EXISTS (SELECT 1 FROM document_state c JOIN listed x ON x.document_id = c.document_id"
            f" AND x.digest = c.digest WHERE c.recorded = NEW.key AND x.noun = '{noun}'"
            f" AND NOT EXISTS (SELECT 1 FROM {noun} g WHERE g.id = x.id AND g.superseded IS NULL))"
        )
        yield Rule(f"listed_{noun}", "revision", "INSERT", unknown, f"a listed {noun} is on record")


def _rules() -> list[Rule]:
    return [*_history(), *_revisions(), *_owned(), *_exact(), *_references(), *_wholes()]


def _begin_record() -> None:
    """The empty record is revision 0; where rows outlived a step down, it has long begun."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    begun = "WHERE NOT EXISTS (SELECT 1 FROM"
    revision_0 = f"SELECT 0, 0, CAST(:now AS TEXT), 'The record begins, empty' {begun} revision)"
    counter = f"SELECT 1, 0, CAST(:now AS TEXT) {begun} counter)"
    for statement in (
        f"INSERT INTO revision (key, number, time, reason) {revision_0}",
        f"INSERT INTO counter (id, number, time) {counter}",
    ):
        op.execute(sa.text(statement).bindparams(now=now))


def upgrade() -> None:
    _begin_record()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for rule in _rules():
        for statement in create(rule, sqlite=sqlite):
            op.execute(sa.text(statement.replace(":", "\\:")))
    if sqlite:
        # PostgreSQL refuses NUL by itself; SQLite's length() would stop at it unseen.
        op.execute(
            "CREATE TRIGGER text_insert_nul BEFORE INSERT ON text WHEN instr(NEW.text, char(0)) > 0"
            " BEGIN SELECT RAISE(ABORT, 'text: a text has no NUL'); END"
        )
    for table in NOUNS:
        if sqlite:
            # Rows never change, so the index keeps no copy of the words. `ascii` parts at spaces and nothing else
            # that folded words contain; unicode61 would disagree with PostgreSQL about newer scripts.
            op.execute(f"CREATE VIRTUAL TABLE {table}_words USING fts5(folded, content='', tokenize='ascii')")
            op.execute(f"INSERT INTO {table}_words (rowid, folded) SELECT row_key, folded FROM {table}")
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
    for table in NOUNS:
        op.execute(f"DROP TABLE {table}_words" if sqlite else f"DROP INDEX {table}_words")
    if sqlite:
        triggers = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for name in op.get_bind().execute(triggers).scalars().all():
            op.execute(f"DROP TRIGGER {name}")
        return
    for rule in _rules():
        # Takes its trigger along.
        op.execute(f"DROP FUNCTION {rule.trigger} CASCADE")
