"""Folding: what a reader types finds what an article prints, and both databases find the same."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import text

from models.folding import LONGEST, _any, fold
from models.session import Database

# Characters that change what becomes of their neighbours.
TELLING = st.sampled_from(
    "aZ lquds0123"
    " \u00e9\u0301\u0130\u017f\u00df.,'\u2018\u2019\u02bc\u201c\u2014\u2026\n\u6c34\u6e2f\u202f\u00b4"
)


@pytest.mark.parametrize(
    ("printed", "typed"),
    [
        ("Élysée", "elysee"),
        ("BEIRUT", "beirut"),
        ("Israel’s", "israel"),
        ("Israel‘s", "Israel's"),
        ("Netanyahu’s office", "netanyahu office"),
        ("don’t", "don't"),
        ("l’Élysée", "l elysee"),
        ("Zoe\u0301’s", "Zoé"),
        ("“We are coping,”", '"we are coping"'),
        ("U.N.", "UN"),
        ("U.S.-led", "US led"),
        ("2,350", "2350"),
        ("2\u202f350", "2350"),
        ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("Diyarbakır", "diyarbakir"),
        ("ﬁnance oﬃce", "finance office"),
        ("e\u0301te\u0301", "été"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("Łódź", "lodz"),
        ("Bjørn Æther", "bjorn aether"),
        ("مُحَمَّد", "محمد"),
        ("λόγος", "ΛΟΓΟΣ"),
        ("Молодёжь", "молодежь"),
        ("a\u00a0b\u3000c\nd", "a b c d"),
        ("well-known", "well known"),
        ("zero\u200bwidth", "zero width"),
        ("½", "1 2"),
    ],
)
def test_what_differs_in_form_alone_folds_alike(printed: str, typed: str) -> None:
    assert fold(printed) == fold(typed)


@pytest.mark.parametrize(
    ("words", "folded"),
    [
        ("港口は", "港口 口は"),
        ("水", "水"),
        ("2024年の港", "2024 年の の港"),
        ("3.5", "3 5"),
        ("1,30", "1 30"),
        ("rock 'n' roll", "rock n roll"),
        ("🌊 👩‍👧", ""),
        ("…—«»", ""),
        ("'s", "s"),
        ("A.B. and C.", "ab and c"),
        ("end.Begin", "end begin"),
    ],
)
def test_words_are_parted(words: str, folded: str) -> None:
    assert fold(words) == folded


def test_texts_are_joined() -> None:
    assert fold("One", None, "", "🌊", "two") == "one two"
    assert fold(None) == fold() == ""


def test_the_end_of_a_very_long_word_does_not_matter() -> None:
    assert fold("x" * 5000) == "x" * LONGEST
    assert len(max(fold("ﷺ" * 3000).split(), key=len)) <= LONGEST


@given(st.text())
def test_folded_words_are_letters_and_digits_parted_by_single_spaces(words: str) -> None:
    folded = fold(words)
    assert folded == " ".join(folded.split(" ")).strip()
    assert "  " not in folded
    assert all(c == " " or unicodedata.category(c)[0] in "LN" for c in folded)


@example("a\u0301'0")
@given(st.text())
def test_composition_and_case_do_not_matter(words: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, words)) == fold(words)


@given(st.text())
def test_what_is_folded_stays_so(words: str) -> None:
    assert set(fold(fold(words)).split()) == set(fold(words).split())


@example("l'eau d\u2019l\u2018Élysée\u2019s 2,350 U.N. a\u2026b\n\u201cÉ\u201d")
@given(st.text(TELLING | st.characters()))
def test_what_is_ascii_is_folded_quicker_but_alike(words: str) -> None:
    assert fold(words) == _any(words)


def test_both_databases_find_the_same_words(seeded_database: Database) -> None:
    """Scripts, digits and long words included: neither database tokenises, it only parts at spaces."""
    words = fold("Élysée 港口は محمد " + "x" * 5000 + " 2,350 straße \U00020000\U00020001 ᏣᎳᎩ Ⅻ ②").split()
    with seeded_database.engine.execution_options(writes=True).connect() as connection:
        folded = " ".join(words)
        if seeded_database.sqlite:
            connection.execute(text("INSERT INTO quote_words (rowid, folded) VALUES (1, :f)"), {"f": folded})
            query = text("SELECT count(*) FROM quote_words WHERE rowid = 1 AND quote_words MATCH :word")
            found = [connection.scalar(query, {"word": f'"{word}"'}) for word in words]
        else:
            indexed = "array_to_tsvector(string_to_array(:f, ' '))"
            query = text(f"SELECT count(*) WHERE {indexed} @@ quote_literal(:word)::tsquery")
            found = [connection.scalar(query, {"f": folded, "word": word}) for word in words]
        connection.rollback()
    assert found == [1] * len(words)
