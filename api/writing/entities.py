"""Writing entities: make one, edit one, merge two that are one, and undo the merge."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field
from sqlmodel import Session, col

from annotations import entity_changes, merging
from annotations.merging import Contradiction
from annotations.mistakes import Mistakes
from api.access.callers import Caller, needs
from api.entities import ENTITIES, EntityView
from api.listing.absent import Moved, found
from api.listing.formats import dump
from api.listing.openapi import problems
from api.listing.parts import fetch_parts, item_of
from api.listing.reading import Reading, read
from api.problems import Mistake, Problem
from api.writing.annotated_body import merge_patch
from api.writing.corrections import WhyGiven, row_of
from api.writing.entity_bodies import EDIT_BODY, INTO_BODY, NEW_BODY, given_id, into_of, json_object, refused
from api.writing.write import Write, WriteRoute, require_match
from models.entity import Entity
from models.purge import Purged
from models.record import Change

router = APIRouter(prefix="/v1", tags=["entities"], route_class=WriteRoute)
Id = Annotated[str, Path(description="Id of the entity", max_length=300, examples=["hezbollah"])]
Editor = Annotated[Caller, Depends(needs("entities"))]
Body = Annotated[dict[str, Any], Depends(json_object)]
Patch = Annotated[dict[str, Any], Depends(merge_patch)]
REFUSED = problems(400, 401, 403, 404, 409, 410, 412, 413, 415, 422, 428, 429, 503, 507)


class MergeView(BaseModel):
    """A merged entity."""

    id: str = Field(description="Id of the entity", examples=["hizbullah"])
    merged_into: str = Field(description="What it was merged into", examples=["hezbollah"])
    survivor: str = Field(description="Where that leads in the end", examples=["hezbollah"])
    revision: int = Field(description="The revision that it made", examples=[2])


@router.post(
    "/entities",
    operation_id="create_entity",
    summary="Make a named entity",
    status_code=201,
    response_class=Response,
    responses={201: {"model": EntityView}, **REFUSED},
    openapi_extra=NEW_BODY,
)
def create_entity(request: Request, caller: Editor, body: Body, why: WhyGiven) -> Response:
    """The id is a slug of the name, or given. One that is not named belongs to a document: annotate it there.

    The word of the desk goes before that of documents that list the entity later: they add other names, and
    what was left blank.
    """
    given = {name: value for name, value in body.items() if name != "id"}
    id = given_id(body)
    write = Write(request, caller, "create_entity", repr(body).encode(), id)

    def work(change: Change) -> str:
        with _told():
            word = entity_changes.create(change, id, given)
        _seen_by_readers(change.session, None, {"part_of": word.part_of, "acts_for": word.acts_for})
        return id

    def answer(session: Session, _: str, __: int | None) -> Response:
        made = _shown(session, caller, id)
        made.status_code, made.headers["Location"] = 201, f"/v1/entities/{id}"
        return made

    return write.commit(work, answer, write.by(why.reason or "create", why.note))


@router.patch(
    "/entities/{id}",
    operation_id="patch_entity",
    summary="Edit an entity",
    response_class=Response,
    responses={200: {"model": EntityView}, **REFUSED},
    openapi_extra=EDIT_BODY,
)
def patch_entity(request: Request, id: Id, caller: Editor, patch: Patch, why: WhyGiven) -> Response:
    """A JSON merge patch (RFC 7396) of its fields: null takes one away. Needs `If-Match` and a `reason`.

    What it is called shows wherever it is named, at once; `as_of` shows what it was called then.
    """
    write = Write(request, caller, "patch_entity", repr(patch).encode(), id)

    def work(change: Change) -> bool:
        _on_record(write, change.session)
        why.needed()
        with _told():
            changed = entity_changes.edit(change, id, patch)
        refers = {name: patch[name] for name in merging.RELATIONS if isinstance(patch.get(name), str)}
        _seen_by_readers(change.session, id, refers)
        return changed

    return write.commit(
        work, lambda session, _, __: _shown(session, caller, id), write.by(why.reason, why.note)
    )


@router.post(
    "/entities/{id}:merge",
    operation_id="merge_entity",
    summary="Merge an entity into another one",
    response_class=Response,
    responses={200: {"model": MergeView}, **REFUSED},
    openapi_extra=INTO_BODY,
)
def merge_entity(request: Request, id: Id, caller: Editor, body: Body, why: WhyGiven) -> Response:
    """Its id answers 308; what names it is shown, found and counted as the other one. Needs `If-Match`.

    Both are named, or of one document, and of one kind. The ETag of the answer is for undoing it.
    """
    write = Write(request, caller, "merge_entity", repr(body).encode(), id)
    into = into_of(body)

    def work(change: Change) -> None:
        _on_record(write, change.session)
        with suppress(Moved):
            _target(change.session, caller, into)
        with _told():
            merging.merge(change, id, into)
            survivor = merging.current(change.session, into).survivor or into
        _seen_by_readers(change.session, id, {"into": survivor})

    def answer(session: Session, _: None, number: int | None) -> Response:
        row = merging.current(session, id)
        told = {"id": id, "merged_into": row.merged_into, "survivor": row.survivor, "revision": number}
        return Response(dump(told), headers=_headers(session, id), media_type="application/json")

    return write.commit(work, answer, write.by(why.reason or "merge", why.note))


@router.post(
    "/entities/{id}:unmerge",
    operation_id="unmerge_entity",
    summary="Undo the merge of an entity",
    response_class=Response,
    responses={200: {"model": EntityView}, **REFUSED},
)
def unmerge_entity(request: Request, id: Id, caller: Editor, why: WhyGiven) -> Response:
    """It is itself again, with all that was merged into it before. Needs `If-Match`: the ETag of the merge,
    or that of the 308 with which the id answers.
    """
    write = Write(request, caller, "unmerge_entity", b"", id)

    def work(change: Change) -> None:
        _on_record(write, change.session)
        with _told():
            merging.unmerge(change, id)

    def answer(session: Session, _: None, __: int | None) -> Response:
        return _shown(session, caller, id)

    return write.commit(work, answer, write.by(why.reason or "unmerge", why.note))


def _on_record(write: Write, session: Session) -> None:
    """The conditions of a request that changes an entity; a Problem if it is unknown, gone, or changed."""
    id = str(write.subject)
    # What is merged is on record, too: what cannot be done with it, the work says.
    with suppress(Moved):
        found(ENTITIES, _reading(session, write.caller), id)
    require_match(write.request, row_of(session, Entity, id), "entity")


def _target(session: Session, caller: Caller, into: str) -> None:
    """What an entity is merged into; a Problem if there is none, Moved if it is merged itself."""
    try:
        found(ENTITIES, _reading(session, caller), into)
    except Problem as problem:
        raise refused(Mistake(pointer="/into", message=problem.detail)) from None


def _seen_by_readers(session: Session, id: str | None, refers: Mapping[str, str | None]) -> None:
    """Refuse that what readers see leads to what they cannot see; without an id they will see it."""
    given = {name: target for name, target in refers.items() if target is not None}
    ids = ENTITIES.select(read(session, None)).with_only_columns(col(Entity.id))
    asked = {*given.values(), *((id,) if id else ())}
    seen = set(session.execute(ids.where(col(Entity.id).in_(sorted(asked)))).scalars())
    message = "readers cannot see it yet: a document that lists it must be published first"
    hidden = [name for name, target in given.items() if target not in seen]
    if hidden and (id is None or id in seen):
        raise refused(*(Mistake(pointer=f"/{name}", message=message) for name in hidden))


@contextmanager
def _told() -> Iterator[None]:
    """What an entity cannot be, as a Problem."""
    try:
        yield
    except Mistakes as mistakes:
        raise refused(
            *(
                Mistake(pointer=m.pointer or None, message=m.message, extract=m.extract, nearest=m.nearest)
                for m in mistakes
            )
        ) from None
    except Contradiction as error:
        raise Problem(409, str(error)) from None
    except Purged as error:
        raise Problem(410, str(error)) from None


def _reading(session: Session, caller: Caller) -> Reading:
    return read(session, None, desk=caller.desk)


def _headers(session: Session, id: str) -> dict[str, str]:
    return {"ETag": f'"{row_of(session, Entity, id)}"'}


def _shown(session: Session, caller: Caller, id: str) -> Response:
    """The entity, as it is now."""
    reading = _reading(session, caller)
    row = found(ENTITIES, reading, id)
    parts = fetch_parts(reading, ENTITIES.parts, [row["row_key"]])[row["row_key"]]
    item = item_of(ENTITIES, row, parts, utf16_offsets=False)
    return Response(dump(item), headers=_headers(session, id), media_type="application/json")
