"""Reading: what an annotated document holds, and that all mistakes are listed in one run."""

import contextlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.annotated import AnnotatedDocument
from annotations.mistakes import Mistakes
from annotations.read import read, read_files
from annotations.value import interpret
from annotations.write import write
from tests.annotations.flood import MEASURES, SECTIONS, TEXT, annotation, flood, line_of, mistake, mistakes

ROOT = Path(__file__).parents[2]
# The second example of the format: a relaying quote without content, and without a form.
RELAYED = """document:
  {id: harbour-flood, title: Harbour flood, published: "2024-10-15", basis: inferred,
   note: Tuesday., sha256: SHA}
entities:
  aide: {kind: actor, naming: anonymous, name: ministry aide}
  un: {kind: organisation, name: United Nations, wikidata: Q1065}
quotes:
- id: q1
  form: indirect
  mark: >-
    {content|Nearly 1,300 people were displaced}, {speaker=aide|a ministry aide} {cue|said}
    on {said=2024-10-15|Tuesday}
- {id: q2, relays: q1, mark: '{cue|citing} {speaker=un|U.N.} figures'}
- id: q3
  form: direct
  mark: '{content|“We are coping,”} {speaker=aide|he} {cue|said}, {content|“for now.”}'
claims:
- id: c1
  sources: [q1, q2]
  value: "nearly 1,300"
  measure: displaced
  mark: '{number|Nearly 1,300} {counted|people} were displaced'
text:
- 'A second wave hit the harbour 🌊 at dawn.'
- 'Nearly 1,300 people were displaced, {aide|a ministry aide} said on Tuesday, citing {un|U.N.} figures.'
- '“We are coping,” {aide|he} said, “for now.”'
""".replace("SHA", "777750e0479402f3771835bec3f52b4c4a872b7e96af6b84ec893b84be0e4f4e")


def words(document: AnnotatedDocument, role: str) -> list[str]:
    spans = [span for quote in document.quotes for span in quote.spans if span.role == role]
    return [document.text[span.start : span.end] for span in spans]


def test_the_example_of_the_reference_loads() -> None:
    page = (ROOT / "docs/annotated-document.md").read_text("utf-8")
    example = re.search(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert example
    document = read("harbour-flood", TEXT.encode(), example[1].encode(), MEASURES)
    assert [quote.form for quote in document.quotes] == ["indirect", "indirect", "direct"]
    assert document.quotes[1].relays == ("q1",)


def test_a_relaying_quote_needs_neither_content_nor_form() -> None:
    document = read("harbour-flood", TEXT.encode(), RELAYED.encode(), MEASURES)
    assert document.quotes[1].form == "indirect"
    assert words(document, "verbatim") == ["We are coping,", "for now."]
    assert [mention.kind for mention in document.mentions] == ["nominal", "nominal", "pronoun"]


def test_seeds_load_and_come_back_from_their_canonical_form() -> None:
    for annotated in sorted((ROOT / "seeds").glob("*.claims.yaml")):
        (document,) = read_files([annotated], MEASURES)
        canonical = write(document, MEASURES)
        again = read("seed", document.text.encode(), canonical, MEASURES)
        assert again == document
        assert write(again, MEASURES) == canonical


def test_the_figure_the_dates_and_the_sources_of_a_claim() -> None:
    document = flood()
    (claim,) = document.claims
    assert claim.figure == interpret("nearly 1,300")
    assert (claim.unit, claim.counted) == ("person", "people")
    said = document.quotes[0].said
    assert said
    assert (said.basis, said.anchor, said.as_written) == ("resolved", "publication", "Tuesday")


def test_json_is_read_like_yaml() -> None:
    tree = yaml.load(annotation(), Loader=yaml.BaseLoader)
    assert read("flood", TEXT.encode(), json.loads(json.dumps(tree)), MEASURES) == flood()


def test_mistakes_in_json_have_pointers_and_no_lines() -> None:
    tree = yaml.load(annotation(), Loader=yaml.BaseLoader)
    tree["quotes"][0]["mark"] = "{content|never said}"
    with pytest.raises(Mistakes) as found:
        read("flood", TEXT.encode(), tree, MEASURES)
    (only,) = found.value.mistakes
    assert (only.line, only.pointer) == (None, "/quotes/0/mark")
    assert str(only).startswith("flood.claims.yaml: /quotes/0/mark: is not in the article")


def _paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, child in inner for found in _paths(child, (*path, key)))]


_VALUES = st.recursive(
    st.none() | st.text(max_size=5) | st.sampled_from(["q1", "c1", "aide", "{cue|", "9" * 40, "2024-10-15"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "mark", "x", "quote"]), inner)
    ),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_stands_anywhere_does_no_worse_than_mistakes(data: st.DataObject) -> None:
    given_ = yaml.load(annotation(indicators="\n  i: {label: I, measure: killed}\n"), Loader=yaml.BaseLoader)
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from([path for path in _paths(given_) if path]))
        node = given_
        for step in path:
            node = node[step]
        key = data.draw(st.sampled_from([last, "unknown", "said"])) if isinstance(node, dict) else last
        node[key] = data.draw(_VALUES)
    content = json.dumps(given_, ensure_ascii=False).encode()
    for form in (given_, content):
        with contextlib.suppress(Mistakes):
            read("any", TEXT.encode(), form, MEASURES)


@pytest.mark.parametrize("value", [1.5, True, None, [], {}])
def test_json_values_are_words(value: object) -> None:
    tree = yaml.load(annotation(), Loader=yaml.BaseLoader)
    tree["claims"][0]["value"] = value
    with pytest.raises(Mistakes) as found:
        read("flood", TEXT.encode(), tree, MEASURES)
    assert found.value.mistakes[0].pointer == "/claims/0/value"


def test_all_mistakes_of_both_files_are_listed_in_one_run() -> None:
    broken = annotation(
        quotes=SECTIONS["quotes"].replace("indirect", "indirekt")
        + "- {id: q2, mark: '{content|no such words}'}\n",
        claims=SECTIONS["claims"].replace("displaced\n", "displaceed\n", 1),
    )
    with pytest.raises(Mistakes) as found:
        read("flood", TEXT.replace("\n", "\r\n").encode(), broken.encode(), MEASURES)
    assert [m.file for m in found.value] == ["flood.txt", "flood.claims.yaml"]
    with pytest.raises(Mistakes) as found:
        read("flood", TEXT.encode(), broken.encode(), MEASURES)
    assert [m.pointer for m in found.value] == ["/quotes/0/form", "/quotes/1/mark", "/claims/0/measure"]
    # c1 refers to q1, which is broken: that is no mistake of its own.
    assert [m.nearest for m in found.value] == ["indirect", None, "displaced"]


def test_a_mistake_prints_file_line_message_extract_and_nearest() -> None:
    sections = {"claims": SECTIONS["claims"].replace("measure: displaced", "measure: displacd")}
    line = line_of("displacd", **sections)
    expected = "the vocabulary has no such measure: 'displacd' (did you mean 'displaced'?)"
    assert str(mistake(**sections)) == f"flood.claims.yaml:{line}: {expected}"


def test_a_broken_document_section_does_not_hide_the_rest() -> None:
    found = mistakes(document="\n  id: Flood\n", claims=SECTIONS["claims"].replace("[q1]", "[q9]"))
    assert {m.pointer for m in found} >= {"/document/id", "/document", "/claims/0/sources/0"}


def test_what_stands_beside_an_unknown_key_is_checked_too() -> None:
    found = mistakes(
        claims=SECTIONS["claims"].replace("sources: [q1]", "source: q1").replace("people}", "persons}")
    )
    assert [(m.message, m.nearest) for m in found] == [
        ("unknown key", "sources"),
        ("is not in the article", "Nearly 1,300 people were displaced,"),
    ]


def test_files_are_paired_by_name(tmp_path: Path) -> None:
    (tmp_path / "flood.txt").write_text(TEXT, "utf-8")
    (tmp_path / "flood.claims.yaml").write_text(annotation(), "utf-8")
    both = [tmp_path / "flood.txt", tmp_path / "flood.claims.yaml"]
    assert read_files(both, MEASURES) == [flood()]
    assert read_files(both[1:], MEASURES) == [flood()]


def test_mistakes_of_all_files_are_listed_in_one_run(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.txt").write_text(TEXT, "utf-8")
    (tmp_path / "a.claims.yaml").write_text(annotation(text="\n- 'A'\n"), "utf-8")
    (tmp_path / "b.claims.yaml").write_text(annotation(), "utf-8")
    (tmp_path / "d.claims.yaml").write_text(annotation(), "utf-8")
    (tmp_path / "d.txt").write_text(TEXT, "utf-8")
    with pytest.raises(Mistakes) as found:
        read_files([tmp_path / f"{name}.txt" for name in "abcd"], MEASURES)
    messages = {Path(m.file).name: m.message for m in found.value}
    assert messages["c.claims.yaml"] == "cannot be read: No such file or directory"
    assert messages["d.claims.yaml"] == "another of these files has the same id"
    assert "a.claims.yaml" in messages


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("basis: stated", "basis: inferred", "needs a 'note' that says why"),
        (
            'published: "2024-10-15"',
            "printed: Oct. 15",
            "'published' is missing, although its basis is 'stated'",
        ),
        (
            "basis: stated",
            "basis: unknown\n  note: None.",
            "there is a date in 'published', so its basis is known",
        ),
        ("basis: stated", "basis: stated\n  timezone: Asia/Beiruth", "is no IANA time zone"),
        ("basis: stated", "basis: stated\n  timezone: ../../etc", "is no IANA time zone"),
        ("basis: stated", f"basis: stated\n  sha256: {'0' * 64}", "the article has another SHA-256"),
        ("basis: stated", "basis: stated\n  url: ftp://news", "is not a URL"),
        ("basis: stated", "basis: stated\n  language: english language", "is not a BCP 47 language tag"),
        ('"2024-10-15"', "2024-13-01", "no such day"),
        ("harbour-flood", "Harbour_Flood", "is not a slug"),
        ("title: Harbour flood", "title:", "is empty: write a value or leave the key out"),
    ],
)
def test_mistakes_of_the_document(old: str, new: str, message: str) -> None:
    assert mistake(document=SECTIONS["document"].replace(old, new)).message.startswith(message)


@pytest.mark.parametrize(
    ("line", "message", "nearest"),
    [
        ("x: {kind: person, name: X}", "is not one of actor, organisation, place", None),
        ("x: {kind: actor, name: X, wikidata: 1065}", "is not a Wikidata id", None),
        ("x: {kind: place, name: X, country: Lebanon}", "is not an ISO 3166 code", None),
        ("x: {kind: actor, name: X, country: LB}", "only a place has 'country'", None),
        ("x: {kind: place, name: X, coordinates: '91, 0'}", "a latitude is between -90 and 90", None),
        ("x: {kind: place, name: X, coordinates: 'north'}", "is not 'latitude, longitude'", None),
        ("x: {kind: actor, name: X, part_of: harbur}", "no entity has this key", "harbour"),
        ("x: {kind: actor, name: X, acts_for: x}", "'x' acts for itself", None),
        ("x: {kind: actor, name: X, acts_for: aide}", "a named entity belongs to the whole record", None),
        ("x: {kind: actor, name: X, descripton: Y}", "unknown key", "description"),
        ("X Y: {kind: actor, name: X}", "is not a slug", None),
        ("x: {kind: actor}", "the key 'name' is missing", None),
    ],
)
def test_mistakes_of_entities(line: str, message: str, nearest: str | None) -> None:
    found = mistake(entities=f"{SECTIONS['entities']}  {line}\n")
    assert found.message.startswith(message)
    assert found.nearest == nearest


def test_entities_that_are_part_of_each_other_in_a_circle() -> None:
    extra = "  a: {kind: place, name: A, part_of: b}\n  b: {kind: place, name: B, part_of: a}\n"
    assert mistake(entities=SECTIONS["entities"] + extra).message == "a circle: a → b → a"


@pytest.mark.parametrize(
    "sections",
    [
        {"entities": SECTIONS["entities"] + "  none: {kind: actor, name: None}\n"},
        {"indicators": "\n  none: {label: How many?, measure: displaced}\n"},
    ],
)
def test_none_is_no_key(sections: dict[str, str]) -> None:
    """`indicator=none` asks for the claims without an indicator."""
    found = mistake(**sections)
    assert "the key 'none'" in str(found)
    assert found.line == line_of("  none: ", **sections)
