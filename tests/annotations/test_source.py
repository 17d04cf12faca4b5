"""The article's bytes: one text, whose code points can be counted without doubt."""

import pytest

from annotations import source
from annotations.mistakes import Mistakes


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"\xef\xbb\xbfA", 1, "begins with a byte-order mark"),
        (b"A\nB\r\nC\r\n", 2, "contains a carriage return (2 in all)"),
        (b"A\nB\0", 2, "contains a NUL character (1 in all)"),
        (b"A\nB\xff", 2, "is not UTF-8: byte 0xff"),
        (b"\xed\xa0\x80", 1, "is not UTF-8"),  # half of a surrogate pair
        (b" \n", 1, "has no text"),
        (b"A" * (source.LARGEST + 1), None, "has 5,242,881 bytes"),
    ],
)
def test_bytes_that_are_refused(data: bytes, line: int | None, message: str) -> None:
    with pytest.raises(Mistakes) as found:
        source.text(data, "a.txt")
    (mistake,) = found.value.mistakes
    assert mistake.message.startswith(message)
    assert (mistake.file, mistake.line) == ("a.txt", line)


def test_offsets_count_code_points() -> None:
    assert source.position("a\n🌊b", 3) == (2, 2)
