"""A part of a filter as SQL, and what it can be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import EnumMeta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BIGINT, BOOLEAN, DOUBLE_PRECISION, TEXT, ColumnElement, case

from mlmeta_track.store.filtering import filter_error
from mlmeta_track.store.filtering.tree import Expression, ValueType

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

NUMBERS = frozenset({ValueType.INT, ValueType.DOUBLE})
VALUE_FIELDS: Mapping[str, ValueType] = {
    "int_value": ValueType.INT,
    "double_value": ValueType.DOUBLE,
    "string_value": ValueType.STRING,
    "bool_value": ValueType.BOOL,
}
SQL_TYPES: Mapping[ValueType, TypeEngine[Any]] = {
    ValueType.INT: BIGINT(),
    ValueType.DOUBLE: DOUBLE_PRECISION(),
    ValueType.STRING: TEXT(),
    ValueType.BOOL: BOOLEAN(),
}


@dataclass(frozen=True)
class Value:
    """A part of a filter as SQL.

    Args:
        sql: The expression; of a property without a value column, whether it is there.
        type: What it comes to; NULL is the word alone.
        names: The names that it may be compared with, if it is a state or the type of an event.
        present: What is not NULL if that which has the state is there; None if it always is.
        columns: The value columns, of a property without one.
    """

    sql: ColumnElement[Any]
    type: ValueType
    names: EnumMeta | None = None
    present: ColumnElement[Any] | None = None
    columns: Mapping[ValueType, ColumnElement[Any]] | None = None


def truth(sql: ColumnElement[Any]) -> Value:
    """Return a condition."""
    return Value(sql, ValueType.BOOL)


def same_family(left: ValueType, right: ValueType) -> bool:
    """Say whether values of two types can be compared; a NULL and any property with all."""
    if {left, right} & {ValueType.NULL, ValueType.ANY}:
        return True
    return left is right or {left, right} <= NUMBERS


def settled(found: Value, wanted: ValueType, part: Expression) -> Value:
    """Return a value of the wanted type; of a property of any type, what it has of that.

    Raises:
        InvalidArgumentError: It is of another type.
    """
    if found.columns is not None and wanted in NUMBERS:
        return Value(number_of(found.columns), ValueType.DOUBLE)
    if found.columns is not None and wanted in found.columns:
        return Value(found.columns[wanted], wanted)
    if found.type is ValueType.NULL or same_family(found.type, wanted):
        return found
    what = f"this is {found.type.value}; expected {wanted.value}."
    raise filter_error(what, part.position)


def number_of(columns: Mapping[ValueType, ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return the number that a property of any type is; NULL if it is none."""
    whole = columns[ValueType.INT]
    return case((whole.is_not(None), whole), else_=columns[ValueType.DOUBLE])
