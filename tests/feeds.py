"""Reading Atom as RFC 4287 has it: its RELAX NG schema, held by hand, and what its words say beside that."""

import re
from collections.abc import Mapping
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

ATOM = "{http://www.w3.org/2005/Atom}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}"
# Of each element: the elements in it, and how often each may and must stand there.
ONE, AT_MOST_ONE, ANY = (1, 1), (0, 1), (0, None)
FEED = {
    "author": ANY, "category": ANY, "contributor": ANY, "generator": AT_MOST_ONE, "icon": AT_MOST_ONE,
    "id": ONE, "link": ANY, "logo": AT_MOST_ONE, "rights": AT_MOST_ONE, "subtitle": AT_MOST_ONE, "title": ONE,
    "updated": ONE, "entry": ANY,
}  # fmt: skip
ENTRY = {
    "author": ANY, "category": ANY, "content": AT_MOST_ONE, "contributor": ANY, "id": ONE, "link": ANY,
    "published": AT_MOST_ONE, "rights": AT_MOST_ONE, "source": AT_MOST_ONE, "summary": AT_MOST_ONE,
    "title": ONE, "updated": ONE,
}  # fmt: skip
PERSON = {"name": ONE, "uri": AT_MOST_ONE, "email": AT_MOST_ONE}
ATTRIBUTES = {
    "link": {"href", "rel", "type", "hreflang", "title", "length"},
    "category": {"term", "scheme", "label"},
    "content": {"type", "src"},
    "title": {"type"},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
IRI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+")


def valid(document: bytes) -> Element:
    """The feed of a document; an AssertionError for what RFC 4287, 5005 or 6721 forbids."""
    feed = ElementTree.fromstring(document)
    assert feed.tag == f"{ATOM}feed"
    _holds(feed, FEED)
    _dated(feed)
    for entry in feed.findall(f"{ATOM}entry"):
        _holds(entry, ENTRY)
        _dated(entry)
        # An entry without an author of its own has the feed's.
        assert entry.findall(f"{ATOM}author") or feed.findall(f"{ATOM}author")
        assert entry.findall(f"{ATOM}content") or "alternate" in links(entry)
    for deleted in feed.findall(f"{DELETED}deleted-entry"):
        assert IRI.fullmatch(deleted.attrib["ref"]) and TIME.fullmatch(deleted.attrib["when"])
        assert set(deleted.attrib) == {"ref", "when"}
    for element in feed.iter():
        _plain(element)
    seen = [(text(entry, "id"), text(entry, "updated")) for entry in entries(feed)]
    assert len(seen) == len(set(seen))
    return feed


def entries(feed: Element) -> list[Element]:
    return feed.findall(f"{ATOM}entry")


def text(element: Element, name: str) -> str:
    """The words of a child, or nothing."""
    return element.findtext(f"{ATOM}{name}") or ""


def links(element: Element) -> dict[str, str]:
    """Addresses by relation; there is at most one of a relation and a type."""
    found = element.findall(f"{ATOM}link")
    assert len({(link.attrib["rel"], link.get("type")) for link in found}) == len(found)
    return {link.attrib["rel"]: link.attrib["href"] for link in found}


def terms(entry: Element) -> dict[str, str]:
    """The categories of an entry, by the last word of their scheme."""
    found = entry.findall(f"{ATOM}category")
    return {category.attrib["scheme"].rpartition(":")[2]: category.attrib["term"] for category in found}


def _holds(element: Element, children: Mapping[str, tuple[int, int | None]]) -> None:
    for name, (least, most) in children.items():
        number = len(element.findall(f"{ATOM}{name}"))
        assert least <= number and (most is None or number <= most), name
    known = {f"{ATOM}{name}" for name in children}
    assert not [child.tag for child in element if child.tag.startswith(ATOM) and child.tag not in known]


def _dated(element: Element) -> None:
    assert TIME.fullmatch(text(element, "updated"))
    assert IRI.fullmatch(text(element, "id"))


def _plain(element: Element) -> None:
    if not element.tag.startswith(ATOM):
        return
    name = element.tag.removeprefix(ATOM)
    assert element.attrib.keys() <= ATTRIBUTES.get(name, set()), name
    if name in ("author", "contributor"):
        _holds(element, PERSON)
        assert text(element, "name")
    if name in ("link", "category"):
        assert not len(element) and not element.text
        assert all(IRI.fullmatch(element.attrib[a]) for a in ("href", "scheme") if a in element.attrib)
    if name == "link":
        assert element.attrib["href"]
    if name == "category":
        assert element.attrib["term"]
