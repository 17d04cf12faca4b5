"""The annotation file, key by key; the check and the JSON Schema read the descriptions here."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic import WithJsonSchema as Schema

from annotations.scalars import NUMERIC, Bound, Coordinates, Edtf, Moment, Short
from models.vocabulary import (
    Act,
    Aggregation,
    Anchor,
    EntityKind,
    Form,
    Modality,
    Naming,
    Polarity,
    PublishedBasis,
    Stance,
    Status,
    TimexBasis,
)

# Each pattern with what to say about a value that does not match it.
PATTERNS = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "is not a slug: a-z, 0-9 and single hyphens, such as 'un-refugee-agency'",
    r"^q[1-9][0-9]{0,4}$": "is not the id of a quote, such as 'q1'",
    r"^c[1-9][0-9]{0,4}$": "is not the id of a claim, such as 'c1'",
    r"^Q[1-9][0-9]{0,10}$": "is not a Wikidata id, such as 'Q1065'",
    r"^[A-Z]{2}$": "is not an ISO 3166 code of two capital letters, such as 'LB'",
    r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$": "is not a BCP 47 language tag, such as 'en' or 'pt-BR'",
    r"^https?://[^\s]+$": "is not a URL that begins with http:// or https://",
    r"^[0-9a-f]{64}$": "is not a SHA-256: 64 digits 0-9, a-f",
}
_SLUG, _QUOTE, _CLAIM, _WIKIDATA, _COUNTRY, _LANGUAGE, _URL, _SHA256 = PATTERNS

Words = Annotated[str, Field(min_length=1, max_length=5000)]
Name = Annotated[str, Field(min_length=1, max_length=500)]
Mark = Annotated[str, Field(min_length=1, max_length=50_000)]
LONGEST_KEY = 100
Key = Annotated[str, Field(pattern=_SLUG, max_length=LONGEST_KEY)]
QuoteId = Annotated[str, Field(pattern=_QUOTE)]
ClaimId = Annotated[str, Field(pattern=_CLAIM)]


class _Keys(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def _key(description: str, *examples: Any, default: Any = None, pattern: str | None = None) -> Any:
    return Field(default, description=description, examples=list(examples), pattern=pattern)


def _list(description: str, *examples: Any) -> Any:
    return Field(default_factory=list, description=description, examples=list(examples))


def _map(description: str) -> Any:
    return Field(default_factory=dict, description=description)


class Date(_Keys):
    """A date that no words of the mark give."""

    value: Edtf = _key("EDTF", "2024-10-15", default=...)
    anchor: Anchor | None = _key("What the article counts from", "publication")
    basis: TimexBasis | None = _key("Without words it is inferred", "inferred")


class Document(_Keys):
    """The article."""

    id: Key = _key("Slug of the document", "harbour-flood", default=...)
    title: Name = _key(
        "As printed; in square brackets when the editor supplied it", "Harbour flood", default=...
    )
    outlet: Name | None = _key("Who published it", "The Daily Example")
    url: Name | None = _key("Where it was published", "https://news.example/flood", pattern=_URL)
    language: str = _key("BCP 47 tag of the text", "en", default="en", pattern=_LANGUAGE)
    timezone: Name = _key("IANA zone in which the text says 'Tuesday'", "Asia/Beirut", default="UTC")
    published: Edtf | None = _key("Date of publication, EDTF", "2024-10-15")
    printed: Name | None = _key("The date line as printed", "Oct. 15, 2024")
    basis: PublishedBasis = _key("On what basis the date is given", "inferred", default=...)
    note: Words | None = _key("Why, unless the date is stated", "The text has no dateline.")
    status: Status = _key("Where it stands between draft and withdrawal", "published", default="published")
    embargo: Moment | None = _key(
        "When it is published, of one that is embargoed; with its zone", "2024-10-16T07:00:00+02:00"
    )
    sha256: str | None = _key("Hash of the bytes of the .txt, which pins it", "0" * 64, pattern=_SHA256)


class Entity(_Keys):
    """An actor, an organisation or a place."""

    kind: EntityKind = _key(
        "A person, a body that acts (states, too), or a place", "organisation", default=...
    )
    naming: Naming = _key("How the article names it; 'named' makes the key global", "named", default="named")
    name: Name = _key("Name, or the description of one without a name", "United Nations", default=...)
    aliases: list[Name] = _list("Other names of it", ["U.N.", "UN"])
    description: Words | None = _key("The role as the article gives it", "militant group")
    wikidata: str | None = _key("Wikidata id, where the article leaves no doubt", "Q1065", pattern=_WIKIDATA)
    part_of: Key | None = _key("Key of the entity that it is part of", "un")
    acts_for: Key | None = _key("Key of the entity that it acts for", "un")
    coordinates: Coordinates | None = _key("Latitude and longitude of a place", "33.89, 35.50")
    country: str | None = _key("ISO 3166 code of a place", "LB", pattern=_COUNTRY)


class Quote(_Keys):
    """One attribution: what one source says in one act of speech."""

    id: QuoteId = _key("Id within the document", "q1", default=...)
    form: Form | None = _key("All content in quotation marks, some, or none", "indirect")
    act: Act = _key("What the source does in saying it", "warning", default="statement")
    polarity: Polarity = _key(
        "Negative when the source denies, opposes or rejects it", "negative", default="positive"
    )
    relays: Annotated[list[QuoteId], Short()] = _list("Quotes that this one passes on", "q1", ["q1", "q2"])
    embeds: Annotated[list[QuoteId], Short()] = _list("Quotes that this one merely contains", "q1")
    responds: QuoteId | None = _key("The quote that this one answers, or fails to answer", "q1")
    speakers: list[Key] = _list("Speakers whom no words of the mark name", ["aide"])
    addressees: list[Key] = _list("Addressees whom no words of the mark name", ["un"])
    said: Annotated[Date | None, Short("value")] = _key(
        "The day, when no words of the mark give it", "2024-10-15"
    )
    mark: Annotated[list[Mark], Field(min_length=1), Short()] = _key(
        "The extract, with the roles content, verbatim, cue, speaker=KEY, addressee=KEY, said=EDTF, "
        "occasion, medium",
        "{speaker=aide|a ministry aide} {cue|said} {content|1,300 people were displaced}",
        default=...,
    )


class Source(_Keys):
    """A quote that stands behind a claim."""

    quote: QuoteId = _key("Id of the quote", "q1", default=...)
    stance: Stance = _key("What the quote does with the claim", "repeats", default="asserts")


class Claim(_Keys):
    """A numeric claim."""

    id: ClaimId = _key("Id within the document", "c1", default=...)
    value: Annotated[Words, Schema({"type": NUMERIC})] = _key(
        "In words", "at least 2,350", "vague", default=...
    )
    low: Bound | None = _key("Lower bound of the editor's, where the article states none", "45")
    high: Bound | None = _key("Upper bound of the editor's, where the article states none", "55")
    measure: Name = _key("Term of the vocabulary of measures", "displaced", default=...)
    unit: Name | None = _key("Unit of the value, if not that of the measure", "USD")
    counted: Words | None = _key("What is counted, if not the words marked so", "people")
    share_of: Words | None = _key(
        "The whole that a share is a share of, if not the words marked so", "Lebanon"
    )
    aggregation: Aggregation | None = _key("Over a period, one event, a level, or a projection", "event")
    modality: Modality = _key(
        "Whether it is asserted, possible, projected or denied", "possible", default="asserted"
    )
    sources: list[Annotated[Source, Short("quote")]] = _list(
        "Quotes behind it; none: the outlet's voice", ["q1"]
    )
    place: Key | None = _key("Where, when no words of the mark say it", "beirut")
    responsible: Key | None = _key("Who caused it, when no words of the mark say it", "hezbollah")
    period: Annotated[Date | None, Short("value")] = _key("Days that the figure covers", "2023-10/2024-10")
    reference_date: Annotated[Date | None, Short("value")] = _key("Day as of which it holds", "2024-10-15")
    subset_of: ClaimId | None = _key("The claim that this one is a part of", "c1")
    refines: ClaimId | None = _key("The claim that this one makes more exact", "c1")
    indicator: Key | None = _key("Key of the indicator that it answers", "displaced-in-lebanon")
    caveats: list[Mark] = _list("Extracts that limit the figure", ["including both soldiers and civilians"])
    mark: Annotated[list[Mark], Field(min_length=1), Short()] = _key(
        "The extract, with the roles number, counted, measure, unit, share_of, place=KEY, responsible=KEY, "
        "period=EDTF, reference=EDTF, caveat",
        "{number|Nearly 1,300} {counted|people} were displaced",
        default=...,
    )


class Indicator(_Keys):
    """A question that claims of several documents answer."""

    label: Name = _key("The question in words", "Killed in Lebanon since October 2023", default=...)
    measure: Name = _key("Term of the vocabulary of measures", "killed", default=...)
    counted: Words | None = _key("What is counted", "people")
    unit: Name | None = _key("Unit of the values", "person")
    place: Key | None = _key("Key of a place", "lebanon-territory")


class File(_Keys):
    """An article's annotation: what it says and who says it."""

    document: Document = _key("The article", default=...)
    boilerplate: list[Mark] = _list("Extracts that are not article text", ["Subscribe to our newsletter"])
    entities: dict[Key, Entity] = _map("Actors, organisations and places by key")
    indicators: dict[Key, Indicator] = _map("Questions that claims answer, by key")
    quotes: list[Quote] = _list("What is said, and by whom")
    claims: list[Claim] = _list("The numeric claims")
    text: list[Mark] = Field(min_length=1, description="Every sentence, with the mentions in it: {KEY|words}")
