"""The closed vocabularies of the record: what a column may say, written once for database, API and files."""

from typing import Literal, get_args

EntityKind = Literal["actor", "organisation", "place"]
Naming = Literal["named", "role", "anonymous", "collective"]
MentionKind = Literal["name", "nominal", "pronoun", "demonym"]
Status = Literal["draft", "embargoed", "published", "withdrawn"]
PublishedBasis = Literal["stated", "inferred", "unknown"]
Form = Literal["direct", "mixed", "indirect"]
Act = Literal[
    "statement",
    "belief",
    "intention",
    "request",
    "order",
    "proposal",
    "warning",
    "concern",
    "question",
    "refusal",
    "silence",
]
Polarity = Literal["positive", "negative"]
Relation = Literal["relays", "embeds", "responds"]
SpeakerRole = Literal["speaker", "addressee"]
Comparator = Literal["=", ">=", ">", "<=", "<", "~", "<~", ">~", "range", "magnitude"]
End = Literal["closed", "open", "unbounded", "unknown"]
BoundsBasis = Literal["stated", "convention", "editor"]
Modality = Literal["asserted", "possible", "projected", "denied"]
Aggregation = Literal["cumulative", "event", "level", "projection"]
Stance = Literal["asserts", "repeats", "disputes", "denies"]
TimexRole = Literal["said", "period", "reference"]
Anchor = Literal["none", "publication", "utterance"]
TimexBasis = Literal["stated", "resolved", "inferred"]
# Why what is on record is corrected, in one of a few words; free ones stand beside it.
# `published` is no correction: what was a draft, or held back, is shown.
Reason = Literal["typo", "annotation", "source corrected", "retracted", "published"]
SpanRole = Literal[
    "boilerplate",
    "sentence",
    "attribution",
    "content",
    "verbatim",
    "cue",
    "occasion",
    "medium",
    "said",
    "statement",
    "number",
    "counted",
    "measure",
    "unit",
    "share_of",
    "place",
    "responsible",
    "period",
    "reference",
    "caveat",
]


def words(vocabulary: object) -> tuple[str, ...]:
    """The members of one of the vocabularies above, in their order."""
    return get_args(vocabulary)
