"""Writing: what was written reads back as it was, byte for byte."""

import time
from dataclasses import replace

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotations.annotated import AnnotatedDocument, Mention, Span
from annotations.mistakes import Mistakes
from annotations.read import read
from annotations.write import write
from annotations.write_marks import Part, marked
from annotations.yaml_text import Quoted, dump
from tests.annotations.documents import documents
from tests.annotations.flood import MEASURES, TEXT, annotation, flood, line_of


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(documents())
def test_what_is_written_reads_back_equal_and_writes_the_same_bytes(document: AnnotatedDocument) -> None:
    written = write(document, MEASURES)
    again = read("made", document.text.encode(), written, MEASURES)
    assert again == document
    assert write(again, MEASURES) == written


def test_the_canonical_form_is_pleasant_to_read() -> None:
    written = write(flood(), MEASURES).decode()
    assert written.startswith(
        'document:\n  id: harbour-flood\n  title: Harbour flood\n  published: "2024-10-15"\n'
    )
    assert (
        '\n- id: c1\n  value: "nearly 1,300"\n  measure: displaced\n  sources:\n  - q1\n  mark: \'{number|'
        in written
    )
    assert written.endswith("\n- '“We are coping,” {aide|he} said, “for now.”'\n")
    assert "unit" not in written
    assert "unit: person" in write(flood()).decode()


def test_crossing_parts_are_marked_in_a_second_copy() -> None:
    parts = [Part(0, 7, "content"), Part(4, 11, "cue"), Part(0, 3, "number")]
    assert marked("one two six", [(0, 11)], parts) == ["{content|{number|one} two} six", "one {cue|two six}"]


def test_white_space_is_written_as_one_space_and_braces_are_escaped() -> None:
    assert marked("a\n\n{b|c} \\", [(0, 10)], [Part(3, 8, "cue")]) == [r"a {cue|\{b\|c\}} \\"]


@pytest.mark.parametrize("bounds", [(0, 0), (2, 4), (30, 40), (0, 2)])
def test_spans_that_could_not_be_read_back_are_refused(bounds: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="does not begin and end with words"):
        marked("a b", [bounds], [])


@pytest.mark.parametrize(
    ("mentions", "message"),
    [
        ([Mention(0, 8, None, "nominal"), Mention(2, 13, None, "nominal")], "two mentions cross each other"),
        ([Mention(35, 50, None, "nominal")], "does not lie in one sentence"),
    ],
)
def test_mentions_that_no_file_can_hold_are_refused(mentions: list[Mention], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write(replace(flood(), mentions=tuple(mentions)))


def test_a_part_outside_its_extract_is_refused() -> None:
    (quote,) = flood().quotes
    far = replace(quote, spans=(*quote.spans, Span(0, 1, "occasion")))
    with pytest.raises(ValueError, match="'occasion' at 0 to 1 lies outside the extracts"):
        write(replace(flood(), quotes=(far,)))


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.text(min_size=1)))
def test_every_string_survives_as_a_string_in_every_yaml_reader(values: dict[str, str]) -> None:
    for made in (values, {key: Quoted(" ".join(words.split()) or "x") for key, words in values.items()}):
        assert yaml.safe_load(dump(dict(made)) or "{}") == dict(made)


def test_ten_thousand_marks_in_a_megabyte_are_quick() -> None:
    sentences = [
        f"Person {n} of the harbour said that {n} people left it, and stayed at home." for n in range(14_000)
    ]
    lines = [s.replace(f"Person {n}", f"{{aide|Person {n}}}", 1) for n, s in enumerate(sentences)]
    quotes = [
        f"- id: q{n}\n"
        f"  mark: '{{speaker=aide|Person {n}}} of the harbour {{cue|said}} that {{content|{n}}} people'\n"
        for n in range(1, 5001)
    ]
    text = "".join(f"\n- '{line}'" for line in lines) + "\n"
    content = annotation(quotes="\n" + "".join(quotes), claims="", text=text)
    article = "\n".join(sentences)
    assert len(article) > 1_000_000
    start = time.perf_counter()
    document = read("big", article.encode(), content.encode(), MEASURES)
    assert len(document.mentions) == 14_000
    assert read("big", article.encode(), write(document), MEASURES) == document
    assert time.perf_counter() - start < 40


def test_a_file_of_mistakes_is_refused_quickly() -> None:
    quotes = "".join(
        f"- {{id: q{n}, mark: 'Nearly {{content|{n} peopel}} wer displaced'}}\n" for n in range(1, 10_001)
    )
    start = time.perf_counter()
    with pytest.raises(Mistakes) as found:
        read("bad", (TEXT * 1).encode(), annotation(quotes="\n" + quotes).encode(), MEASURES)
    assert len(found.value.mistakes) == 1000
    assert found.value.mistakes[0].line == line_of("id: q1,", quotes="\n" + quotes)
    assert time.perf_counter() - start < 20
