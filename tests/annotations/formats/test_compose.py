"""Other schemes: what the mapping says of their labels becomes an annotation; the rest is listed."""

import json
from pathlib import Path

import pytest

from annotations.formats import brat, citron
from annotations.formats.compose import Composed, compose
from annotations.formats.mapping import mapping
from annotations.formats.mapping import read as read_mapping
from annotations.mistakes import Mistakes
from annotations.read import read
from models.measures import vocabulary

TEXT = "“We are coping,” Ann Lee said 🌊. “He lies,” she added.\n\nLee said that 40 boats sank.\n"
PARC = """\
T1\tCue 25 29\tsaid
T2\tSource 17 24\tAnn Lee
T3\tContent 0 16\t“We are coping,”
R1\tsource Arg1:T1 Arg2:T2
R2\tcontent Arg1:T1 Arg2:T3
T4\tCue 48 53\tadded
T5\tSource 44 47\tshe
T6\tContent 33 43\t“He lies,”
R3\tsource Arg1:T4 Arg2:T5
R4\tcontent Arg1:T4 Arg2:T6
T7\tPlace 8 14\tcoping
"""


def composed(ann: str, name: str = "parc") -> Composed:
    return compose(brat.read("a", TEXT, ann), mapping(name))


def finished(found: Composed, **entities: str) -> None:
    """Read it back as an editor would finish it."""
    for key, kind in entities.items():
        found.tree["entities"][key.replace("_", "-")]["kind"] = kind
    document = read("a", found.text.encode(), found.annotation, vocabulary())
    assert document.text == found.text


def test_a_cue_is_a_quote_with_its_source_and_its_content() -> None:
    found = composed(PARC)
    assert [quote["mark"] for quote in found.tree["quotes"]] == [
        "{content|“We are coping,”} {speaker=ann-lee|Ann Lee} {cue|said} 🌊.",
        "{content|“He lies,”} she {cue|added}.",
    ]
    assert found.tree["entities"] == {"ann-lee": {"name": "Ann Lee"}}
    assert found.left == [
        "a.ann:11: the label 'Place' is not in the mapping",
        "a.ann:7: 'she' is a speaker, and nothing says whom it means",
    ]
    with pytest.raises(Mistakes, match="the key 'kind' is missing"):
        finished(found)
    finished(found, ann_lee="actor")


def test_two_names_that_are_said_to_be_one_are_one_entity(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(
        """
labels: {Cue: cue, Source: {role: speaker, kind: actor}, Content: content, PER: {role: mention, kind: actor}}
links: {source: speaker, content: content, Same: same}
ignore: [Place]
"""
    )
    found = composed(PARC + "T8\tPER 56 59\tLee\n*\tSame T2 T5 T8\n", str(tmp_path / "map.yaml"))
    assert found.left == []
    assert found.tree["entities"] == {"ann-lee": {"kind": "actor", "name": "Ann Lee", "aliases": ["Lee"]}}
    assert found.tree["quotes"][1]["mark"] == "{content|“He lies,”} {speaker=ann-lee|she} {cue|added}."
    assert found.tree["text"][2] == "{ann-lee|Lee} said that 40 boats sank."
    finished(found)


def test_a_speaker_of_two_quotes_does_not_join_them() -> None:
    both = PARC.replace("R3\tsource Arg1:T4 Arg2:T5", "R3\tsource Arg1:T4 Arg2:T2").replace(
        "T5\tSource", "T5\tPlace"
    )
    found = composed(both)
    assert [quote["id"] for quote in found.tree["quotes"]] == ["q1", "q2"]
    mark = "“We are coping,” {speaker=ann-lee|Ann Lee} said 🌊. {content|“He lies,”} she {cue|added}."
    assert found.tree["quotes"][1]["mark"] == mark
    finished(found, ann_lee="actor")


def test_a_figure_becomes_a_claim(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("labels: {N: number, What: counted}\nlinks: {of: part}\n")
    start = TEXT.index("40")
    ann = f"T1\tN {start} {start + 2}\t40\nT2\tWhat {start + 3} {start + 8}\tboats\nR1\tof Arg1:T1 Arg2:T2\n"
    found = composed(ann, str(tmp_path / "map.yaml"))
    assert found.tree["claims"] == [
        {"id": "c1", "value": "40", "caveats": [], "mark": "Lee said that {number|40} {counted|boats} sank."}
    ]
    with pytest.raises(Mistakes, match="the key 'measure' is missing"):
        finished(found)


def test_an_extract_is_widened_until_it_stands_in_the_article_once() -> None:
    text = "He said no.\n\nOne more.\n\nHe said no.\n"
    start = text.rindex("said")
    found = compose(brat.read("a", text, f"T1\tCue {start} {start + 4}\tsaid\n"), mapping("parc"))
    assert found.tree["quotes"][0]["mark"] == "One more. He {cue|said} no."


def test_citron_needs_no_other_mapping() -> None:
    def span(words: str) -> dict[str, object]:
        start = TEXT.index(words)
        return {"start": start, "end": start + len(words), "text": words}

    quotes = [
        {
            "cue": span("said"),
            "sources": [span("Ann Lee")],
            "contents": [span("“We are coping,”")],
            "confidence": 0.9,
        },
        {
            "cue": span("added"),
            "sources": [span("she")],
            "contents": [span("“He lies,”")],
            "coreferences": [span("Ann Lee")],
        },
    ]
    given = citron.read("a", json.dumps({"text": TEXT, "quotes": quotes}).encode())
    found = compose(given, mapping("citron"))
    assert found.left == []
    assert found.tree["quotes"][1]["mark"] == "{content|“He lies,”} {speaker=ann-lee|she} {cue|added}."
    finished(found, ann_lee="actor")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("labels:\n  Cue: speakr\n", r"map\.yaml:2: is not one of .*'speakr' \(did you mean 'speaker'\?\)"),
        ("label:\n  Cue: cue\n", r"map\.yaml:1: unknown key.*'label' \(did you mean 'labels'\?\)"),
        ("links:\n  says: speakr\n", r"map\.yaml:2: is not one of .*\(did you mean 'speaker'\?\)"),
        ("- a\n", "is no mapping with the keys"),
    ],
)
def test_a_mapping_is_checked(text: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        read_mapping(text.encode(), "map.yaml")
