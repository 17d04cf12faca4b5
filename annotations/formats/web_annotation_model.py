"""The Web Annotation data model as far as it says what a text is annotated with; what else there is
passes."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _iri(value: str) -> str:
    scheme, colon, rest = value.partition(":")
    if not (colon and rest and scheme.isascii() and scheme[:1].isalpha()) or any(c.isspace() for c in value):
        raise ValueError("is not an IRI, such as https://example.org/annotations/1")
    return value


Iri = Annotated[str, AfterValidator(_iri)]
Text = Annotated[str, Field(strict=True)]


class _Node(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class Resource(_Node):
    """What the model says of bodies and targets alike."""

    id: Iri | None = None
    type: Text | list[Text] | None = None
    format: Text | list[Text] | None = None
    language: Text | list[Text] | None = None
    textDirection: Literal["ltr", "rtl", "auto"] | None = None  # noqa: N815  # as the standard has it

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"id": value} if isinstance(value, str) else value

    @property
    def types(self) -> list[str]:
        """All of its types."""
        return [self.type] if isinstance(self.type, str) else list(self.type or ())


class Body(Resource):
    value: Text | None = None
    purpose: Text | list[Text] | None = None
    source: Iri | None = None

    @model_validator(mode="after")
    def _textual(self) -> "Body":
        if "TextualBody" in self.types and self.value is None:
            raise ValueError("a TextualBody needs a value")
        return self


class Target(Resource):
    source: Iri | None = None
    selector: Any = None
    items: list[Any] | None = None

    @model_validator(mode="after")
    def _something(self) -> "Target":
        if self.id is None and self.source is None and self.items is None:
            raise ValueError("needs an id, a source or items")
        return self


class Annotation(_Node):
    id: Iri | None = None
    type: Literal["Annotation"] | list[Text]
    target: Target | list[Target]
    body: Body | list[Body] | None = None
    bodyValue: Text | None = None  # noqa: N815  # as the standard has it
    motivation: Text | list[Text] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> "Annotation":
        if isinstance(self.type, list) and "Annotation" not in self.type:
            raise ValueError("its type is not Annotation")
        if self.body is not None and self.bodyValue is not None:
            raise ValueError("has both a body and a bodyValue")
        return self

    @property
    def targets(self) -> list[Target]:
        return self.target if isinstance(self.target, list) else [self.target]

    @property
    def bodies(self) -> list[Body]:
        if self.bodyValue is not None:
            return [Body(type="TextualBody", value=self.bodyValue)]
        return self.body if isinstance(self.body, list) else [self.body] if self.body else []


class Position(_Node):
    type: Literal["TextPositionSelector"]
    start: Annotated[int, Field(strict=True, ge=0)]
    end: Annotated[int, Field(strict=True, ge=0)]


class Quote(_Node):
    type: Literal["TextQuoteSelector"]
    exact: Text
    prefix: Text = ""
    suffix: Text = ""
