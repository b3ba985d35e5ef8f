"""Filters that differ in their constants alone, as one: a statement is made once for all of them.

Making a statement takes longer than running it on a small page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from sqlalchemy import BindParameter, bindparam, literal

from mlmeta_track.store.filtering.tree import (
    Between,
    Compare,
    Expression,
    Given,
    In,
    Literal,
    Name,
    ValueType,
)
from mlmeta_track.store.sql.filters.values import SQL_TYPES

EXACT = range(-(2**53) + 1, 2**53)
"""Whole numbers that are the same as doubles."""

_OPERANDS: Mapping[type[Any], tuple[str, ...]] = {
    Compare: ("left", "right"),
    In: ("operand",),
    Between: ("operand",),
}
"""Where that stands which constants are compared with."""


@dataclass(frozen=True)
class Form:
    """A filter without some of its constants.

    Args:
        tree: The filter; where its parts begin is left out, too.
        values: The constants by the names that stand in their places.
    """

    tree: Expression
    values: dict[str, Any]


def form_of(tree: Expression) -> Form:
    """Return a filter without the texts and whole numbers that something named is compared with."""
    values: dict[str, Any] = {}
    return Form(_without(tree, values), values)


def constant(value: Any, of: ValueType) -> BindParameter[Any]:
    """Return a constant as SQL; a parameter of the statement for what is given later."""
    if isinstance(value, Given):
        return bindparam(value.name, type_=SQL_TYPES[of])
    return literal(value, SQL_TYPES[of])


def _without(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, tuple):
        return tuple(_without(one, values) for one in part)
    if not is_dataclass(part) or isinstance(part, type):
        return part
    operands = [getattr(part, name) for name in _OPERANDS.get(type(part), ())]
    changes: dict[str, Any] = {"position": 0}
    compares = any(isinstance(one, Name) for one in operands)
    for field in fields(part):
        inner = getattr(part, field.name)
        if field.name != "position":
            changes[field.name] = (_given if compares else _without)(inner, values)
    return replace(part, **changes)


def _given(part: Any, values: dict[str, Any]) -> Any:
    """Return what is compared with something named, without the constants."""
    if isinstance(part, tuple):
        return tuple(_given(one, values) for one in part)
    if not isinstance(part, Literal) or not _can_be_given(part):
        return _without(part, values)
    name = f"given_{len(values)}"
    values[name] = part.value
    return Literal(Given(name), part.type, 0)


def _can_be_given(part: Literal) -> bool:
    """Say whether the statement is the same for any such constant."""
    if isinstance(part.value, str):
        return part.value.isprintable()
    return part.type is ValueType.INT and part.value in EXACT
