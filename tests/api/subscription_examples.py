"""The examples of subscriptions: what the service answers, with the names that stand in all examples."""

import json
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import insert

from api.subscriptions.views import EXAMPLE
from models.session import Database
from models.subscription import Delivery
from tests.keys import bearer, id_of, key

PATH = "/v1/subscriptions"
# An address that is public, and the name that it stands for.
URL, SHOWN = "https://93.184.215.14/hook", "https://news.example/hook"
SECRET, MESSAGE = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=", "msg_5b1f0e6a4c2d4f7f8e9a0b1c2d3e4f50"
ASKED = {
    "url": URL,
    "events": ["claim"],
    "query": "/v1/claims?measure=killed&place__within=lebanon",
    "description": "The toll, for the graphics desk",
}
CALLED = {
    "id": 1771142400000000001, "message": MESSAGE, "type": "claim.created", "revision": 2, "position": 3,
    "attempt": 1, "time": "2024-10-16T08:00:00.000Z", "milliseconds": 85, "outcome": "delivered",
    "status": 204,
}  # fmt: skip


def subscribed(database: Database, client: TestClient) -> dict[str, Any]:
    """By operation id: a subscription from its beginning to its end."""
    given = key(database, "subscriptions")
    owner = bearer(given)
    made = client.post(PATH, json=ASKED, headers=owner).json()
    path = f"{PATH}/{made['id']}"
    with database.write() as session:
        session.execute(insert(Delivery).values(subscription_id=made["id"], **CALLED))
    rotated = client.post(f"{path}:rotate", headers=owner).json()
    ping = client.post(f"{path}:ping", headers=owner).json()
    found = {
        "create_subscription": made,
        "get_subscriptions": client.get(PATH, headers=owner).json(),
        "get_subscription": client.get(path, headers=owner).json(),
        "rotate_subscription": rotated,
        "ping_subscription": ping,
        "replay_subscription": client.post(f"{path}:replay", json={"from": 1}, headers=owner).json(),
        "resume_subscription": client.post(f"{path}:resume", headers=owner).json(),
        "update_subscription": client.patch(
            path, json={"events": ["claim.created"]}, headers={**owner, "If-Match": "*"}
        ).json(),
        "get_deliveries": client.get(f"{path}/deliveries", headers=owner).json(),
    }
    client.delete(path, headers={**owner, "If-Match": "*"})
    content = json.dumps(found)
    for own, shown in (
        (made["id"], EXAMPLE),
        (made["secret"], SECRET),
        (rotated["secret"], SECRET),
        (ping["message"], MESSAGE),
        (id_of(given), "or_7Kx2mQ9d"),
        (URL, SHOWN),
    ):
        content = content.replace(own, shown)
    answers: dict[str, Any] = json.loads(content)
    return answers
