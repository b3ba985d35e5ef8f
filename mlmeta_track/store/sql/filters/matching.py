"""From a filter to SQL: the condition that a node matches, and the few nodes that can."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select

from mlmeta_track.domain.listing import Joins
from mlmeta_track.domain.nodes import Node
from mlmeta_track.store.filtering import filter_error, parse_filter
from mlmeta_track.store.filtering.tree import Expression, ValueType
from mlmeta_track.store.sql.filters.analysis import conjuncts, grouped_by_neighbours
from mlmeta_track.store.sql.filters.candidates import anchors, candidates
from mlmeta_track.store.sql.filters.conditions import Conditions, joined
from mlmeta_track.store.sql.filters.found import Candidates
from mlmeta_track.store.sql.filters.neighbours import Neighbours
from mlmeta_track.store.sql.filters.values import settled
from mlmeta_track.store.sql.schema import tables_of


@dataclass(frozen=True)
class Matching:
    """The nodes that match a filter.

    Args:
        condition: The whole filter, about a row of the table of the nodes.
        candidates: Where an index finds nodes; all that match are among each of these.
    """

    condition: ColumnElement[bool]
    candidates: Sequence[Candidates]


def matching(kind: type[Node], text: str, joins: Joins) -> Matching:
    """Return what says which nodes of a kind match a filter.

    Args:
        kind: The kind of nodes.
        text: The filter; its values become constants of the statement, bound when it is run.
        joins: What the filter means by neighbours that are missing.

    Raises:
        InvalidArgumentError: The filter cannot be read, names what there is not, or compares what
            cannot be compared; the message says where.
    """
    tree = parse_filter(text)
    try:
        parts = conjuncts(tree)
        condition = joined(and_, list(_conditions(kind, parts, joins)))
        return Matching(condition, candidates(kind, parts))
    except RecursionError as error:
        what = "it is nested too deep for Python's stack. Make it flatter."
        raise filter_error(what) from error


def matching_ids(kind: type[Node], text: str, joins: Joins) -> Select[Any]:
    """Return the query for the ids, each once, of the nodes that match; see ``matching``.

    Which of the candidates to begin with is for the database to choose.
    """
    found, node_id = matching(kind, text, joins), tables_of(kind).nodes.c.id
    among = [one.is_one for one in found.candidates]
    return select(node_id.label("id")).where(*among, found.condition).correlate(None)


def _conditions(
    kind: type[Node], parts: Sequence[Expression], joins: Joins
) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each group of conjuncts that speak of the same neighbours."""
    groups, known, count = grouped_by_neighbours(parts), anchors(kind, parts), itertools.count(1)
    neighbours = [Neighbours(kind, joins, group, known, count) for group in groups]
    of_part = {place: n for n, group in enumerate(groups) for place in group.parts}
    found: list[list[ColumnElement[bool]]] = [[] for _ in groups]
    for place, part in enumerate(parts):  # the first mistake in the text is the one to tell
        number = of_part[place]
        found[number].append(_condition(neighbours[number], part, is_all=len(parts) == 1))
    for near, conditions in zip(neighbours, found, strict=True):
        yield near.with_some(joined(and_, conditions))


def _condition(neighbours: Neighbours, part: Expression, *, is_all: bool) -> ColumnElement[bool]:
    conditions = Conditions(neighbours)
    if not is_all:
        return conditions.condition(part)
    found = conditions.value(part)
    if found.type not in (ValueType.BOOL, ValueType.ANY):
        what = f"it comes to {found.type.value}; expected a condition, such as id = 1."
        raise filter_error(what, part.position)
    return settled(found, ValueType.BOOL, part).sql
