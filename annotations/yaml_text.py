"""YAML as an editor would write it: block style, a line for each value, the same bytes for equal values."""

import re
from typing import Any

import yaml

# What needs no quotes: words that no YAML reader takes for a number, a date, a boolean or an indicator.
_PLAIN = re.compile(r"[^\W\d_](?:[\w .’/()+-]|,(?= )|:(?=\w))*")
_PRINTABLE = re.compile(
    "[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
_RESOLVER = yaml.resolver.Resolver()


class Quoted(str):
    """Words of the article, always in single quotes, so that extracts look alike."""

    __slots__ = ()


def dump(value: dict[str, Any], indent: str = "") -> str:
    """The mapping in block style; `None`, empty lists and empty mappings are left out."""
    return "".join(_entry(f"{indent}{scalar(key)}:", part, indent) for key, part in value.items() if part)


def _entry(head: str, part: Any, indent: str) -> str:
    if isinstance(part, dict):
        return f"{head}\n{dump(part, indent + '  ')}"
    if isinstance(part, list):
        return f"{head}\n" + "".join(_item(item, indent) for item in part)
    return f"{head} {scalar(part)}\n"


def _item(item: Any, indent: str) -> str:
    if isinstance(item, dict):
        return f"{indent}- {dump(item, indent + '  ').removeprefix(indent + '  ')}"
    return f"{indent}- {scalar(item)}\n"


def scalar(words: str) -> str:
    """One string on one line: plain where every YAML reader sees a string, else quoted."""
    if not _PRINTABLE.fullmatch(words):
        return f'"{"".join(map(_escaped, words))}"'
    if not isinstance(words, Quoted):
        if _PLAIN.fullmatch(words) and not words.endswith(" ") and _is_string(words):
            return str(words)
        if not set(words) & set('"\\\t'):
            return f'"{words}"'
    return "'" + words.replace("'", "''") + "'"


def _is_string(words: str) -> bool:
    tag = _RESOLVER.resolve(yaml.ScalarNode, words, (True, False))  # type: ignore[no-untyped-call]
    return bool(tag == "tag:yaml.org,2002:str")


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if _PRINTABLE.fullmatch(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
