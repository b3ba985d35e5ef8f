"""Filters of nodes as SQL: the query for the ids of the nodes that match."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select

from mlmeta_track.domain.listing import Joins
from mlmeta_track.domain.nodes import Node
from mlmeta_track.store.filtering import filter_error, parse_filter
from mlmeta_track.store.filtering.tree import ValueType
from mlmeta_track.store.sql.filters.conditions import Conditions
from mlmeta_track.store.sql.filters.neighbours import Neighbours
from mlmeta_track.store.sql.filters.values import settled

__all__ = ["matching_ids"]


def matching_ids(kind: type[Node], text: str, joins: Joins) -> Select[Any]:
    """Return the query for the ids, each once, of the nodes of a kind that match a filter.

    Args:
        kind: The kind of nodes.
        text: The filter; its values become constants of the statement, bound when it is run.
        joins: What the filter means by neighbours that are missing.

    Raises:
        InvalidArgumentError: The filter cannot be read, names what there is not, or compares what
            cannot be compared; the message says where.
    """
    neighbours = Neighbours(kind, joins)
    tree = parse_filter(text)
    try:
        found = Conditions(neighbours).value(tree)
    except RecursionError as error:
        what = "it is nested too deep for Python's stack. Make it flatter."
        raise filter_error(what) from error
    if found.type not in (ValueType.BOOL, ValueType.ANY):
        what = f"it comes to {found.type.value}; expected a condition, such as id = 1."
        raise filter_error(what, tree.position)
    condition = settled(found, ValueType.BOOL, tree)
    return (
        select(neighbours.node.c.id.label("id"))
        .select_from(neighbours.joined())
        .where(condition.sql)
        .distinct()
    )
