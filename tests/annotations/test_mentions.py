"""The kind of a mention by rule."""

import pytest

from annotations.annotated import Entity
from annotations.mentions import kind

US = Entity("us", "organisation", "named", "United States", ("U.S.", "US"))
MACRON = Entity("macron", "actor", "named", "Emmanuel Macron", ("Macron",))
OFFICE = Entity("office", "organisation", "named", "Netanyahu’s office")
AIDE = Entity("aide", "actor", "anonymous", "aide")


@pytest.mark.parametrize(
    ("words", "entity", "language", "expected"),
    [
        ("the United States", US, "en", "name"),
        ("US", US, "en", "name"),
        ("us", US, "en", "pronoun"),
        ("UNITED STATES", US, "en", "name"),
        ("Its", US, "en-GB", "pronoun"),
        ("the ally", US, "en", "nominal"),
        ("Macronism", MACRON, "en", "nominal"),
        ("French President Emmanuel Macron", MACRON, "en", "name"),
        ("Macron’s", MACRON, "en", "name"),
        ("Netanyahu’s office", OFFICE, "en", "name"),
        ("the aide", AIDE, "en", "nominal"),
        ("he", AIDE, "en", "pronoun"),
        ("IT", AIDE, "en", "nominal"),
        ("they", None, "en", "pronoun"),
        ("er", AIDE, "de-CH", "pronoun"),
        ("er", AIDE, "fi", "nominal"),
    ],
)
def test_name_or_alias_then_pronoun_then_nominal(
    words: str, entity: Entity | None, language: str, expected: str
) -> None:
    assert kind(words, entity, language) == expected
