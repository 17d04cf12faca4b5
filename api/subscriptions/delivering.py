"""The worker: tells every subscription its events, in order, at least once, and each at its own pace."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from typing import Concatenate, ParamSpec, TypeVar

import httpx
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import Session

from api.problems import is_away
from api.settings import Settings
from api.subscriptions import outbox
from api.subscriptions.addresses import Allowed
from api.subscriptions.calling import Outcome, Receiver
from api.subscriptions.messages import Batch, Message
from api.subscriptions.outbox import Calls, Turn, moment
from api.subscriptions.retrying import ATTEMPTS, pause_after
from api.subscriptions.turns import Task, prepare
from models.session import Database

P = ParamSpec("P")
Result = TypeVar("Result")
CALLED = Counter("onrecord_callbacks", "Call-backs, by what became of them", ("outcome",))
LAG = Gauge("onrecord_callbacks_lag_seconds", "Age of the oldest revision that a subscription waits for")
# Seconds between two looks at the outbox, and between two at the log and the lag.
POLL, HOUSEKEEPING = 0.5, 15.0
# Receivers that are called at once: each waits for itself alone. Threads that ask the database meanwhile are
# few, because what they compute is taken from requests.
AT_ONCE, ASKING = 64, 2
# Seconds that one subscription is told before it is another one's turn, and after which calls are noted: what
# a worker that dies has told in that time is told again.
TURN, NOTED = 30.0, 0.2
# Seconds that calls get when the service stops, and that a subscription waits after a mistake of ours.
GRACE, MENDING = 5.0, 30.0
# Seconds between attempts at noting what was told, while the database is away.
PATIENCE = (0.2, 1.0, 5.0, 10.0)


class Worker:
    """Several may run, in one process or in many: they share the work by leases in the database."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._allowed = Allowed(settings.callback_http, settings.callback_loopback)
        self._scale = settings.callback_retry_scale
        # Apart, so that names that take long to resolve keep nobody else from noting what was told.
        self._asking = ThreadPoolExecutor(ASKING, "outbox")
        self._names = ThreadPoolExecutor(AT_ONCE, "names")
        self._turns: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._kept = -HOUSEKEEPING
        self._log = structlog.get_logger()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made once: reading all certificates of authority takes longer than a call."""
        return httpx.create_ssl_context()

    def stop(self) -> None:
        """Let `run` end: calls that are being made are waited for a little, no other is begun."""
        self._stopping.set()

    async def run(self) -> None:
        """Tell until it is stopped. While the database is away it waits, and loses nothing."""
        while not self._stopping.is_set():
            try:
                await self._begin()
                await self._keep_house()
            except SQLAlchemyError as error:
                self._log.warning("outbox away", error=type(error).__name__)
            except Exception:
                # The next look may find it mended; a worker that has ended finds nothing.
                self._log.exception("worker failed")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), POLL)
        if self._turns:
            await asyncio.wait(self._turns, timeout=GRACE)
        for turn in self._turns:
            turn.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
        self._asking.shutdown(wait=False)
        self._names.shutdown(wait=False, cancel_futures=True)

    async def _begin(self) -> None:
        free = AT_ONCE - len(self._turns)
        if free and await self._read(outbox.waiting):
            for turn in await self._write(outbox.claim, free):
                begun = asyncio.create_task(self._take(turn))
                self._turns.add(begun)
                begun.add_done_callback(self._turns.discard)

    async def _keep_house(self) -> None:
        if time.monotonic() < self._kept + HOUSEKEEPING:
            return
        self._kept = time.monotonic()
        LAG.set(await self._read(outbox.lag))
        if not await self._read(outbox.pruned):
            await self._write(outbox.prune)

    async def _take(self, turn: Turn) -> None:
        """One turn: whatever happens in it, the subscription is free for the next one."""
        due = None
        try:
            async with Receiver(self._allowed, self._context, self._names) as receiver:
                await self._tell(turn, receiver)
        except Exception as error:
            due = moment(MENDING)
            if isinstance(error, SQLAlchemyError):
                self._log.warning("outbox away", subscription=turn.id, error=type(error).__name__)
            else:
                self._log.exception("turn failed", subscription=turn.id)
        finally:
            with suppress(SQLAlchemyError):
                await self._write(outbox.release, turn, due)

    async def _tell(self, turn: Turn, receiver: Receiver) -> None:
        until, more = time.monotonic() + TURN, True
        while more and time.monotonic() < until and not self._stopping.is_set():
            task = await self._read(prepare, turn)
            if task is None:
                return
            if task.off is not None:
                self._log.warning("subscription off", subscription=turn.id, reason=task.off)
                await self._write(outbox.switch_off, turn, task.off)
                return
            if task.ping is not None:
                outcome, calls = await self._call(receiver, task, task.ping), Calls((0, 0))
                calls.add(task.turn, task.ping, outcome, 1)
                await self._write(outbox.note_ping, task.turn, calls, task.ping.id)
            else:
                more = task.batch is not None and await self._deliver(task, task.batch, receiver)

    async def _deliver(self, task: Task, batch: Batch, receiver: Receiver) -> bool:
        """Whether all of it was taken and there is more."""
        turn, failed, begun = task.turn, task.failed, time.monotonic()
        noted = begun
        calls = Calls((turn.revision, turn.position))
        for message in batch.messages:
            assert message.place is not None, "of an event"
            outcome = await self._call(receiver, task, message)
            calls.add(turn, message, outcome, failed + 1)
            if outcome.error:
                calls.end = message.place
                await self._fail(turn, calls, outcome, failed + 1)
                return False
            calls.end, failed = (message.place[0], message.place[1] + 1), 0
            if self._stopping.is_set() or time.monotonic() > noted + NOTED:
                still = await self._note(turn, calls)
                if still is None or self._stopping.is_set():
                    return False
                turn, calls, noted = still, Calls(calls.end), time.monotonic()
                if noted > begun + TURN:
                    # Its key, and what it asks for, are looked at again.
                    return True
        calls.end = batch.end
        return await self._note(turn, calls) is not None and not batch.last

    async def _note(self, turn: Turn, calls: Calls) -> Turn | None:
        """What is not noted is told again: so a database that is away is waited for."""
        for pause in PATIENCE:
            try:
                return await self._write(outbox.note, turn, calls)
            except DBAPIError as error:
                if not is_away(error):
                    raise
                await asyncio.sleep(pause)
        return await self._write(outbox.note, turn, calls)

    async def _call(self, receiver: Receiver, task: Task, message: Message) -> Outcome:
        headers = message.headers(task.secrets, datetime.now(UTC))
        outcome = await receiver.take(task.url, headers, message.body)
        CALLED.labels(outcome.error or "delivered").inc()
        return outcome

    async def _fail(self, turn: Turn, calls: Calls, outcome: Outcome, failed: int) -> None:
        pause = pause_after(failed, scale=self._scale, wait=outcome.wait)
        last = f"answered {outcome.status}" if outcome.status else f"failed: {outcome.error}"
        values = {"attempts": failed, "due": moment(pause or 0)}
        if outcome.status == 410 or pause is None:
            gone = "its receiver answered 410 Gone"
            tired = f"its receiver did not take an event in {ATTEMPTS} attempts; the last one {last}"
            values |= {"status": "off", "off_reason": gone if outcome.status == 410 else tired}
            self._log.warning("subscription off", subscription=turn.id, reason=values["off_reason"])
        await self._write(outbox.fail, turn, calls, values)

    async def _read(
        self, work: Callable[Concatenate[Session, P], Result], *args: P.args, **more: P.kwargs
    ) -> Result:
        def ask() -> Result:
            with self._database.read() as session:
                return work(session, *args, **more)

        return await asyncio.get_running_loop().run_in_executor(self._asking, ask)

    async def _write(
        self, work: Callable[Concatenate[Session, P], Result], *args: P.args, **more: P.kwargs
    ) -> Result:
        def ask() -> Result:
            with self._database.write() as session:
                return work(session, *args, **more)

        return await asyncio.get_running_loop().run_in_executor(self._asking, ask)


@asynccontextmanager
async def working(database: Database, settings: Settings) -> AsyncIterator[None]:
    """A worker beside a service, if the settings want one."""
    if not settings.worker:
        yield
        return
    worker = Worker(database, settings)
    running = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await running
