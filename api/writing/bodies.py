"""What the OpenAPI document says of the bodies of writes."""

from typing import Any

from api.writing.annotated_body import MEMBERS, MERGE_PATCH

EXAMPLE_TEXT = "Harbour flood\n\nAt least 12 boats sank on Tuesday, the harbour master said.\n"
EXAMPLE_ANNOTATION = {
    "document": {"title": "Harbour flood", "published": "2024-10-15", "basis": "stated"},
    "entities": {"master": {"kind": "actor", "naming": "role", "name": "harbour master"}},
    "quotes": [
        {
            "id": "q1",
            "form": "indirect",
            "mark": "{content|At least 12 boats sank} on {said=2024-10-15|Tuesday}, "
            "{speaker=master|the harbour master} {cue|said}",
        }
    ],
    "claims": [
        {
            "id": "c1",
            "value": "at least 12",
            "measure": "destroyed",
            "unit": "boat",
            "sources": ["q1"],
            "mark": "{number|At least 12} {counted|boats} sank",
        }
    ],
    "text": ["Harbour flood", "At least 12 boats sank on Tuesday, {master|the harbour master} said."],
}
REQUEST_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The article, and its annotation: the file NAME.claims.yaml, or the same tree as JSON",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": list(MEMBERS),
                    "additionalProperties": False,
                    "properties": {
                        "text": {"type": "string", "description": "The article, untouched: LF line ends"},
                        "annotation": {
                            "description": "As /v1/schemas/annotated-document, every value words; or YAML",
                            "anyOf": [{"type": "object"}, {"type": "string"}],
                        },
                    },
                },
                "example": {"text": EXAMPLE_TEXT, "annotation": EXAMPLE_ANNOTATION},
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": list(MEMBERS),
                    "properties": {
                        name: {"type": "string", "contentMediaType": "application/octet-stream"}
                        for name in MEMBERS
                    },
                }
            },
        },
    }
}


def patch_body(example: dict[str, str]) -> dict[str, Any]:
    """The body of a PATCH, by what it might be."""
    about = "A JSON merge patch (RFC 7396) of the keys of the annotation file; null takes away"
    content = {media: {"schema": {"type": "object"}, "example": example} for media in MERGE_PATCH}
    return {"requestBody": {"required": True, "description": about, "content": content}}
