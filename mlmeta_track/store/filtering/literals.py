"""Texts as they are written in a filter: quotes, and what a backslash stands for."""

from __future__ import annotations

import re

from mlmeta_track.store.filtering.errors import filter_error

_SIMPLE = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    **{character: character for character in "\\?\"'`"},
}
_ESCAPE = re.compile(
    r"\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))"
)
_HIGHEST = 0x10FFFF


def read_text(written: str, position: int) -> str:
    """Return the text that a literal stands for.

    Args:
        written: With its quotes, and with the ``r`` before them if there is one.
        position: Where it begins.
    """
    is_raw = written[0] in "rR"
    quoted = written[1:] if is_raw else written
    width = 3 if quoted[:3] in ("'''", '"""') else 1
    inner = quoted[width:-width]
    return inner if is_raw else unescape(inner, position)


def read_name(written: str, position: int) -> tuple[str, ...]:
    """Return the parts of a name; those in backquotes may hold any character."""
    parts = re.findall(r"`((?:\\.|[^`\\])+)`|([0-9A-Za-z_]+)", written)
    return tuple(unescape(quoted, position) if quoted else bare for quoted, bare in parts)


def unescape(text: str, position: int) -> str:
    """Return a text with what its backslashes stand for."""

    def character(found: re.Match[str]) -> str:
        two, four, eight, octal, single = found.groups()
        if single is not None:
            if single not in _SIMPLE:
                what = f"{found[0]!r} is no escape. Write \\\\ for a backslash."
                raise filter_error(what, position)
            return _SIMPLE[single]
        number = int(octal, 8) if octal else int(two or four or eight, 16)
        if number > _HIGHEST or 0xD800 <= number <= 0xDFFF:  # noqa: PLR2004 - Unicode's surrogates
            what = f"{found[0]} is no character of Unicode."
            raise filter_error(what, position)
        return chr(number)

    return _ESCAPE.sub(character, text) if "\\" in text else text
