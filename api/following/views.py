"""What a change looks like, and what the feed of them can be asked for."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.following.feed import Asked
from api.listing.filters import MOST_VALUES, Words
from api.listing.openapi import FacetValue, Total
from api.problems import Mistake, unprocessable
from api.views import SEED
from models.event import EventKind, EventNoun
from models.vocabulary import words

PAGE, LONGEST_PAGE, LONGEST_WAIT = 100, 1000, 60
NOUNS = words(EventNoun)
TYPES = tuple(
    f"{noun}.{change}"
    for noun in NOUNS
    for change in words(EventKind)
    if noun == "entity" or change not in ("merged", "unmerged")
)
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
Type = Literal[(*NOUNS, *TYPES)]  # type: ignore[valid-type]


class ChangeView(BaseModel):
    """Something that happened to an item, as those who ask can see it."""

    cursor: str = Field(description="The place behind it: `after=` goes on from there")
    type: str = Field(description="What happened to what", examples=["quote.corrected"])
    noun: EventNoun = Field(description="To what", examples=["quote"])
    change: EventKind = Field(description="What happened", examples=["corrected"])
    id: str = Field(description="Id of the item", examples=[f"{SEED}.q1"])
    document: str | None = Field(description="Id of the document that it stands in, or is", examples=[SEED])
    revision: int = Field(description="Number of the revision that did it", examples=[2])
    time: str = Field(description="Its time, UTC", examples=["2024-10-16T08:00:00.000Z"])
    agent: str | None = Field(description="Who did it; for keys that may see drafts", examples=[None])
    tool: str | None = Field(description="With which tool", examples=["onrecord load"])
    reason: str | None = Field(description="Why, in one of a few words", examples=["typo"])
    note: str | None = Field(description="Why, in free words", examples=["The ministry corrected it."])
    url: str | None = Field(
        description="The item as it stood then; none for what is gone",
        examples=[f"/v1/quotes/{SEED}.q1?as_of=2"],
    )
    into: str | None = Field(description="Id of the entity that one was merged into", examples=[None])


class ChangesPage(BaseModel):
    """A page of changes."""

    results: list[ChangeView] = Field(description="What happened, in the order of the feed")
    next: str | None = Field(
        description="URL to go on from. It is always there, also when nothing has happened since: poll it. "
        "Null at the end of `sort=-recorded` alone, which ends where the record began"
    )
    cursor: str = Field(description="The place behind the page, for `after`")
    total: Total | None = Field(description="Null: a feed goes on")
    facets: dict[str, list[FacetValue]] | None = Field(description="Null: a feed has none")


class ChangesParameters(BaseModel):
    """What of the feed is asked for, and how."""

    model_config = ConfigDict(extra="forbid")

    after: Cursor | None = Field(
        None,
        description="A cursor: begin behind it. The feed begins at the first event of the record.",
        examples=[None],
    )
    wait: int = Field(
        0,
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait for something to happen where nothing has (long polling).",
        examples=[30],
    )
    limit: int | None = Field(
        None, ge=1, le=LONGEST_PAGE, description=f"Changes on the page; {PAGE} unless given.", examples=[20]
    )
    type: Annotated[list[Type], Field(max_length=MOST_VALUES)] | None = Field(
        None, description="Nouns, or what happens to them.", examples=[["claim.corrected"]]
    )
    entity: Annotated[list[Words], Field(max_length=MOST_VALUES)] | None = Field(
        None,
        description="What concerns an entity: itself, quotes that it speaks, is addressed or mentioned in, "
        "and claims about it or on its word, at any time. What was purged is told to all.",
        examples=[["benjamin-netanyahu"]],
    )
    document: Annotated[list[Words], Field(max_length=MOST_VALUES)] | None = Field(
        None, description="Document that it happened to, or in.", examples=[[SEED]]
    )
    sort: Literal["recorded", "-recorded"] | None = Field(
        None,
        description="Order: `recorded`, which can be followed; `-recorded`, the newest first.",
        examples=["recorded"],
    )
    format: Literal["json", "ndjson", "atom", "sse"] | None = Field(
        None,
        description="`ndjson`: the page as lines; `sse`: server-sent events without end; `atom`: a feed, "
        "newest first unless `sort` is given. Goes before `Accept`.",
        examples=["json"],
    )

    @model_validator(mode="after")
    def _orders(self) -> "ChangesParameters":
        if self.wait and self.sort == "-recorded":
            message = (
                "nothing comes at the end of `-recorded`, which ends where the record began; leave it out"
            )
            raise unprocessable(Mistake(parameter="wait", message=message))
        return self

    def asked(self) -> Asked:
        return Asked(
            self.type or (), self.entity or (), self.document or (), self.limit or PAGE,
            newest_first=self.sort == "-recorded",
        )  # fmt: skip

    def given(self, **changed: Any) -> dict[str, Any]:
        """As the query of a URL."""
        return self.model_copy(update=changed).model_dump(exclude_none=True, exclude_defaults=True)
