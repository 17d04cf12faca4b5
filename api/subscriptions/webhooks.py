"""What subscribers are sent, for the OpenAPI document: one kind of call for all types of events."""

from typing import Any

from pydantic import BaseModel, Field

from api.claims import ClaimView
from api.documents import DocumentView
from api.entities import EntityView
from api.quotes import QuoteView
from api.subscriptions.messages import PING, TYPES
from models.event import EventKind, EventNoun

_REF = "#/components/schemas/{model}"
_HEADERS = {
    "webhook-id": (
        "The same in every attempt, and in a replay: what came under it before is a repeat",
        "msg_5b1f…",
    ),
    "webhook-timestamp": (
        "Seconds since 1970 of this attempt; refuse what is older than minutes",
        "1771142400",
    ),
    "webhook-signature": (
        "`v1,` and a signature; after a rotation two of them, parted by a space",
        "v1,K5oZ…",
    ),
}


class EventData(BaseModel):
    """An event, with its item as it was then."""

    revision: int = Field(description="The revision that it is of", examples=[2])
    position: int = Field(description="Its place in it", examples=[0])
    change: EventKind = Field(description="What happened", examples=["created"])
    noun: EventNoun = Field(description="What it happened to", examples=["claim"])
    id: str = Field(description="Its id", examples=["harbour-flood.c1"])
    document: str | None = Field(description="Its document, if it stands in one", examples=["harbour-flood"])
    url: str = Field(description="Where it is found", examples=["/v1/claims/harbour-flood.c1?as_of=2"])
    reason: str | None = Field(description="Why, in one of a few words", examples=["load"])
    note: str | None = Field(description="Why, in free words", examples=[None])
    matches: bool = Field(
        description="Whether it is what was asked for; one that is no more is told of once", examples=[True]
    )
    into: str | None = Field(description="The entity that it is merged into", examples=[None])
    item: DocumentView | EntityView | QuoteView | ClaimView | None = Field(
        description="The item; none if it is not on record any more"
    )


class EventMessage(BaseModel):
    """The body of a call."""

    type: str = Field(description=f"One of {', '.join(TYPES)}; {PING}: a test", examples=["claim.created"])
    timestamp: str = Field(description="Time of the revision, UTC", examples=["2024-10-16T08:00:00.000Z"])
    data: EventData = Field(description="The event; of a test, the `subscription` alone")


def webhooks(schemas: dict[str, Any]) -> dict[str, Any]:
    """The member `webhooks` of the OpenAPI document, whose schemas these are."""
    message = EventMessage.model_json_schema(mode="serialization", ref_template=_REF)
    # What it shows of the record is there already, as the lists show it.
    schemas |= {"EventData": message.pop("$defs")["EventData"], "EventMessage": message}
    headers = [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": about,
            "schema": {"type": "string", "examples": [example]},
        }
        for name, (about, example) in _HEADERS.items()
    ]
    body = {"application/json": {"schema": {"$ref": _REF.format(model="EventMessage")}}}
    operation = {
        "operationId": "receive_event",
        "summary": "Be told of an event",
        "description": "Sent to the URL of a subscription, one after the other, each until it is taken or "
        "ten attempts over three days have failed. Any library of Standard Webhooks verifies it.",
        "tags": ["subscriptions"],
        "parameters": headers,
        "requestBody": {"required": True, "content": body},
        "responses": {
            "2XX": {"description": "Taken"},
            "410": {"description": "Gone: the subscription is switched off"},
            "429": {"description": "Later: `Retry-After` is honoured"},
            "default": {"description": "Not taken: it is sent again"},
        },
    }
    return {"event": {"post": operation}}
