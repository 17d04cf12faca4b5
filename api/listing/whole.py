"""Forms that one item alone has, such as the files of a document for other tools."""

from fastapi import Request, Response
from sqlalchemy import RowMapping

from api.listing.atom import base_of
from api.listing.negotiation import etag_of, headers_of, not_modified, own_tag, same
from api.listing.reading import Reading
from api.listing.resource import Resource, Whole


def answer_whole(
    request: Request, resource: Resource, whole: Whole, reading: Reading, row: RowMapping
) -> Response:
    """The item of this row in such a form.

    It shows more of the record than the item, such as names: its tag changes with every revision.
    """
    base = base_of(request)
    shown = etag_of(whole.media_type, base, reading.began, reading.number, reading.desk)
    etag = f'"{own_tag(row[resource.own])}.{shown[1:]}'
    if same(request, etag):
        return not_modified(etag, reading.number)
    body = whole.write(reading, row, base)
    return Response(body, headers=headers_of(etag, reading.number), media_type=whole.media_type)
