"""Nodes that an index finds, by whatever tells it: a filter, a type, a context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, select, union_all


@dataclass(frozen=True)
class Candidates:
    """Nodes that an index finds.

    Args:
        queries: What one of these finds, maybe several times, are their ids.
        is_one: The condition that a row of the table of the nodes is one of them.
        is_one_of_few: The same, for a database that does not know how few they are.
    """

    queries: tuple[Select[Any], ...]
    is_one: ColumnElement[bool]
    is_one_of_few: ColumnElement[bool]


def found_by(node_id: Column[int], *queries: Select[Any]) -> Candidates:
    """Return the candidates whose ids some queries find."""
    ids: Any = queries[0] if len(queries) == 1 else union_all(*queries)
    is_found = node_id.in_(ids)
    return Candidates(queries, is_found, is_found)


def fulfilling(node_id: Column[int], condition: ColumnElement[bool]) -> Candidates:
    """Return the candidates that fulfil a condition, for which their table has an index."""
    ids = select(node_id.label("id")).where(condition).correlate(None)
    return Candidates((ids,), condition, node_id.in_(ids))
