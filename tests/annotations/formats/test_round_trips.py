"""Round trips: record -> another format -> record keeps everything, whatever stands in the text."""

import json
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given, settings

from annotations.annotated import AnnotatedDocument
from annotations.formats import brat, cas, web_annotation, write_brat, write_cas, write_web_annotation
from annotations.formats.compose import compose
from annotations.formats.mapping import mapping
from annotations.formats.own import standoff
from annotations.formats.standoff import Standoff
from annotations.read import read
from annotations.write import write
from tests.annotations.documents import documents
from tests.annotations.flood import MEASURES, flood

Trip = Callable[[Standoff], Standoff]


def _brat(given: Standoff) -> Standoff:
    return brat.read(given.name, given.text, write_brat.write(given))


def _w3c(given: Standoff) -> Standoff:
    page = write_web_annotation.page(given, "https://news.example/annotations", "https://news.example/text")
    return web_annotation.read(given.name, given.text, json.dumps(page).encode())


def _xmi(given: Standoff) -> Standoff:
    written = write_cas.write(given)
    try:
        xmi = write_cas.xmi_of(written)
    except ValueError:
        # What XML has no way to write, no XMI can hold.
        assume(all(character.isprintable() or character in "\t\n" for character in given.text))
        raise
    return cas.read_xmi(given.name, xmi, write_cas.types_of(written))


def _cas_json(given: Standoff) -> Standoff:
    return cas.read_json(given.name, write_cas.json_of(write_cas.write(given)))


TRIPS: dict[str, Trip] = {
    "brat": _brat,
    "w3c": _w3c,
    "xmi": _xmi,
    "cas": _cas_json,
    "none": lambda given: given,
}


def back(document: AnnotatedDocument, trip: Trip) -> AnnotatedDocument:
    """The document after a trip through another format; nothing may be left out on the way."""
    composed = compose(trip(standoff(document)), mapping("onrecord"))
    assert composed.left == []
    return read("back", composed.text.encode(), composed.annotation, MEASURES)


@pytest.mark.parametrize("name", TRIPS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(document=documents())
def test_whatever_is_annotated_comes_back(name: str, document: AnnotatedDocument) -> None:
    again = back(document, TRIPS[name])
    assert write(again, MEASURES) == write(document, MEASURES)
    assert again == document


@pytest.mark.parametrize("name", TRIPS)
def test_a_small_document_comes_back(name: str) -> None:
    assert back(flood(), TRIPS[name]) == flood()
