"""Whether a filter means the same where missing neighbours are NULL as it does to a server.

A server of ML Metadata never finds a node without a neighbour that the filter names.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
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
)

_PROPERTIES = ("properties", "custom_properties")
_VALUES = (Arithmetic, Literal, Name, Negative)


def refuse_outer_joins(text: str) -> None:
    """Raise ``UnimplementedError`` if a server would find other nodes than the filter means.

    It finds the same if the filter names no neighbours, or compares them in conditions that all
    must hold: what is missing equals nothing.
    """
    for condition in _conjuncts(parse_filter(text)):
        neighbours = [name for name in _names(condition) if len(name.parts) > 1]
        if neighbours and not _needs_its_names(condition):
            what = "may hold although it is missing, and to a server such a node is never there"
            raise _cannot(neighbours[0], what, "Compare it with a value, joined by AND alone")
        for name in neighbours:
            if len(name.parts) == len(("properties", "name")) and name.parts[0] in _PROPERTIES:
                what = "has no value column, which a server wants to have"
                raise _cannot(name, what, f"Write {name}.string_value, or that of another type")


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
