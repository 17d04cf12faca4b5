"""What the bound of ranking does to its results: how many of the best fifty it finds."""

import json
import statistics

from bench import peers
from bench.cases import House, ours
from bench.datasette import canned
from bench.measuring import fetch

TERMS_COMPARED = 10


def run(house: House, part: float) -> float:
    """The mean part of the best fifty of all hits that are also among On Record's best fifty."""
    found = []
    for question in house.material.words("ranked", part, TERMS_COMPARED):
        _, body, _ = fetch(house.servers[ours(house)], peers.onrecord(question))
        mine = {item["id"] for item in json.loads(body)["results"]}
        best = canned(house.record.size, "best", **question.given)
        _, body, _ = fetch(house.servers["datasette"], best)
        theirs = {item["id"] for item in json.loads(body)}
        found.append(len(mine & theirs) / max(1, len(theirs)))
    return statistics.mean(found)
