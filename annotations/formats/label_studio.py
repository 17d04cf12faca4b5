"""Label Studio's JSON export: a list of tasks, each with a text and what its annotators marked.

Old exports call the annotations `completions`. Offsets are code points in newer exports and UTF-16 in older
ones; the words are copied. The labels of choices and the words of text areas that belong to a region are its
attributes.
"""

from collections.abc import Iterator
from typing import Any

from annotations.formats.json_file import load, member
from annotations.formats.offsets import Given, Unit, settle
from annotations.formats.standoff import Link, Mark, Standoff, Value, checked
from annotations.mistakes import Mistake, Mistakes


def read(name: str, data: bytes, unit: Unit | None = None) -> Iterator[Standoff]:
    """The annotations of each task. Raises Mistakes with the number of the task."""
    file = f"{name}.json"
    root = load(data, file)
    tasks = root if isinstance(root, list) else [root]
    for number, task in enumerate(tasks, 1):
        place = f"{file}: task {number}"
        own = (
            name
            if len(tasks) == 1
            else f"{name}-{task.get('id', number) if isinstance(task, dict) else number}"
        )
        yield _task(own, task, place, unit)


def _task(name: str, task: Any, place: str, unit: Unit | None) -> Standoff:
    given = (
        member(task, "annotations", list, place, None) or member(task, "completions", list, place, None) or []
    )
    kept = [one for one in given if isinstance(one, dict) and not one.get("was_cancelled")]
    unread = [f"{place}: the annotation {one.get('id')} of another annotator" for one in kept[1:]]
    result = member(kept[0], "result", list, place) if kept else []
    text = _text(member(task, "data", dict, place), result, place)
    marks: dict[str, Mark] = {}
    spans: list[Given] = []
    links: list[Link] = []
    for number, region in enumerate(result, 1):
        here = f"{place}, region {number}"
        kind, value = member(region, "type", str, here), region.get("value", {})
        if kind == "relation":
            ends = member(region, "from_id", str, here), member(region, "to_id", str, here)
            label = (region.get("labels") or ["relation"])[0]
            links.append(Link(str(label), *ends, place=here))
        elif isinstance(value, dict) and type(value.get("start")) is int and kind in value:
            labels = member(value, kind, list, here) or [kind]
            id_ = str(region.get("id", number))
            marks[id_] = Mark(id_, str(labels[0]), (), dict.fromkeys(map(str, labels[1:]), True), here)
            spans.append(Given(value["start"], member(value, "end", int, here), value.get("text"), here))
        elif str(region.get("id")) in marks and kind in ("choices", "textarea"):
            said = value.get("choices" if kind == "choices" else "text") or [""]
            mark = marks[str(region["id"])]
            attributes: dict[str, Value] = {
                **mark.attributes,
                str(region.get("from_name", kind)): str(said[0]),
            }
            marks[mark.id] = Mark(mark.id, mark.label, (), attributes, mark.place)
        else:
            unread.append(f"{here}: a {kind} that is no part of the text")
    found = settle(text, spans, place, ("codepoint", "utf16"), unit)
    placed = tuple(
        Mark(mark.id, mark.label, (span,), mark.attributes, mark.place)
        for mark, span in zip(marks.values(), found, strict=True)
    )
    return checked(Standoff(name, text, placed, tuple(links), unread=tuple(unread)))


def _text(data: dict[str, Any], result: list[Any], place: str) -> str:
    """The text that the regions are of: as they say, else the only one there is."""
    named = {str(one["source"]).lstrip("$") for one in result if isinstance(one, dict) and one.get("source")}
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    wanted = named & texts.keys() or ({"text"} & texts.keys()) or set(texts)
    if len(wanted) != 1:
        raise Mistakes(
            [Mistake(place, f"has {len(wanted)} texts in its data; one of them must be called 'text'")]
        )
    return texts[wanted.pop()]
