"""Types: found or made once, remembered, compared with what is declared, and read back."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import and_, bindparam, insert, select

from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
    TypeKind,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.batches.types import StoredType, check_declaration, refuse_conflict
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.schema import PARENT_TYPE, TYPE, TYPE_PROPERTY

TypeT = TypeVar("TypeT", ArtifactType, ExecutionType, ContextType)

_Identity: TypeAlias = "tuple[TypeKind, str, str | None]"


TypeCache: TypeAlias = "dict[_Identity, StoredType]"
"""What a store has seen of its types. Nothing in MLMD takes a type or its properties away."""

_SAME_VERSION = TYPE.c.version.is_not_distinct_from(bindparam("version"))
# MLMD lets a type be created twice; the first one is the one that counts.
_FIND = Prepared(
    select(TYPE.c.id)
    .where(TYPE.c.name == bindparam("name"), TYPE.c.type_kind == bindparam("kind"), _SAME_VERSION)
    .order_by(TYPE.c.id)
    .limit(1)
)
_PROPERTIES = Prepared(
    select(TYPE_PROPERTY.c.name, TYPE_PROPERTY.c.data_type).where(
        TYPE_PROPERTY.c.type_id == bindparam("type_id")
    )
)
_PARENTS = Prepared(
    select(PARENT_TYPE.c.parent_type_id).where(PARENT_TYPE.c.type_id == bindparam("type_id"))
)
_INSERT = Prepared(
    insert(TYPE).values(
        {column.name: bindparam(column.name) for column in TYPE.c if column.name != "id"}
    )
)
_INSERT_PROPERTY = Prepared(
    insert(TYPE_PROPERTY).values({c.name: bindparam(c.name) for c in TYPE_PROPERTY.c})
)
_INSERT_PARENT = Prepared(
    insert(PARENT_TYPE).values({c.name: bindparam(c.name) for c in PARENT_TYPE.c})
)


class TypeWriter:
    """Finds or makes the types that one transaction needs.

    What it learns goes into the store's cache with ``remember``, after the transaction has been
    committed: a type that was rolled back must not be remembered.
    """

    def __init__(self, session: Session, cache: TypeCache) -> None:
        """Begin with what the cache knows."""
        self._session = session
        self._cache = cache
        self._learnt: TypeCache = {}

    def ensure(self, declared: NodeType) -> StoredType:
        """Return the store's type, made or extended so that it has all that is declared.

        Raises:
            TypeConflictError: A property is stored with another type.
            InvalidArgumentError: The declaration cannot be stored.
        """
        identity = (declared.kind, declared.name, declared.version or None)
        stored = self._learnt.get(identity) or self._cache.get(identity)
        if stored is not None and stored.covers(declared):
            return stored
        check_declaration(declared)
        stored = find_type(self._session, declared)
        if stored is None:
            stored = self._insert(declared)
        else:
            refuse_conflict(declared, stored)
        self._learnt[identity] = stored = self._extend(stored, declared)
        return stored

    def remember(self) -> None:
        """Put what was learnt into the store's cache."""
        self._cache.update(self._learnt)

    def _insert(self, declared: NodeType) -> StoredType:
        new_id = _INSERT.insert(
            self._session,
            name=declared.name,
            version=declared.version or None,
            type_kind=int(declared.kind),
            description=declared.description,
            input_type=getattr(declared, "input_type", None),
            output_type=getattr(declared, "output_type", None),
            external_id=declared.external_id,
        )
        assert new_id is not None  # noqa: S101 - an INSERT of VALUES inserts or raises
        return StoredType(new_id, declared.kind, declared.name, {}, has_base=False)

    def _extend(self, stored: StoredType, declared: NodeType) -> StoredType:
        new = {n: t for n, t in declared.properties.items() if n not in stored.properties}
        rows = [{"type_id": stored.id, "name": n, "data_type": int(t)} for n, t in new.items()]
        _INSERT_PROPERTY.run_many(self._session, rows)
        if declared.base_type is not None and not stored.has_base:
            base_id = self._base_id(declared)
            self._refuse_cycle(stored, declared, base_id)
            _INSERT_PARENT.run(self._session, type_id=stored.id, parent_type_id=base_id)
        return dataclasses.replace(
            stored,
            properties={**stored.properties, **new},
            has_base=stored.has_base or declared.base_type is not None,
        )

    def _base_id(self, declared: NodeType) -> int:
        row = _FIND.first(
            self._session, name=declared.base_type, kind=int(declared.kind), version=None
        )
        if row is None:
            message = (
                f"The type {declared.name!r} names the base type {declared.base_type!r}, which is"
                " no type of that kind. Name one of MLMD's simple types, such as mlmd.Dataset."
            )
            raise InvalidArgumentError(message)
        return int(row[0])

    def _refuse_cycle(self, stored: StoredType, declared: NodeType, base_id: int) -> None:
        """Raise ``InvalidArgumentError`` if a type is below itself, as only a simple one can be."""
        above, rest = set[int](), [base_id]
        while rest:
            above.add(one := rest.pop())
            parents = _PARENTS.all(self._session, type_id=one)
            rest += [parent for (parent,) in parents if parent not in above]
        if stored.id in above:
            message = (
                f"There is a cycle: the type {declared.name!r} cannot be based on"
                f" {declared.base_type!r}, which is itself or based on it. Leave base_type out."
            )
            raise InvalidArgumentError(message)


def find_type(session: Session, declared: NodeType) -> StoredType | None:
    """Return the store's type of the same kind, name and version, or None."""
    kind, name = declared.kind, declared.name
    row = _FIND.first(session, name=name, kind=int(kind), version=declared.version or None)
    if row is None:
        return None
    return _stored_type(session, row[0], kind, name)


_BY_ID = Prepared(
    select(TYPE.c.name).where(
        TYPE.c.id == bindparam("type_id"), TYPE.c.type_kind == bindparam("kind")
    )
)


def find_type_by_id(session: Session, kind: TypeKind, type_id: int) -> StoredType | None:
    """Return the store's type of that kind and id, or None."""
    row = _BY_ID.first(session, type_id=type_id, kind=int(kind))
    return None if row is None else _stored_type(session, type_id, kind, row[0])


def _stored_type(session: Session, type_id: int, kind: TypeKind, name: str) -> StoredType:
    properties = _PROPERTIES.all(session, type_id=type_id)
    has_base = _PARENTS.first(session, type_id=type_id) is not None
    return StoredType(type_id, kind, name, {p: _property_type(t) for p, t in properties}, has_base)


def _property_type(number: int | None) -> PropertyType:
    try:
        return PropertyType(number or 0)
    except ValueError:
        return PropertyType.UNKNOWN


_BASE = TYPE.alias("base")
_OF_KIND = TYPE.c.type_kind == bindparam("kind")
_ALL = select(TYPE).where(_OF_KIND).order_by(TYPE.c.id)
_ALL_PROPERTIES = (
    select(TYPE_PROPERTY)
    .join(TYPE, TYPE.c.id == TYPE_PROPERTY.c.type_id)
    .where(_OF_KIND)
    .order_by(TYPE_PROPERTY.c.type_id, TYPE_PROPERTY.c.name)
)
_ALL_BASES = (
    select(PARENT_TYPE.c.type_id, _BASE.c.name)
    .join(TYPE, TYPE.c.id == PARENT_TYPE.c.type_id)
    .join(_BASE, _BASE.c.id == PARENT_TYPE.c.parent_type_id)
    .where(_OF_KIND)
)
_OF_NAME = and_(TYPE.c.name == bindparam("name"), _SAME_VERSION)
_LIST = tuple(Prepared(query) for query in (_ALL, _ALL_PROPERTIES, _ALL_BASES))
_LIST_NAMED = tuple(
    Prepared(query.where(_OF_NAME)) for query in (_ALL, _ALL_PROPERTIES, _ALL_BASES)
)


def read_types(session: Session, kind: type[TypeT]) -> list[TypeT]:
    """Return all types of a kind in the order of their ids."""
    number = int(kind.kind)
    return _assemble(kind, *(query.all(session, kind=number) for query in _LIST))


def read_type(session: Session, kind: type[TypeT], name: str, version: str | None) -> TypeT | None:
    """Return the type of that name and version, or None."""
    wanted = {"kind": int(kind.kind), "name": name, "version": version or None}
    found = _assemble(kind, *(query.all(session, **wanted) for query in _LIST_NAMED))
    return found[0] if found else None


def _assemble(
    kind: type[TypeT],
    rows: Sequence[Any],
    property_rows: Sequence[Any],
    base_rows: Sequence[Any],
) -> list[TypeT]:
    properties: defaultdict[int, dict[str, PropertyType]] = defaultdict(dict)
    for type_id, name, data_type in property_rows:
        properties[type_id][name] = _property_type(data_type)
    bases: dict[int, str] = {}
    for type_id, name in base_rows:
        bases.setdefault(type_id, name)
    return [_type(kind, row, properties[row[0]], bases.get(row[0])) for row in rows]


def _type(
    kind: type[TypeT], row: Any, properties: Mapping[str, PropertyType], base: str | None
) -> TypeT:
    type_id, name, version, _, description, input_type, output_type, external_id = row
    more: dict[str, Any] = {}
    if kind.kind is TypeKind.EXECUTION:
        more = {"input_type": input_type, "output_type": output_type}
    return kind(
        name=name,
        properties=properties,
        version=version,
        description=description,
        base_type=base,
        external_id=external_id,
        id=type_id,
        **more,
    )
