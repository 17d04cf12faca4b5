"""Digests are kept with the rows: a release that made others would take everything for changed."""

import pytest
from sqlalchemy import select
from sqlmodel import col

from annotations.annotated import AnnotatedDocument
from annotations.load import load
from annotations.states import state_digest
from models.claim import Claim
from models.document import Document
from models.entity import Entity
from models.indicator import Indicator
from models.measure import Measure
from models.measures import vocabulary
from models.mention import Mention
from models.quote import Quote
from models.recorded import Recorded
from models.session import Database
from tests.annotations.flood import MEASURES, flood

# As the first release made them, of rows the first half.
FLOOD = "969ff2f43e93c32829cd978d1c998f3c51dbc30a4baf2ebbb9fe9dc43e75598c"
SEED = "6ce00c574084d1fdd06d2bc49274ecac6b9e0f3c925d59851c2d064316cd0504"
ROWS: list[tuple[type[Recorded], str, str]] = [
    (Measure, "displaced", "07e40629230a287d88e47f00a2f6fdf1"),
    (Entity, "harbour-flood.aide", "770ea917401c92e97b642f8ab927ce25"),
    (Entity, "un", "b39de336d087a2e747246dc26eba42ed"),
    (Indicator, "displaced-from-northern-israel", "2b5302846c37b742a0b5542f802f26ae"),
    (Document, "harbour-flood", "8217aa32d432dc98578e418c71dacae4"),
    (Mention, "harbour-flood.m118-122", "7b57742aa6a5fe14f3049848636e0179"),
    (Quote, "harbour-flood.q1", "77c7a784aa81a307fd6940c97e6a8094"),
    (Quote, "beirut-strikes-2024-10-15.q32", "fe72c7b23afaf075c0ac791addcd4185"),
    (Quote, "beirut-strikes-2024-10-15.q12", "4424ddb2baf9c9d505c6ef42550cb0a3"),
    (Claim, "harbour-flood.c1", "7f5571ac2eec2ebda2e9a5b2da4dc064"),
    (Claim, "beirut-strikes-2024-10-15.c8", "75b055e32884c0efc4a37d7f97351e71"),
]  # fmt: skip


def test_the_digest_of_a_state_is_what_it_ever_was(seed: AnnotatedDocument) -> None:
    assert state_digest(flood()) == FLOOD
    assert state_digest(seed) == SEED


@pytest.mark.parametrize(("noun", "id", "digest"), ROWS, ids=[id_ for _, id_, _ in ROWS])
def test_the_digest_of_a_row_is_what_it_ever_was(
    seeded_database: Database, noun: type[Recorded], id: str, digest: str
) -> None:
    load(seeded_database, [flood()], {**vocabulary(), **MEASURES})
    model = noun
    with seeded_database.read() as session:
        found = select(col(model.digest)).where(model.id == id, col(model.superseded).is_(None))  # type: ignore[attr-defined]
        assert session.execute(found).scalar_one()[:32] == digest
