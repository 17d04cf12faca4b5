"""Many documents in one request: all or nothing, or each line by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from annotations.agreement import Disagreement
from annotations.annotated import AnnotatedDocument
from annotations.load import Loaded, Loading, numbered
from annotations.states import is_current
from api.access.callers import Caller, needs
from api.access.refusals import tell
from api.listing.formats import dump
from api.listing.openapi import problems
from api.problems import Mistake, Problem, ProblemDocument
from api.writing.annotated_body import Sent, parsed, sent_as
from api.writing.corrections import LoadedView, Why, load_into, measures_of, state_of
from api.writing.write import Replayed, Write, WriteRoute, require_match
from models.purge import Purged
from models.record import Change

router = APIRouter(prefix="/v1", tags=["documents"], route_class=WriteRoute)
MOST_LINES = 10_000
NDJSON = ("application/x-ndjson", "application/jsonl")


@dataclass(frozen=True)
class Line:
    """A document of a batch with the ETag, if any, of what it replaces; `number` counts lines from 1."""

    number: int
    document: AnnotatedDocument
    if_match: str | None

    def require(self, request: Request, session: Session, why: Why) -> bool:
        """Refuse a line whose condition does not hold; whether there is anything to change."""
        if is_current(session, self.document):
            return False
        own = state_of(session, self.document.id)
        require_match(request, own, "document", self.if_match)
        if own is not None:
            why.needed()
        return True


class BatchParameters(Why):
    """How a batch is taken."""

    atomic: bool = Field(
        True, description="All or nothing; `false`: each line by itself, told one by one.", examples=[True]
    )


class LineView(LoadedView):
    """What became of a line."""

    line: int = Field(description="Number of the line, from 1", examples=[1])
    document: str | None = Field(description="Its id, if it could be read", examples=["harbour-flood"])  # type: ignore[assignment]
    problem: ProblemDocument | None = Field(None, description="Why it was refused")


class BatchView(BaseModel):
    """What became of the lines."""

    revision: int | None = Field(description="The newest revision that the batch made", examples=[2])
    results: list[LineView] = Field(description="A result a line")


async def _body(request: Request) -> bytes:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in NDJSON:
        raise Problem(415, "send application/x-ndjson, a document a line", headers={"Accept-Post": NDJSON[0]})
    return await request.body()


@router.post(
    "/documents:batch",
    operation_id="load_documents",
    summary="Load many documents",
    response_class=Response,
    responses={
        200: {"model": BatchView, "description": "What became of each line"},
        **problems(400, 401, 403, 409, 410, 412, 413, 415, 422, 428, 429, 503, 507),
    },
    openapi_extra={"requestBody": {"required": True, "content": {NDJSON[0]: {"schema": {"type": "string"}}}}},
)
def load_documents(
    request: Request,
    caller: Annotated[Caller, Depends(needs("write"))],
    body: Annotated[bytes, Depends(_body)],
    parameters: Annotated[BatchParameters, Query()],
) -> Response:
    """NDJSON: `{"id"?, "text", "annotation", "if_match"?}` a line; `if_match` is the ETag of what it changes.

    All or nothing in one revision; with `atomic=false` a revision a line, and those that are refused are
    told of beside those that are not. What says the same as now changes nothing.
    """
    write = Write(request, caller, "load_documents", body)
    lines = list(_lines(body))
    if parameters.atomic:
        return _together(write, lines, parameters)
    return _one_by_one(write, lines, parameters)


def _together(write: Write, raw: list[tuple[int, bytes]], why: Why) -> Response:
    request = write.request
    lines, errors = [], []
    for number, content in raw:
        try:
            lines.append(_line(number, content, request))
        except Problem as problem:
            errors += [
                _at(number, mistake) for mistake in problem.errors or [Mistake(message=problem.detail)]
            ]
    errors += _twice(lines)
    if errors:
        raise Problem(422, f"{len(errors)} mistakes; nothing was written; see `errors`", errors)

    def work(change: Change) -> list[Loaded]:
        for line in lines:
            try:
                line.require(request, change.session, why)
            except Problem as problem:
                problem.detail = f"line {line.number}: {problem.detail}; nothing was written"
                raise
        try:
            documents = [line.document for line in lines]
            return Loading(documents, measures_of(request), again=True)(change)
        except Disagreement as error:
            raise Problem(409, f"the record, or another line, says otherwise: {error}") from None
        except Purged as error:
            raise Problem(410, str(error)) from None

    def answer(session: Session, results: list[Loaded], number: int | None) -> Response:
        numbered(session, number, results)
        shown = [_view(line.number, loaded) for line, loaded in zip(lines, results, strict=True)]
        return _answer(number, shown)

    return write.commit(work, answer, write.by(why.reason or "load", why.note))


def _one_by_one(write: Write, raw: list[tuple[int, bytes]], why: Why) -> Response:
    """Each line in a revision and under an audit of its own; the answer is kept at the end.

    Who sends the batch again after it was cut off finds the lines that were taken unchanged.
    """
    try:
        write.replay()
    except Replayed as replayed:
        return replayed.response()
    shown = []
    for number, content in raw:
        line = None
        try:
            line = _line(number, content, write.request)
            shown.append(_one(write, line, why))
        except Problem as problem:
            tell(write.request, write.operation, problem.status, line.document.id if line else None)
            shown.append(_refused(number, problem))
    last = max((line["revision"] or 0 for line in shown), default=0) or None
    return write.apply(lambda _: None, lambda _, __: _answer(last, shown))


def _one(write: Write, line: Line, why: Why) -> dict[str, Any]:
    request = write.request
    made: list[dict[str, Any]] = []
    own = Write(request, write.caller, write.operation, subject=line.document.id, once=False)

    def work(change: Change) -> Loaded:
        if not line.require(request, change.session, why):
            return Loaded(line.document.id, "unchanged")
        return load_into(change, line.document, measures_of(request))

    def answer(session: Session, loaded: Loaded, number: int | None) -> Response:
        numbered(session, number, [loaded])
        made[:] = [_view(line.number, loaded)]
        return Response()

    own.commit(work, answer, write.by(why.reason or "load", why.note))
    return made[0]


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    count = 0
    for number, content in enumerate(body.split(b"\n"), 1):
        if content.strip():
            count += 1
            if count > MOST_LINES:
                raise Problem(422, f"a batch has at most {MOST_LINES:,} lines; send several")
            yield number, content
    if not count:
        raise Problem(422, "the batch is empty: send a document a line")


def _line(number: int, content: bytes, request: Request) -> Line:
    given: Any = parsed(content)
    if not isinstance(given, dict):
        raise Problem(422, "the line is not an object with `text` and `annotation`")
    id_, tag = given.pop("id", None), given.pop("if_match", None)
    if not all(value is None or isinstance(value, str) for value in (id_, tag)):
        raise Problem(422, "`id` and `if_match` are words")
    sent: Sent = sent_as(given)
    name = id_ if id_ is not None else sent.about.get("id")
    document = sent.document(measures_of(request), id=str(name or "document"))
    if name is None:
        mistake = Mistake(pointer="/id", message="is missing: say it here or in the annotation's `document`")
        raise Problem(422, "the document has no id", [mistake])
    return Line(number, document, tag)


def _twice(lines: list[Line]) -> list[Mistake]:
    first: dict[str, int] = {}
    errors = []
    for line in lines:
        if (before := first.setdefault(line.document.id, line.number)) != line.number:
            message = f"the same document as in line {before}"
            errors.append(
                Mistake(entry=line.number, pointer="/id", message=message, extract=line.document.id)
            )
    return errors


def _at(number: int, mistake: Mistake) -> Mistake:
    return mistake.model_copy(update={"entry": number})


def _view(number: int, loaded: Loaded) -> dict[str, Any]:
    return {"line": number} | {name: getattr(loaded, name) for name in LoadedView.model_fields}


def _refused(number: int, problem: Problem) -> dict[str, Any]:
    nothing: dict[str, Any] = {"document": None, "outcome": "refused", "revision": None, "changes": {}}
    return {"line": number, **nothing, "problem": problem.document()}


def _answer(number: int | None, shown: list[dict[str, Any]]) -> Response:
    return Response(dump({"revision": number, "results": shown}), media_type="application/json")
