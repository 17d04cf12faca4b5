"""Writing UIMA CAS, as XMI with its type system or as JSON. What stands where: `annotations.formats.cas`."""

import re

import cassis
from cassis.typesystem import Type, TypeSystem

from annotations.formats.cas import ABOUT, ANNOTATION, LINK, OURS, PART, STRING, TOP, Structure
from annotations.formats.json_file import dumped
from annotations.formats.standoff import Standoff

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME = re.compile(r"[^A-Za-z0-9_]")


def _upper(label: str) -> str:
    return "".join(part.capitalize() for part in _NAME.sub("_", label).split("_"))


def write(standoff: Standoff) -> cassis.Cas:
    """The CAS of a text; `xmi_of`, `types_of` and `json_of` give its files."""
    system = cassis.TypeSystem()
    types = _types(standoff, system)
    cas = cassis.Cas(typesystem=system)
    cas.sofa_string, cas.sofa_mime = standoff.text, "text/plain"
    made: dict[str, Structure] = {}
    for mark in standoff.marks:
        features = {name.replace(".", "__"): str(value) for name, value in mark.attributes.items()}
        spans = mark.spans or ((0, 0),)
        fs = made[mark.id] = types[mark.label](begin=spans[0][0], end=spans[0][1], **features)
        cas.add(fs)
        for start, end in spans[1:]:
            cas.add(system.get_type(PART)(begin=start, end=end, of=fs))
    for link in standoff.links:
        source = made[link.source]
        ends = {"Governor": source, "Dependent": made[link.target]}
        cas.add(system.get_type(LINK)(begin=source.begin, end=source.end, label=link.label, **ends))
    about = dumped(standoff.about)
    cas.add(system.get_type(ABOUT)(json=about))
    return cas


def xmi_of(cas: cassis.Cas) -> bytes:
    """The CAS as XMI. Raises ValueError where its text has characters that XML 1.0 has no way to write."""
    if found := _FORBIDDEN.search(cas.sofa_string or ""):
        raise ValueError(
            f"XML cannot hold U+{ord(found[0]):04X}, which the text has at {found.start()}; take JSON"
        )
    return str(cas.to_xmi()).encode()


def json_of(cas: cassis.Cas) -> bytes:
    """The CAS as JSON, with its types."""
    return str(cas.to_json()).encode()


def types_of(cas: cassis.Cas) -> bytes:
    """The type system of a CAS, as `TypeSystem.xml` holds it."""
    return str(cas.typesystem.to_xml()).encode()


def _types(standoff: Standoff, system: TypeSystem) -> dict[str, Type]:
    """A type for each label, with the features that its marks have."""
    features: dict[str, dict[str, None]] = {}
    for mark in standoff.marks:
        own = (name.replace(".", "__") for name in mark.attributes)
        features.setdefault(mark.label, {}).update(dict.fromkeys(own))
    types = {}
    for label, names in features.items():
        types[label] = made = system.create_type(f"{OURS}.{_upper(label)}", ANNOTATION)
        for name in names:
            system.create_feature(made, name, STRING)
    part = system.create_type(PART, ANNOTATION)
    system.create_feature(part, "of", ANNOTATION)
    link = system.create_type(LINK, ANNOTATION)
    system.create_feature(link, "Governor", ANNOTATION)
    system.create_feature(link, "Dependent", ANNOTATION)
    system.create_feature(link, "label", STRING)
    about = system.create_type(ABOUT, TOP)
    system.create_feature(about, "json", STRING)
    return types
