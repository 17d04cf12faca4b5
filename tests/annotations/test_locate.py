"""Extracts in the article: exactly once, or an explanation."""

import time

import pytest

from annotations.article import Article
from annotations.locate import NotLocated, locate

TEXT = "Israel’s call\n\nwas  heard. The café closed. Aid came; aid left.\nAid came late."


def refused(words: str, text: str = TEXT) -> NotLocated:
    with pytest.raises(NotLocated) as found:
        locate(Article(text), words)
    return found.value


def test_a_run_of_white_space_matches_a_run_of_white_space() -> None:
    article = Article(TEXT)
    at = locate(article, "call was heard")
    start, end = article.span(at, at + len("call was heard"))
    assert TEXT[start:end] == "call\n\nwas  heard"


def test_every_other_character_is_identical() -> None:
    found = refused("Israel's call")
    assert str(found) == "is not in the article: it has ’ (U+2019) where the extract has ' (U+0027)"
    assert found.nearest == "Israel’s call"


def test_composed_and_decomposed_letters_differ() -> None:
    found = refused("The cafe\u0301 closed")
    assert "composed differently (NFC and NFD)" in str(found)
    assert found.nearest == "The café closed."


def test_words_that_occur_twice_are_to_be_widened() -> None:
    message = str(refused("Aid came"))
    assert message.startswith("occurs 2 times in the article (line 3: …")
    assert "line 4: …" in message
    assert message.endswith("widen the extract until it occurs once")


def test_parts_of_words_count_as_occurrences() -> None:
    assert "occurs 2 times" in str(refused("Israel", "Israel and Israeli"))
    assert "occurs 3 times" in str(refused("aa", "aaaa"))


def test_an_extract_may_begin_and_end_within_words() -> None:
    assert locate(Article("Iran-backed groups"), "an-backed group") == 2


def test_the_nearest_passage_shares_words_with_the_extract() -> None:
    text = (
        "Nothing here. " * 50
        + "The ministry reported that 41 individuals were killed on Monday. "
        + "More. " * 50
    )
    assert refused("The ministry said that 41 people were killed", text).nearest is not None
    assert "ministry reported that 41 individuals were killed" in str(
        refused("The ministry said that 41 people were killed", text).nearest
    )
    assert refused("Quite other words", text).nearest is None


def test_ten_thousand_extracts_in_a_megabyte_are_quick() -> None:
    sentences = [
        f"Sentence {n} tells of the harbour and of {n * 7} people who came to it." for n in range(17_000)
    ]
    article = Article("\n".join(sentences))
    assert len(article.text) > 1_000_000
    start = time.perf_counter()
    for sentence in sentences[:10_000]:
        assert locate(article, sentence) >= 0
    for n in range(500):
        refused_text = f"Sentence {n} told of the harbours and {n} persons"
        with pytest.raises(NotLocated):
            locate(article, refused_text)
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("text", ["a " * 500_000, "a" * 1_000_000, "ab " * 300_000 + "c"])
def test_repetitive_articles_are_quick(text: str) -> None:
    article = Article(text.strip())
    start = time.perf_counter()
    for words in ("a a a a b", "a" * 400 + "b", "ab " * 100 + "ab d", "a"):
        with pytest.raises(NotLocated):
            locate(article, words)
    assert time.perf_counter() - start < 5
