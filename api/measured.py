"""Requests counted and timed, as Prometheus reads it.

In plain numbers that the event loop alone changes: the library's own counters take a lock each time, and a
request has four of them.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

# Seconds up to which a bucket reaches: those of the library, and shorter ones for what is found at once.
BUCKETS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
_NAMES = [*map(str, BUCKETS), "+Inf"]


class Requests(Collector):
    """What became of requests, by their route."""

    def __init__(self) -> None:
        self.open = 0
        self._counts: dict[tuple[str, str, int], int] = {}
        # Of each route: how many took how long, and seconds altogether.
        self._times: dict[str, tuple[list[int], list[float]]] = {}

    def ended(self, route: str, method: str, status: int, seconds: float) -> None:
        """One more was answered."""
        kind = (route, method, status)
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if (times := self._times.get(route)) is None:
            times = self._times[route] = ([0] * len(_NAMES), [0.0])
        counts, total = times
        counts[bisect_left(BUCKETS, seconds)] += 1
        total[0] += seconds

    def collect(self) -> Iterator[Metric]:
        """All that was counted; asked by another thread than the one that counts."""
        yield GaugeMetricFamily("onrecord_requests_open", "Requests being answered", self.open)
        requests = CounterMetricFamily("onrecord_requests", "Requests", labels=("route", "method", "status"))
        for (route, method, status), count in list(self._counts.items()):
            requests.add_metric((route, method, str(status)), count)
        yield requests
        name, about = "onrecord_request_seconds", "Time to the last byte"
        seconds = HistogramMetricFamily(name, about, labels=("route",))
        for route, (counts, total) in list(self._times.items()):
            seconds.add_metric((route,), list(zip(_NAMES, _summed(counts), strict=True)), total[0])
        yield seconds


def _summed(counts: list[int]) -> Iterator[int]:
    total = 0
    for count in counts:
        total += count
        yield total


REQUESTS = Requests()
REGISTRY.register(REQUESTS)
