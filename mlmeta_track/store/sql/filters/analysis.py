"""What a filter's tree tells before it is SQL: its conjuncts, and which neighbours each needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from mlmeta_track.store.filtering.tree import (
    Arithmetic,
    Between,
    Compare,
    Expression,
    In,
    Is,
    Like,
    Logic,
    Name,
    Negative,
    Not,
)

Neighbour: TypeAlias = tuple[str, ...]
"""What tells a neighbour from others: the parts of a name up to its field."""

TYPE_OF_NODE: Neighbour = ("type",)
_NO_NEIGHBOURS: frozenset[Neighbour] = frozenset()


@dataclass(frozen=True)
class Group:
    """Conjuncts that speak of the same neighbours, and of none that others speak of.

    Args:
        parts: The conjuncts, by their places among all.
        neighbours: The neighbours that they name.
        needed: Those of them without which the conjuncts cannot be true.
    """

    parts: tuple[int, ...]
    neighbours: frozenset[Neighbour]
    needed: frozenset[Neighbour]


def conjuncts(tree: Expression) -> list[Expression]:
    """Return the conditions that must all be true, in the order of the text."""
    if isinstance(tree, Logic) and tree.operator == "AND":
        return [one for condition in tree.conditions for one in conjuncts(condition)]
    return [tree]


def grouped_by_neighbours(parts: Sequence[Expression]) -> list[Group]:
    """Return the conjuncts in groups, each of which any neighbours may fulfil by themselves."""
    named = [frozenset(_neighbours(part)) for part in parts]
    places: dict[Neighbour, list[int]] = {}  # those of one group share a list
    for place, neighbours in enumerate(named):
        # A context and its type are told apart, but are one neighbour of the node.
        roots = {_root(one) for one in neighbours} or {()}
        met = {id(places[root]): places[root] for root in roots if root in places}
        first, *others = met.values() or [[]]
        first += [place, *(one for other in others for one in other)]
        same = {root for root, group in places.items() if any(group is one for one in others)}
        places |= dict.fromkeys(roots | same, first)
    groups = {id(group): sorted(group) for group in places.values()}
    return [
        Group(
            tuple(group),
            frozenset().union(*(named[place] for place in group)),
            frozenset().union(*(needed_by(parts[place]) for place in group)),
        )
        for group in groups.values()
    ]


def neighbours_of(name: Name) -> tuple[Neighbour, ...]:
    """Return the neighbours that a name needs; the type of a neighbour is one by itself."""
    first, *rest = name.parts
    if not rest:
        return (TYPE_OF_NODE,) if first.lower() == "type" else ()
    if first in ("properties", "custom_properties"):
        return ((first, rest[0]),)
    return ((first,), (first, "type")) if rest[-1].lower() == "type" else ((first,),)


def needed_by(part: Expression) -> frozenset[Neighbour]:
    """Return neighbours without which a condition cannot be true: missing, they make it NULL."""
    if isinstance(part, Logic):
        inner = [needed_by(one) for one in part.conditions]
        join = frozenset.union if part.operator == "AND" else frozenset.intersection
        return join(*inner)
    if isinstance(part, Is):
        # The others may be true of what is missing.
        is_asked_for = part.value is None and part.negated and isinstance(part.operand, Name)
        return _makes_null(part.operand) if is_asked_for else _NO_NEIGHBOURS
    inside = part.condition if isinstance(part, Not) else part
    return _null_without(inside)


def _null_without(part: Expression) -> frozenset[Neighbour]:
    """Return neighbours without which a comparison, or a property by itself, is NULL."""
    if isinstance(part, Compare):
        return _makes_null(part.left) | _makes_null(part.right)
    if isinstance(part, In | Between | Like):
        return _makes_null(part.operand)
    return _makes_null(part)


def _makes_null(part: Expression) -> frozenset[Neighbour]:
    """Return neighbours without which a value is NULL."""
    if isinstance(part, Name):
        return frozenset(neighbours_of(part))
    if isinstance(part, Arithmetic):
        return _makes_null(part.left) | _makes_null(part.right)
    return _makes_null(part.operand) if isinstance(part, Negative) else _NO_NEIGHBOURS


def _root(neighbour: Neighbour) -> Neighbour:
    """Return the neighbour that a type is the type of; any other itself."""
    first = neighbour[0]
    is_property = first in ("properties", "custom_properties")
    return neighbour if is_property or len(neighbour) == 1 else (first,)


def _neighbours(part: Any) -> Iterator[Neighbour]:
    """Yield the neighbours that a condition names."""
    if isinstance(part, Name):
        yield from neighbours_of(part)
    elif isinstance(part, tuple):
        for one in part:
            yield from _neighbours(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _neighbours(getattr(part, field.name))
