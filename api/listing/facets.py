"""Facets: the values of a filter with the number of hits that each would leave."""

from typing import Any
from urllib.parse import urlencode

from sqlalchemy import BigInteger, Select, cast, func, select
from sqlmodel import col

from api.listing.engine import Listing
from api.listing.filters import NONE, Exact, Narrow
from api.listing.order import DOCUMENT, counted, table_of
from api.listing.parameters import MOST_FACET_VALUES
from models.document import Document
from models.prepared import Found


def facet(listing: Listing, name: str) -> list[dict[str, Any]]:
    """The values of a filter with the number of hits that each would leave, its own filter left out."""
    values = _Counted(listing, listing.resource.facets()[name]).select()
    return [
        {"value": value, "label": label, "count": count, "url": _url(listing, name, value)}
        for value, label, count in listing.reading.session.execute(values)
    ]


def _url(listing: Listing, name: str, value: Any) -> str:
    """The list that has exactly `count` hits: the same query at the same revision."""
    own = {parameter.name for parameter in listing.resource.facets()[name].parameters()}
    kept = {key: v for key, v in listing.query.items() if key not in own}
    chosen = {**kept, name: NONE if value is None else value, "as_of": listing.reading.number}
    return f"/v1/{listing.resource.name}?{urlencode(chosen, doseq=True)}"


class _Counted:
    """Value, label and number of the most frequent values of a filter among the hits of the others."""

    def __init__(self, listing: Listing, filter: Exact) -> None:
        self.listing, self.filter, self.reading = listing, filter, listing.reading
        self.model = listing.resource.model
        self.clauses = listing.clauses_without(filter.name)
        # None unless rows can be counted without looking at the document of each.
        below = listing.resource.prepared and self.model is not Document
        self.bare = counted(self.model, self.clauses, self.reading) if below else None

    def select(self) -> Select[Any]:
        """The select of the three, the most frequent first."""
        filter = self.filter
        if filter.by is not None:
            return self._labelled(self._related())
        value = filter.value(self.reading)
        table = getattr(value, "table", None)
        if self.bare is not None and table is DOCUMENT:
            return self._by_document(value)
        if self.bare is not None and filter.label is None and table is table_of(self.model):
            number = func.count().label("number")
            rows = select(value, value, number).where(*self.bare).group_by(value)
            return rows.order_by(number.desc(), value).limit(MOST_FACET_VALUES)
        number = func.count().label("number")
        filtered = self.listing.filtered(without=filter.name)
        label = value if filter.label is None else filter.label
        rows = filtered.with_only_columns(value, func.max(label), number)
        return rows.group_by(value).order_by(number.desc(), value).limit(MOST_FACET_VALUES)

    def _by_document(self, value: Any) -> Select[Any]:
        """Counted by document first: there are far fewer of them."""
        assert self.bare is not None, "asked before"
        document = self.model.document_id
        own = select(document.label("id"), func.count().label("number"))
        own_rows = own.where(*self.bare).group_by(document).subquery()
        # PostgreSQL sums whole numbers to decimal ones.
        number = cast(func.sum(own_rows.c.number), BigInteger).label("number")
        label = value if self.filter.label is None else self.filter.label
        rows = select(value, func.max(label), number).join(Document, col(Document.id) == own_rows.c.id)
        rows = rows.where(self.reading.valid(Document), self.reading.sees(Document)).group_by(value)
        return rows.order_by(number.desc(), value).limit(MOST_FACET_VALUES)

    def _related(self) -> Any:
        """The values of a relation, counted: `value` and `number`."""
        filter, reading = self.filter, self.reading
        if self.bare is not None and filter.prepared is not None and reading.finds:
            if self.clauses:
                keys = select(self.model.document_id, self.model.row_key).where(*self.bare).subquery()
                same = (col(Found.document_id) == keys.c.document_id) & (col(Found.row_key) == keys.c.row_key)
                rows = (
                    select(col(Found.value), func.count().label("number")).select_from(keys).join(Found, same)
                )
            else:
                rows = select(col(Found.value), func.count().label("number"))
                rows = rows.where(col(Found.document_id).not_in(reading.hidden()))
            rows = rows.where(reading.found(filter.prepared)).group_by(col(Found.value))
            order = (func.count().desc(), col(Found.value))
            return rows.order_by(*order).limit(MOST_FACET_VALUES).subquery()
        # Not correlated: the relation may read the tables that the filtered rows come from.
        assert filter.by is not None, "asked before"
        filtered = self.listing.filtered(without=filter.name)
        owners = filtered.with_only_columns(filter.key).correlate(None)
        relation = filter.by(reading, Narrow(owners=owners)).subquery()
        value, number = relation.c.value, func.count(relation.c.owner.distinct()).label("number")
        grouped = select(value, number).where(value.is_not(None)).group_by(value)
        return grouped.order_by(number.desc(), value).limit(MOST_FACET_VALUES).subquery()

    def _labelled(self, counts: Any) -> Select[Any]:
        order = (counts.c.number.desc(), counts.c.value)
        if self.filter.labels is None:
            return select(counts.c.value, counts.c.value, counts.c.number).order_by(*order)
        labels = self.filter.labels(self.reading).subquery()
        labelled = select(counts.c.value, labels.c.label, counts.c.number).select_from(counts)
        return labelled.outerjoin(labels, labels.c.value == counts.c.value).order_by(*order)
