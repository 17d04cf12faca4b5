"""The JSON Schema of the annotation file, with which editors complete and underline."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from annotations.file_format import File

URN = "urn:onrecord:annotated-document:1"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema, JSON Schema 2020-12. It knows the keys and their forms; `onrecord check` knows the rest."""
    schema = File.model_json_schema(schema_generator=_Schema)
    schema |= {"title": "Annotated document", "description": "An article's annotation: NAME.claims.yaml"}
    return {"$schema": DIALECT, "$id": URN, **schema}


class _Schema(GenerateJsonSchema):
    """An optional key is left out, never null: an empty value is a mistake in the file."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        json_schema = super().default_schema(schema)
        if json_schema.get("default", "") is None:
            del json_schema["default"]
        return json_schema

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False
