"""Bad files of other tools: refused with file, place and reason."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from annotations.formats import brat, cas, citron, doccano, label_studio, ninjs, prodigy, web_annotation
from annotations.formats.files import read
from annotations.mistakes import Mistakes

TEXT = "Ann Lee said no."
PAGE = {"@context": "http://www.w3.org/ns/anno.jsonld", "type": "AnnotationPage", "items": []}


def annotation(**more: object) -> bytes:
    one = {
        "@context": PAGE["@context"],
        "id": "https://a.example/1",
        "type": "Annotation",
        "target": "https://a.example/",
    }
    return json.dumps(one | more).encode()


@pytest.mark.parametrize(
    ("ann", "message"),
    [
        ("T1 Cue 8 12 said", r"a\.ann:1: is no annotation: there is no tab"),
        ("T1\tCue 8 12\tsaid\nT2\tCue x 12\tsaid", r"a\.ann:2: is no mark such as"),
        ("T1\tCue 8 12\tno!!", r"a\.ann:1.*copies 'no!!', but 8 to 12 are 'said'"),
        ("T1\tCue 8 99\tsaid", r"a\.ann:1.*8 to 99 are no whole characters"),
        ("T1\tCue 8 12\tsaid\nT1\tCue 8 12\tsaid", r"a\.ann:2: another line has the id T1"),
        ("R1\tsays Arg1:T1 Arg2:T2", r"'says' leads to a mark that is not there.*T1"),
        ("R1\tsays Arg1:T1", r"a\.ann:1: is no relation such as"),
        ("E1\tSays:T9", "the event E1 has no trigger: T9"),
        (
            "\n".join(f"T{n}\tCue 0 1\tA" for n in range(10_000)),
            "10,000 marks lie on the same characters, 0 to 1",
        ),
    ],
)
def test_brat(ann: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        brat.read("a", TEXT, ann)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"this is not json", r"a\.jsonld:1: is no JSON"),
        (
            b'{"@context": "http://www.w3.org/ns/anno.jsonld",\n "type": "Annotation",\n}',
            r"a\.jsonld:3: is no JSON",
        ),
        (
            annotation(**{"@context": "https://elsewhere.example/context.json"}),
            "its @context is not http://www.w3.org",
        ),
        (annotation(id="not a uri"), "annotation 1: id: is not an IRI"),
        (annotation(id=["https://a.example/1"]), "annotation 1: id"),
        (annotation(type="Squirrel"), "annotation 1: type"),
        (annotation(target=9), "annotation 1: target"),
        (annotation(target={"format": "text/plain"}), "needs an id, a source or items"),
        (annotation(body={"type": "TextualBody"}), "a TextualBody needs a value"),
        (
            annotation(body={"type": "TextualBody", "value": "a"}, bodyValue="b"),
            "both a body and a bodyValue",
        ),
        (annotation(bodyValue=["a", "b"]), "bodyValue"),
        (annotation(body={"id": "https://a.example/", "textDirection": "squirrel"}), "textDirection"),
        (annotation(body={"id": "https://a.example/", "format": 6}), "format"),
        (
            json.dumps(PAGE | {"type": "AnnotationCollection", "first": "https://a.example/2"}).encode(),
            "nothing is fetched",
        ),
        (json.dumps(PAGE | {"items": None}).encode(), "needs a list of items"),
        (
            annotation(
                target={
                    "source": "https://a.example/",
                    "selector": {"type": "TextQuoteSelector", "exact": "e"},
                }
            ),
            "stand in the text 2 times",
        ),
        (b'{"a":' * 100_000, "nested too deeply|is no JSON"),
        (b'{"a": 1e400}', "1e400 is no number"),
        (b'{"a": NaN}', "NaN is no number"),
        (b'{"@context": 1, "@context": 2}', "the key '@context' stands twice"),
        (b"\xff\xfe{}", "is not UTF-8: byte 0xff at byte 0"),
    ],
)
def test_w3c(data: bytes, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        web_annotation.read("a", TEXT, data)


ENTITY = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xmi:XMI xmlns:xmi="http://www.omg.org/XMI">&a;</xmi:XMI>'
LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
TYPES = b'<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier"><types/></typeSystemDescription>'


@pytest.mark.parametrize(
    ("xmi", "types", "message"),
    [
        (ENTITY, TYPES, r"a\.xmi:1: has a document type"),
        (LAUGHS, TYPES, r"a\.xmi:1: has a document type"),
        (b"<x/>", ENTITY, r"TypeSystem\.xml:1: has a document type"),
        (b"<x>", TYPES, r"a\.xmi:1: is no XML"),
        (b"<x/>", TYPES, r"a\.xmi: "),
        ('<?xml version="1.0" encoding="UTF-16"?><x/>'.encode("utf-16"), TYPES, r"a\.xmi: is not UTF-8"),
    ],
)
def test_xmi(xmi: bytes, types: bytes, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        cas.read_xmi("a", xmi, types)


def _cas(**more: object) -> bytes:
    text = "🌊 wave"
    sofa = {"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaNum": 1, "sofaID": "_InitialView", "sofaString": text}
    mark = {"%ID": 2, "%TYPE": "uima.tcas.Annotation", "@sofa": 1, "begin": 3, "end": 7} | more
    views = {"_InitialView": {"%SOFA": 1, "%MEMBERS": [2]}}
    return json.dumps({"%TYPES": {}, "%FEATURE_STRUCTURES": [sofa, mark], "%VIEWS": views}).encode()


def test_cas_counts_utf16_and_refuses_half_a_character() -> None:
    found = cas.read_json("a", _cas())
    assert [found.words(mark) for mark in found.marks] == ["wave"]
    with pytest.raises(Mistakes, match=r"a\.json: is no CAS that can be read.*offset \[1\]"):
        cas.read_json("a", _cas(begin=1))
    with pytest.raises(Mistakes, match=r"a\.json"):
        cas.read_json("a", _cas(end=70))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([{"annotations": []}], "task 1: 'data' is missing"),
        ([{"data": {"a": "x", "b": "y"}, "annotations": []}], "has 2 texts in its data"),
        ([{"data": {"text": TEXT}, "annotations": [{"result": [{}]}]}], "region 1: 'type' is missing"),
        (
            [{"data": {"text": TEXT}, "annotations": [{"result": [
                {"id": "1", "type": "labels", "value": {"start": 0, "end": 3, "text": "Bob", "labels": ["A"]}}
            ]}]}],
            "copies 'Bob', but 0 to 3 are 'Ann'",
        ),
    ],
)  # fmt: skip
def test_label_studio(value: object, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        list(label_studio.read("a", json.dumps(value).encode()))


def test_doccano_asks_for_the_unit_where_it_matters() -> None:
    line = json.dumps({"text": "🌊 Ann", "label": [[3, 6, "PER"]]}).encode()
    with pytest.raises(Mistakes, match=r"a\.jsonl:1: 3 to 6 are other characters.*say the unit"):
        list(doccano.read("a", [line]))
    (found,) = doccano.read("a", [line], "utf16")
    assert [found.words(mark) for mark in found.marks] == ["Ann"]
    with pytest.raises(Mistakes, match=r"a\.jsonl:2: a label is \[start, end, name\]"):
        list(doccano.read("a", [b'{"text": "a", "label": []}\n', b'{"text": "a", "label": [[0, "1", "A"]]}']))
    with pytest.raises(Mistakes, match=r"a label is \[start, end, name\]"):
        list(doccano.read("a", [b'{"text": "ab", "label": [[0, true, "PER"]]}']))
    with pytest.raises(Mistakes, match=r"a\.jsonl:2: is no JSON"):
        list(doccano.read("a", [b'{"text": "a", "label": []}\n', b'{"text": "a", "lab']))


def test_prodigy_relations_must_lead_to_spans() -> None:
    tokens = [
        {"text": "Ann", "start": 0, "end": 3, "id": 0},
        {"text": "said", "start": 8, "end": 12, "id": 1},
    ]
    line = {"text": TEXT, "tokens": tokens, "spans": [{"start": 0, "end": 3, "label": "PER"}]}
    for head, message in (
        (1, "leads to 8 to 12, where no span is"),
        (7, "leads to token 7, and there are 2"),
    ):
        told = line | {"relations": [{"head": head, "child": 0, "label": "says"}]}
        with pytest.raises(Mistakes, match=message):
            list(prodigy.read("a", [json.dumps(told).encode()]))
    (rejected,) = prodigy.read("a", [json.dumps(line | {"answer": "reject"}).encode()])
    assert (rejected.marks, rejected.unread) == ((), ("a.jsonl:1: its answer is 'reject'",))


def test_citron_and_ninjs() -> None:
    quote = {"cue": {"start": 8, "end": 12, "text": "told"}, "sources": [], "contents": []}
    with pytest.raises(Mistakes, match=r"quote 1.*copies 'told', but 8 to 12 are 'said'"):
        citron.read("a", json.dumps({"text": TEXT, "quotes": [quote]}).encode())
    for item, message in (
        ({"uri": "a", "type": "picture"}, "is a picture, not a text"),
        (
            {"uri": "a", "bodies": [{"contentType": "text/html", "value": "<p>a</p>"}]},
            "no body in plain text, but text/html",
        ),
        ({"uri": "a", "body_text": "<p>Ann said no.</p>"}, "its body is HTML"),
    ):
        with pytest.raises(Mistakes, match=message):
            ninjs.read("a", json.dumps(item).encode())


def _zip(folder: Path, **files: bytes) -> Path:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as written:
        for name, data in files.items():
            written.writestr(name, data)
    path = folder / "a.zip"
    path.write_bytes(packed.getvalue())
    return path


@pytest.mark.parametrize("name", ["../a.ann", "/etc/a.ann", "x/../../a.ann", "..\\a.ann", "C:\\a.ann"])
def test_a_zip_that_leads_out_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Mistakes, match="has a path that leads out of the zip"):
        list(read(_zip(tmp_path, **{name: b"", "a.txt": b"a"})))


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="are the most"):
        list(read(_zip(tmp_path, **{"a.ann": b"", "a.txt": b"a" * (101 * 1024 * 1024)})))


def test_a_zip_of_many_and_files_that_say_nothing(tmp_path: Path) -> None:
    files = {
        "a.ann": b"T1\tCue 8 12\tsaid\n",
        "a.txt": TEXT.encode(),
        "b/b.ann": b"",
        "b/b.txt": TEXT.encode(),
    }
    found = list(read(_zip(tmp_path, **files)))
    assert [(one.name, len(one.marks)) for one in found] == [("a", 1), ("b", 0)]
    (tmp_path / "what.json").write_bytes(b"{}")
    with pytest.raises(Mistakes, match=r"what\.json: is none of brat, w3c, cas"):
        list(read(tmp_path / "what.json"))
    with pytest.raises(Mistakes, match=r"no format is called 'bratt'; did you mean brat\?"):
        list(read(tmp_path / "what.json", "bratt"))
    (tmp_path / "lone.ann").write_bytes(b"")
    with pytest.raises(Mistakes, match=r"its text, lone\.txt, is not beside it"):
        list(read(tmp_path / "lone.ann"))
    (tmp_path / "cut.zip").write_bytes(_zip(tmp_path, **files).read_bytes()[:-30])
    with pytest.raises(Mistakes, match="is no zip"):
        list(read(tmp_path / "cut.zip"))
