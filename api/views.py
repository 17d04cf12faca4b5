"""What several resources show inside their items, described once."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from api.listing.table import BESIDE
from models.document import DocumentBase
from models.entity import EntityBase
from models.indicator import Indicator
from models.span import Span
from models.timex import TimexBase

# Characters shown on either side of a span, as the Web Annotation model recommends for finding it again.
AROUND = 32
# The article that ships with the product, where the examples of parameters come from.
SEED = "beirut-strikes-2024-10-15"
Number = Annotated[Decimal, WithJsonSchema({"type": "number", "examples": [2350]})]


def described(model: type[BaseModel], name: str) -> Any:
    """The field of a view that is a model's own, described there."""
    return model.model_fields[name]


class RecordedView(BaseModel):
    """The revision that this state of the item entered the record with."""

    revision: int = Field(description="Number of the revision", examples=[1])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])


class DocumentReference(BaseModel):
    """The document that an item stands in."""

    id: str = described(DocumentBase, "id")
    title: str = described(DocumentBase, "title")
    outlet: str | None = described(DocumentBase, "outlet")
    url: str | None = described(DocumentBase, "url")
    published: str | None = described(DocumentBase, "published")


class EntityReference(BaseModel):
    """An entity in brief."""

    id: str = described(EntityBase, "id")
    kind: str = described(EntityBase, "kind")
    name: str = described(EntityBase, "name")
    naming: str = described(EntityBase, "naming")


class IndicatorReference(BaseModel):
    """An indicator in brief."""

    id: str = described(Indicator, "id")
    label: str = described(Indicator, "label")


class SpanView(BaseModel):
    """Characters of the text, with those on either side to find them again."""

    role: str = described(Span, "role")
    start: int = described(Span, "start")
    end: int = described(Span, "end")
    exact: str = described(Span, "exact")
    prefix: str = Field(description=f"Up to {AROUND} characters before", examples=["warned that more "])
    suffix: str = Field(description=f"Up to {AROUND} characters after", examples=[" would face "])


class SentenceView(BaseModel):
    """A sentence in which a span of the item stands."""

    start: int = described(Span, "start")
    end: int = described(Span, "end")
    exact: str = described(Span, "exact")


class TimexView(TimexBase):
    """A time expression, as written and as resolved."""


class Speaking(BaseModel):
    """An entity that speaks or is spoken to."""

    entity: Annotated[EntityReference, BESIDE] = Field(description="Who")
    as_written: str | None = Field(description="The words that name it here, if any do", examples=["He"])
    mention: str | None = Field(
        description="Id of the mention", examples=["beirut-strikes-2024-10-15.m993-995"]
    )
