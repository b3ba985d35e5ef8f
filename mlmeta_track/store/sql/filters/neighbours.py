"""What the names in a filter stand for: columns of a node, and of the neighbours it is joined with.

The two ways of joining, ML Metadata's and ours, differ here and in ``Conditions.property_of``, and
nowhere else.

The neighbours of a node are asked for by a subquery about that one node, so that whoever reads
nodes in the order of a page may stop when it is full.  Each subquery finds the neighbours by an
index.  MLMD has none that leads from an artifact or an execution to its contexts: unless the filter
names the few that it can be, those are looked for the other way, in a subquery that finds all nodes
with such contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import EnumMeta
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, literal_column, select, true

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.listing import Joins
from mlmeta_track.domain.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState
from mlmeta_track.store.filtering import filter_error
from mlmeta_track.store.filtering.tree import Name, ValueType
from mlmeta_track.store.sql.filters.analysis import TYPE_OF_NODE, Group, Neighbour
from mlmeta_track.store.sql.filters.portable import asked_of_each
from mlmeta_track.store.sql.filters.values import VALUE_FIELDS, Value
from mlmeta_track.store.sql.schema import (
    ASSOCIATION,
    ATTRIBUTION,
    EVENT,
    PARENT_CONTEXT,
    TYPE,
    tables_of,
)

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import NamedFromClause

_INT, _TEXT = ValueType.INT, ValueType.STRING
_COMMON: Mapping[str, ValueType] = {
    "id": _INT,
    "type_id": _INT,
    "create_time_since_epoch": _INT,
    "last_update_time_since_epoch": _INT,
    "name": _TEXT,
    "type": _TEXT,
    "external_id": _TEXT,
}
_ATTRIBUTES: Mapping[type[Any], Mapping[str, ValueType]] = {
    Artifact: {**_COMMON, "uri": _TEXT, "state": _INT},
    Execution: {**_COMMON, "last_known_state": _INT},
    Context: _COMMON,
}
_STATES: Mapping[str, EnumMeta] = {"state": ArtifactState, "last_known_state": ExecutionState}
_EVENT_FIELDS: Mapping[type[Any], Mapping[str, ValueType]] = {
    Artifact: {"type": _INT, "milliseconds_since_epoch": _INT, "execution_id": _INT},
    Execution: {"type": _INT, "milliseconds_since_epoch": _INT, "artifact_id": _INT},
}

_MOST_TABLES = 40
"""How many tables a filter joins at most; MySQL takes 61, SQLite 64."""

Anchors: TypeAlias = "Mapping[Neighbour, Select[Any]]"
"""The ids of the contexts that a neighbour can be, by the neighbour."""


@dataclass(frozen=True)
class _Joined:
    table: NamedFromClause[Any]
    condition: ColumnElement[bool]
    outer: bool


class Neighbours:
    """The tables that a group of conjuncts needs, one alias for each neighbour named."""

    def __init__(
        self, kind: type[Any], joins: Joins, group: Group, anchors: Anchors, count: Iterator[int]
    ) -> None:
        """Begin with the node alone.

        Args:
            kind: The kind of the node.
            joins: What neighbours that are missing mean.
            group: The conjuncts.
            anchors: The few contexts among which some of the neighbours must be.
            count: How many tables the whole filter has joined, from 1 on.
        """
        self.joins = joins
        self._anchors = anchors
        self._count = count
        self._kind = kind
        self._group = group
        self._tables = tables_of(kind)
        self._is_about_one = not any(map(self._has_no_index, group.neighbours))
        nodes: NamedFromClause[Any] = self._tables.nodes
        self._node = nodes if self._is_about_one else nodes.alias("node")
        self._joined: list[_Joined] = []
        self._aliases: dict[Neighbour, NamedFromClause[Any]] = {}

    def with_some(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return the condition that a node has neighbours which fulfil one."""
        if not self._joined:
            return condition
        if not self._is_about_one:
            return self._tables.nodes.c.id.in_(self._all_with(condition))
        return self._any_with(condition)

    def _any_with(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """Return the condition as a subquery about the one node."""
        first, *others = self._joined
        one: Select[Any] = select(literal_column("1"))
        if first.outer:  # there is a row also where no neighbour is
            start: FromClause = select(literal_column("1").label("one")).subquery("start")
            others = self._joined
        else:
            start, one = first.table, one.where(first.condition)
        for joined in others:
            start = start.join(joined.table, joined.condition, isouter=joined.outer)
        found = one.select_from(start).where(condition).correlate(self._node)
        return asked_of_each(found)

    def _all_with(self, condition: ColumnElement[bool]) -> Any:
        """Return the query for the ids of all nodes that have such neighbours."""
        start: FromClause = self._node
        for joined in self._joined:
            start = start.join(joined.table, joined.condition, isouter=joined.outer)
        return select(self._node.c.id).select_from(start).where(condition)

    def _has_no_index(self, neighbour: Neighbour) -> bool:
        is_context = self._kind is not Context and neighbour[0].startswith("contexts_")
        return is_context and neighbour[:1] not in self._anchors

    def resolve(self, name: Name) -> Value:
        """Return what a name stands for.

        Raises:
            InvalidArgumentError: It stands for nothing.
        """
        first, *rest = name.parts
        if first in ("properties", "custom_properties") and rest:
            return self._property(name, is_custom=first == "custom_properties")
        if not rest:
            return self._attribute(name)
        for prefix, neighbour in _NEIGHBOURS[self._kind].items():
            if first.startswith(f"{prefix}_") and len(first) > len(prefix) + 1:
                return neighbour(self, name)
        raise self._unknown(name)

    # The node itself

    def _attribute(self, name: Name) -> Value:
        attribute = name.parts[0].lower()
        found = _ATTRIBUTES[self._kind].get(attribute)
        if found is None:
            raise self._unknown(name)
        if attribute == "type":
            return Value(self._type_of(self._node, self._kind, TYPE_OF_NODE).c.name, found)
        return Value(self._node.c[attribute], found, _STATES.get(attribute))

    def _type_of(
        self, node: NamedFromClause[Any], kind: type[Any], key: Neighbour
    ) -> NamedFromClause[Any]:
        if key not in self._aliases:
            alias = self._aliases[key] = TYPE.alias(f"type_{len(self._aliases)}")
            number = _number(tables_of(kind).kind)
            self._join(key, alias, and_(alias.c.id == node.c.type_id, alias.c.type_kind == number))
        return self._aliases[key]

    # Properties

    def _property(self, name: Name, *, is_custom: bool) -> Value:
        first, property_name, *field = name.parts
        alias = self._property_alias(first, property_name, is_custom=is_custom)
        if len(field) == 1 and field[0] in VALUE_FIELDS:
            return Value(alias.c[field[0]], VALUE_FIELDS[field[0]])
        if field or self.joins is Joins.INNER:
            expected = ", ".join(f"{first}.{property_name}.{one}" for one in VALUE_FIELDS)
            what = f"{str(name)!r} names no value of the property; expected one of {expected}."
            raise filter_error(what, name.position)
        columns = {found: alias.c[column] for column, found in VALUE_FIELDS.items()}
        return Value(alias.c.name, ValueType.ANY, columns=columns)

    def _property_alias(
        self, first: str, property_name: str, *, is_custom: bool
    ) -> NamedFromClause[Any]:
        key = (first, property_name)
        if key not in self._aliases:
            properties = self._tables.properties
            alias = self._aliases[key] = properties.alias(f"property_{len(self._aliases)}")
            same = alias.c[self._tables.owner.name] == self._node.c.id
            flag = true() if is_custom else false()
            self._join(
                key,
                alias,
                and_(same, alias.c.name == property_name, alias.c.is_custom_property == flag),
            )
        return self._aliases[key]

    # Other neighbours

    def events(self, name: Name) -> Value:
        """Return a field of an event of the node."""
        field = self._field(name, _EVENT_FIELDS[self._kind])
        near = f"{self._kind.__name__.lower()}_id"
        alias = self._alias(name, lambda: self._linked(name, EVENT, near))
        names = EventType if field == "type" else None
        return Value(alias.c[field], _EVENT_FIELDS[self._kind][field], names, alias.c.id)

    def contexts(self, name: Name) -> Value:
        """Return a field of a context that the node belongs to."""
        members = ATTRIBUTION if self._kind is Artifact else ASSOCIATION
        near = f"{self._kind.__name__.lower()}_id"
        return self._node_field(name, Context, members, (near, "context_id"))

    def parents(self, name: Name) -> Value:
        """Return a field of a context that the node is a child of."""
        return self._node_field(name, Context, PARENT_CONTEXT, ("context_id", "parent_context_id"))

    def children(self, name: Name) -> Value:
        """Return a field of a context that is a child of the node."""
        return self._node_field(name, Context, PARENT_CONTEXT, ("parent_context_id", "context_id"))

    def artifacts(self, name: Name) -> Value:
        """Return a field of an artifact that belongs to the node."""
        return self._node_field(name, Artifact, ATTRIBUTION, ("context_id", "artifact_id"))

    def executions(self, name: Name) -> Value:
        """Return a field of an execution that belongs to the node."""
        return self._node_field(name, Execution, ASSOCIATION, ("context_id", "execution_id"))

    def _node_field(
        self, name: Name, kind: type[Any], links: FromClause, columns: tuple[str, str]
    ) -> Value:
        """Return a field of a node that is linked with ours.

        Args:
            name: The name in the filter.
            kind: The kind of the other node.
            links: The table of the links.
            columns: Its columns for our node and for the other one.
        """
        near, far = columns

        def make() -> NamedFromClause[Any]:
            link = self._linked(name, links, near)
            other = tables_of(kind).nodes.alias(f"neighbour_{len(self._aliases)}")
            self._join(name.parts[:1], other, other.c.id == link.c[far])
            return other

        fields = _ATTRIBUTES[kind]
        field = self._field(name, fields)
        alias = self._alias(name, make)
        if field == "type":
            type_of_it = self._type_of(alias, kind, (name.parts[0], "type"))
            return Value(type_of_it.c.name, fields[field])
        return Value(alias.c[field], fields[field], _STATES.get(field), alias.c.id)

    def _alias(self, name: Name, make: Callable[[], NamedFromClause[Any]]) -> NamedFromClause[Any]:
        # The same name is the same neighbour wherever it stands in the filter.
        key = (name.parts[0],)
        if key not in self._aliases:
            self._aliases[key] = make()
        return self._aliases[key]

    def _linked(self, name: Name, table: FromClause, column: str) -> NamedFromClause[Any]:
        link = table.alias(f"link_{len(self._aliases)}")
        key = name.parts[:1]
        near = link.c[column] == self._node.c.id
        anchor = self._anchors.get(key)
        self._join(key, link, near if anchor is None else and_(near, link.c.context_id.in_(anchor)))
        return link

    def _field(self, name: Name, fields: Mapping[str, ValueType]) -> str:
        field = ".".join(name.parts[1:]).lower()
        if field not in fields:
            what = f"{name.parts[0]!r} has no {field!r}; expected one of {', '.join(fields)}."
            raise filter_error(what, name.position)
        return field

    def _join(
        self, key: Neighbour, table: NamedFromClause[Any], condition: ColumnElement[bool]
    ) -> None:
        if next(self._count) > _MOST_TABLES:
            what = f"It names more neighbours than {_MOST_TABLES} tables hold. Name fewer."
            raise filter_error(what)
        outer = self.joins is Joins.OUTER and key not in self._group.needed
        self._joined.append(_Joined(table, condition, outer))

    def _unknown(self, name: Name) -> Exception:
        prefixes = [f"{prefix}_<alias>." for prefix in _NEIGHBOURS[self._kind]]
        known = [*_ATTRIBUTES[self._kind], "properties.<name>.", "custom_properties.<name>."]
        kind = self._kind.__name__.lower()
        article = "a" if self._kind is Context else "an"
        what = (
            f"there is no {str(name)!r} of {article} {kind}; expected one of"
            f" {', '.join([*known, *prefixes])}."
        )
        return filter_error(what, name.position)


def _number(number: int) -> ColumnElement[int]:
    return literal_column(str(int(number)))


_Neighbour = Callable[[Neighbours, Name], Value]
_NEIGHBOURS: Mapping[type[Any], Mapping[str, _Neighbour]] = {
    Artifact: {"contexts": Neighbours.contexts, "events": Neighbours.events},
    Execution: {"contexts": Neighbours.contexts, "events": Neighbours.events},
    Context: {
        "parent_contexts": Neighbours.parents,
        "child_contexts": Neighbours.children,
        "artifacts": Neighbours.artifacts,
        "executions": Neighbours.executions,
    },
}
