"""A follower: one request for the feed, which looks again and again from where it has come to."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import RowMapping

from api.access.callers import caller_of
from api.following.feed import Place, place_of, refuse_strangers, stretch
from api.following.views import ChangesParameters
from api.following.watch import Watch
from api.listing.reading import Reading, read
from api.listing.seen import not_older
from api.search import PATHS
from models.session import Database

GONE = ("withdrawn", "purged")


@dataclass(frozen=True)
class Found:
    """What a look at the feed has found; `number` is the newest revision that it saw."""

    results: list[dict[str, Any]]
    cursor: str
    more: bool
    number: int
    began: str
    record: str
    desk: bool


class Follower:
    """One request for the feed: what it asks for, and how far it has come."""

    def __init__(self, request: Request, parameters: ChangesParameters) -> None:
        self.request, self.parameters = request, parameters
        self.asked = parameters.asked()
        self.watch: Watch = request.app.state.watch
        self._after: Place | None = None
        self._looked = False

    async def look(self) -> Found:
        """What has happened behind the place that was reached, which moves on by it."""
        return await self.watch.ask(self._look)

    def _look(self) -> Found:
        # Anew each time: while somebody waits the key may be revoked.
        self.request.state.caller = None
        database: Database = self.request.app.state.database
        desk = caller_of(self.request).desk
        with database.read() as session:
            reading = not_older(self.request, read(session, None, desk=desk))
            if not self._looked:
                self._after = self._begin(reading)
            found = stretch(reading, self.asked, self._after)
            if not (found.events or self._looked):
                refuse_strangers(reading, self.asked)
        self._after, self._looked = found.place, True
        results, cursor = [_view(reading, event) for event in found.events], found.place.cursor(reading)
        return Found(results, cursor, found.more, reading.newest, reading.began, reading.record, desk)

    def _begin(self, reading: Reading) -> Place | None:
        last, after = self.request.headers.get("last-event-id"), self.parameters.after
        if last and self.parameters.format == "sse":
            return place_of(last, reading, "Last-Event-ID")
        return place_of(after, reading, "after") if after else None


def _view(reading: Reading, event: RowMapping) -> dict[str, Any]:
    noun, change, revision = event["noun"], event["change"], event["revision"]
    url = None if change in GONE else f"/v1/{PATHS[noun]}/{event['id']}?as_of={revision}"
    return {
        "cursor": Place(revision, event["position"], event["key"]).cursor(reading),
        "type": f"{noun}.{change}",
        "noun": noun,
        "change": change,
        "id": event["id"],
        "document": event["document_id"],
        "revision": revision,
        "time": event["time"],
        "agent": event["agent"] if reading.desk else None,
        "tool": event["tool"],
        "reason": event["reason"],
        "note": event["note"],
        "url": url,
        "into": event["into"],
    }
