"""The JSON Schema of the file."""

import jsonschema
import pytest
import yaml

from annotations.file_format import File
from annotations.schema import json_schema
from tests.annotations.flood import SECTIONS, annotation


def test_the_schema_is_valid_and_accepts_the_example_as_any_yaml_reader_sees_it() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    claims = (
        SECTIONS["claims"].replace("nearly 1,300", "about 50").replace("  measure", "  low: 45\n  measure")
    )
    jsonschema.validate(yaml.safe_load(annotation(claims=claims)), schema)


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        ("document", "title", "titel"),
        ("document", "stated", "guessed"),
        ("entities", "kind: place", "kind: city"),
        ("quotes", "id: q1", "id: 1"),
        ("claims", "sources: [q1]", "sources: q1"),
        ("entities", "naming: anonymous", "naming: null"),
    ],
)
def test_the_schema_underlines_mistakes(section: str, old: str, new: str) -> None:
    broken = yaml.safe_load(annotation(**{section: SECTIONS[section].replace(old, new)}))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, json_schema())


def test_every_key_is_described_and_no_value_is_null() -> None:
    schema = json_schema()
    for name, part in {**schema["$defs"], "File": schema}.items():
        for key, value in part["properties"].items():
            assert value.get("description"), (name, key)
            assert "null" not in str(value), (name, key)
    assert set(schema["properties"]) == set(File.model_fields)
