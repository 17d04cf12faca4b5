"""Annotated documents made at random: texts in several scripts, with spans that nest, cross and repeat."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from annotations import quotation_marks, quotes, source
from annotations.annotated import (
    AnnotatedDocument,
    Claim,
    Entity,
    Mention,
    Quote,
    Source,
    Span,
    Speaker,
    Timex,
)
from annotations.claims import marked_words
from annotations.value import interpret
from models import edtf
from models.vocabulary import Act, Form, MentionKind, SpanRole, words

Bounds = tuple[int, int]

# Emoji with joiners, combining marks, right-to-left, CJK, quotation marks; then the syntax of marks and YAML.
_SCRIPTS = "harbour 🌊 👩‍👧 e\u0301te\u0301 été عاد שלום\u200f 港口は 「洪水」 “we “ ”no” ‘a’ don’t"
_SYNTAX = "x\u0301 \ufeff \x07 # - : ? & * ! % @ ` ~ { } | \\ \\{ {a|b} \"x\" 'y' 'it''s' a:b null a,b end."
_WORD = st.sampled_from(f"{_SCRIPTS} {_SYNTAX}".split())
_GAP = st.sampled_from([" ", "  ", "\n", "\n\n", "\t", "\u00a0", "\u3000", "\u2028", ""])
_PLAIN: tuple[SpanRole, ...] = ("content", "cue", "occasion", "medium")


class _Maker:
    """Draws the parts of one document."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        pieces = self.draw(st.lists(st.tuples(_WORD, _GAP), min_size=1, max_size=25))
        # A byte-order mark may stand anywhere but at the beginning.
        self.text = "".join(word + gap for word, gap in [("It", " "), *pieces])
        self.sentences = self._sentences()
        self.quotations = quotation_marks.interiors(self.text)

    def document(self) -> AnnotatedDocument:
        entities = tuple(Entity(key, "actor", "named", f"Name {key}") for key in ("a", "b"))
        mentions = self._mentions()
        made = [self._quote(f"q{n}", mentions) for n in (1, 2)]
        relay = Quote(
            "q3", "indirect", "statement", "positive", (self._extract("attribution"),), (), relays=("q1",)
        )
        return AnnotatedDocument(
            id="made",
            title=self.draw(
                st.sampled_from(["[Made]", "no", "1: 2", 'it\'s # \\ "x"', "line\u2028line", "été"])
            ),
            text=self.text,
            sha256=source.sha256(self.text.encode()),
            published=None,
            basis="unknown",
            note="Made at random.",
            spans=tuple(sorted(Span(*bounds, "sentence") for bounds in self.sentences)),
            entities=entities,
            mentions=mentions,
            quotes=(*made, relay),
            claims=(self._claim(),),
        )

    def _sentences(self) -> list[Bounds]:
        ends = self.draw(st.sets(st.integers(1, len(self.text)), max_size=4)) | {len(self.text)}
        starts = [0, *sorted(ends)]
        return self._trimmed(pairwise(starts))

    def _trimmed(self, bounds: Iterable[Bounds]) -> list[Bounds]:
        return [span for b in bounds if (span := quotation_marks.trimmed(self.text, *b))]

    def _spans(self, within: Bounds, most: int) -> list[Bounds]:
        """Spans that may nest and cross."""
        ends = st.tuples(st.integers(*within), st.integers(*within)).map(lambda pair: (min(pair), max(pair)))
        return sorted(set(self._trimmed(self.draw(st.lists(ends, max_size=most)))))

    def _apart(self, within: Bounds, most: int) -> list[Bounds]:
        kept: list[Bounds] = []
        for span in self._spans(within, most):
            if not kept or kept[-1][1] <= span[0]:
                kept.append(span)
        return kept

    def _extract(self, role: SpanRole) -> Span:
        """Words that occur once; the whole text always does."""
        collapsed = " ".join(self.text.split())
        for span in self._spans((0, len(self.text)), 3):
            words_ = " ".join(self.text[slice(*span)].split())
            if collapsed.find(words_, collapsed.find(words_) + 1) < 0:
                return Span(*span, role)
        (whole,) = self._trimmed([(0, len(self.text))])
        return Span(*whole, role)

    def _mentions(self) -> tuple[Mention, ...]:
        made: list[Mention] = []
        for sentence in self.sentences:
            for start, end in self._spans(sentence, 4):
                crossing = any(m.start < start < m.end < end or start < m.start < end < m.end for m in made)
                if not crossing:
                    key, kind = (
                        self.draw(st.sampled_from(["a", "b", None])),
                        self.draw(st.sampled_from(words(MentionKind))),
                    )
                    made.append(Mention(start, end, key, kind))  # type: ignore[arg-type]
        return tuple(sorted(made, key=lambda m: (m.start, m.end)))

    def _quote(self, id_: str, mentions: tuple[Mention, ...]) -> Quote:
        extract = self._extract("attribution")
        within = extract.start, extract.end
        spans = {Span(*bounds, role) for role in _PLAIN for bounds in self._apart(within, 3)} | {extract}
        said = self._apart(within, 1)
        near = [m for m in mentions if m.entity and extract.start <= m.start and m.end <= extract.end]
        role = self.draw(st.sampled_from(["speaker", "addressee"]))
        marked = [Speaker(role, str(m.entity), m.start, m.end) for m in near]  # type: ignore[arg-type]
        listed = [Speaker(role, key) for key in "ab" if key not in {s.entity for s in marked}]  # type: ignore[arg-type]
        spans |= {Span(*bounds, "said") for bounds in said}
        content = [(s.start, s.end) for s in sorted(spans) if s.role == "content"]
        act: Act = "warning" if content else "silence"
        draft = Quote(id_, "indirect", act, "negative", tuple(sorted(spans)), (*marked, *listed))
        verbatim = quotes.found_verbatim(self.text, self.quotations, draft)
        if content:
            verbatim = self._apart(content[0], 1) or verbatim
        form: Form = quotation_marks.form(self.text, content, verbatim)
        spans |= {Span(*bounds, "verbatim") for bounds in verbatim}
        return Quote(id_, form, act, "negative", tuple(sorted(spans)), draft.speakers, self._timex(said))

    def _timex(self, said: list[Bounds]) -> Timex | None:
        day = self.draw(st.dates(datetime.date(1000, 1, 1)))
        as_written = " … ".join(" ".join(self.text[slice(*bounds)].split()) for bounds in said)
        anchor, basis = self.draw(
            st.sampled_from([("utterance", "resolved"), ("none", "stated"), ("none", "inferred")])
        )
        if not said:
            basis = "inferred"
        return Timex("said", edtf.parse(str(day)), anchor, basis, as_written or None)  # type: ignore[arg-type]

    def _claim(self) -> Claim:
        extract = self._extract("statement")
        within = extract.start, extract.end
        number = self._apart(within, 1) or [within]
        spans = {extract, *(Span(*bounds, "number") for bounds in number)}
        spans |= {Span(*bounds, "counted") for bounds in self._apart(within, 2)}
        spans |= {Span(*bounds, "caveat") for bounds in self._spans(within, 2)}
        ordered = tuple(sorted(spans))
        return Claim(
            id="c1",
            value_words="about 50",
            figure=interpret("about 50", Decimal(45), self.draw(st.sampled_from([None, Decimal("1234.5")]))),
            measure="killed",
            unit="person",
            spans=ordered,
            counted=self.draw(
                st.sampled_from([marked_words(self.text, ordered, "counted") or "x", "people"])
            ),
            sources=(Source("q1", "asserts"), Source("q2", "denies")),
        )


@st.composite
def documents(draw: st.DrawFn) -> AnnotatedDocument:
    return _Maker(draw).document()
