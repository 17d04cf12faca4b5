"""Real files of annotation and news tools, where an environment variable names their folder."""

import os
from pathlib import Path

import pytest

from annotations.formats import brat, cas, doccano, label_studio, ninjs, web_annotation
from annotations.formats.compose import compose
from annotations.formats.mapping import mapping
from annotations.formats.standoff import Standoff
from annotations.mistakes import Mistakes

FOLDER = Path(os.environ.get("ONRECORD_TEST_EXPORTS", "/nowhere"))
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="ONRECORD_TEST_EXPORTS names no folder")


def _brat(name: str) -> Standoff:
    text, ann = (FOLDER / "brat" / f"{name}{suffix}" for suffix in (".txt", ".ann"))
    return brat.read(name, text.read_bytes().decode(), ann.read_bytes().decode())


@pytest.mark.parametrize(
    "name",
    [
        "000-introduction",
        "040-text_span_annotation",
        "060-relation_annotation",
        "080-event-annotation",
        "100-attribute_annotation",
    ],
)
def test_brat(name: str) -> None:
    found = _brat(name)
    lines = (FOLDER / "brat" / f"{found.name}.ann").read_text().splitlines()
    # An event takes the place of its trigger; a set of equal ones is a chain from its first.
    related = sum(line.startswith("R") for line in lines)
    arguments = sum(len(line.split()) - 2 for line in lines if line.startswith("E"))
    alike = sum(len(line.split()) - 3 for line in lines if line.startswith("*"))
    assert len(found.marks) == sum(line.startswith("T") for line in lines)
    assert len(found.links) == related + arguments + alike
    assert not found.unread
    # Every label that the mapping does not know is listed.
    left = compose(found, mapping("parc")).left
    assert {mark.label for mark in found.marks} == {
        line.split("'")[1] for line in left if "the label" in line
    }


def test_w3c_takes_what_is_correct_and_refuses_what_is_not() -> None:
    correct = sorted((FOLDER / "w3c-web-annotation" / "correct").glob("*.json"))
    incorrect = sorted((FOLDER / "w3c-web-annotation" / "incorrect").glob("*.json"))
    assert (len(correct), len(incorrect)) == (20, 20)
    for file in correct:
        (mark,) = web_annotation.read(file.stem, "Some text", file.read_bytes()).marks
        assert mark.spans == ()
    for file in incorrect:
        with pytest.raises(Mistakes):
            web_annotation.read(file.stem, "Some text", file.read_bytes())


def test_uima_cas_counts_utf16() -> None:
    for name in ("casWithTextAndAnnotations", "casWithEmojiUnicodeTextAndAnnotations"):
        folder = FOLDER / "uima-cas" / name
        found = cas.read_json(name, (folder / "data.json").read_bytes())
        assert [found.words(mark) for mark in found.marks] == found.text.split(" ")
    types = (folder / "debug-typesystem.xml").read_bytes()
    again = cas.read_xmi(name, (folder / "debug.xmi").read_bytes(), types)
    assert [mark.spans for mark in again.marks] == [mark.spans for mark in found.marks]


def test_uima_cas_with_references() -> None:
    folder = FOLDER / "uima-cas"
    types = (folder / "important_dkpro_types.xml").read_bytes()
    found = cas.read_xmi("a", (folder / "cas_with_references.xmi").read_bytes(), types)
    words = {mark.id: found.words(mark) for mark in found.marks}
    assert [(link.label, words[link.source], words[link.target]) for link in found.links][:2] == [
        ("Bar", "dolor", "Lorem"),
        ("Baz", "dolor", "ametr"),
    ]


@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("testSentenceWithEmoji", []),
        ("testSimpleSlotFeature", [("p1", "This", "is"), ("p2", "This", "a")]),
        ("testSingleTokenRelationWithFeatureValue", [("Relation.nsubj", "This", ".")]),
    ],
)
def test_inception(name: str, links: list[tuple[str, str, str]]) -> None:
    types = (FOLDER / "inception" / "webannoTestTypes.xml").read_bytes()
    found = cas.read_xmi(name, (FOLDER / "inception" / name / "reference.xmi").read_bytes(), types)
    words = {mark.id: found.words(mark) for mark in found.marks}
    assert [(link.label, words[link.source], words[link.target]) for link in found.links] == links
    if name == "testSentenceWithEmoji":
        assert "😊" in words.values()


def test_doccano_and_label_studio() -> None:
    labelled = doccano.read(
        "a",
        (FOLDER / "doccano/export/sequence_labeling/example.jsonl").read_bytes().splitlines(keepends=True),
    )
    assert [[one.words(mark) for mark in one.marks] for one in labelled] == [
        ["EU", "German"], ["Peter Blackburn"], ["Obama"]
    ]  # fmt: skip
    (related,) = doccano.read(
        "a",
        (FOLDER / "doccano/export/relation_extraction/example.jsonl").read_bytes().splitlines(keepends=True),
    )
    assert [link.label for link in related.links] == ["foundedAt", "foundedBy", "foundedBy"]
    (task,) = label_studio.read("a", (FOLDER / "label-studio/completions-348.json").read_bytes())
    assert {mark.label for mark in task.marks} == {"INGREDIENT"}
    assert "Aqua (Water)" in {task.words(mark) for mark in task.marks}


def test_ninjs() -> None:
    for file in sorted((FOLDER / "ninjs").glob("*.json")):
        found = ninjs.read(file.stem, file.read_bytes())
        document = found.about["document"]
        assert document["title"] == "Captain of wrecked cruise ship on trial in Italy"
        assert document["published"] == "2013-07-09"
        assert found.text.startswith("GROSSETO, Italy (AP)")
