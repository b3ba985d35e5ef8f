"""``CAST``: values of one type as those of another; what cannot be one is NULL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import BIGINT, TEXT, ColumnElement, case, func, literal, true

from mlmeta_track.store.filtering import filter_error
from mlmeta_track.store.filtering.tree import Cast, Literal, ValueType
from mlmeta_track.store.sql.filters.portable import (
    as_double,
    as_text,
    double_of_text,
    int_of_double,
    int_of_text,
)
from mlmeta_track.store.sql.filters.values import SQL_TYPES, Value

_Change: TypeAlias = "Callable[[ColumnElement[Any]], ColumnElement[Any]]"
_INT, _DOUBLE = ValueType.INT, ValueType.DOUBLE
_STRING, _BOOL = ValueType.STRING, ValueType.BOOL


def cast_value(part: Cast, operand: Value) -> Value:
    """Return a value as another type.

    Raises:
        InvalidArgumentError: Nothing of its type can be of the other.
    """
    if operand.type is ValueType.NULL:
        # With a type, for PostgreSQL would take it for a text.
        return Value(literal(None, SQL_TYPES[part.type]), part.type)
    if operand.type is part.type:
        return Value(operand.sql, part.type)
    if (operand.type, part.type) == (_DOUBLE, _INT) and isinstance(part.operand, Literal):
        return Value(literal(_rounded(part.operand), BIGINT()), _INT)
    change = _CHANGES.get((operand.type, part.type))
    if change is None:
        what = f"{operand.type.value} cannot be cast to {part.type.value}."
        raise filter_error(what, part.position)
    return Value(change(operand.sql), part.type)


def _rounded(number: Literal) -> int | None:
    """Return the whole number that a constant is closest to, half away from zero as in SQL."""
    assert isinstance(number.value, float)  # noqa: S101 - this is what it was called for
    if abs(number.value) >= 2**63:
        return None
    whole = int(number.value)
    rest = number.value - whole
    return whole + (int(rest >= 0.5) - int(rest <= -0.5))  # noqa: PLR2004 - a half


def _int_of_truth(sql: ColumnElement[Any]) -> ColumnElement[Any]:
    one, zero = literal(1, BIGINT()), literal(0, BIGINT())
    return case((sql.is_(None), literal(None, BIGINT())), (_is_true(sql), one), else_=zero)


def _text_of_truth(sql: ColumnElement[Any]) -> ColumnElement[Any]:
    yes, no = literal("true", TEXT()), literal("false", TEXT())
    return case((sql.is_(None), literal(None, TEXT())), (_is_true(sql), yes), else_=no)


def _truth_of_text(sql: ColumnElement[Any]) -> ColumnElement[Any]:
    word = func.lower(sql)
    yes, no = literal("true", TEXT()), literal("false", TEXT())
    return case((word.in_([yes, no]), word == yes))


def _is_true(sql: ColumnElement[Any]) -> ColumnElement[Any]:
    return sql == true()


_CHANGES: Mapping[tuple[ValueType, ValueType], _Change] = {
    (_INT, _DOUBLE): as_double,
    (_INT, _STRING): as_text,
    (_INT, _BOOL): lambda sql: sql != literal(0, BIGINT()),
    (_DOUBLE, _INT): int_of_double,
    (_DOUBLE, _STRING): as_text,
    (_STRING, _INT): int_of_text,
    (_STRING, _DOUBLE): double_of_text,
    (_STRING, _BOOL): _truth_of_text,
    (_BOOL, _INT): _int_of_truth,
    (_BOOL, _STRING): _text_of_truth,
}
