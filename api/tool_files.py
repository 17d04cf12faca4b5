"""A document as a file of other newsroom and annotation tools; `onrecord import` reads each of them."""

import io
import zipfile

from sqlalchemy import RowMapping

from annotations.annotated import AnnotatedDocument
from annotations.formats import own, write_brat, write_ninjs, write_web_annotation
from annotations.unload import annotated
from api.listing.formats import dump
from api.listing.reading import Reading
from api.listing.resource import Whole


def brat_files(reading: Reading, row: RowMapping) -> dict[str, bytes]:
    """`ID.txt` and `ID.ann`."""
    given = own.standoff(document_of(reading, row))
    return {f"{given.name}.txt": given.text.encode(), f"{given.name}.ann": write_brat.write(given).encode()}


def brat(reading: Reading, row: RowMapping, _: str) -> bytes:
    """A zip of these two."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        for name, data in brat_files(reading, row).items():
            # Of no time: the same document is the same bytes.
            files.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def cas(reading: Reading, row: RowMapping, _: str) -> bytes:
    """UIMA CAS in JSON, version 0.4."""
    # A service that is never asked for it does without the library.
    from annotations.formats import write_cas  # noqa: PLC0415

    return write_cas.json_of(write_cas.write(own.standoff(document_of(reading, row))))


def ninjs(reading: Reading, row: RowMapping, base: str) -> bytes:
    """A news item, without its marks."""
    return dump(write_ninjs.item(document_of(reading, row), _address(row, base), row["revision_time"]))


def web_annotation(reading: Reading, row: RowMapping, base: str) -> bytes:
    """The page of its web annotations."""
    address = _address(row, base)
    given = own.standoff(document_of(reading, row))
    return dump(write_web_annotation.page(given, f"{address}/annotations", f"{address}/text"))


def _address(row: RowMapping, base: str) -> str:
    return f"{base}/v1/documents/{row['id']}"


def document_of(reading: Reading, row: RowMapping) -> AnnotatedDocument:
    """The document of a row, as the reading has it."""
    return annotated(reading.session, row["id"], None if reading.number == reading.newest else reading.number)


WHOLES = {
    "ninjs": Whole("news item (ninjs 3.1) without marks", "application/vnd.iptc.ninjs+json", ninjs),
    "brat": Whole("zip of brat's two files", "application/zip", brat),
    "cas": Whole("UIMA CAS in JSON", "application/vnd.uima.cas+json", cas),
}
