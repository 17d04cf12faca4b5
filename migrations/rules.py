"""Rules of the record as triggers, in SQL that both databases understand.

A rule is a table, an event and the condition under which the row is refused. A step of the schema makes its rules
of these; what they say stands in the step.
"""

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
    message = f"{rule.table}: {rule.message}".replace("'", "''")
    if sqlite:
        yield (
            f"CREATE TRIGGER {rule.trigger} BEFORE {rule.event} ON {rule.table} WHEN {rule.only} AND ({rule.refused})"
            f" BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    result = "OLD" if rule.event == "DELETE" else "NEW"
    yield (
        f"CREATE FUNCTION {rule.trigger}() RETURNS trigger LANGUAGE plpgsql AS $rule$ BEGIN IF {rule.refused} THEN"
        f" RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; END IF; RETURN {result}; END $rule$"
    )
    yield (
        f"CREATE TRIGGER {rule.trigger} BEFORE {rule.event} ON {rule.table} FOR EACH ROW WHEN ({rule.only})"
        f" EXECUTE FUNCTION {rule.trigger}()"
    )


def drop(trigger: str, *, sqlite: bool) -> str:
    """The statement that takes a rule away; on PostgreSQL its function takes its trigger along."""
    return f"DROP TRIGGER {trigger}" if sqlite else f"DROP FUNCTION {trigger} CASCADE"
