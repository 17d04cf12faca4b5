"""`text:`: every sentence of the article, and the mentions in it."""

import pytest

from annotations.annotated import Mention
from tests.annotations.flood import SECTIONS, TEXT, flood, line_of, mistake, mistakes


def text(old: str, new: str) -> str:
    assert old in SECTIONS["text"]
    return SECTIONS["text"].replace(old, new)


def test_a_sentence_that_was_skipped_is_shown() -> None:
    found = mistake(
        text="\n".join(line for line in SECTIONS["text"].split("\n") if "Nearly" not in line),
        quotes="",
        claims="",
    )
    assert found.message == "words of the article are missing before this sentence (line 3 of the article)"
    assert found.extract is not None
    assert found.extract.startswith("Nearly 1,300 people")
    assert found.line == line_of("We are coping", quotes="", claims="") - 1


def test_the_article_goes_on_after_the_last_sentence() -> None:
    found = mistake(TEXT + "Later, more rain fell.\n")
    assert found.message.startswith("the article goes on after this sentence (line 4")
    assert found.extract == "Later, more rain fell."


def test_a_sentence_with_a_slip_is_one_mistake() -> None:
    found = mistake(text=text("A second wave", "A sekond wave"))
    assert (found.message, found.nearest) == (
        "is not in the article",
        "A second wave hit the harbour 🌊 at dawn.",
    )


def test_sentences_keep_the_order_of_the_article() -> None:
    lines = SECTIONS["text"].strip().split("\n")
    found = mistakes(text="\n" + "\n".join([lines[0], lines[2], lines[1]]) + "\n", quotes="", claims="")
    assert found[-1].message == "stands earlier in the article: sentences keep its order"


def test_sentences_may_recur_and_boilerplate_is_not_among_them() -> None:
    document = flood(
        "Yes.\nBuy | now\nYes.\n",
        entities="",
        quotes="",
        claims="",
        text="\n- Yes.\n- Yes.\n",
        boilerplate="\n- Buy | now\n",
    )
    assert [(span.start, span.end, span.role) for span in document.spans] == [
        (0, 4, "sentence"),
        (5, 14, "boilerplate"),
        (15, 19, "sentence"),
    ]


def test_boilerplate_within_a_sentence_or_another_is_a_mistake() -> None:
    assert mistake(boilerplate="\n- at dawn\n").message == "contains boilerplate"
    extra = mistake(TEXT + "Buy it now.", boilerplate="\n- Buy it now.\n- it now.\n")
    assert extra.message == "overlaps other boilerplate"


def test_mentions_have_an_entity_and_a_kind() -> None:
    document = flood(text=text("{aide|he}", "{?|he}").replace("{un|U.N.}", "{un;kind=demonym|U.N.}"))
    kinds = [(document.text[m.start : m.end], m.entity, m.kind) for m in document.mentions]
    assert kinds == [
        ("the harbour", "harbour", "nominal"),
        ("a ministry aide", "aide", "nominal"),
        ("U.N.", "un", "demonym"),
        ("he", None, "pronoun"),
    ]


def test_the_same_words_may_name_two_entities() -> None:
    document = flood(text=text("{un|U.N.} figures", "{un|{harbour|U.N.}} figures"))
    start = document.text.index("U.N.")
    assert [m for m in document.mentions if m.start == start] == [
        Mention(start, start + 4, "harbour", "nominal"),
        Mention(start, start + 4, "un", "name"),
    ]


@pytest.mark.parametrize(
    ("new", "message", "nearest"),
    [
        ("{unn|U.N.}", "no entity has this key", "un"),
        ("{un;kind=pronom|U.N.}", "the kind of a mention is one of", "pronoun"),
        ("{un;sort=name|U.N.}", "after ';' stands kind=…, once", None),
        ("{un|{un|U.N.}}", "the same words are marked twice as a mention of the same entity", None),
        ("{un=x|U.N.}", "'un' takes no value", None),
        ("{un|U.N.", "'{' is never closed", None),
    ],
)
def test_mistakes_of_mentions(new: str, message: str, nearest: str | None) -> None:
    found = mistake(text=text("{un|U.N.}", new))
    assert found.message.startswith(message)
    assert found.nearest == nearest
    # The column is that of the brace, in the file.
    assert found.line == line_of("{un|U.N.}")
    assert found.column == 3 + SECTIONS["text"].split("\n")[2].index("{un|U.N.}") - 2 or "{un|{un|" in new
