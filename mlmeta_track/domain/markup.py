"""Text that goes into HTML or SVG: escaped, and cut to the room that there is."""

from __future__ import annotations

import html
import re
import unicodedata

_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NARROW = frozenset("fijlrtI.,:;!|'`()[]{}/\\ -\"")
_WIDE = frozenset("mwMW@%&")


def escape(text: object) -> str:
    """Return text as it stands in an element or a quoted attribute; XML takes no control codes."""
    return html.escape(_UNFIT.sub("\ufffd", str(text)))


def width(text: str, size: float) -> float:
    """Return how many pixels a text takes at most, or about that, in a font without serifs."""
    return size * sum(map(_em, text))


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _WIDE:
        return 0.9
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if unicodedata.combining(character):
        return 0.0
    return 0.71 if character.isupper() else 0.61


def fit(text: str, room: float, size: float) -> str:
    """Cut a text in its middle, so that it takes no more than that many pixels."""
    if width(text, size) <= room:
        return text
    room -= width("…", size)
    head, tail, taken = 0, len(text), 0.0
    while True:
        # The end of a name tells more than its middle: of file names it is the extension.
        from_head = head <= len(text) - tail
        character = text[head] if from_head else text[tail - 1]
        taken += size * _em(character)
        if taken > room:
            return f"{text[:head]}…{text[tail:]}"
        head, tail = (head + 1, tail) if from_head else (head, tail - 1)
