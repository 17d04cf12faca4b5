"""UIMA CAS, as XMI with its type system or as JSON, as INCEpTION and DKPro write it; by dkpro-cassis.

Offsets are UTF-16 units there, half-open, and code points here. An annotation is a mark with the short name
of its type as its label, and `NAME.VALUE` if it has a feature `value`; what it refers to is a link. A
relation layer of INCEpTION (`Governor`, `Dependent`) is a link with the type's name.

Written, each label is a type of `onrecord`, so that a tool can show and filter it; a discontinuous mark is an
annotation of its first part, with the others as `Part`.
"""

import re
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.parsers import expat

import cassis
from cassis.typesystem import FeatureStructure, TypeSystem

from annotations.formats import json_file
from annotations.formats.offsets import Given, settle
from annotations.formats.standoff import Link, Mark, Span, Standoff, Value, checked
from annotations.mistakes import Mistake, Mistakes

ANNOTATION, TOP, STRING = "uima.tcas.Annotation", "uima.cas.TOP", "uima.cas.String"
OURS = "onrecord"
ABOUT, PART, LINK = f"{OURS}.About", f"{OURS}.Part", f"{OURS}.Link"
# Of every annotation, and nothing that it says.
_OWN = frozenset({"begin", "end", "sofa", "xmiID", "type"})
# Of the tools' own: they cut the text or describe the file.
_STRUCTURE = re.compile(
    r"(?:\A|\.)(?:DocumentAnnotation|DocumentMetaData|TagsetDescription|CASMetadata|LayerDefinition|FeatureDefinition)\Z"
)
# cassis makes their classes when it reads the types: nobody knows their features before.
Structure = Any
_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api"
# Types that their exports use and not always declare.
_GRANTED = {
    f"{_DKPRO}.metadata.type.DocumentMetaData": {
        "documentTitle": STRING, "documentId": STRING, "documentUri": STRING, "collectionId": STRING,
        "documentBaseUri": STRING, "isLastSegment": "uima.cas.Boolean",
    },
    f"{_DKPRO}.segmentation.type.Token": {},
    f"{_DKPRO}.segmentation.type.Sentence": {},
    f"{_DKPRO}.ner.type.NamedEntity": {"value": STRING, "identifier": STRING},
}  # fmt: skip


def read_xmi(name: str, data: bytes, types: bytes) -> Standoff:
    """The annotations of a CAS with its type system; its text is the article. Raises Mistakes."""
    file = f"{name}.xmi"
    for part, of in ((data, file), (types, "TypeSystem.xml")):
        _safe(part, of)
    system = _loaded(partial(_system, types), "TypeSystem.xml")
    return _standoff(name, file, _loaded(lambda: cassis.load_cas_from_xmi(data.decode(), system), file))


def read_json(name: str, data: bytes) -> Standoff:
    """The annotations of a CAS in JSON, which brings its types. Raises Mistakes."""
    file = f"{name}.json"
    json_file.load(data, file)
    return _standoff(name, file, _loaded(lambda: cassis.load_cas_from_json(data.decode()), file))


def _system(types: bytes) -> TypeSystem:
    """The types of a file, with those that INCEpTION and DKPro take for granted."""
    system = cassis.load_typesystem(types.decode())
    for name, names in _GRANTED.items():
        if not system.contains_type(name):
            made = system.create_type(name, ANNOTATION)
            for feature, kind in names.items():
                system.create_feature(made, feature, kind)
    return system


def _safe(data: bytes, file: str) -> None:
    """Refuse what is no XML, and what has a document type: entities are written there, and nothing here needs
    one."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        line = parser.CurrentLineNumber
        raise Mistakes(
            [Mistake(file, "has a document type (DOCTYPE), which could name entities: remove it", line)]
        )

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
        data.decode("utf-8")
    except expat.ExpatError as error:
        raise Mistakes([Mistake(file, f"is no XML: {error}", error.lineno)]) from None
    except UnicodeDecodeError:
        raise Mistakes([Mistake(file, "is not UTF-8")]) from None


def _loaded(load: partial[Any] | Any, file: str) -> Any:
    try:
        with warnings.catch_warnings():
            # An offset inside a surrogate pair passes with a warning alone.
            warnings.simplefilter("error")
            return load()
    except Mistakes:
        raise
    except Exception as error:  # of whatever kind the library has for it
        raise Mistakes([Mistake(file, f"is no CAS that can be read: {str(error)[:300]}")]) from None


def _standoff(name: str, file: str, cas: cassis.Cas) -> Standoff:
    text = cas.sofa_string
    if not text:
        raise Mistakes([Mistake(file, "has no text in its first view")])
    structures: list[Structure] = [fs for fs in cas.select_all_fs() if not _STRUCTURE.search(fs.type.name)]
    marks: dict[int, Mark] = {}
    parts: dict[int, list[Span]] = {}
    given, owners = [], []
    links: list[Link] = []
    about: dict[str, Any] = {}
    unread: list[str] = []
    for fs in structures:
        place = f"{file}: {fs.type.name} {fs.xmiID}"
        if fs.type.name == ABOUT:
            about = json_file.parse(fs.json, file)
        elif fs.type.name == PART:
            parts.setdefault(fs.of.xmiID, []).append((fs.begin, fs.end))
        elif fs.type.name == LINK or _is_relation(fs):
            links.append(_relation(fs, place))
        elif _has(fs, "begin") and fs.begin is not None:
            marks[fs.xmiID] = Mark(str(fs.xmiID), _label(fs), (), dict(_attributes(fs)), place)
            given.append(Given(fs.begin, fs.end, None, place))
            owners.append(fs.xmiID)
        elif not _is_role(fs):
            unread.append(f"{place}: is no annotation of the text")
    for fs in structures:
        if fs.xmiID in marks:
            links += _links(fs, marks, f"{file}: {fs.type.name} {fs.xmiID}")
    # cassis has made code points of them.
    spans = dict(zip(owners, settle(text, given, file, ("codepoint",)), strict=True))
    placed = [
        Mark(mark.id, mark.label, _spans(spans[id_], parts.get(id_, [])), mark.attributes, mark.place)
        for id_, mark in marks.items()
    ]
    linked = {end for link in links for end in (link.source, link.target)}
    # Every word is a token: those that nothing is said of are no marks.
    kept = tuple(mark for mark in placed if mark.label != "Token" or mark.id in linked)
    return checked(Standoff(name, text, kept, tuple(links), about, tuple(unread)))


def _spans(first: Span, others: list[Span]) -> tuple[Span, ...]:
    return tuple(sorted([first, *others])) if first[0] < first[1] else tuple(sorted(others))


def _has(fs: Structure, feature: str) -> bool:
    return any(one.name == feature for one in fs.type.all_features)


def _is_relation(fs: Structure) -> bool:
    return _has(fs, "Governor") and _has(fs, "Dependent")


def _is_role(fs: Structure) -> bool:
    return _has(fs, "role") and _has(fs, "target")


def _relation(fs: Structure, place: str) -> Link:
    given = dict(_attributes(fs))
    label = str(given.pop("label", _label(fs)))
    source, target = fs.Governor, fs.Dependent
    if source is None or target is None:
        raise Mistakes([Mistake(place, "is a relation with one end alone")])
    return Link(label, str(source.xmiID), str(target.xmiID), given, place)


def _label(fs: Structure) -> str:
    name = str(fs.type.name)
    if name.startswith(f"{OURS}."):
        return _lower(name.removeprefix(f"{OURS}."))
    value = getattr(fs, "value", None) if _has(fs, "value") else None
    short = name.rpartition(".")[2]
    return f"{short}.{value}" if isinstance(value, str) and value else short


def _attributes(fs: Structure) -> Iterator[tuple[str, Value]]:
    ours = str(fs.type.name).startswith(f"{OURS}.")
    for feature in fs.type.all_features:
        value = getattr(fs, feature.name, None)
        if feature.name in _OWN or value is None or isinstance(value, FeatureStructure | list):
            continue
        # A feature's name has no stop in it, and those of an annotation are lower case.
        yield (
            (feature.name.replace("__", ".") if ours else feature.name),
            (value if isinstance(value, bool) else str(value)),
        )


def _links(fs: Structure, marks: dict[int, Mark], place: str) -> Iterator[Link]:
    for feature in fs.type.all_features:
        value = getattr(fs, feature.name, None)
        if feature.name in _OWN or value is None:
            continue
        members = value.elements if hasattr(value, "elements") else [value]
        for member in members if isinstance(members, list) else []:
            if not isinstance(member, FeatureStructure):
                continue
            role: Structure = member if _is_role(member) else None
            target = role.target if role else member
            label = str(role.role or feature.name) if role else feature.name
            if isinstance(target, FeatureStructure) and target.xmiID in marks:
                yield Link(label, str(fs.xmiID), str(target.xmiID), place=place)


def _lower(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
