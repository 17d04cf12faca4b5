"""The mapping file: what the labels, links and attributes of another scheme mean.

labels:
  Cue: cue
  Source: speaker
  Person: {role: mention, kind: actor}
  Content: content
links:
  says: speaker
  coref: same
attributes:
  Form: form
ignore: [Comment]
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from annotations.draft import empty, note
from annotations.mistakes import Mistakes, Report
from annotations.scalars import Short
from annotations.tree import from_yaml
from models.vocabulary import EntityKind, Form, Naming, Stance, words

QuotePart = Literal["content", "verbatim", "cue", "occasion", "medium", "said", "speaker", "addressee"]
ClaimPart = Literal[
    "number", "counted", "measure", "unit", "share_of", "place", "responsible", "period", "reference",
    "caveat",
]  # fmt: skip
QUOTE_PARTS, CLAIM_PARTS = words(QuotePart), words(ClaimPart)
Whole = Literal["quote", "claim", "mention", "sentence", "boilerplate"]
Role = Whole | QuotePart | ClaimPart
Relation = (
    Literal["part", "same", "relays", "embeds", "responds", "subset_of", "refines"]
    | Stance
    | QuotePart
    | ClaimPart
)
Key = Literal[
    "id", "entity", "kind", "entity_kind", "naming", "wikidata", "value", "anchor", "basis", "form", "act",
    "polarity", "speakers", "addressees", "said", "said.anchor", "low", "high", "measure", "unit", "counted",
    "share_of", "aggregation", "modality", "place", "responsible", "period", "period.anchor",
    "reference_date", "reference_date.anchor", "indicator",
]  # fmt: skip


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(_Keys):
    """What a mark with this label is."""

    role: Role = Field(description="Its role", examples=["cue"])
    kind: EntityKind | None = Field(None, description="Of whom it names", examples=["actor"])
    naming: Naming | None = Field(None, description="How it names them", examples=["role"])
    form: Form | None = Field(
        None, description="Of the quote that it is, or is the cue of", examples=["direct"]
    )
    measure: str | None = Field(None, description="Of the claim that it is", examples=["killed"])


class Mapping(_Keys):
    """A scheme by what its names mean here. What it does not name is listed, and left out."""

    labels: dict[str, Annotated[Label, Short("role")]] = Field(
        default_factory=dict, description="Roles by label"
    )
    links: dict[str, Relation] = Field(
        default_factory=dict,
        description="What a link says: the role of one end in the quote or claim at the other, `part` where "
        "its label says its role, `same` for mentions of one entity, or how quotes and claims hang together",
    )
    attributes: dict[str, Key] = Field(default_factory=dict, description="Keys by the name of the attribute")
    values: dict[str, str] = Field(
        default_factory=dict, description="Values by what the other scheme calls them, such as DIRECT: direct"
    )
    ignore: list[str] = Field(
        default_factory=list, description="Labels, links and attributes to leave out unsaid"
    )


def read(data: bytes, file: str) -> Mapping:
    """The mapping of a file. Raises Mistakes with the line of each."""
    tree = from_yaml(data, file)
    report = Report(file, tree.places)
    values: Any = tree.value
    if not isinstance(values, dict):
        report.add((), "is no mapping with the keys labels, links, attributes and values")
        raise Mistakes(report.mistakes)
    empty(values, report, Mapping)
    try:
        mapping = Mapping.model_validate(values)
    except ValidationError as error:
        note(error, report, Mapping)
    if report.mistakes:
        raise Mistakes(report.mistakes)
    return mapping


@cache
def ready() -> tuple[str, ...]:
    """The names of the mappings that come with the product."""
    folder = files("annotations.formats") / "maps"
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir()))


def mapping(name: str) -> Mapping:
    """A mapping that comes with the product, or that of a file. Raises OSError and Mistakes."""
    if name in ready():
        return read((files("annotations.formats") / "maps" / f"{name}.yaml").read_bytes(), f"{name}.yaml")
    return read(Path(name).read_bytes(), name)
