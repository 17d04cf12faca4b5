"""Marks: braces in the words of the article, nested and escaped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.marks import MarkError, parse
from annotations.quotes import ROLES


def error(raw: str) -> MarkError:
    with pytest.raises(MarkError) as found:
        parse(raw, ROLES)
    return found.value


def test_marks_nest_and_offsets_are_those_of_the_words() -> None:
    extract = parse("{content|a {speaker=un|b} c} {cue|d}", ROLES)
    assert extract.words == "a b c d"
    assert [(p.role, p.value, p.start, p.end) for p in extract.parts] == [
        ("content", None, 0, 5),
        ("speaker", "un", 2, 3),
        ("cue", None, 6, 7),
    ]


def test_white_space_at_the_ends_of_marked_words_is_not_part_of_them() -> None:
    extract = parse(" a\n {cue| b  c }\n d ", ROLES)
    assert extract.words == "a b c d"
    assert [(part.start, part.end) for part in extract.parts] == [(2, 5)]


def test_escapes_stand_for_the_characters() -> None:
    assert parse(r"\{ {cue|\| \\} \}", ROLES).words == r"{ | \ }"
    assert parse("Home | News", ROLES).words == "Home | News"


def test_keys_follow_a_semicolon() -> None:
    (part,) = parse("{said=2024-10-15; anchor=publication |Tuesday}", ROLES).parts
    assert (part.value, part.keys) == ("2024-10-15", {"anchor": "publication"})


@pytest.mark.parametrize(
    ("raw", "offset", "message"),
    [
        ("a {cue|b", 2, "'{' is never closed"),
        ("a {cue", 2, "'{' is never closed"),
        ("a b} c", 3, "'}' closes nothing"),
        ("a {cue} b", 2, "a mark has no '|'"),
        ("a {cue{b|c}}", 2, "a mark has no '|'"),
        ("a {|b}", 2, "a mark has no role"),
        ("a {cue|}", 2, "a mark has no words"),
        ("a {cue| }b", 2, "a mark has no words"),
        ("a {cue|b|c}", 8, "a second '|'"),
        ("a {coe|b}", 2, "unknown role"),
        ("a {speaker|b}", 2, "'speaker' needs a value: {speaker=KEY|words}"),
        ("a {cue=x|b}", 2, "'cue' takes no value"),
        ("a {said=2024;anker=none|b}", 2, "after ';' stands anchor or basis=…, once"),
        ("a {cue;kind=x|b}", 2, "no ';' belongs here"),
        (r"a \n", 2, r"'\' stands only before"),
        ("a \\", 2, r"'\' stands only before"),
        ("{cue|" * 30 + "x" + "}" * 30, 100, "marks are nested too deeply"),
    ],
)
def test_mistakes_say_where_they_are(raw: str, offset: int, message: str) -> None:
    found = error(raw)
    assert str(found).startswith(message)
    assert found.offset == offset


def test_an_unknown_role_is_shown_the_nearest() -> None:
    assert error("{speeker=un|b}").nearest == "speaker"


def test_boilerplate_takes_no_marks() -> None:
    with pytest.raises(MarkError, match="no marks belong here"):
        parse("{cue|b}", {})


@given(st.text(alphabet="{}|\\=; ac🌊\n"))
def test_no_input_does_worse_than_a_mistake(raw: str) -> None:
    for roles in (ROLES, None, {}):
        try:
            extract = parse(raw, roles)
        except MarkError:
            continue
        assert extract.words == " ".join(extract.words.split())
        for part in extract.parts:
            words = extract.words[part.start : part.end]
            assert words
            assert words == words.strip()
