"""What a subscription can be made to do: send a test, change its secret, tell again, go on."""

import secrets

from fastapi import APIRouter, Request, Response
from sqlalchemy import update
from sqlmodel import Session, col

from api.listing.formats import dump
from api.listing.openapi import problems
from api.subscriptions.changes import own, replayed, resumed, rotated
from api.subscriptions.routes import WRITES, Bare, Id, Owner, Sent, answer, with_secret
from api.subscriptions.views import PingView, ReplayInput, SubscriptionSecretView, SubscriptionView
from api.writing.write import Write, WriteRoute
from models.subscription import Subscription

router = APIRouter(prefix="/v1", tags=["subscriptions"], route_class=WriteRoute)


@router.post(
    "/subscriptions/{id}:ping",
    operation_id="ping_subscription",
    summary="Send a test message",
    status_code=202,
    response_class=Response,
    responses={202: {"model": PingView, "description": "It goes out next"}, **WRITES},
)
def ping_subscription(request: Request, caller: Owner, _: Bare, id: Id) -> Response:
    """A message of type `subscription.ping` goes out once, also while the subscription is off; what becomes
    of it is in the log.
    """

    def work(session: Session) -> str:
        row, message = own(session, caller, id), f"msg_{secrets.token_hex(16)}"
        session.execute(update(Subscription).where(col(Subscription.id) == row.id).values(ping=message))
        return message

    write = Write(request, caller, "ping_subscription", b"", id)
    headers = {"Cache-Control": "no-store"}
    return write.apply(
        work,
        lambda _, message: Response(dump({"message": message}), 202, headers, media_type="application/json"),
    )


@router.post(
    "/subscriptions/{id}:rotate",
    operation_id="rotate_subscription",
    summary="Get a new secret",
    response_class=Response,
    responses={200: {"model": SubscriptionSecretView}, **WRITES},
)
def rotate_subscription(request: Request, caller: Owner, _: Bare, id: Id) -> Response:
    """For a day each call is signed with both, the old secret and the new one, which is shown this once."""
    write = Write(request, caller, "rotate_subscription", b"", id)
    return write.apply(
        lambda session: rotated(session, caller, own(session, caller, id)), lambda _, row: with_secret(row)
    )


@router.post(
    "/subscriptions/{id}:replay",
    operation_id="replay_subscription",
    summary="Be told again",
    response_class=Response,
    responses={200: {"model": SubscriptionView}, **WRITES, **problems(413)},
)
def replay_subscription(
    request: Request, caller: Owner, _: Bare, id: Id, given: ReplayInput, body: Sent
) -> Response:
    """All events from a revision on are sent again, each under the `webhook-id` that it had; `now` leaves out
    what was not sent yet.
    """
    write = Write(request, caller, "replay_subscription", body, id)
    return write.apply(
        lambda session: replayed(session, caller, own(session, caller, id), given.begin),
        lambda _, row: answer(row),
    )


@router.post(
    "/subscriptions/{id}:resume",
    operation_id="resume_subscription",
    summary="Switch a subscription on again",
    response_class=Response,
    responses={200: {"model": SubscriptionView}, **WRITES},
)
def resume_subscription(request: Request, caller: Owner, _: Bare, id: Id) -> Response:
    """It goes on where it stopped: nothing that happened meanwhile is left out. One that waits after a failed
    attempt is tried again at once.
    """
    write = Write(request, caller, "resume_subscription", b"", id)
    return write.apply(
        lambda session: resumed(session, caller, own(session, caller, id)), lambda _, row: answer(row)
    )
