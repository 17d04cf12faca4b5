"""The plain tree: every scalar a string, every value with its line, nothing that YAML could hide."""

import pytest

from annotations.mistakes import Mistakes
from annotations.tree import from_json, from_yaml


def refused(content: str | bytes) -> list[tuple[int | None, str]]:
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(Mistakes) as found:
        from_yaml(data, "a.yaml")
    return [(mistake.line, mistake.message) for mistake in found.value]


def test_every_scalar_is_a_string_with_its_place() -> None:
    tree = from_yaml(b"a: 2024-10-15\nb: [no, 1.50, ~]\nc:\n  d: 'x y'\n", "a.yaml")
    assert tree.value == {"a": "2024-10-15", "b": ["no", "1.50", "~"], "c": {"d": "x y"}}
    assert [tree.places[path].line for path in [("a",), ("b", 2), ("c",), ("c", "d")]] == [1, 2, 3, 4]
    assert tree.places["c", "d"].column == 7


def test_a_value_that_was_left_empty_is_not_a_string() -> None:
    assert from_yaml(b"{a: at least 2,350, b: ''}", "a.yaml").value == {
        "a": "at least 2",
        "350": None,
        "b": "",
    }


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("a: &x 1\nb: *x\n", 1, "is an anchor"),
        ("a: 1\nb: *x\n", 2, "is an alias"),
        ("a: !!int 1\n", 1, "is a tag"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is here twice"),
        ("a: 1\n---\nb: 2\n", 2, "is a second YAML document"),
        ("a: [1\nb: 2\n", 2, "is not YAML"),
        ('a: "\\{x"\n', 1, "is not YAML: found unknown escape character; put the value in single quotes"),
        ('a: "x\\0"\n', 1, "contains a NUL character"),
        ('a: "\\ud800"\n', None, ""),
        ("? [a]\n: b\n", 1, "is a list or a mapping used as a key"),
        ("a: " + "[" * 30 + "]" * 30, 1, "is nested too deeply"),
    ],
)
def test_yaml_beyond_plain_values_is_refused(content: str, line: int | None, message: str) -> None:
    found = refused(content)[0]
    assert found[1].startswith(message)
    assert line is None or found[0] == line


def test_what_is_not_utf_8_is_refused() -> None:
    assert refused(b"a: b\nc: \xff\n") == [(2, "is not UTF-8: byte 0xff at byte 8")]


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_000_000,
        b"- " * 1_000_000,
        b"a: &a [" + b"x," * 10 + b"]\n" + b"".join(b"b%d: [*a, *a]\n" % n for n in range(1000)),
        b"- a\n" * 1_200_000,
        b"{a: " * 100_000,
        b"x" * 6_000_000,
    ],
)
def test_hostile_yaml_is_refused(content: bytes) -> None:
    """Before it is unfolded, which would take longer than anybody waits."""
    assert refused(content)


def test_json_keeps_the_digits_that_were_written() -> None:
    assert from_json({"a": [1, "2.50"]}, "a").value == {"a": ["1", "2.50"]}


@pytest.mark.parametrize("value", [0.1, True, "x\0", "\ud800", {"\0": "x"}])
def test_json_that_is_not_plain_words_is_refused(value: object) -> None:
    with pytest.raises(Mistakes):
        from_json({"a": value}, "a")


def test_deep_json_is_refused() -> None:
    deep: object = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Mistakes, match="nested too deeply"):
        from_json(deep, "a")
