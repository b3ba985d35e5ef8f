"""A filter as a tree: what ``parse_filter`` returns.

Every part knows the character of the filter at which it begins, counted from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, TypeAlias


class ValueType(Enum):
    """What a part of a filter comes to."""

    INT = "a whole number"
    DOUBLE = "a number"
    STRING = "a text"
    BOOL = "true or false"
    NULL = "NULL"
    ANY = "a property of any type"


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: int | float | str | bool | None
    type: ValueType
    position: int


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute, the field of a neighbour, or the name of a state: one or more parts."""

    parts: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        """Return the name as it is written, without backquotes."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class Logic:
    """AND or OR between two or more conditions."""

    operator: str
    conditions: tuple[Expression, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary of a condition."""

    condition: Expression
    position: int


@dataclass(frozen=True, slots=True)
class Compare:
    """``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``."""

    operator: str
    left: Expression
    right: Expression
    position: int


@dataclass(frozen=True, slots=True)
class In:
    """``IN (…)``, or ``NOT IN (…)``."""

    operand: Expression
    items: tuple[Expression, ...]
    negated: bool
    position: int


@dataclass(frozen=True, slots=True)
class Between:
    """``BETWEEN … AND …``, bounds included, or ``NOT BETWEEN``."""

    operand: Expression
    low: Expression
    high: Expression
    negated: bool
    position: int


@dataclass(frozen=True, slots=True)
class Like:
    """``LIKE``: ``%`` stands for any text, ``_`` for any character; or ``NOT LIKE``."""

    operand: Expression
    pattern: Expression
    negated: bool
    position: int


@dataclass(frozen=True, slots=True)
class Is:
    """``IS NULL``, ``IS TRUE``, ``IS FALSE``, or ``IS NOT …``."""

    operand: Expression
    value: bool | None
    negated: bool
    position: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``+``, ``-``, ``*`` or ``/``."""

    operator: str
    left: Expression
    right: Expression
    position: int


@dataclass(frozen=True, slots=True)
class Negative:
    """A number with the other sign."""

    operand: Expression
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of some values."""

    function: str
    arguments: tuple[Expression, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Cast:
    """A value as another type."""

    operand: Expression
    type: ValueType
    position: int


@dataclass(frozen=True, slots=True)
class Case:
    """``CASE WHEN … THEN … ELSE … END``; an operand is what each WHEN is compared with."""

    branches: tuple[tuple[Expression, Expression], ...]
    otherwise: Expression | None
    position: int
    operand: Expression | None = None


Expression: TypeAlias = (
    "Literal | Name | Logic | Not | Compare | In | Between | Like | Is | Arithmetic | Negative"
    " | Call | Cast | Case"
)


def has_names(part: Any) -> bool:
    """Say whether a part asks for anything in the store, or is made of constants alone."""
    if isinstance(part, tuple):
        return any(map(has_names, part))
    if isinstance(part, Name) or not is_dataclass(part):
        return isinstance(part, Name)
    return any(has_names(getattr(part, field.name)) for field in fields(part))
