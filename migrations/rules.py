"""Rules of the record as triggers, in SQL that both databases understand.

A rule is a table, an event and the condition under which the row is refused. A step of the schema makes its rules
of these; what they say stands in the step.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`event` may name columns (`UPDATE OF a, b`); a row for which `refused` holds raises `message`.

    `only`, a condition on the row alone, says for which rows to look at all.
    """

    name: str
    table: str
    event: str
    refused: str
    message: str
    only: str = "1 = 1"

    @property
    def trigger(self) -> str:
        return f"{self.table}_{self.event.split()[0].lower()}_{self.name}"


def sealed(key: str) -> str:
    """The condition that the revision with this key is written; while it is being written it has no row."""
    return f"EXISTS (SELECT 1 FROM revision r WHERE r.key = {key})"


def create(rule: Rule, *, sqlite: bool) -> Iterator[str]:
    """The statements that make a rule."""
    if sqlite:
        yield (
            f"CREATE TRIGGER {rule.trigger} BEFORE {rule.event} ON {rule.table} WHEN {rule.only} AND ({rule.refused})"
            f" BEGIN SELECT RAISE(ABORT, '{_message(rule)}'); END"
        )
        return
    yield _function(rule, rule.refused, "OLD" if rule.event == "DELETE" else "NEW")
    yield (
        f"CREATE TRIGGER {rule.trigger} BEFORE {rule.event} ON {rule.table} FOR EACH ROW WHEN ({rule.only})"
        f" EXECUTE FUNCTION {rule.trigger}()"
    )


def create_together(rule: Rule) -> Iterator[str]:
    """The statements that make a rule on PostgreSQL that looks at all rows of a statement at once."""
    refused = apart(f"{rule.only} AND ({rule.refused})").replace("NEW.", "entered.")
    yield from create_at_once(rule, f"EXISTS (SELECT 1 FROM entering entered WHERE {refused})")


def create_at_once(rule: Rule, refused: str) -> Iterator[str]:
    """The same, where `refused` is a condition on the table `entering`, which holds all rows of a statement."""
    yield _function(rule, refused, "NULL")
    yield (
        f"CREATE TRIGGER {rule.trigger} AFTER {rule.event} ON {rule.table} REFERENCING NEW TABLE AS entering"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {rule.trigger}()"
    )


def apart(condition: str) -> str:
    """The condition with each subquery of an EXISTS planned by itself, as PostgreSQL does where it has an offset.

    Otherwise it is joined, and for tables that have just been filled, of which the planner knows nothing yet,
    by reading all of the inner one for each row of the outer one.
    """
    parts: list[str] = []
    opened: list[bool] = []
    for part in re.split(r"([()])", condition):
        if part == "(":
            opened.append("".join(parts[-1:]).endswith("EXISTS "))
        elif part == ")" and opened.pop():
            parts.append(" LIMIT 1 OFFSET 0")
        parts.append(part)
    return "".join(parts)


def drop(trigger: str, *, sqlite: bool) -> str:
    """The statement that takes a rule away; on PostgreSQL its function takes its trigger along."""
    return f"DROP TRIGGER {trigger}" if sqlite else f"DROP FUNCTION {trigger} CASCADE"


def _function(rule: Rule, refused: str, result: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {rule.trigger}() RETURNS trigger LANGUAGE plpgsql AS $rule$ BEGIN"
        f" IF {refused} THEN RAISE EXCEPTION '{_message(rule)}' USING ERRCODE = 'check_violation'; END IF;"
        f" RETURN {result}; END $rule$"
    )


def _message(rule: Rule) -> str:
    return f"{rule.table}: {rule.message}".replace("'", "''")
