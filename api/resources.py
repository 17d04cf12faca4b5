"""The resources of the record: every noun stands here once."""

from api.claims import CLAIMS
from api.documents import DOCUMENTS
from api.entities import ACTORS, ENTITIES, ORGANISATIONS, PLACES
from api.indicators import INDICATORS
from api.listing.prepare import preparer
from api.listing.resource import Resource
from api.measures import MEASURES
from api.mentions import MENTIONS
from api.quotes import QUOTES

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        DOCUMENTS, ENTITIES, ACTORS, ORGANISATIONS, PLACES,
        MENTIONS, QUOTES, CLAIMS, INDICATORS, MEASURES,
    )
}  # fmt: skip
PREPARE = preparer(RESOURCES.values())
