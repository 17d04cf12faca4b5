"""Facets: the values of a filter with the number of hits that each would leave."""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Select, func

from api.listing.engine import Listing
from api.listing.filters import NONE, Exact, Narrow
from api.listing.parameters import MOST_FACET_VALUES
from api.listing.reading import Reading
from api.listing.sql import select


def facet(listing: Listing, name: str) -> list[dict[str, Any]]:
    """The values of a filter with the number of hits that each would leave, its own filter left out."""
    filter = listing.resource.facets()[name]
    counted = _counted(filter, listing.reading, listing.filtered(without=name))
    return [
        {"value": value, "label": label, "count": count, "url": _url(listing, name, value)}
        for value, label, count in listing.reading.session.execute(counted)
    ]


def _url(listing: Listing, name: str, value: Any) -> str:
    """The list that has exactly `count` hits: the same query at the same revision."""
    own = {parameter.name for parameter in listing.resource.facets()[name].parameters()}
    kept = {key: v for key, v in listing.query.items() if key not in own}
    chosen = {**kept, name: NONE if value is None else value, "as_of": listing.reading.number}
    return f"/v1/{listing.resource.name}?{urlencode(chosen, doseq=True)}"


def _counted(filter: Exact, reading: Reading, filtered: Select[Any]) -> Select[Any]:
    """Value, label and number of the most frequent values among the rows of a filtered select."""
    number = func.count().label("number")
    if filter.by is None:
        value = filter.value(reading)
        label = value if filter.label is None else filter.label
        counted = filtered.with_only_columns(value, func.max(label), number)
        return counted.group_by(value).order_by(number.desc(), value).limit(MOST_FACET_VALUES)
    # Not correlated: the relation may read the tables that the filtered rows come from.
    owners = filtered.with_only_columns(filter.key).correlate(None)
    relation = filter.by(reading, Narrow(owners=owners)).subquery()
    value, number = relation.c.value, func.count(relation.c.owner.distinct()).label("number")
    grouped = select(value, number).where(value.is_not(None)).group_by(value)
    counts = grouped.order_by(number.desc(), value).limit(MOST_FACET_VALUES).subquery()
    order = (counts.c.number.desc(), counts.c.value)
    if filter.labels is None:
        return select(counts.c.value, counts.c.value, counts.c.number).order_by(*order)
    labels = filter.labels(reading).subquery()
    labelled = select(counts.c.value, labels.c.label, counts.c.number).select_from(counts)
    return labelled.outerjoin(labels, labels.c.value == counts.c.value).order_by(*order)
