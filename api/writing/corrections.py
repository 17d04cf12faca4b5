"""Corrections over HTTP: the conditions of a write, its reason, and what it did to a document."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from annotations.agreement import Disagreement
from annotations.annotated import AnnotatedDocument
from annotations.load import Loaded, Loading, numbered
from api.listing.formats import dump
from api.listing.negotiation import own_tag
from api.problems import Mistake, Problem
from models.document import DocumentState
from models.measures import Term
from models.purge import Purged
from models.record import Change
from models.recorded import Recorded
from models.vocabulary import Reason

Row = TypeVar("Row", bound=Recorded)


class Why(BaseModel):
    """Why something is changed."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason | None = Field(
        None, description="Why; needed to change what is on record.", examples=["typo"]
    )
    note: str | None = Field(
        None,
        max_length=2000,
        description="Why, in free words.",
        examples=["The ministry corrected the count."],
    )

    def needed(self) -> str:
        """The reason of a correction; a Problem if there is none."""
        if self.reason is None:
            mistake = Mistake(parameter="reason", message="a correction says why", allowed=list(REASONS))
            raise Problem(422, "1 mistake in the request; see `errors`", [mistake])
        return self.reason


REASONS = Reason.__args__  # type: ignore[attr-defined]  # a Literal
WhyGiven = Annotated[Why, Query()]


class LoadedView(BaseModel):
    """What a write did to a document."""

    document: str = Field(description="Its id", examples=["harbour-flood"])
    outcome: str = Field(description="created, corrected or unchanged", examples=["corrected"])
    revision: int | None = Field(
        description="The revision that it made; none if nothing changed", examples=[2]
    )
    changes: dict[str, dict[str, int]] = Field(
        description="How many rows of each noun were created, corrected or withdrawn",
        examples=[{"claims": {"corrected": 1}}],
    )


def measures_of(request: Request) -> Mapping[str, Term]:
    """The vocabulary of the service."""
    terms: Mapping[str, Term] = request.app.state.measures
    return terms


def load_into(change: Change, document: AnnotatedDocument, measures: Mapping[str, Term]) -> Loaded:
    """Load one document, an earlier state of it as well; a Problem where the record does not let it."""
    try:
        (loaded,) = Loading([document], measures, again=True)(change)
    except Disagreement as error:
        raise Problem(409, f"the record says otherwise: {error}") from None
    except Purged as error:
        raise Problem(410, str(error)) from None
    return loaded


def state_of(session: Session, document: str) -> str | None:
    """The first half of a document's ETag: the state of its annotation. None if it is not on record."""
    same = (col(DocumentState.document_id) == document) & col(DocumentState.superseded).is_(None)
    key = session.execute(select(DocumentState.recorded).where(same)).scalar()
    return None if key is None else own_tag(key)


def row_of(session: Session, model: type[Row], id: str) -> str | None:
    """The first half of an item's ETag: its current row. None if it is not on record."""
    named: Any = model
    key = session.execute(
        select(model.row_key).where(named.id == id, col(model.superseded).is_(None))
    ).scalar()
    return None if key is None else own_tag(key)


def answered(session: Session, loaded: Loaded, number: int | None, tag: str | None) -> Response:
    """The answer to a write; `tag`, for the next If-Match, is the first half of the ETag."""
    numbered(session, number, [loaded])
    created = loaded.outcome == "created"
    headers = {"Location": f"/v1/documents/{loaded.document}"} if created else {}
    if tag is not None:
        headers["ETag"] = f'"{tag}"'
    body = {name: getattr(loaded, name) for name in LoadedView.model_fields}
    return Response(dump(body), 201 if created else 200, headers, media_type="application/json")
