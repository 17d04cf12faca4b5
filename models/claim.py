"""A claim: a figure, what it counts, and on whose word."""

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, PrimaryKeyConstraint, text
from sqlmodel import Field, SQLModel

from models.columns import by_key, check, column, one_of, recorded
from models.recorded import Recorded
from models.vocabulary import Aggregation, BoundsBasis, Comparator, End, Modality, Stance


class ClaimBase(SQLModel):
    """What the record says of a claim in its own words."""

    id: str = column(
        "Id below the document's; it survives corrections", examples=["beirut-strikes-2024-10-15.c1"]
    )
    as_written: str = column("The figure as the article has it", examples=["at least 2,350"])
    statement: str = column(
        "The words of the claim, parts joined by ` … `", examples=["at least 2,350 fatalities"]
    )
    comparator: str = column("How the number limits the figure", examples=[">="])
    low_end: str = column("What the lower end is", examples=["closed"])
    high_end: str = column("What the upper end is", examples=["unbounded"])
    bounds_basis: str = column("Whether the article states the bounds", examples=["stated"])
    modality: str = column("Whether it is asserted, possible, projected or denied", examples=["asserted"])
    measure: str = column("Term of the vocabulary at /v1/measures", examples=["killed"])
    unit: str = column("Unit of the value", examples=["person"])
    counted: str | None = column("What is counted, as written", default=None, examples=["fatalities"])
    share_of: str | None = column("The whole that a share is a share of", default=None, examples=["Lebanon"])
    aggregation: str | None = column(
        "Over a period, one event, a level, or a projection", default=None, examples=["event"]
    )


# Bounds are compared through their keys; an end that is known carries a number, one that is not carries none.
_BOUNDS = {
    "low_known": "(low_end IN ('closed', 'open')) = (low IS NOT NULL)",
    "high_known": "(high_end IN ('closed', 'open')) = (high IS NOT NULL)",
    "keys": (
        "(value IS NULL) = (value_key IS NULL) AND (low IS NULL) = (low_key IS NULL)"
        " AND (high IS NULL) = (high_key IS NULL)"
    ),
    "order": (
        "low_key IS NULL OR high_key IS NULL OR low_key < high_key"
        " OR (low_key = high_key AND low_end = 'closed' AND high_end = 'closed')"
    ),
    "exact": (
        "comparator <> '=' OR (value_key = low_key AND value_key = high_key"
        " AND low_end = 'closed' AND high_end = 'closed')"
    ),
    "at_least": "comparator <> '>=' OR (value_key = low_key AND low_end = 'closed')",
    "over": "comparator NOT IN ('>', '>~') OR (value_key = low_key AND low_end = 'open')",
    "at_most": "comparator <> '<=' OR (value_key = high_key AND high_end = 'closed')",
    "under": "comparator NOT IN ('<', '<~') OR (value_key = high_key AND high_end = 'open')",
    "range": "comparator <> 'range' OR (low IS NOT NULL AND high IS NOT NULL)",
    "within": (
        "(value_key IS NULL OR low_key IS NULL OR low_key <= value_key)"
        " AND (value_key IS NULL OR high_key IS NULL OR value_key <= high_key)"
    ),
    "value": "value IS NOT NULL OR comparator IN ('magnitude', 'range')",
    "convention": "bounds_basis <> 'convention' OR comparator = 'magnitude'",
    "value_order": "value_order = coalesce(value_key, low_key, '')",
}


class Claim(ClaimBase, Recorded, table=True):
    """One state of a claim. Each number is exact text beside a key whose byte order is the numbers' order."""

    __table_args__ = (
        PrimaryKeyConstraint("document_id", "row_key"),
        *recorded("claim", "document_id"),
        ForeignKeyConstraint(["document_id", "text_sha256"], ["text.document_id", "text.sha256"]),
        by_key("claim"),
        Index("ix_claim_measure", "measure", text("period_order DESC"), "document_id", "start", "id"),
        Index("ix_claim_period", text("period_order DESC"), "document_id", "start", "id"),
        Index("ix_claim_value", "value_order", "id"),
        Index("ix_claim_place", "place_id", text("period_order DESC"), "document_id", "start", "id"),
        Index("ix_claim_position", "document_id", "start", "id"),
        Index("ix_claim_responsible", "responsible_id"),
        Index("ix_claim_indicator", "indicator_id"),
        one_of("comparator", Comparator),
        one_of("low_end", End),
        one_of("high_end", End),
        one_of("bounds_basis", BoundsBasis),
        one_of("modality", Modality),
        one_of("aggregation", Aggregation),
        *(check(name, condition) for name, condition in _BOUNDS.items()),
        check(
            "subset_of",
            "subset_of <> id AND substr(subset_of, 1, length(document_id) + 2) = document_id || '.c'",
        ),
        check(
            "refines", "refines <> id AND substr(refines, 1, length(document_id) + 2) = document_id || '.c'"
        ),
        check("id", "substr(id, 1, length(document_id) + 2) = document_id || '.c'"),
        check("start", '"start" >= 0'),
    )

    document_id: str = column("The document", primary_key=True)
    text_sha256: str = column("The state of the text")
    start: int = Field(ge=0, description="Place in the text")
    value_words: str = column("The value as the annotation words it", examples=["at least 2,350"])
    value: str | None = column("The number as stated, exact decimal", default=None)
    value_key: str | None = column("Order-preserving key of the value", default=None)
    low: str | None = column("Lower bound, exact decimal", default=None)
    low_key: str | None = column("Order-preserving key of the lower bound", default=None)
    high: str | None = column("Upper bound, exact decimal", default=None)
    high_key: str | None = column("Order-preserving key of the upper bound", default=None)
    value_order: str = column("Sort key: of the value, else of the lower bound, else empty", default="")
    place_id: str | None = column("Where", default=None)
    responsible_id: str | None = column("Who is said to have caused it", default=None)
    period_order: str = column("Sort key of the period: its first day, or empty", default="")
    indicator_id: str | None = column("The question that it answers", default=None)
    subset_of: str | None = column("Claim that this one is part of", default=None)
    refines: str | None = column("Claim that this one makes more exact", default=None)


class ClaimSource(SQLModel, table=True):
    """A quote that stands behind one state of a claim; a claim without one is the outlet's own voice."""

    __tablename__ = "claim_source"
    __table_args__ = (
        ForeignKeyConstraint(["document_id", "claim_key"], ["claim.document_id", "claim.row_key"]),
        Index("ix_claim_source_quote", "quote_id", "document_id"),
        Index("ix_claim_source_claim", "claim_key"),
        one_of("stance", Stance),
        check("position", "position >= 0"),
    )

    document_id: str = column("The document", primary_key=True)
    claim_key: int = Field(sa_type=BigInteger, primary_key=True)
    quote_id: str = column("The quote", primary_key=True)
    position: int = Field(ge=0)
    stance: str = column("What the quote does with the claim", examples=["asserts"])
