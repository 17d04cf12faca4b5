"""Quotes: form, content, speakers, days, and how quotes stand within each other."""

import pytest

from annotations.annotated import Speaker
from tests.annotations.flood import SECTIONS, flood, line_of, mistake, mistakes

Q1 = SECTIONS["quotes"]
SAID = "- id: q2\n  mark: '{content|“We are coping,”} {speaker=aide|he} {cue|said}, {content|“for now.”}'\n"
CITED = "- id: q3\n  relays: q1\n  mark: '{cue|citing} {speaker=un|U.N.} figures'\n"


def quotes(*parts: str) -> dict[str, str]:
    return {"quotes": "\n" + "".join(parts)}


def test_the_form_is_found_and_interrupted_content_is_one_span_in_parts() -> None:
    quote = flood(**quotes(Q1, SAID)).quotes[1]
    assert quote.form == "direct"
    assert [span.role for span in quote.spans if span.role in ("content", "verbatim")] == [
        "content",
        "verbatim",
        "content",
        "verbatim",
    ]


def test_a_form_that_the_marks_contradict() -> None:
    sections = quotes(Q1, SAID.replace("  mark", "  form: mixed\n  mark"))
    found = mistake(**sections)
    assert found.message == "disagrees with the article: all of the content stands inside quotation marks"
    assert (found.nearest, found.line) == ("direct", line_of("form: mixed", **sections))


def test_marked_verbatim_words_stand_within_the_content() -> None:
    marked = "- {id: q2, form: mixed, mark: '{content|We {verbatim|are} coping},” {speaker=aide|he} said'}\n"
    assert [s.role for s in flood(**quotes(Q1, marked)).quotes[1].spans].count("verbatim") == 1
    outside = (
        marked.replace("{verbatim|are}", "are")
        .replace(" said", " {verbatim|said}")
        .replace("mixed", "indirect")
    )
    assert "verbatim words stand within the content" in [m.message for m in mistakes(**quotes(Q1, outside))]


def test_speakers_by_mark_and_by_key() -> None:
    listed = Q1.replace("  mark", "  addressees: [un]\n  speakers: [un]\n  mark")
    start = flood().text.index("a ministry")
    assert flood(**quotes(listed)).quotes[0].speakers == (
        Speaker("speaker", "aide", start, start + 15),
        Speaker("speaker", "un"),
        Speaker("addressee", "un"),
    )


@pytest.mark.parametrize(
    ("old", "new", "message", "nearest"),
    [
        (
            "{speaker=aide|a ministry aide}",
            "{speaker=aid|a ministry aide}",
            "no entity has this key",
            "aide",
        ),
        (
            "{speaker=aide|a ministry aide}",
            "{speaker=un|a ministry aide}",
            "in text: these words are a mention of 'aide'",
            None,
        ),
        (
            "{speaker=aide|a ministry aide}",
            "a {speaker=aide|ministry aide}",
            "these words are no mention in text:",
            "a ministry aide",
        ),
        (
            "{said=2024-10-15|Tuesday}",
            "{said=2024-10-14|Tuesday}",
            "the words say Tuesday, but 2024-10-14 is a Monday",
            None,
        ),
        ("{said=2024-10-15|Tuesday}", "{said=Tuesday|Tuesday}", "not an EDTF date", None),
        (
            "{content|Nearly 1,300 people were displaced}",
            "Nearly 1,300 people were displaced",
            "'q1' has no content",
            None,
        ),
        (
            "{content|Nearly 1,300 people",
            "{content|Nearly {content|1,300} people",
            "words are marked 'content' twice",
            None,
        ),
        ("  form", "  act: silence\n  form", "'q1' is a silence, and a silence has no content", None),
        ("  form", "  act: warn\n  form", "is not one of statement, belief", "warning"),
        ("  form", "  said: 2024-10-15\n  form", "is given, but a mark {said=…} gives it, too", None),
        ("  form", "  speakers: [aide]\n  form", "is speaker of this quote already", None),
        ("  form", "  relays: q7\n  form", "there is no quote or claim with this id", None),
        ("  form", "  relays: q1\n  form", "'q1' stands within itself", None),
        ("  form", "  responds: q1\n  form", "'q1' stands within itself", None),
    ],
)
def test_mistakes_of_a_quote(old: str, new: str, message: str, nearest: str | None) -> None:
    found = mistake(**quotes(Q1.replace(old, new)))
    assert found.message.startswith(message)
    assert found.nearest == nearest


def test_a_mistake_in_a_mark_has_the_column_of_its_brace() -> None:
    sections = quotes(Q1.replace("speaker=aide", "speeker=aide"))
    found = mistake(**sections)
    line = next(line for line in Q1.split("\n") if "mark" in line)
    assert found.line == line_of("speeker", **sections)
    assert found.column == line.index("{speaker") + 1
    assert found.nearest == "speaker"


def test_an_id_is_given_once() -> None:
    assert mistake(**quotes(Q1, SAID.replace("q2", "q1"))).message == "this id is given twice"


def test_a_quote_stands_within_one_other() -> None:
    found = mistake(**quotes(Q1, CITED, SAID.replace("  mark", "  embeds: [q1]\n  mark")))
    assert found.message == "'q1' already stands within 'q3'; a quote stands within one other"
    found = mistake(**quotes(Q1.replace("  mark", "  responds: q2\n  mark"), CITED, SAID))
    assert "already stands within" in found.message


def test_quotes_stand_within_each_other_without_circles() -> None:
    found = mistake(**quotes(Q1.replace("  mark", "  relays: q3\n  mark"), CITED))
    assert found.message == "a circle: q3 → q1 → q3"


def test_quotes_stand_at_most_eight_deep() -> None:
    def chain(length: int) -> list[str]:
        relayed = "- {id: q%d, relays: q%d, mark: '{cue|citing} {speaker=un|U.N.} figures'}\n"
        return [Q1, *(relayed % (n, n - 1) for n in range(2, length + 1))]

    assert len(flood(**quotes(*chain(9))).quotes) == 9
    assert mistake(**quotes(*chain(10))).message.startswith("stands within more than 8 others")
