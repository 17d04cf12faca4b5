"""Atom (RFC 4287): a page as a feed that readers and content management systems understand."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from fastapi import Request

from api.listing.cursor import digest
from api.listing.formats import ATOM as MEDIA_TYPE
from api.listing.formats import exact

ATOM, DELETED = "http://www.w3.org/2005/Atom", "http://purl.org/atompub/tombstones/1.0"
LONGEST_TITLE = 140
# What XML 1.0 has no way to write, not even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
register_namespace("", ATOM)
register_namespace("at", DELETED)


@dataclass(frozen=True)
class Entry:
    """An item as feed readers show it; `url` is its own address, `via` that of the article.

    `categories` are terms of its fields. What was `deleted` is told by its id and its time alone.
    """

    noun: str
    id: str
    updated: str
    title: str
    content: str
    url: str | None
    author: str | None = None
    via: str | None = None
    categories: Sequence[tuple[str, str | None]] = ()
    deleted: bool = False


@dataclass(frozen=True)
class Feed:
    """A feed of one query: what it is called, where it stands and goes on, and when its record began."""

    base: str
    record: str
    query: str
    title: str
    path: str
    following: str | None

    def write(self, entries: Iterable[Entry]) -> bytes:
        """The feed as a document; it was updated with the latest of its entries, or when the record began."""
        listed = list(entries)
        feed = Element(_atom("feed"))
        _text(feed, "id", self._urn("feed", self.query))
        _text(feed, "title", self.title)
        _text(feed, "updated", max((entry.updated for entry in listed), default=self.record))
        _text(SubElement(feed, _atom("author")), "name", "On Record")
        path, _, query = self.path.partition("?")
        kept = "&".join(part for part in query.split("&") if part and not part.startswith("format="))
        self._link(feed, "self", self.path, MEDIA_TYPE)
        self._link(feed, "alternate", f"{path}?{kept}" if kept else path, "application/json")
        if self.following:
            self._link(feed, "next", self.following, MEDIA_TYPE)
        for entry in listed:
            feed.append(self._deleted(entry) if entry.deleted else self._entry(entry))
        return _document(feed)

    def alone(self, entry: Entry) -> bytes:
        """One entry as a document of its own."""
        return _document(self._entry(entry))

    def _entry(self, entry: Entry) -> Element:
        element = Element(_atom("entry"))
        _text(element, "id", self._urn(entry.noun, entry.id))
        _text(element, "title", shorten(entry.title, LONGEST_TITLE, placeholder=" …"))
        _text(element, "updated", entry.updated)
        if entry.author:
            _text(SubElement(element, _atom("author")), "name", entry.author)
        if entry.url:
            self._link(element, "alternate", entry.url, "application/json")
        if entry.via:
            SubElement(element, _atom("link"), rel="via", href=_written(entry.via))
        for field, term in entry.categories:
            if term:
                scheme = f"urn:onrecord:{field}"
                SubElement(element, _atom("category"), term=_written(term), scheme=scheme)
        _text(element, "content", entry.content)
        return element

    def _deleted(self, entry: Entry) -> Element:
        ref = self._urn(entry.noun, entry.id)
        element = Element(f"{{{DELETED}}}deleted-entry", ref=ref, when=entry.updated)
        SubElement(element, f"{{{DELETED}}}comment").text = _written(entry.content)
        return element

    def _link(self, parent: Element, rel: str, path: str, type_: str) -> None:
        SubElement(parent, _atom("link"), rel=rel, type=type_, href=_written(self.base + path))

    def _urn(self, *parts: str) -> str:
        """A name that stays, and that no other record gives: its beginning is told apart from theirs."""
        return ":".join(("urn:onrecord", digest(self.record)[:12], *parts))


class Entries:
    """All items of a list as one feed, in the making."""

    def __init__(self, feed: Feed, entry: Callable[[Mapping[str, Any]], Entry]) -> None:
        self._feed, self._entry = feed, entry
        self._head, mark, end = feed.write([]).rpartition(b"</")
        self._end = mark + end

    def begin(self) -> bytes:
        return self._head

    def rows(self, lines: bytes, _: object) -> bytes:
        entries = (self._feed.alone(self._entry(exact(line))) for line in lines.split(b"\n"))
        return b"".join(entry.partition(b"?>\n")[2] for entry in entries)

    def end(self) -> bytes:
        return self._end


def base_of(request: Request) -> str:
    """Where readers find the service: the setting, else the address that this request was sent to."""
    public: str | None = request.app.state.settings.public_url
    return (public or str(request.base_url)).rstrip("/")


def title_of(name: str, query: Mapping[str, object]) -> str:
    """What a feed of a list is called: the list, and what it is asked for."""
    asked = [
        f"{key.replace('__', ' ')} {value}"
        for key, given in query.items()
        if key != "sort"
        for value in (given if isinstance(given, list) else [given])
    ]
    return f"On Record: {name}" + (f" ({', '.join(asked)})" if asked else "")


def path_of(request: Request, given: Mapping[str, object]) -> str:
    """The path of the feed itself, with what it was asked for."""
    query = urlencode(given, doseq=True)
    return f"{request.url.path}?{query}" if query else request.url.path


def _document(element: Element) -> bytes:
    indent(element, " ")
    document: bytes = tostring(element, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _atom(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, _atom(name)).text = _written(text)


def _written(text: str) -> str:
    return _FORBIDDEN.sub("", text)
