"""Writing over HTTP: who may, on what condition, once; and its audit, in the transaction of the write."""

import datetime
import hashlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC
from typing import Any, TypeVar

import orjson
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy import delete, insert
from sqlmodel import Session, col, select
from starlette.exceptions import HTTPException

from api.access.callers import Caller, allowed
from api.access.refusals import audit_row, refused
from api.problems import Mistake, Problem, unprocessable
from models.audit import Answer, Audit
from models.commit import commit
from models.moment import now, written
from models.record import By, Change, newest
from models.session import Database

Result = TypeVar("Result")
LONGEST_TOKEN = 255
# What a saved answer gives again besides its body.
_KEPT = ("content-type", "etag", "location", "x-revision")
# How long an answer is kept, at least. A refusal is not: nothing was done, and the next time it may hold.
KEPT = datetime.timedelta(hours=48)


class Replayed(Exception):
    """The same request was answered before: its answer is given again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def response(self) -> Response:
        headers = {**orjson.loads(self.answer.headers), "Idempotency-Replayed": "true"}
        return Response(self.answer.body.encode(), self.answer.status, headers)


class WriteRoute(APIRoute):
    """A route that writes: what is refused before or in its handler is told to the audit."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        operation = self.operation_id or self.name

        async def audited(request: Request) -> Response:
            try:
                # Before FastAPI reads the body, let alone finds mistakes in it.
                await allowed(request)
                return await handle(request)
            except (Problem, HTTPException) as refusal:
                status = refusal.status if isinstance(refusal, Problem) else refusal.status_code
                await refused(request, operation, status)
                raise
            except RequestValidationError:
                await refused(request, operation, 422)
                raise

        return audited


@dataclass
class Write:
    """One request to write: `body` is what was sent, `subject` the id of what it is about, if it has one."""

    request: Request
    caller: Caller
    operation: str
    body: bytes = b""
    subject: str | None = None
    # Whether the request as a whole is answered here: its answer is kept under its Idempotency-Key.
    once: bool = True

    def commit(
        self,
        work: Callable[[Change], Result],
        answer: Callable[[Session, Result, int | None], Response],
        by: By,
    ) -> Response:
        """Do the work as one revision, with its audit and its saved answer; or nothing of all that.

        `work` checks the conditions of the request in the same transaction (`require_match`) and raises
        Problems; `answer` makes the response from its result and the revision, none if nothing changed.
        """
        made: list[Response] = []

        def then(session: Session, number: int | None, result: Result) -> None:
            made[:] = [answer(session, result, number)]
            # Also where nothing changed: what the answer says holds at this revision, on whatever replica.
            made[0].headers["X-Revision"] = str(newest(session)[0] if number is None else number)
            self._keep(session, made[0], number)

        def once(change: Change) -> Result:
            self._replay(change.session)
            return work(change)

        return self._answered(lambda: commit(self._database, once, by, then=then), made)

    def apply(
        self, work: Callable[[Session], Result], answer: Callable[[Session, Result], Response]
    ) -> Response:
        """The same for what is beside the record and makes no revision."""
        return self.commit(
            lambda change: work(change.session), lambda session, result, _: answer(session, result), By()
        )

    def replay(self) -> None:
        """Raise Replayed if the request was answered before; `commit` looks by itself."""
        with self._database.read() as session:
            self._replay(session)

    def by(self, reason: str | None, note: str | None = None) -> By:
        """Whose revision it is: the key's."""
        return By(self.caller.agent, "onrecord api", reason, note)

    @property
    def _database(self) -> Database:
        database: Database = self.request.app.state.database
        return database

    def _answered(self, run: Callable[[], object], made: list[Response]) -> Response:
        try:
            run()
        except Replayed as replayed:
            return replayed.response()
        return made[0]

    @property
    def token(self) -> str | None:
        """The Idempotency-Key, as it was sent or as the quoted string of the draft standard."""
        given = self.request.headers.get("idempotency-key")
        if given is None or not self.once:
            return None
        token = given.strip().strip('"')
        if not (token and len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable()):
            message = f"1 to {LONGEST_TOKEN} printable ASCII characters, a new one for each write"
            raise unprocessable(Mistake(parameter="Idempotency-Key", message=message))
        return token

    def _digest(self) -> str:
        url = self.request.url
        parts = (self.request.method, url.path, url.query)
        return hashlib.sha256("\n".join(parts).encode() + b"\n" + self.body).hexdigest()

    def _replay(self, session: Session) -> None:
        """Raise Replayed if the request was answered before, or a Problem if another one was."""
        if self.token is None:
            return
        mine = (col(Answer.key) == self.caller.key) & (col(Answer.token) == self.token)
        found = session.execute(select(Answer).where(mine)).scalar_one_or_none()
        if found is None:
            return
        if found.request != self._digest():
            message = "was used for another request; a new write needs a new one"
            raise unprocessable(Mistake(parameter="Idempotency-Key", message=message))
        session.expunge(found)
        raise Replayed(found)

    def _keep(self, session: Session, response: Response, number: int | None) -> None:
        row = audit_row(self.request, self.operation, response.status_code, self.caller)
        subject = self.subject or getattr(response, "subject", None)
        session.execute(insert(Audit).values(**row, subject=subject, revision=number))
        self._save(session, response)

    def _save(self, session: Session, response: Response) -> None:
        if self.token is None:
            return
        session.execute(delete(Answer).where(col(Answer.time) < written(datetime.datetime.now(UTC) - KEPT)))
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        session.execute(
            insert(Answer).values(
                key=self.caller.key,
                token=self.token,
                request=self._digest(),
                subject=self.subject or getattr(response, "subject", None),
                status=response.status_code,
                headers=orjson.dumps(headers).decode(),
                body=bytes(response.body).decode(),
                time=now(),
            )
        )


def require_match(request: Request, own: str | None, noun: str, if_match: str | None = None) -> None:
    """Refuse a request whose preconditions (RFC 9110) do not hold for what there is.

    `own` is the first half of the item's ETag, which names the state of the item alone; None if there is
    no such item. Changing what exists needs `If-Match` (RFC 6585).
    """
    given = if_match or request.headers.get("if-match")
    none = request.headers.get("if-none-match")
    if own is not None and none is not None and none.strip() == "*":
        raise Problem(412, f"there is such a {noun} already; leave If-None-Match out to change it")
    if own is None and given is not None:
        raise Problem(412, f"there is no such {noun}; leave If-Match out to create it")
    if own is None:
        return
    if given is None:
        raise Problem(428, f"the {noun} exists: send the ETag that you have read of it in If-Match")
    tags = [tag.strip().strip('"').partition(".")[0] for tag in given.split(",")]
    if given.strip() != "*" and own not in tags:
        raise Problem(412, f"the {noun} was changed since; read it again and see what is left to do")
