"""Subscriptions as they are asked for, and as they are shown."""

from collections.abc import Mapping
from typing import Annotated, Any
from unicodedata import category
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from api.listing.cursor import digest
from api.listing.parameters import LONGEST_PAGE, PAGE
from api.problems import nearest
from api.subscriptions.messages import TYPES
from api.subscriptions.saved_queries import filters_of
from api.views import described
from models.event import EventNoun
from models.moment import now
from models.subscription import CallError, Delivery, Outcome, Subscription, SubscriptionStatus
from models.vocabulary import words

EXAMPLE = "sub_2f9c51d07ab34e18"
Filters = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [
                    {"type": ["string", "number"]},
                    {"type": "array", "items": {"type": ["string", "number"]}},
                ]
            },
            "description": "Filters of that list, as over HTTP; a list stands for a repeated parameter.",
            "examples": [{"measure": "killed", "place__within": "lebanon"}],
        }
    ),
]


def _type(type: str) -> str:
    """An event, or all of a noun."""
    known = (*words(EventNoun), *TYPES)
    if type not in known:
        guess = nearest(type, known)
        hint = f"did you mean {guess}?" if guess else f"there are {', '.join(known)}"
        raise ValueError(f"no type of events; {hint}")
    return type


def _text(text: str) -> str:
    """What both databases take, and a terminal shows."""
    if any(category(character) in ("Cc", "Cs") for character in text):
        raise ValueError("has a control character, or half of a character")
    return text


def _begin(value: Any) -> Any:
    if value != "now" and not (type(value) is int and 1 <= value < 1 << 53):
        raise ValueError("the number of a revision, from 1, or `now`")
    return value


EventType = Annotated[str, AfterValidator(_type), Field(examples=["claim.created"])]
Begin = Annotated[
    int | str,
    BeforeValidator(_begin),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "const": "now"}]}),
]
Text = Annotated[str, StringConstraints(max_length=300), AfterValidator(_text)]
_FROM = "The first revision whose events it is told; `now`: whatever happens from now on"


class SubscriptionPatch(BaseModel):
    """What is to be changed of a subscription; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="Where it is called back: https", examples=["https://news.example/hook"])
    events: list[EventType] = Field(
        [], description="Types, such as `claim.created`, or `claim` for all of a noun; all if empty",
        max_length=len(TYPES), examples=[["claim.created", "claim.corrected"]],
    )  # fmt: skip
    resource: Text | None = Field(
        None, description="The list that its filters belong to; all nouns without it", examples=["claims"]
    )
    filters: Filters = Field({}, description="The saved query: filters of that list")
    query: Annotated[str, StringConstraints(max_length=4000)] | None = Field(
        None, description="Both at once, as the URL of a list",
        examples=["/v1/claims?measure=killed&place__within=lebanon"],
    )  # fmt: skip
    description: Text | None = Field(
        None, description="For people", examples=["The toll, for the graphics desk"]
    )


class SubscriptionInput(SubscriptionPatch):
    """A subscription to be made."""

    url: str = Field(description="Where it is called back: https", examples=["https://news.example/hook"])
    begin: Begin = Field("now", alias="from", description=_FROM, examples=["now"])


class ReplayInput(BaseModel):
    """From where a subscription is told again."""

    model_config = ConfigDict(extra="forbid")

    begin: Begin = Field(alias="from", description=_FROM, examples=[1])


class SubscriptionView(BaseModel):
    """Who is called back, on which events, and how far that has got."""

    id: str = described(Subscription, "id")
    key: str = Field(description="Id of the key that made it", examples=["or_7Kx2mQ9d"])
    url: str = Field(description="Where it is called back", examples=["https://news.example/hook"])
    description: str | None = Field(description="For people", examples=["The toll, for the graphics desk"])
    events: list[str] = Field(description="Types of events; all if empty", examples=[["claim.created"]])
    resource: str | None = Field(description="The list that its filters belong to", examples=["claims"])
    filters: Filters = Field(description="The saved query: filters of that list")
    query: str | None = Field(
        description="The list that it saves", examples=["/v1/claims?measure=killed&place__within=lebanon"]
    )
    status: SubscriptionStatus = Field(description="Whether it is called", examples=["active"])
    off_reason: str | None = Field(
        description="Why it is not; `:resume` switches it on again",
        examples=["its receiver answered 410 Gone"],
    )
    created: str = Field(description="When it was made, UTC", examples=["2026-10-16T08:00:00.000Z"])
    changed: str = Field(description="When its owner changed it, UTC", examples=["2026-10-16T08:00:00.000Z"])
    revision: int = Field(description="It was told all of the revisions before this one", examples=[2])
    position: int = Field(description="And the events of this one before this position", examples=[0])
    attempts: int = Field(description="Failed attempts at the next event", examples=[0])
    next_attempt: str | None = Field(
        description="When it is tried again, after a failed one", examples=["2026-10-16T08:05:00.000Z"]
    )
    old_secret_until: str | None = Field(
        description="Until then the old secret signs, too", examples=["2026-10-17T08:00:00.000Z"]
    )


class SubscriptionSecretView(SubscriptionView):
    """A subscription with its secret, which is shown this once."""

    secret: str = Field(
        description="Signs the calls (Standard Webhooks); keep it",
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )


class PingView(BaseModel):
    """A test message is on its way."""

    message: str = Field(
        description="Its `webhook-id`; find it in the log", examples=["msg_5b1f0e6a4c2d4f7f8e9a0b1c2d3e4f50"]
    )


class DeliveryView(BaseModel):
    """One attempt at a call; the log has no word of what was sent or answered."""

    id: str = Field(description="Id of the row", examples=["1771142400000000001"])
    message: str = Field(
        description="`webhook-id`, the same in each attempt",
        examples=["msg_5b1f0e6a4c2d4f7f8e9a0b1c2d3e4f50"],
    )
    type: str = Field(description="Type of the event", examples=["claim.created"])
    revision: int | None = Field(description="Its revision", examples=[2])
    position: int | None = Field(description="Its place in it", examples=[0])
    attempt: int = Field(description="Which attempt, from 1", examples=[1])
    time: str = Field(description="When, UTC", examples=["2026-10-16T08:00:00.000Z"])
    milliseconds: int = Field(description="Until the answer, or the failure", examples=[85])
    outcome: Outcome = Field(description="Whether it was taken", examples=["delivered"])
    status: int | None = Field(description="HTTP status of the answer", examples=[204])
    error: CallError | None = Field(
        description="What went wrong: with the URL, the name, the address, the connection, its encryption; "
        "no answer in time, or none that is HTTP; an answer that leads elsewhere, or is not 2xx",
        examples=[None],
    )


class PageParameters(BaseModel):
    """A page of what stands beside the record."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(PAGE, ge=1, le=LONGEST_PAGE, description="Items on the page.", examples=[20])
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=4000)] | None = Field(
        None, description="Where the last page ended: from its `next`.", examples=[None]
    )


class SubscriptionParameters(PageParameters):
    """A page of subscriptions, the newest first."""

    status: SubscriptionStatus | None = Field(None, description="Whether it is called.", examples=["active"])


class DeliveryParameters(PageParameters):
    """A page of the log, the newest first."""

    outcome: Outcome | None = Field(None, description="Whether it was taken.", examples=["failed"])


def shown(row: Subscription) -> dict[str, Any]:
    """A subscription as it is shown."""
    pairs = parse_qsl(row.filters, keep_blank_values=True)
    own = ("id", "key", "url", "description", "resource", "status", "off_reason", "created", "changed")
    rotating = row.old_secret_until is not None and row.old_secret_until > now()
    return {name: getattr(row, name) for name in own} | {
        "events": row.events.split(),
        "filters": filters_of(pairs),
        "query": row.resource and f"/v1/{row.resource}" + (f"?{row.filters}" if row.filters else ""),
        "revision": row.revision,
        "position": row.position,
        "attempts": row.attempts,
        "next_attempt": row.due if row.attempts and row.status == "active" else None,
        "old_secret_until": row.old_secret_until if rotating else None,
    }


def shown_delivery(row: Delivery) -> Mapping[str, Any]:
    """A row of the log as it is shown: JavaScript would round its number."""
    return {**row.model_dump(exclude={"id", "subscription_id"}), "id": str(row.id)}


def tag(row: Subscription) -> str:
    """The ETag: what its owner and the worker's verdict have made of it, and all that is shown of it.

    The first half is compared with `If-Match`; how far it was told does not belong to it.
    """
    own = digest(row.id, row.created, row.changed, row.status, row.off_reason, row.secret)[:12]
    return f'"{own}.{digest(sorted(shown(row).items()))}"'


def own_of(row: Subscription) -> str:
    """The first half of its ETag."""
    return tag(row).strip('"').partition(".")[0]
