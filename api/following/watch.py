"""Following: those who wait for the next revision are woken by one look at the record for all of them."""

import asyncio
import contextvars
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

import structlog
from anyio import CapacityLimiter, create_task_group, to_thread
from fastapi import Request

from models.record import newest
from models.session import Database

Result = TypeVar("Result")
# Seconds between two looks, while somebody waits; a newer revision is seen that much later at most.
EVERY = 0.2
# Questions to the feed at once, however many are woken: the others wait without a thread or a connection.
AT_ONCE = 4


class Watch:
    """The newest revision as the whole process sees it. Who waits holds neither thread nor connection."""

    def __init__(self, database: Database) -> None:
        self.closing = False
        self._database = database
        self._newest = -1
        self.waiting = 0
        self._turn = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._asking, self._looking = CapacityLimiter(AT_ONCE), CapacityLimiter(1)

    async def ask(self, question: Callable[[], Result]) -> Result:
        """The answer to a question that needs a thread: one of a few that are asked at a time."""
        return await to_thread.run_sync(question, limiter=self._asking)

    async def beyond(self, number: int, seconds: float) -> bool:
        """Wait for a revision after this one; False if there is none so long, or the service ends."""
        self.waiting += 1
        try:
            if self._task is None or self._task.done():
                self._newest, self._turn = -1, asyncio.Event()
                # Not in the context of the request that happens to come first, which would be in its log.
                self._task = asyncio.create_task(self._look(), context=contextvars.Context())
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    while not self.closing and self._newest <= number:
                        await self._turn.wait()
            return not self.closing and self._newest > number
        finally:
            self.waiting -= 1

    async def beyond_for(self, request: Request, number: int, seconds: float) -> bool:
        """The same for a request; False also as soon as its client has gone."""
        moved = False
        async with create_task_group() as group:

            async def leave() -> None:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(leave)
            moved = await self.beyond(number, seconds)
            group.cancel_scope.cancel()
        return moved

    def close(self) -> None:
        """Let everybody go who waits, and nobody wait any more."""
        self.closing = True
        self._turn.set()

    @contextmanager
    def until_told(self) -> Iterator[None]:
        """Close when the process is told to end. A server first waits for open requests, and only then
        ends what the application began: those who wait here would hold it up for as long as it lets them.
        """
        handlers: dict[int, Any] = {}
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, self._before(handler, loop))
        try:
            yield
        finally:
            self.close()
            for number, handler in handlers.items():
                if callable(handler):
                    signal.signal(number, handler)

    def _before(
        self, handler: Callable[[int, FrameType | None], Any], loop: asyncio.AbstractEventLoop
    ) -> Callable[[int, FrameType | None], Any]:
        def told(number: int, frame: FrameType | None) -> Any:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self.close)
            return handler(number, frame)

        return told

    async def _look(self) -> None:
        """Look as long as somebody waits, whatever happens to the database meanwhile."""
        away = False
        while self.waiting and not self.closing:
            try:
                number = await to_thread.run_sync(self._number, limiter=self._looking)
            except Exception as error:
                if not away:
                    structlog.get_logger().warning("followers wait: no answer", error=type(error).__name__)
                away = True
            else:
                if away:
                    structlog.get_logger().info("followers wait: answers again")
                away = False
                self._tell(number)
            await asyncio.sleep(EVERY)

    def _tell(self, number: int) -> None:
        if number > self._newest:
            self._newest = number
            told, self._turn = self._turn, asyncio.Event()
            told.set()

    def _number(self) -> int:
        with self._database.read() as session:
            return newest(session)[0]
