"""What a record has that can be asked for: speakers, ids, windows of days, terms."""

import json
import random
import sqlite3
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from bench.generator import Request
from bench.measuring import fetch
from bench.peers import Question, different
from bench.people import MEASURES
from bench.record import DAYS, FIRST_DAY
from bench.records import Record
from bench.serving import Server
from bench.words import TERMS

YEAR, PAGE, DEEP = 365, 50, 1000
HUNDREDTH = DAYS // 100  # days in which about one in a hundred articles was published


@dataclass(frozen=True)
class Material:
    """Speakers with a page of fifty quotes or more, now and at the revision in the middle, ids of quotes.

    All are in an order that chance gave.
    """

    speakers: tuple[str, ...]
    earlier: tuple[str, ...]
    quotes: tuple[str, ...]
    middle: int
    total: int
    deep: list[Question] = field(default_factory=list)  # the page a thousand pages down, once walked to

    def lists(self, number: int) -> list[Question]:
        return different((Question("list", {"speaker": s}) for s in self.speakers), number)

    def items(self, number: int) -> list[Question]:
        return different((Question("item", {"id": id_}) for id_ in self.quotes), number)

    def claims(self, number: int) -> list[Question]:
        days = [FIRST_DAY + timedelta(days=n) for n in range(0, DAYS - YEAR, 2)]
        windows = [
            Question(
                "claims",
                {"measure": m, "from": day.isoformat(), "before": (day + timedelta(YEAR)).isoformat()},
            )
            for day in days
            for m in MEASURES
        ]
        random.Random(7).shuffle(windows)
        return different(windows, number)

    def words(self, kind: str, part: float, number: int) -> list[Question]:
        return different((Question(kind, {"q": term}) for term in TERMS[part]), number)

    def facets(self, of: tuple[str, ...]) -> Question:
        return Question("facets", {"of": list(of)})

    def narrow_facets(self, of: tuple[str, ...], number: int) -> list[Question]:
        """Facets over the quotes of a window of days, about one in a hundred of all."""
        days = [FIRST_DAY + timedelta(days=n) for n in range(DAYS - HUNDREDTH)]
        random.Random(8).shuffle(days)
        return [Question("facets", {"of": list(of)} | _window(day)) for day in days][:number]

    def as_of(self, number: int) -> list[Question]:
        asked = (Question("as_of", {"speaker": s, "revision": self.middle}) for s in self.earlier)
        return different(asked, number)


def _window(day: date) -> dict[str, str]:
    last = day + timedelta(days=HUNDREDTH - 1)
    return {"published__gte": day.isoformat(), "published__lte": last.isoformat()}


def of(record: Record) -> Material:
    """What the record has."""
    connection = sqlite3.connect(record.sqlite)
    chance = random.Random(6)
    loaded = "SELECT max(r.number) FROM revision r JOIN document d ON d.recorded = r.key"
    revisions = connection.execute(f"{loaded} WHERE d.id NOT LIKE 'written-%'").fetchone()[0]
    middle = max(1, revisions // 2)
    spoken = (
        "SELECT s.entity_id FROM speaker s JOIN quote q ON q.row_key = s.quote_key WHERE s.role = 'speaker'"
    )
    often = "GROUP BY s.entity_id HAVING count(*) >= 60"
    speakers = [id_ for (id_,) in connection.execute(f"{spoken} {often}")]
    until = "AND q.recorded <= (SELECT key FROM revision WHERE number = ?)"
    earlier = [id_ for (id_,) in connection.execute(f"{spoken} {until} {often}", (middle,))]
    total = connection.execute("SELECT count(*) FROM quote WHERE superseded IS NULL").fetchone()[0]
    step = max(1, total // 100_000)
    # Not those that the benchmark has written since.
    made = "SELECT id FROM quote WHERE superseded IS NULL AND document_id NOT LIKE 'written-%'"
    quotes = [id_ for (id_,) in connection.execute(made)][::step]
    connection.close()
    for ids in (speakers, earlier, quotes):
        chance.shuffle(ids)
    return Material(tuple(speakers), tuple(earlier), tuple(quotes), middle, total)


def page(offset: int, pairs: list[tuple[str, str]]) -> Question:
    """A page of all quotes: On Record takes its cursor, others count."""
    return Question("deep", {"pairs": pairs, "offset": offset})


def walk(material: Material, server: Server) -> int:
    """Follow `next` a thousand pages down, or as far as there are full ones; keeps the last one.

    How many pages down that is.
    """
    depth = min(DEEP, material.total // PAGE - 1)
    path = "/v1/quotes?limit=50"
    material.deep.clear()
    for down in range(depth):
        following = json.loads(fetch(server, Request(path))[1])["next"]
        if following is None:  # what the record of another database was written besides
            depth = down
            break
        path = following
    material.deep.append(page(depth * PAGE, parse_qsl(urlsplit(path).query)))
    return depth
