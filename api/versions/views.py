"""Versions as they are shown, and the parameters of their lists."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from api.listing.parameters import AsOf
from api.views import described
from models.event import EventKind
from models.revision import RevisionBase

LONGEST_PAGE, PAGE = 50, 20


class VersionParameters(AsOf):
    """What a list of versions takes."""

    limit: int = Field(PAGE, ge=1, le=LONGEST_PAGE, description="Versions on the page.", examples=[10])
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        None,
        description="Where the last page ended: from its `next`. It reads what revision the first page read.",
        examples=[None],
    )


class FieldChange(BaseModel):
    """A field that differs from the version before, with both values; entities and the like by their id."""

    field: str = Field(description="Name of the field", examples=["value"])
    before: Any = Field(alias="from", description="What it said", examples=[2350])
    after: Any = Field(alias="to", description="What it says", examples=[2400])


class VersionView(BaseModel):
    """What one revision made of an item, and why."""

    version: int = Field(description="Number of the version; 1 is the first", examples=[2])
    revision: int = Field(description="Number of the revision", examples=[2])
    time: str = described(RevisionBase, "time")
    agent: str | None = Field(
        None, description="Who changed it; for keys that may see drafts alone", examples=["city desk"]
    )
    tool: str | None = described(RevisionBase, "tool")
    reason: str | None = described(RevisionBase, "reason")
    note: str | None = described(RevisionBase, "note")
    change: Literal[EventKind] = Field(description="What happened", examples=["corrected"])
    url: str = Field(
        description="The item as it was then", examples=["/v1/claims/beirut-strikes-2024-10-15.c1?as_of=2"]
    )
    changes: list[FieldChange] = Field(
        description="What differs from the version before, field by field, in what the item says itself"
    )


class EntityVersionView(VersionView):
    """What one revision made of an entity, and why."""


class QuoteVersionView(VersionView):
    """What one revision made of a quote, and why."""


class FigureChange(BaseModel):
    """Which figure became which."""

    before: str = Field(alias="from", description="The figure in words", examples=["at least 2,350"])
    after: str = Field(alias="to", description="What it became", examples=["at least 2,400"])


class ClaimVersionView(VersionView):
    """What one revision made of a claim, and why."""

    figure: FigureChange | None = Field(description="The figure, if another one took its place")


class ChangedItems(BaseModel):
    """The ids of what a revision did something to, by what it did."""

    created: list[str] = Field(description="New ones", examples=[["harbour-flood.q4"]])
    corrected: list[str] = Field(description="Corrected ones", examples=[["harbour-flood.q1"]])
    withdrawn: list[str] = Field(description="Those that are gone", examples=[[]])


class ChangedMentions(BaseModel):
    """How many mentions a revision did something to."""

    created: int = Field(description="New ones", examples=[12])
    corrected: int = Field(description="Corrected ones", examples=[1])
    withdrawn: int = Field(description="Those that are gone", examples=[0])


class AnnotationChanges(BaseModel):
    """What a revision did to what is annotated in a document."""

    entities: ChangedItems = Field(description="The entities that it lists")
    quotes: ChangedItems = Field(description="Its quotes")
    claims: ChangedItems = Field(description="Its claims")
    mentions: ChangedMentions = Field(description="Its mentions")


class TextChange(BaseModel):
    """Another text: how many of its lines the other one does not have."""

    before: str = Field(
        alias="from", description="SHA-256 of the text before", examples=["cd30cb2eba709f05…"]
    )
    after: str = Field(alias="to", description="SHA-256 of the text", examples=["777750e0b1f4a9c2…"])
    added: int = Field(description="Lines that only the new one has", examples=[1])
    removed: int = Field(description="Lines that only the old one had", examples=[1])


class DocumentVersionView(VersionView):
    """What one revision made of a document and of its annotation, and why."""

    text: TextChange | None = Field(description="What became of the text, if it was edited")
    annotation: AnnotationChanges = Field(description="What became of what is annotated in it")
