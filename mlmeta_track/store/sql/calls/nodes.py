"""``put_artifacts``, ``put_executions`` and ``put_contexts``: nodes made, or updated by id."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.domain.types import PropertyType
from mlmeta_track.domain.writes import NodeWrite, UpdateOptions
from mlmeta_track.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    NotFoundError,
)
from mlmeta_track.store.batches.nodes import EncodedProperties, StoredNode
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.batches.values import check_text, encode
from mlmeta_track.store.sql.calls.masks import Mask
from mlmeta_track.store.sql.calls.stored import Fields, StoredRow, find_row
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks
from mlmeta_track.store.sql.rows import NodeRows
from mlmeta_track.store.sql.schema import NodeTables, tables_of
from mlmeta_track.store.sql.types import find_type_by_id

_COLUMNS: Mapping[type[Node], tuple[str, ...]] = {
    Artifact: ("uri", "state", "name", "external_id"),
    Execution: ("last_known_state", "name", "external_id"),
    Context: ("name", "external_id"),
}
_ROWS: Mapping[type[Node], NodeRows] = {
    kind: NodeRows(kind, *columns) for kind, columns in _COLUMNS.items()
}
_UPDATED: Mapping[type[Node], tuple[str, ...]] = {
    Artifact: ("uri", "state", "external_id"),
    Execution: ("last_known_state", "external_id"),
    Context: ("name", "external_id"),
}
"""The fields that an update writes: artifacts and executions keep their names."""

_AT_ONCE = 1_000
"""So many new nodes are written together: more would only wait in memory."""

REPLACE = UpdateOptions()
"""Without a mask, an update leaves nothing of what was there."""


def put_nodes(
    session: Session, kind: type[Node], nodes: Sequence[NodeWrite], options: UpdateOptions
) -> list[int]:
    """Make the nodes that have no id, update those that have one; return their ids."""
    return NodeWriter(session, kind).put_all(nodes, options)


class NodeWriter:
    """Writes nodes of one kind within one transaction."""

    def __init__(self, session: Session, kind: type[Node]) -> None:
        """Begin; the time of all that is written is now."""
        self._session = session
        self._kind = kind
        self._what = kind.__name__.lower()
        self._rows = _ROWS[kind]
        self._tables = tables_of(kind)
        self._now = time.time_ns() // 1_000_000
        self._types: dict[int, StoredType] = {}
        self._unwritten: list[tuple[int, EncodedProperties]] = []
        self._columns = _COLUMNS[kind]
        self._reserved: Iterator[int] = iter(())
        self._unwritten_nodes: list[tuple[Any, ...]] = []
        self._unwritten_keys: set[object] = set()

    def put_all(self, nodes: Sequence[NodeWrite], options: UpdateOptions) -> list[int]:
        """Make or update nodes; return their ids."""
        new = sum(node.id is None for node in nodes)
        if new > 1:
            self._reserved = iter(self._rows.reserve(self._session, new) or ())
        ids = [self._put(node, options) for node in nodes]
        self._flush()
        return ids

    def put(self, node: NodeWrite, options: UpdateOptions = REPLACE, *, touch: bool = False) -> int:
        """Make a node, or update the one of its id; return its id.

        Args:
            node: The node.
            options: How it is updated.
            touch: Whether the time of the last update moves even if nothing changes.
        """
        new_id = self._put(node, options, touch=touch)
        self._flush()
        return new_id

    def _put(self, node: NodeWrite, options: UpdateOptions, *, touch: bool = False) -> int:
        if node.id is None:
            return self._create(node)
        self._flush()  # it may be one of those that were just made
        self._update(node, options, touch=touch)
        return node.id

    def _flush(self) -> None:
        """Write the nodes that were made, and their properties, each in one statement."""
        if self._unwritten_nodes:
            self._rows.insert_reserved(self._session, self._now, self._unwritten_nodes)
            self._unwritten_nodes = []
            self._unwritten_keys.clear()
        if self._unwritten:
            self._rows.insert_properties(self._session, self._unwritten)
            self._unwritten = []

    def check(self, nodes: Sequence[NodeWrite]) -> None:
        """Raise the error that making nodes would raise for their types and properties.

        Raises:
            InvalidArgumentError: It names no type, or a property is not of the declared type.
            NotFoundError: There is no such type of this kind.
        """
        # In ML Metadata's order: first whether all name a type, then whether there are all types.
        type_ids = [self._type_id(node) for node in nodes]
        types = [self._type(type_id) for type_id in type_ids]
        for node, stored in zip(nodes, types, strict=True):
            encode_strictly(node, stored)

    def _type_of(self, node: NodeWrite) -> StoredType:
        """Return the type that a node names by its id.

        Raises:
            InvalidArgumentError: It names none.
            NotFoundError: There is no such type of this kind.
        """
        return self._type(self._type_id(node))

    def _type_id(self, node: NodeWrite) -> int:
        if node.type_id is None:
            message = f"Type id is missing. Set type_id of the {self._what}{_called(node)}."
            raise InvalidArgumentError(message)
        return node.type_id

    def _type(self, type_id: int) -> StoredType:
        stored = self._types.get(type_id) or find_type_by_id(
            self._session, self._tables.kind, type_id
        )
        if stored is None:
            message = (
                f"Cannot find type for the {self._what}: there is no {self._what} type with the id"
                f" {type_id}. Put the type first, and use the id that it got."
            )
            raise NotFoundError(message)
        self._types[type_id] = stored
        return stored

    # Made

    def _create(self, node: NodeWrite) -> int:
        stored_type = self._type_of(node)
        if self._kind is Context and not node.name:
            raise _nameless()
        fields = _fields_of(node, self._kind)
        given = encode_strictly(node, stored_type)
        self._refuse_taken(node.external_id, (stored_type.id, node.name), AlreadyExistsError)
        new_id = self._insert(stored_type, fields)
        self._unwritten.append((new_id, given))
        if len(self._unwritten) >= _AT_ONCE:
            self._flush()
        return new_id

    def _insert(self, stored_type: StoredType, fields: Fields) -> int:
        new_id = next(self._reserved, None)
        if new_id is None:
            return self._rows.insert(self._session, stored_type, self._now, **fields)
        values = [fields[name] for name in self._columns]
        self._unwritten_nodes.append((new_id, stored_type.id, *values))
        if fields["external_id"] is not None:
            self._unwritten_keys.add(fields["external_id"])
        if fields["name"] is not None:
            self._unwritten_keys.add((stored_type.id, fields["name"]))
        return new_id

    def _refuse_taken(
        self,
        external_id: str | None,
        name: tuple[int, str | None],
        error: type[AlreadyExistsError | InternalError],
    ) -> None:
        """Raise an error if another node has that external id, or that name within its type."""
        if not self._unwritten_keys.isdisjoint((external_id, name)):
            self._flush()  # so that it is found
        if external_id is not None:
            check_text(external_id, "external id")
            if taken := self._rows.by_external_ids(self._session, [external_id]):
                [other] = taken.values()
                message = (
                    f"The external id {external_id!r} belongs to the {self._what} with the id"
                    f" {other.id}. Give each {self._what} one of its own, or update that one."
                )
                raise error(message)
        type_id, text = name
        if text is not None:
            check_text(text, f"name of the {self._what}")
            if taken_ids := self._rows.ids_by_names(self._session, [(type_id, text)]):
                [other_id] = taken_ids.values()
                message = (
                    f"Given node already exists: the {self._what} with the id {other_id} has the"
                    f" name {text!r} and the same type. Take another name, or update that one."
                )
                raise error(message)

    # Updated

    def _update(self, node: NodeWrite, options: UpdateOptions, *, touch: bool) -> None:
        stored = self._stored(node)
        _refuse_stale(node, stored, options)
        if node.type_id is not None and node.type_id != stored.node.type_id:
            message = (
                f"The {self._what} with the id {node.id} has the type {stored.node.type_id}, and"
                f" type_id {node.type_id} is given. A node keeps its type: leave type_id out."
            )
            raise InvalidArgumentError(message)
        mask = Mask(options.mask)
        fields = mask.fields(stored.fields, _fields_of(node, self._kind), _UPDATED[self._kind])
        if self._kind is Context and not fields["name"]:
            raise _nameless()
        masked = mask.only_masked(node)
        given = encode_strictly(masked, self._type(stored.node.type_id))
        changed = self._set_properties(stored.node, mask.replaced(stored.node.properties, given))
        changed |= stored.differs_from(node)
        if changed or touch:
            self._refuse_taken_by_others(fields, stored)
            _update_statement(self._tables, _UPDATED[self._kind]).run(
                self._session,
                node_id=node.id,
                now=self._update_time(stored, options),
                **{f"new_{name}": fields[name] for name in _UPDATED[self._kind]},
            )

    def _update_time(self, stored: StoredRow, options: UpdateOptions) -> int:
        if not options.abort_if_latest_updated_time_changed:
            return self._now
        # Whoever read the node before must see that it changed, also within the same millisecond.
        return max(self._now, stored.last_update_time + 1)

    def _stored(self, node: NodeWrite) -> StoredRow:
        assert node.id is not None  # noqa: S101 - only nodes with an id are updated
        found = find_row(self._session, self._rows, self._kind, node.id)
        if found is None:
            message = f"Cannot find the given id {node.id}: there is no such {self._what}."
            raise InvalidArgumentError(message)
        return found

    def _refuse_taken_by_others(self, fields: Fields, stored: StoredRow) -> None:
        external_id, name = fields["external_id"], fields.get("name")
        self._refuse_taken(
            external_id if external_id != stored.fields["external_id"] else None,
            (stored.node.type_id, name if name != stored.fields["name"] else None),
            InternalError,
        )

    def _set_properties(self, node: StoredNode, wanted: EncodedProperties) -> bool:
        """Make the properties exactly those that are wanted, and say whether any changed."""
        gone = [key for key in node.properties if key not in wanted]
        _delete_statement(self._tables).run_many(
            self._session,
            [{"owner": node.id, "property_name": n, "is_custom": custom} for n, custom in gone],
        )
        return self._rows.set_properties(self._session, node, wanted) or bool(gone)


def encode_strictly(node: NodeWrite, stored_type: StoredType) -> EncodedProperties:
    """Encode a node's properties, each of the very type that is declared.

    Raises:
        InvalidArgumentError: One is not declared, has another type, or cannot be stored.
    """
    encoded: EncodedProperties = {}
    for name, value in node.properties.items():
        declared = stored_type.properties.get(name)
        if declared is None:
            message = (
                f"Found unknown property: the type {stored_type.name!r} declares no {name!r}."
                " Declare it, or give it as a custom property."
            )
            raise InvalidArgumentError(message)
        if declared is PropertyType.DOUBLE and not isinstance(value, float):
            message = (
                f"Found unmatched property type: {name!r} of the type {stored_type.name!r} is"
                f" declared DOUBLE, and its value is {value!r}. Set double_value."
            )
            raise InvalidArgumentError(message)
        encoded[(name, False)] = encode(name, value, declared)
    for name, value in node.custom_properties.items():
        check_text(name, "name of a custom property")
        encoded[(name, True)] = encode(name, value)
    return encoded


def _fields_of(node: NodeWrite, kind: type[Node]) -> Fields:
    fields: dict[str, Any] = {"name": node.name, "external_id": node.external_id}
    if kind is Artifact:
        uri = getattr(node, "uri", None) or ""
        check_text(uri, "URI")
        fields |= {"uri": uri, "state": _number(getattr(node, "state", None))}
    elif kind is Execution:
        fields["last_known_state"] = _number(getattr(node, "last_known_state", None))
    return fields


def _number(state: int | None) -> int | None:
    return None if state is None else int(state)


def _called(node: NodeWrite) -> str:
    return "" if node.name is None else f" {node.name!r}"


def _nameless() -> InvalidArgumentError:
    return InvalidArgumentError("Context name should not be empty. Give the context a name.")


def _refuse_stale(node: NodeWrite, stored: StoredRow, options: UpdateOptions) -> None:
    given = node.last_update_time_since_epoch or 0
    if options.abort_if_latest_updated_time_changed and given != stored.last_update_time:
        message = (
            f"The node with the id {node.id} was updated at {stored.last_update_time}, after it"
            f" was read (last_update_time_since_epoch is {given}). Read it again, and put that."
        )
        raise FailedPreconditionError(message)


@cache
def _update_statement(tables: NodeTables, columns: tuple[str, ...]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    return Prepared(
        update(tables.nodes)
        .where(tables.nodes.c.id == bindparam("node_id"))
        .values(**values, last_update_time_since_epoch=bindparam("now"))
    )


@cache
def _delete_statement(tables: NodeTables) -> Prepared:
    properties = tables.properties
    return Prepared(
        delete(properties).where(
            tables.owner == bindparam("owner"),
            properties.c.name == bindparam("property_name"),
            properties.c.is_custom_property == bindparam("is_custom"),
        )
    )


@cache
def _existing(tables: NodeTables, size: int) -> Prepared:
    return Prepared(select(tables.nodes.c.id).where(among(tables.nodes.c.id, "x", size)))


def existing_ids(session: Session, kind: type[Node], ids: Iterable[int]) -> set[int]:
    """Return those of the ids that nodes of that kind have."""
    found: set[int] = set()
    for size, values in chunks(ids, "x"):
        found |= {i for (i,) in _existing(tables_of(kind), size).all(session, **values)}
    return found
