"""Subscriptions: who is called back on which events, and the log of the calls."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy import delete
from sqlmodel import Session, col, select

from api.access.callers import Caller, needs
from api.listing.formats import dump
from api.listing.negotiation import not_modified, only_json, same
from api.listing.openapi import page_of, problems
from api.subscriptions.addresses import Allowed
from api.subscriptions.changes import (
    created,
    new_id,
    own,
    patched,
    refuse_address,
)
from api.subscriptions.newest import answered, newest_first
from api.subscriptions.views import (
    EXAMPLE,
    DeliveryParameters,
    DeliveryView,
    SubscriptionInput,
    SubscriptionParameters,
    SubscriptionPatch,
    SubscriptionSecretView,
    SubscriptionView,
    own_of,
    shown,
    shown_delivery,
    tag,
)
from api.writing.write import Write, WriteRoute, require_match
from models.session import Database
from models.subscription import Delivery, Subscription


class Nothing(BaseModel):
    """A request without parameters: one that is given all the same is a mistake."""

    model_config = ConfigDict(extra="forbid")


async def _sent(request: Request) -> bytes:
    return await request.body()


router = APIRouter(prefix="/v1", tags=["subscriptions"], route_class=WriteRoute)
Owner = Annotated[Caller, Depends(needs("subscriptions"))]
Id = Annotated[str, Path(description="Id of the subscription", max_length=100, examples=[EXAMPLE])]
Sent = Annotated[bytes, Depends(_sent)]
Bare = Annotated[Nothing, Query()]
PATH = "/v1/subscriptions"
ALWAYS = (400, 401, 403, 422, 429, 503)
WRITES = problems(*ALWAYS, 404, 507)
_MATCHED = problems(*ALWAYS, 404, 412, 428, 507)


def answer(row: Subscription, status: int = 200, **more: Any) -> Response:
    """A subscription as the answer to a request."""
    headers = {"ETag": tag(row), "Cache-Control": "no-store"}
    if status == 201:
        headers["Location"] = f"{PATH}/{row.id}"
    return Response(dump({**shown(row), **more}), status, headers, media_type="application/json")


def with_secret(row: Subscription, status: int = 200) -> Response:
    """The same with its secret."""
    return answer(row, status, secret=row.secret)


def _allowed(request: Request) -> Allowed:
    settings = request.app.state.settings
    return Allowed(settings.callback_http, settings.callback_loopback)


@router.post(
    "/subscriptions",
    operation_id="create_subscription",
    summary="Be called back",
    status_code=201,
    response_class=Response,
    responses={201: {"model": SubscriptionSecretView}, **problems(*ALWAYS, 409, 413, 507)},
)
def create_subscription(
    request: Request, caller: Owner, _: Bare, given: SubscriptionInput, body: Sent
) -> Response:
    """Every event that it asks for is sent to its URL as a signed POST (Standard Webhooks 1.0), in order and
    at least once. The answer has the secret that verifies them, this once. With `resource` and `filters` it
    is a saved query: it is told of the items that the list with these filters finds, or found until then.
    """
    refuse_address(given.url, _allowed(request))
    id = new_id()
    write = Write(request, caller, "create_subscription", body, id)
    return write.apply(
        lambda session: created(session, caller, id, given), lambda _, row: with_secret(row, 201)
    )


@router.get(
    "/subscriptions",
    operation_id="get_subscriptions",
    summary="List subscriptions",
    response_class=Response,
    responses={
        200: {"model": page_of(SubscriptionView, "subscription"), "description": "A page"},
        **problems(*ALWAYS, 406),
    },
)
def get_subscriptions(
    request: Request, caller: Owner, parameters: Annotated[SubscriptionParameters, Query()]
) -> Response:
    """Those of the key, the newest first; an admin sees all."""
    only_json(request)
    statement = select(Subscription)
    if not caller.may("admin"):
        statement = statement.where(col(Subscription.key) == caller.key)
    if parameters.status is not None:
        statement = statement.where(col(Subscription.status) == parameters.status)
    database: Database = request.app.state.database
    with database.read() as session:
        order = (col(Subscription.created), col(Subscription.id))
        rows, following = newest_first(session, PATH, parameters, statement, order)
        return answered([shown(row) for row in rows], following)


@router.get(
    "/subscriptions/{id}",
    operation_id="get_subscription",
    summary="Get one subscription",
    response_class=Response,
    responses={
        200: {"model": SubscriptionView, "description": "The subscription"},
        304: {"description": "Not modified"},
        **problems(*ALWAYS, 404, 406),
    },
)
def get_subscription(request: Request, caller: Owner, _: Bare, id: Id) -> Response:
    """What it asks for, whether it is called, and how far it was told."""
    only_json(request)
    database: Database = request.app.state.database
    with database.read() as session:
        row = own(session, caller, id)
        return not_modified(tag(row)) if same(request, tag(row)) else answer(row)


@router.patch(
    "/subscriptions/{id}",
    operation_id="update_subscription",
    summary="Change a subscription",
    response_class=Response,
    responses={200: {"model": SubscriptionView}, **_MATCHED, **problems(413)},
)
def update_subscription(
    request: Request, caller: Owner, _: Bare, id: Id, given: SubscriptionPatch, body: Sent
) -> Response:
    """What is sent takes the place of what is there. It needs `If-Match`."""
    if "url" in given.model_fields_set:
        refuse_address(given.url, _allowed(request))

    def work(session: Session) -> Subscription:
        row = own(session, caller, id)
        require_match(request, own_of(row), "subscription")
        return patched(session, caller, row, given)

    write = Write(request, caller, "update_subscription", body, id)
    return write.apply(work, lambda _, row: answer(row))


@router.delete(
    "/subscriptions/{id}",
    operation_id="delete_subscription",
    summary="Be called back no more",
    status_code=204,
    response_class=Response,
    responses={204: {"description": "It is gone, and its log"}, **_MATCHED},
)
def delete_subscription(request: Request, caller: Owner, _: Bare, id: Id) -> Response:
    """The subscription and its log are removed. It needs `If-Match`."""

    def work(session: Session) -> None:
        require_match(request, own_of(own(session, caller, id)), "subscription")
        session.execute(delete(Subscription).where(col(Subscription.id) == id))

    write = Write(request, caller, "delete_subscription", b"", id)
    return write.apply(work, lambda *_: Response(status_code=204))


@router.get(
    "/subscriptions/{id}/deliveries",
    operation_id="get_deliveries",
    summary="List calls of a subscription",
    response_class=Response,
    responses={
        200: {"model": page_of(DeliveryView, "delivery"), "description": "A page"},
        **problems(*ALWAYS, 404, 406),
    },
)
def get_deliveries(
    request: Request, caller: Owner, id: Id, parameters: Annotated[DeliveryParameters, Query()]
) -> Response:
    """Every attempt of the last 30 days, the newest first."""
    only_json(request)
    database: Database = request.app.state.database
    with database.read() as session:
        statement = select(Delivery).where(col(Delivery.subscription_id) == own(session, caller, id).id)
        if parameters.outcome is not None:
            statement = statement.where(col(Delivery.outcome) == parameters.outcome)
        path = f"{PATH}/{id}/deliveries"
        rows, following = newest_first(session, path, parameters, statement, (col(Delivery.id),))
        return answered([shown_delivery(row) for row in rows], following)
