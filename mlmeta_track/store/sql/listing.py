"""Lists of nodes: filtered, in an order, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    BIGINT,
    BindParameter,
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy, Page, Position
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import NodeT
from mlmeta_track.store.sql.filters.found import Candidates, found_by, fulfilling
from mlmeta_track.store.sql.filters.portable import asked_of_each
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.read import nodes_by_ids
from mlmeta_track.store.sql.schema import TYPE, NodeTables, tables_of
from mlmeta_track.store.sql.searching import Search

_REMEMBERED_CHARACTERS = 2_000
_HIGHEST = 2**63 - 1


@dataclass(frozen=True)
class _Shape:
    """What of a query is spelled out in the statement; the rest are its parameters."""

    kind: type[Any]
    order_by: OrderBy
    ascending: bool
    filter: str
    joins: Joins
    limited: bool
    goes_on: bool
    of_type: bool
    of_version: bool
    in_context: bool


def list_page(session: Session, kind: type[NodeT], query: ListQuery) -> Page[NodeT]:
    """Return a page of nodes: filtered, in the order asked for, after where the last ended."""
    if query.limit is not None and query.limit < 0:
        message = f"A limit of {query.limit} nodes cannot be. Give a number from 0 on, or None."
        raise InvalidArgumentError(message)
    # A long filter is not remembered: it would keep its memory, and hardly ever comes again.
    prepare = _search if len(query.filter) <= _REMEMBERED_CHARACTERS else _search.__wrapped__
    rows = list(prepare(_shape(kind, query)).find(session, _values(query))[1])
    following = None
    if query.limit is not None and len(rows) > query.limit:
        rows = rows[: query.limit]
        following = _position(query, rows)
    found = {node.id: node for node in nodes_by_ids(session, kind, (row[0] for row in rows))}
    return Page([found[row[0]] for row in rows], following)


def explain(session: Session, kind: type[Any], query: ListQuery) -> str:
    """Return the SQL by which the ids of a page are found, its parameters and the plan for it."""
    values = _values(query)
    statement, _ = _search.__wrapped__(_shape(kind, query)).find(session, values)
    sql, parameters, plan = statement.explained(session, **values)
    return f"{sql}\n\nparameters: {parameters!r}\n\nplan:\n" + "\n".join(plan)


def _shape(kind: type[Any], query: ListQuery) -> _Shape:
    return _Shape(
        kind=kind,
        order_by=query.order_by,
        ascending=query.ascending,
        filter=query.filter,
        joins=query.joins,
        limited=query.limit is not None,
        goes_on=query.after is not None,
        of_type=query.type_name is not None,
        of_version=bool(query.type_version),
        in_context=query.context_id is not None,
    )


def _values(query: ListQuery) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if query.limit is not None:
        values["page_size"] = query.limit + 1  # one more tells whether there is another page
    if query.after is not None:
        values |= {"after_field": query.after.field, "after_id": _last_id(query.after)}
    if query.type_name is not None:
        values["type_name"] = query.type_name
    if query.type_version:
        values["type_version"] = query.type_version
    if query.context_id is not None:
        values["context_id"] = query.context_id
    return values


def _last_id(position: Position) -> int:
    """Return the id of the last node of a page.

    A position by update time has it in the list of those with the same time.  ML Metadata leaves
    out that list; the id alone says as much, and of more than two pages with the same time, too.
    """
    if position.listed_ids:
        return position.listed_ids[0]
    return position.field if position.id is None else position.id


def _position(query: ListQuery, rows: list[Any]) -> Position | None:
    """Return where a page ends; None for one without any row."""
    if not rows:
        return None
    last_id, last_field = rows[-1]
    if query.order_by is OrderBy.UPDATE_TIME:
        same = tuple(node_id for node_id, field in reversed(rows) if field == last_field)
        return Position(field=last_field, listed_ids=same)
    return Position(field=last_field, id=last_id)


@lru_cache(maxsize=256)
def _search(shape: _Shape) -> Search:
    tables = tables_of(shape.kind)
    node_id, field = tables.nodes.c.id, _field(tables, shape.order_by)
    conditions, candidates = _wanted(tables, shape)
    query = select(node_id, field.label("field")).where(*conditions)
    if shape.goes_on:
        query = query.where(_behind(node_id, field, ascending=shape.ascending))
    columns = [field, node_id] if shape.order_by is not OrderBy.ID else [node_id]
    query = query.order_by(*_directed(columns, shape))
    computed = _directed([column + literal_column("0") for column in columns], shape)
    stretch = None
    if shape.limited:
        query = query.limit(bindparam("page_size"))
        stretch = query.where(_within_stretch(tables, shape))
    return Search(query, computed, candidates, stretch)


def _directed(order: Sequence[ColumnElement[Any]], shape: _Shape) -> list[ColumnElement[Any]]:
    return [one if shape.ascending else one.desc() for one in order]


def _within_stretch(tables: NodeTables, shape: _Shape) -> ColumnElement[bool]:
    """Return the condition that a row is among the first ``stretch`` nodes of the page's order."""
    field = _field(tables, shape.order_by)
    others = tables.nodes.alias("others")
    other = others.c[field.name]
    end = select(other).order_by(other if shape.ascending else other.desc()).limit(1)
    if shape.goes_on:
        end = end.where(_behind(others.c.id, other, ascending=shape.ascending))
    end = end.offset(bindparam("stretch"))
    last: ColumnElement[int] = literal_column(str(_HIGHEST if shape.ascending else -_HIGHEST))
    bound = func.coalesce(end.scalar_subquery(), last)
    return field <= bound if shape.ascending else field >= bound


def _field(tables: NodeTables, order_by: OrderBy) -> Column[int]:
    columns = tables.nodes.c
    fields: dict[OrderBy, Column[int]] = {
        OrderBy.CREATE_TIME: columns.create_time_since_epoch,
        OrderBy.UPDATE_TIME: columns.last_update_time_since_epoch,
        OrderBy.ID: columns.id,
    }
    return fields[order_by]


def _behind(node_id: Column[int], field: Column[int], *, ascending: bool) -> ColumnElement[bool]:
    """Return the condition that a row comes after the last one of the page before."""
    after_field: BindParameter[int] = bindparam("after_field", type_=BIGINT)
    after_id: BindParameter[int] = bindparam("after_id", type_=BIGINT)
    if ascending:
        return or_(field > after_field, and_(field == after_field, node_id > after_id))
    return or_(field < after_field, and_(field == after_field, node_id < after_id))


def _wanted(
    tables: NodeTables, shape: _Shape
) -> tuple[list[ColumnElement[bool]], list[Candidates]]:
    """Return the conditions of the rows, and where indexes find nodes that fulfil them."""
    node_id = tables.nodes.c.id
    conditions: list[ColumnElement[bool]] = []
    candidates: list[Candidates] = []
    if shape.filter:
        filters = import_module("mlmeta_track.store.sql.filters.matching")  # which has the parser
        found = filters.matching(shape.kind, shape.filter, shape.joins)
        conditions.append(found.condition)
        candidates += found.candidates
    if shape.of_type:
        types = _type_ids(tables, versioned=shape.of_version)
        of_type = types.where(TYPE.c.id == tables.nodes.c.type_id).correlate(tables.nodes)
        conditions.append(asked_of_each(of_type))
        candidates.append(fulfilling(node_id, tables.nodes.c.type_id.in_(types)))
    if shape.in_context:
        member = tables.member
        members = select(member.label("id")).where(
            member.table.c.context_id == bindparam("context_id")
        )
        is_member = members.where(member == node_id).correlate(tables.nodes)
        conditions.append(asked_of_each(is_member))
        candidates.append(found_by(node_id, members))
    return conditions, candidates


def _type_ids(tables: NodeTables, *, versioned: bool) -> Select[Any]:
    version = TYPE.c.version == bindparam("type_version") if versioned else TYPE.c.version.is_(None)
    return select(TYPE.c.id).where(
        TYPE.c.name == bindparam("type_name"), TYPE.c.type_kind == int(tables.kind), version
    )
