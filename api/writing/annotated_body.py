"""An annotated document as it is sent: the article and its annotation, in one of three forms."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile

from annotations.annotated import AnnotatedDocument
from annotations.mistakes import Mistake as FileMistake
from annotations.mistakes import Mistakes, nearest
from annotations.read import ARTICLE, read
from annotations.reading import Measures
from annotations.tree import from_yaml
from api.problems import Mistake, Problem

MEMBERS = ("text", "annotation")
FORMS = "application/json ({text, annotation}) or multipart/form-data (files `text` and `annotation`)"
MERGE_PATCH = ("application/merge-patch+json", "application/json")


@dataclass(frozen=True)
class Sent:
    """An article and its annotation: YAML, or the same as parsed JSON."""

    text: bytes
    annotation: bytes | Mapping[str, Any]

    @property
    def content(self) -> bytes:
        """What was sent, whatever the form: equal for equal content."""
        yaml = isinstance(self.annotation, bytes)
        annotation = self.annotation if yaml else json.dumps(self.annotation, sort_keys=True).encode()
        assert isinstance(annotation, bytes)
        return self.text + b"\0" + annotation

    def document(self, measures: Measures, *, id: str) -> AnnotatedDocument:
        """The document, checked; a Problem with all mistakes. `id` is what it is to be called."""
        mistakes = []
        if self.about.get("id", id) != id:
            message = "is not the id in the URL; they must be the same, or leave it out here"
            mistakes = [FileMistake("", message, pointer="/document/id", nearest=id)]
        try:
            document = read(id, self.text, self.annotation, measures, id)
        except Mistakes as found:
            mistakes += found.mistakes
        if mistakes:
            raise refusal(mistakes)
        return document

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """What the annotation says of the document itself, unchecked; nothing if it cannot be read."""
        about = self._tree.get("document") if isinstance(self._tree, Mapping) else None
        return about if isinstance(about, Mapping) else {}

    @cached_property
    def _tree(self) -> Any:
        if not isinstance(self.annotation, bytes):
            return self.annotation
        try:
            return from_yaml(self.annotation, "document").value
        except Mistakes:
            # They are told of when it is read.
            return None


async def sent(request: Request) -> Sent:
    """What the request sends; a Problem if it has another form."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/json":
        return sent_as(parsed(await request.body()))
    if media == "multipart/form-data":
        async with request.form(max_files=2, max_fields=2) as form:
            unknown = sorted(set(form) - set(MEMBERS))
            if unknown or not all(name in form for name in MEMBERS):
                raise _wrong_members(unknown)
            return Sent(*[await _content(form[name]) for name in MEMBERS])
    raise Problem(415, f"send {FORMS}", headers={"Accept-Post": "application/json, multipart/form-data"})


async def _content(part: UploadFile | str) -> bytes:
    return part.encode() if isinstance(part, str) else await part.read()


def sent_as(body: object) -> Sent:
    """What a JSON object says: `text` as words, `annotation` as an object or as YAML in a string."""
    if not isinstance(body, dict):
        raise Problem(422, "the body is not an object with `text` and `annotation`")
    if set(body) != set(MEMBERS):
        raise _wrong_members(sorted(set(body) - set(MEMBERS)))
    text, annotation = body["text"], body["annotation"]
    errors = []
    if not isinstance(text, str):
        errors.append(Mistake(pointer="/text", message="is not the words of the article"))
    if isinstance(annotation, str):
        annotation = annotation.encode(errors="replace")
    elif not isinstance(annotation, dict):
        message = "is neither an object nor the annotation file in a string"
        errors.append(Mistake(pointer="/annotation", message=message))
    if errors:
        raise Problem(422, "this is not an annotated document; see `errors`", errors)
    return Sent(_encoded(text), annotation)


async def merge_patch(request: Request) -> dict[str, Any]:
    """The JSON merge patch (RFC 7396) that the request sends."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in MERGE_PATCH:
        accepted = {"Accept-Patch": ", ".join(MERGE_PATCH)}
        raise Problem(415, "send a JSON merge patch as application/merge-patch+json", headers=accepted)
    patch = parsed(await request.body())
    if not isinstance(patch, dict) or not patch:
        raise Problem(422, "a merge patch is an object with the members to change")
    return patch


def parsed(body: bytes) -> Any:
    """JSON with every number as its digits, so that none goes through a float; a Problem if it is none."""
    try:
        return json.loads(body, parse_float=str, parse_int=str, object_pairs_hook=_once)
    except _Twice as twice:
        raise Problem(422, "a member of the JSON body is there twice", [twice.mistake]) from None
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON in UTF-8") from None


def refusal(mistakes: Iterable[FileMistake]) -> Problem:
    """All mistakes of an annotated document: with pointer, extract and nearest match."""
    errors = [
        Mistake(
            pointer=mistake.pointer or None,
            line=mistake.line,
            column=mistake.column,
            part="text" if mistake.file.endswith(ARTICLE) else "annotation",
            message=mistake.message,
            extract=mistake.extract,
            nearest=mistake.nearest,
        )
        for mistake in mistakes
    ]
    count = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
    return Problem(422, f"{count} in the annotated document; nothing was written; see `errors`", errors)


class _Twice(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        plain = name if name.isidentifier() and len(name) < 60 else None
        self.mistake = Mistake(pointer=plain and f"/{plain}", message="the same member twice in one object")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return found


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        message = "holds half of a surrogate pair, which is no character"
        raise Problem(422, "the text is not Unicode", [Mistake(pointer="/text", message=message)]) from None


def _wrong_members(unknown: list[str]) -> Problem:
    errors = [
        Mistake(message="unknown member or part", nearest=nearest(name, MEMBERS), allowed=list(MEMBERS))
        for name in unknown[:10]
    ]
    missing = "an annotated document has exactly the members `text` and `annotation`"
    return Problem(422, missing, errors or [Mistake(message=missing, allowed=list(MEMBERS))])
