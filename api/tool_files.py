"""A document as files of other newsroom and annotation tools; `onrecord import` reads each of them."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import RowMapping

from annotations import archive
from annotations.annotated import AnnotatedDocument
from annotations.formats import own, write_brat, write_ninjs, write_web_annotation
from annotations.unload import annotated
from api.listing.formats import JSON_LD, dump
from api.listing.reading import Reading
from api.listing.resource import Whole

# Their bytes by their names.
Files = dict[str, bytes]


@dataclass(frozen=True)
class Recorded:
    """A document, its address, and the time when it was recorded as it is."""

    document: AnnotatedDocument
    address: str
    time: str


def recorded(reading: Reading, row: RowMapping, base: str) -> Recorded:
    """The document of a row (`id`, `revision_time`), as the reading has it."""
    number = None if reading.number == reading.newest else reading.number
    document = annotated(reading.session, row["id"], number)
    return Recorded(document, f"{base}/v1/documents/{row['id']}", row["revision_time"])


def brat(given: Recorded) -> Files:
    """`ID.txt` and `ID.ann`."""
    id_, marks = given.document.id, write_brat.write(own.standoff(given.document))
    return {f"{id_}.txt": given.document.text.encode(), f"{id_}.ann": marks.encode()}


def cas(given: Recorded) -> Files:
    """UIMA CAS in JSON, version 0.4."""
    # A service that is never asked for it does without the library.
    from annotations.formats import write_cas  # noqa: PLC0415

    return {f"{given.document.id}.json": write_cas.json_of(write_cas.write(own.standoff(given.document)))}


def ninjs(given: Recorded) -> Files:
    """A news item, without its marks."""
    return {f"{given.document.id}.json": dump(write_ninjs.item(given.document, given.address, given.time))}


def web_annotations(given: Recorded) -> Files:
    """The page of its web annotations (W3C)."""
    marked, address = own.standoff(given.document), given.address
    page = write_web_annotation.page(marked, f"{address}/annotations", f"{address}/text")
    return {f"{given.document.id}.jsonld": dump(page)}


def _whole(about: str, media_type: str, made: Callable[[Recorded], Files]) -> Whole:
    def write(reading: Reading, row: RowMapping, base: str) -> bytes:
        files = made(recorded(reading, row, base))
        return b"".join(archive.zipped(files.items())) if len(files) > 1 else next(iter(files.values()))

    return Whole(about, media_type, write)


ANNOTATIONS = _whole(
    "web annotations", f'{JSON_LD}; profile="http://www.w3.org/ns/anno.jsonld"', web_annotations
)
WHOLES = {
    "ninjs": _whole("news item (ninjs 3.1) without marks", "application/vnd.iptc.ninjs+json", ninjs),
    "brat": _whole("zip of brat's two files", "application/zip", brat),
    "cas": _whole("UIMA CAS in JSON", "application/vnd.uima.cas+json", cas),
}
