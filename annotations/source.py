"""The article as it came: bytes that decode to one text whose code points can be counted without doubt."""

import hashlib

from annotations.mistakes import Mistake, Mistakes

# Far above any article; a bound keeps a mistaken upload from occupying the process.
LARGEST = 5 * 1024 * 1024


def text(data: bytes, file: str) -> str:
    """The text of the article. Raises Mistakes unless it is UTF-8 without byte-order mark, CR or NUL."""
    article = utf8(data, file)
    if data.startswith(b"\xef\xbb\xbf"):
        raise Mistakes([Mistake(file, "begins with a byte-order mark: save it as UTF-8 without one", 1, 1)])
    mistakes = []
    for character, name, help_ in (
        ("\r", "a carriage return", "save it with LF line ends"),
        ("\0", "a NUL character", "remove it"),
    ):
        count = article.count(character)
        if count:
            line, column = position(article, article.index(character))
            message = f"contains {name} ({count} in all): {help_}"
            mistakes.append(Mistake(file, message, line, column))
    if not article.strip():
        mistakes.append(Mistake(file, "has no text", 1, 1))
    if mistakes:
        raise Mistakes(mistakes)
    return article


def utf8(data: bytes, file: str, largest: int = LARGEST, line: int = 1) -> str:
    """The bytes decoded strictly, so no lone surrogates; `line` is where they begin. Raises Mistakes."""
    if len(data) > largest:
        raise Mistakes([Mistake(file, f"has {len(data):,} bytes, and {largest:,} are the most")])
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        message = f"is not UTF-8: byte 0x{data[error.start]:02x} at byte {error.start}"
        raise Mistakes([Mistake(file, message, line)]) from None


def sha256(data: bytes) -> str:
    """The hash that pins the article, of its bytes."""
    return hashlib.sha256(data).hexdigest()


def position(article: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of the code point at `offset`."""
    return article.count("\n", 0, offset) + 1, offset - (article.rfind("\n", 0, offset) + 1) + 1
