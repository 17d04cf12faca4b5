"""An annotation file out of standoff marks: what an editor can finish, or the record can load.

Nothing is guessed: what the marks do not say is missing in the file, and its check says so; what the mapping
does not name, or the file cannot hold, is listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from annotations.article import Article
from annotations.file_format import LONGEST_KEY, Key
from annotations.formats import segments
from annotations.formats.mapping import Mapping as Meaning
from annotations.formats.naming import Naming
from annotations.formats.nodes import NODES, Node, nodes_of, related
from annotations.formats.standoff import Mark, Span, Standoff
from annotations.formats.understood import Understood
from annotations.mistakes import Mistake, Mistakes
from annotations.write_marks import Part, extract, marked
from annotations.yaml_text import Quoted, dump

WHO = ("speaker", "addressee", "place", "responsible")
DATES = ("said", "period", "reference")
# Keys of an annotation that hold several ids.
LISTS = ("speakers", "addressees")
# What a scheme may say of the cue or of the figure, and so of the quote or the claim.
OF_THE_WHOLE = ("form", "act", "polarity", "measure", "modality", "aggregation")
_ID: TypeAdapter[str] = TypeAdapter(Key)


@dataclass(frozen=True)
class Composed:
    """The annotation as the tree of its file; `left` is what it does not hold, a line each.

    `name` is the id of the document, and so the name of its files.
    """

    name: str
    text: str
    tree: dict[str, Any]
    left: list[str]

    @property
    def annotation(self) -> bytes:
        """The bytes of `NAME.claims.yaml`."""
        return "\n".join(
            filter(None, (dump({section: part}) for section, part in self.tree.items()))
        ).encode()


def compose(given: Standoff, meaning: Meaning, document: Mapping[str, str] | None = None) -> Composed:
    """The annotation of a text; `document` are keys of the article that the file does not give.

    Raises Mistakes if the document has no good id: its files could not be named.
    """
    return _Composing(Understood(given, meaning)).composed(document or {})


class _Composing:
    def __init__(self, understood: Understood) -> None:
        self.understood, self.given, self.text = understood, understood.given, understood.text
        self.article = Article(self.text)
        self.naming = Naming(understood)
        self.nodes = nodes_of(understood)

    def composed(self, document: Mapping[str, str]) -> Composed:
        """The whole of it."""
        about = self.given.about
        tree = {
            "document": segments.described(self.given, {**(about.get("document") or {}), **document}),
            "boilerplate": [Quoted(extract(self.text, *span)) for span in self._boilerplate],
            "entities": self.naming.entities(),
            "indicators": about.get("indicators") or {},
            "quotes": self._written("quote"),
            "claims": self._written("claim"),
            "text": self._sentences(),
        }
        left = self.understood.left
        told = [f"{what} ({count} times)" if count > 1 else what for what, count in left.items()]
        return Composed(self._name(tree["document"]), self.text, tree, told)

    def _name(self, about: Any) -> str:
        id_ = about.get("id") if isinstance(about, dict) else None
        try:
            return _ID.validate_python(id_)
        except ValidationError:
            message = f"no document can have this id: a-z, 0-9 and single hyphens, at most {LONGEST_KEY}; "
            message += "give another"
            raise Mistakes([Mistake(self.given.name, message, extract=str(id_)[:60])]) from None

    def _written(self, kind: str) -> list[dict[str, Any]]:
        return [
            {"id": id_} | self._keys(node) | related(self.nodes, self.understood, node) | self._marks(node)
            for id_, node in self.nodes.items()
            if node.kind == kind
        ]

    def _keys(self, node: Node) -> dict[str, Any]:
        said = {key: value for key, value in self._said(node).items() if key != "id"}
        keys: dict[str, Any] = {}
        for key, value in said.items():
            name, _, part = key.partition(".")
            if part:
                keys[name] = {"value": str(said[name]), part: str(value)}
            elif key in LISTS:
                keys[key] = str(value).split()
            elif key not in keys:
                keys[key] = str(value)
        if node.kind == "claim" and "value" not in keys:
            words = [self.given.words(mark) for role, mark in node.parts if role == "number"]
            keys |= {"value": words[0]} if words else {}
        return keys

    def _said(self, node: Node) -> dict[str, Any]:
        said: dict[str, Any] = dict(self.understood.said[node.mark.id])
        for role, mark in node.parts:
            if role in ("cue", "content", "number"):
                of_it = self.understood.said[mark.id]
                said = {key: of_it[key] for key in OF_THE_WHOLE if key in of_it} | said
        return said

    def _marks(self, node: Node) -> dict[str, Any]:
        parts: list[Part] = []
        apart: list[Quoted] = []
        whole = [span for _, mark in node.parts for span in mark.spans]
        own = self.understood.roles[node.mark.id] in NODES and bool(node.mark.spans)
        extracts: Sequence[Span] = (
            node.mark.spans if own else segments.extracts(self.article, self._cut, whole)
        )
        for role, mark in node.parts:
            head = self._head(role, mark)
            for span in (self.naming.spans(mark) if role in WHO else mark.spans) if head else ():
                start, end = segments.trimmed(self.text, *span)
                held = any(first <= start and end <= last for first, last in extracts)
                if role == "caveat" and not held:
                    apart.append(Quoted(extract(self.text, start, end)))
                    continue
                if not held:
                    extracts = segments.extracts(self.article, self._cut, [*whole, *extracts])
                parts.append(Part(start, end, str(head)))
        marks = [Quoted(mark) for mark in marked(self.text, extracts, parts)]
        return {"caveats": apart, "mark": marks[0] if len(marks) == 1 else marks}

    def _head(self, role: str, mark: Mark) -> str | None:
        """The head of a mark in its extract; None if it says too little for one."""
        said = self.understood.said[mark.id]
        if role in WHO:
            key = self.naming.key(mark)
            return f"{role}={key}" if key else None
        if role not in DATES:
            return role
        if "value" not in said:
            words = self.given.words(mark)
            self.understood.leave(mark, f"'{words}' is a date without a value, and left out")
            return None
        return f"{role}={said['value']}" + "".join(
            f";{key}={said[key]}" for key in ("anchor", "basis") if key in said
        )

    @property
    def _boilerplate(self) -> Sequence[Span]:
        return self.understood.spans("boilerplate")

    @cached_property
    def _cut(self) -> Sequence[Span]:
        """The sentences: those of the file, else by rule, so that none ends inside a mention."""
        whole = [span for mark in self.naming.mentioned() for span in self.naming.spans(mark)]
        given = self.understood.spans("sentence")
        return given or segments.sentences(self.text, self._boilerplate, whole)

    def _sentences(self) -> list[Quoted]:
        inside: dict[Span, list[Part]] = {sentence: [] for sentence in self._cut}
        for start, end, head in self.naming.parts():
            sentence = next((one for one in self._cut if one[0] <= start and end <= one[1]), None)
            if sentence is None:
                self.understood.leave(
                    None, f"the mention '{self.text[start:end]}' at {start} lies in no sentence"
                )
            else:
                inside[sentence].append(Part(start, end, head))
        written = []
        for sentence, parts in inside.items():
            first, *others = marked(self.text, [sentence], parts)
            written.append(Quoted(first))
            for lost in others:
                self.understood.leave(None, f"mentions cross each other, and no file can hold both: {lost}")
        return written
