"""A reader of annotations, not of ours, shows the web annotations of the seed where their words are."""

from pathlib import Path

from annotations.annotated import AnnotatedDocument
from annotations.formats.own import standoff
from tests.available import require
from tests.explorer import served
from tests.postgres import free_port
from tests.reader import COLOURS, DRAWN, installed, opened


def test_every_annotation_is_found_in_the_text(seed: AnnotatedDocument, tmp_path: Path) -> None:
    require("chromium")
    reader = installed(tmp_path)
    with served(free_port(), tmp_path) as base, opened(base, reader) as (page, found):
        drawn = page.locator(DRAWN).count()
    marks = standoff(seed).marks
    assert found["sent"] == len(found["read"]) == len(marks)
    for one in found["read"]:
        assert one["words"] == one["quoted"]
    words = sorted((one["label"], *one["quoted"]) for one in found["read"])
    assert words == sorted((mark.label, *(seed.text[a:b] for a, b in mark.spans)) for mark in marks)
    assert drawn >= sum(mark.label in COLOURS for mark in marks)
