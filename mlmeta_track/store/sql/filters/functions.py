"""The functions of a filter that take texts and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column

from mlmeta_track.store.filtering import filter_error
from mlmeta_track.store.filtering.tree import Call, Expression, Literal, ValueType
from mlmeta_track.store.sql.filters.portable import own_characters, replaced, stored_characters

_TEXT, _INT = ValueType.STRING, ValueType.INT
_HIGHEST = 2**31 - 1


@dataclass(frozen=True)
class TextFunction:
    """A function of one or more texts.

    Args:
        texts: How many texts it takes first.
        numbers: How many whole numbers it may take after them; at least one if any.
        result: What it comes to.
        make: Makes it of the texts, and of the numbers.
    """

    make: Callable[..., ColumnElement[Any]]
    texts: int = 1
    numbers: int = 0
    result: ValueType = _TEXT

    def takes(self, count: int) -> bool:
        """Say whether it can be called with so many arguments."""
        return self.texts + min(self.numbers, 1) <= count <= self.texts + self.numbers


TEXT_FUNCTIONS: Mapping[str, TextFunction] = {
    # MySQL's LENGTH counts bytes.
    "LENGTH": TextFunction(lambda text: func.char_length(own_characters(text)), result=_INT),
    "UPPER": TextFunction(lambda text: stored_characters(func.upper(own_characters(text)))),
    "LOWER": TextFunction(lambda text: stored_characters(func.lower(own_characters(text)))),
    "TRIM": TextFunction(func.trim),
    "LTRIM": TextFunction(func.ltrim),
    "RTRIM": TextFunction(func.rtrim),
    "REPLACE": TextFunction(replaced, texts=3),
    "SUBSTR": TextFunction(
        lambda text, *places: stored_characters(func.substr(own_characters(text), *places)),
        numbers=2,
    ),
}


def positions(arguments: Sequence[Expression]) -> list[ColumnElement[Any]]:
    """Return where a part of a text begins, from 1 on, and how long it is.

    Raises:
        InvalidArgumentError: They are no such numbers; databases differ in what others mean.
    """
    found: list[ColumnElement[Any]] = []
    for least, part in zip((1, 0), arguments, strict=False):
        value = part.value if isinstance(part, Literal) and part.type is _INT else None
        if not isinstance(value, int) or value < least:
            what = f"expected a whole number of at least {least}, written out."
            raise filter_error(what, part.position)
        found.append(literal_column(str(min(value, _HIGHEST))))
    return found


def no_function(part: Call, others: Sequence[str]) -> Exception:
    """Return the error for a function that there is not, or not with so many values."""
    known = ", ".join([*TEXT_FUNCTIONS, *others])
    what = (
        f"there is no function {part.function} of {len(part.arguments)} values; expected one of"
        f" {known}."
    )
    return filter_error(what, part.position)
