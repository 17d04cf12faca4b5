"""W3C Web Annotation (https://www.w3.org/TR/annotation-model/): an annotation, a page of them, or a list.

Of targets it is the text that matters: `TextPositionSelector` counts code points, half-open;
`TextQuoteSelector` copies the words, with some before and behind them. A target without a selector is the
text as a whole.

Written, a mark is an annotation that is `classifying` its words, with several targets if it is discontinuous;
its attributes are properties of our own vocabulary, which other readers pass over. A link is an annotation
that is `linking` one annotation with another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from annotations.formats import json_file
from annotations.formats.offsets import Given, settle
from annotations.formats.standoff import Link, Mark, Span, Standoff, Value, checked
from annotations.formats.web_annotation_model import Annotation, Position, Quote, Target
from annotations.mistakes import Mistake, Mistakes

CONTEXT = "http://www.w3.org/ns/anno.jsonld"
# Of what is ours: attributes, and what is said of the text as a whole.
OWN = "onrecord:"
LABELS = ("classifying", "tagging")


def read(name: str, text: str, data: bytes) -> Standoff:
    """The annotations of a text. Raises Mistakes, each with the id or the place of its annotation."""
    file = f"{name}.jsonld"
    root = json_file.load(data, file)
    items, about = _items(root, file)
    mistakes: list[Mistake] = []
    found: list[tuple[str, Annotation]] = []
    for number, item in enumerate(items, 1):
        place = f"{file}: annotation {number}"
        try:
            found.append((place, Annotation.model_validate(item)))
        except ValidationError as error:
            mistakes += [_mistake(place, one) for one in error.errors(include_url=False)[:5]]
    if mistakes:
        raise Mistakes(mistakes)
    return checked(_standoff(name, text, file, found, about))


def _items(root: Any, file: str) -> tuple[list[Any], dict[str, Any]]:
    """The annotations of a file, and what it says of the text."""
    if isinstance(root, list):
        for item in root:
            _check_context(item, file)
        return root, {}
    _check_context(root, file)
    types = root.get("type")
    if types == "AnnotationCollection":
        first = root.get("first")
        if not isinstance(first, dict):
            raise Mistakes([Mistake(file, "a collection without its first page; nothing is fetched", 1)])
        return _items({"@context": root["@context"], **first}, file)
    if types == "AnnotationPage":
        if not isinstance(root.get("items"), list):
            raise Mistakes([Mistake(file, "an AnnotationPage needs a list of items", 1)])
        about = root.get(f"{OWN}about")
        return root["items"], about if isinstance(about, dict) else {}
    return [root], {}


def _check_context(item: Any, file: str) -> None:
    context = item.get("@context") if isinstance(item, dict) else None
    given = context if isinstance(context, list) else [context]
    if CONTEXT not in given:
        raise Mistakes([Mistake(file, f"is no web annotation: its @context is not {CONTEXT}", 1)])


def _mistake(place: str, error: Any) -> Mistake:
    path = ".".join(
        str(step) for step in error["loc"] if not str(step).startswith(("_", "function-", "list["))
    )
    message = str(error.get("ctx", {}).get("error") or error["msg"])
    return Mistake(place, f"{path}: {message}" if path else message)


def _standoff(
    name: str, text: str, file: str, found: list[tuple[str, Annotation]], about: Mapping[str, Any]
) -> Standoff:
    ids = {one.id for _, one in found if one.id}
    given: list[Given] = []
    owners: list[str] = []
    marks: dict[str, Mark] = {}
    links: list[Link] = []
    unread: list[str] = []
    for number, (place, one) in enumerate(found, 1):
        own = one.id or f"_{number}"
        label, attributes, others = _said(one, unread, place)
        between = [target.id for target in one.targets if target.id in ids]
        if between and others:
            links += [
                Link(label, str(source), other, attributes, place) for source in between for other in others
            ]
            continue
        marks[own] = Mark(own, label, (), attributes, place)
        for target in one.targets:
            for selected in _selected(text, target, place, unread):
                given.append(selected)
                owners.append(own)
    spans: dict[str, list[Span]] = {}
    for own, span in zip(owners, settle(text, given, file, ("codepoint", "utf16")), strict=True):
        spans.setdefault(own, []).append(span)
    placed = [
        Mark(mark.id, mark.label, tuple(spans.get(own, ())), mark.attributes, mark.place)
        for own, mark in marks.items()
    ]
    links = [link for link in links if link.source in marks and link.target in marks]
    return Standoff(name, text, tuple(placed), tuple(links), about, tuple(unread))


def _said(one: Annotation, unread: list[str], place: str) -> tuple[str, dict[str, Value], list[str]]:
    """The label of an annotation, its attributes, and the ids that its bodies are."""
    motivations = [one.motivation] if isinstance(one.motivation, str) else list(one.motivation or ())
    labels: list[str] = []
    attributes: dict[str, Value] = {}
    others: list[str] = []
    for body in one.bodies:
        purposes = [body.purpose] if isinstance(body.purpose, str) else list(body.purpose or motivations)
        words = body.value if body.value is not None else body.id or body.source
        if body.value is None and words:
            others.append(words)
        if words and any(purpose in LABELS for purpose in purposes):
            labels.append(words if body.value is not None else words.rpartition("#")[2].rpartition("/")[2])
        elif body.value is not None:
            attributes[purposes[0] if purposes else "comment"] = body.value
        elif "linking" not in purposes:
            unread.append(f"{place}: a body that is not in the file: {words}")
    for key, value in (one.model_extra or {}).items():
        if key.startswith(OWN):
            attributes[key.removeprefix(OWN)] = value if isinstance(value, bool) else str(value)
    return (labels or motivations or ["Annotation"])[0], attributes, others


def _selected(text: str, target: Target, place: str, unread: list[str]) -> Iterator[Given]:
    selectors = target.selector if isinstance(target.selector, list) else [target.selector]
    position = quote = None
    for selector in filter(None, selectors):
        kind = selector.get("type") if isinstance(selector, dict) else None
        try:
            if kind == "TextPositionSelector":
                position = Position.model_validate(selector)
            elif kind == "TextQuoteSelector":
                quote = Quote.model_validate(selector)
            elif kind != "FragmentSelector":
                unread.append(f"{place}: a {kind or 'selector without a type'}")
        except ValidationError as error:
            raise Mistakes([_mistake(place, one) for one in error.errors(include_url=False)]) from None
    if position is not None:
        yield Given(position.start, position.end, quote.exact if quote else None, place)
    elif quote is not None:
        yield _found(text, quote, place)


def _found(text: str, quote: Quote, place: str) -> Given:
    """Words without their place: they must stand in the text once, with what is around them."""
    around = quote.prefix + quote.exact + quote.suffix
    count = text.count(around)
    if count != 1:
        message = f"its words stand in the text {count} times, and it gives no position"
        raise Mistakes([Mistake(place, message, extract=quote.exact)])
    start = text.index(around) + len(quote.prefix)
    return Given(start, start + len(quote.exact), quote.exact, place)
