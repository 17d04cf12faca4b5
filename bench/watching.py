"""Watching a server while something else is done: its memory, sampled on the side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.serving import Server

EVERY = 0.05  # seconds


@dataclass
class Memory:
    """Anonymous bytes before, and the most that was seen since."""

    before: int
    peak: int


@contextmanager
def memory(server: Server) -> Iterator[Memory]:
    """Sample the server's anonymous memory until the block ends."""
    seen = Memory(before := server.anonymous_memory(), before)
    done = threading.Event()

    def sample() -> None:
        while not done.wait(EVERY):
            seen.peak = max(seen.peak, server.anonymous_memory())

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()
        seen.peak = max(seen.peak, server.anonymous_memory())
