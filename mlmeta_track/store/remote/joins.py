"""Filters that count missing neighbours as NULL, in the words of a server.

A server of ML Metadata never finds a node without a neighbour that the filter names, and knows no
property without its value column.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from mlmeta_track.errors import UnimplementedError
from mlmeta_track.store.filtering import parse_filter
from mlmeta_track.store.filtering.tree import (
    Arithmetic,
    Between,
    Compare,
    Expression,
    In,
    Like,
    Literal,
    Logic,
    Name,
    Negative,
    ValueType,
)
from mlmeta_track.store.remote.printing import print_filter

_PROPERTIES = ("properties", "custom_properties")
_VALUES = (Arithmetic, Literal, Name, Negative)
_NUMBERS = ("int_value", "double_value")
_COLUMNS = {
    ValueType.INT: _NUMBERS,
    ValueType.DOUBLE: _NUMBERS,
    ValueType.STRING: ("string_value",),
    ValueType.BOOL: ("bool_value",),
}


def as_inner_joins(text: str) -> str:
    """Return a filter by which a server finds what this one means where what is missing is NULL.

    Raises:
        UnimplementedError: There is none.  There is one if the filter names no neighbours, or
            compares them in conditions that all must hold: what is missing equals nothing.
        InvalidArgumentError: It is no filter.
    """
    conditions = [_translated(one) for one in _conjuncts(parse_filter(text))]
    if all(new is old for new, old in conditions):
        return text
    # Each in its own parentheses, for one may have become several.
    return " AND ".join(f"({print_filter(new)})" for new, _ in conditions)


def _translated(condition: Expression) -> tuple[Expression, Expression]:
    """Return a condition as a server knows it, and as it was."""
    neighbours = [name for name in _names(condition) if len(name.parts) > 1]
    if neighbours and not _needs_its_names(condition):
        what = "may hold although it is missing, and to a server such a node is never there"
        raise _cannot(neighbours[0], what, "Compare it with a value, joined by AND alone")
    bare = [name for name in neighbours if _has_no_column(name)]
    if not bare:
        return condition, condition
    new = _with_columns(condition)
    if new is None:
        what = "has no value column, which a server wants to have"
        way_out = f"Compare it with values alone, or write {bare[0]}.int_value or another of them"
        raise _cannot(bare[0], what, way_out)
    return new, condition


def _cannot(name: Name, what: str, way_out: str) -> UnimplementedError:
    return UnimplementedError(
        f"The filter cannot be given to a server: at character {name.position}, {name} {what}."
        f" {way_out}; or search the database itself."
    )


def _conjuncts(condition: Expression) -> Iterator[Expression]:
    if isinstance(condition, Logic) and condition.operator == "AND":
        for one in condition.conditions:
            yield from _conjuncts(one)
    else:
        yield condition


def _names(part: Any) -> Iterator[Name]:
    if isinstance(part, Name):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _names(one)
    elif dataclasses.is_dataclass(part):
        for field in dataclasses.fields(part):
            yield from _names(getattr(part, field.name))


# Conditions that do not hold if something in them is missing


def _needs_its_names(condition: Expression) -> bool:
    """Say whether a condition cannot hold if something in it is NULL."""
    if isinstance(condition, Name):
        return True
    if isinstance(condition, Compare):
        # Not !=, which for states and types of events is true of NULL.
        parts = (condition.left, condition.right)
        return condition.operator != "!=" and all(map(_is_value, parts))
    if isinstance(condition, (In, Between, Like)):
        return not condition.negated and all(map(_is_value, _parts(condition)))
    return False


def _parts(condition: In | Between | Like) -> tuple[Expression, ...]:
    if isinstance(condition, In):
        return (condition.operand, *condition.items)
    if isinstance(condition, Between):
        return (condition.operand, condition.low, condition.high)
    return (condition.operand, condition.pattern)


def _is_value(part: Any) -> bool:
    """Say whether a part is NULL if anything in it is."""
    if isinstance(part, Arithmetic):
        return _is_value(part.left) and _is_value(part.right)
    return isinstance(part.operand if isinstance(part, Negative) else part, _VALUES)


# Properties without a value column


def _has_no_column(name: Any) -> bool:
    return (
        isinstance(name, Name)
        and name.parts[0] in _PROPERTIES
        and len(name.parts) == len(("properties", "name"))
    )


def _with_columns(condition: Expression) -> Expression | None:
    """Return a condition that compares the columns of its one property; None if it has others."""
    if isinstance(condition, Name):
        return _column(condition, "bool_value")
    if isinstance(condition, Compare):
        field = "left" if _has_no_column(condition.left) else "right"
        other = condition.right if field == "left" else condition.left
        return _any_of(condition, field, [other])
    if isinstance(condition, In):
        return _among(condition)
    if isinstance(condition, (Between, Like)):
        return _any_of(condition, "operand", _parts(condition)[1:])
    return None


def _among(condition: In) -> Expression | None:
    by_columns: dict[tuple[str, ...], list[Expression]] = {}
    for item in condition.items:
        by_columns.setdefault(_columns_for([item]), []).append(item)
    found = [
        _any_of(dataclasses.replace(condition, items=tuple(items)), "operand", items)
        for items in by_columns.values()
    ]
    return _or([one for one in found if one is not None]) if all(found) else None


def _any_of(condition: Any, field: str, values: Sequence[Expression]) -> Expression | None:
    """Return the condition for each column of the property that has values of that type."""
    name, columns = getattr(condition, field), _columns_for(values)
    if not columns or not _has_no_column(name):
        return None
    return _or([dataclasses.replace(condition, **{field: _column(name, one)}) for one in columns])


def _columns_for(values: Sequence[Expression]) -> tuple[str, ...]:
    """Return the columns that may equal some constants; none if they are not all of one kind."""
    found = {_COLUMNS.get(v.type, ()) if isinstance(v, Literal) else () for v in values}
    return found.pop() if len(found) == 1 else ()


def _or(conditions: Sequence[Expression]) -> Expression:
    if len(conditions) == 1:
        return conditions[0]
    return Logic("OR", tuple(conditions), conditions[0].position)


def _column(name: Name, column: str) -> Name:
    return Name((*name.parts, column), name.position)
