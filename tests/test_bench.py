"""What the benchmark measures is a record like any other."""

from bench.peers import ASSUMED, Question, different, onrecord
from bench.record import check, documents
from bench.words import TERMS


def test_made_up_documents_equal_what_reading_their_files_gives() -> None:
    assert check(200) >= 8


def test_the_same_seed_makes_the_same_record() -> None:
    assert list(documents(60)) == list(documents(60))
    assert next(documents(60)) != next(documents(60, seed=1))


def test_a_planted_term_stands_in_its_part_of_the_quotes() -> None:
    made = list(documents(6000))
    words = [set(document.text.split()) for document in made]
    often = sum(len(own & set(TERMS[0.1])) for own in words)
    seldom = sum(len(own & set(TERMS[0.01])) for own in words)
    assert often > seldom > 0


def test_no_two_requests_are_the_same_where_each_is_to_be_different() -> None:
    asked = [Question("list", {"speaker": "anna-1"}), Question("list", {"speaker": "boris-2"})]
    paths = [onrecord(question).path for question in different(asked, 2000)]
    assert len(set(paths)) == len(paths)
    assert paths[0] == "/v1/quotes?speaker=anna-1&limit=50"
    assert not any(f"{name}={value}" in paths[0] for name, value in ASSUMED)
