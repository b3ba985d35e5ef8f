"""Types on a server: read, compared, remembered, made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeAlias, TypeVar

from mlmeta_track.domain.types import (
    SIMPLE_TYPES,
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    TypeKind,
)
from mlmeta_track.errors import AlreadyExistsError, NotFoundError
from mlmeta_track.store.batches.types import StoredType, check_declaration, refuse_conflict
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.wire.convert import (
    artifact_type_from_message,
    context_type_from_message,
    execution_type_from_message,
)
from mlmeta_track.wire.requests import type_request

TypeT = TypeVar("TypeT", ArtifactType, ExecutionType, ContextType)

_Identity: TypeAlias = "tuple[TypeKind, str, str | None]"

TypeCache: TypeAlias = "dict[_Identity, StoredType]"
"""What a store has seen of its types."""

_WORDS = {
    kind: kind.name.lower() for kind in (TypeKind.ARTIFACT, TypeKind.EXECUTION, TypeKind.CONTEXT)
}
_EXTENDING = {"can_add_fields": True, "can_omit_fields": True}
_READ: Mapping[TypeKind, Callable[[Any], Any]] = {
    TypeKind.ARTIFACT: artifact_type_from_message,
    TypeKind.EXECUTION: execution_type_from_message,
    TypeKind.CONTEXT: context_type_from_message,
}


class StaleTypesError(Exception):
    """What was remembered of a type is not what the server has: it has another database now."""


# Reading


def get_type(
    connection: Connection, kind: type[TypeT], name: str, version: str | None
) -> TypeT | None:
    """Return the type of that name and version, or None."""
    found: TypeT | None = _begin_get(connection, kind.kind, name, version)()
    return found


def _begin_get(
    connection: Connection, kind: TypeKind, name: str, version: str | None
) -> Callable[[], Any]:
    word = _WORDS[kind]
    fields = {"type_name": name} | ({"type_version": version} if version else {})
    answer = connection.begin(f"Get{word.capitalize()}Type", **fields)

    def found() -> Any:
        try:
            return _READ[kind](getattr(answer(), f"{word}_type"))
        except NotFoundError:
            return None

    return found


def get_types(connection: Connection, kind: type[TypeT]) -> list[TypeT]:
    """Return all types of a kind in the order of their ids, the simple ones included.

    Servers hide the simple types where all are listed, and leave out what types are based on and
    their external ids; asked for by their ids, they tell all of it.
    """
    word = _WORDS[kind.kind]
    listed: Any = getattr(connection.ask(f"Get{word.capitalize()}Types"), f"{word}_types")
    simple = [t.name for t in SIMPLE_TYPES if t.kind is kind.kind]
    # In every store that was made as a whole, their ids are these.
    likely: list[int] = [i for i, t in enumerate(SIMPLE_TYPES, 1) if t.kind is kind.kind]
    found = _by_ids(connection, kind, [*likely, *(message.id for message in listed)])
    missing = [name for name in simple if name not in {t.name for t in found.values()}]
    for other in [_begin_get(connection, kind.kind, name, None) for name in missing]:
        if (one := other()) is not None:
            found[one.id] = one
    return [found[type_id] for type_id in sorted(found)]


def _by_ids(connection: Connection, kind: type[TypeT], ids: Sequence[int]) -> dict[int, TypeT]:
    word = _WORDS[kind.kind]
    reply = connection.ask(f"Get{word.capitalize()}TypesByID", type_ids=ids)
    messages = getattr(reply, f"{word}_types")
    return {message.id: _READ[kind.kind](message) for message in messages}


# Writing


def put_types(
    connection: Connection,
    declared: Sequence[NodeType],
    *,
    can_add_fields: bool,
    can_omit_fields: bool,
) -> list[int]:
    """Make types, or compare them with what is stored and add properties; return their ids.

    Raises:
        TypeConflictError: A property is stored with another type.
        AlreadyExistsError: One differs in another way that may not be.
    """
    try:
        return _begin_put(
            connection, declared, can_add_fields=can_add_fields, can_omit_fields=can_omit_fields
        )()
    except AlreadyExistsError:
        # The service has one status for all that differs.
        for one in declared:
            check_type(connection, one)
        raise


def check_type(connection: Connection, declared: NodeType) -> None:
    """Raise ``TypeConflictError`` if the server has that type with other property types."""
    found = _begin_get(connection, declared.kind, declared.name, declared.version)()
    if found is not None:
        refuse_conflict(declared, _stored(found))


def _begin_put(
    connection: Connection, declared: Sequence[NodeType], **options: bool
) -> Callable[[], list[int]]:
    """Send types and return what waits for their ids, in the order of the types."""
    fields: dict[str, list[Any]] = {kind: [] for kind in _WORDS.values()}
    for one in declared:
        fields[_WORDS[one.kind]].append(type_request(one))
    types = {f"{word}_types": messages for word, messages in fields.items()}
    answer = connection.begin("PutTypes", **types, **options)

    def ids() -> list[int]:
        reply = answer()
        by_kind = {kind: iter(getattr(reply, f"{word}_type_ids")) for kind, word in _WORDS.items()}
        return [next(by_kind[one.kind]) for one in declared]

    return ids


def _stored(found: NodeType) -> StoredType:
    has_base = found.base_type is not None
    return StoredType(found.id or 0, found.kind, found.name, found.properties, has_base)


class BatchTypes:
    """The types that one batch needs: compared first, made when all else has proved right."""

    def __init__(self, connection: Connection, cache: TypeCache) -> None:
        """Begin with what the cache knows."""
        self._connection = connection
        self._cache = cache
        self._remembered = dict(cache)  # which another thread may clear at any time
        self._known: TypeCache = {}
        self._to_put: dict[_Identity, NodeType] = {}
        self._made_ids: dict[int, int] = {}

    def begin(self, declared: Iterable[NodeType]) -> Callable[[], None]:
        """Begin to look for types; return what takes in the answers.

        What is remembered of types is asked for, too, at the same time as all else: the server may
        have been started anew, with another database.  What is not remembered is asked for by what
        is returned, and so after nodes that were looked for before that: a node may land at any
        moment, and its type with it, and who finds a node must find its type.

        Raises (what is returned):
            TypeConflictError: A property is stored with another type.
            InvalidArgumentError: A declaration cannot be stored.
            StaleTypesError: What was remembered is not so any more.
        """
        by_identity: dict[_Identity, list[NodeType]] = {}
        for one in declared:
            identity = (one.kind, one.name, one.version or None)
            by_identity.setdefault(identity, []).append(one)
        new = {i: ts for i, ts in by_identity.items() if not self._remembers(i, ts)}
        for one in chain.from_iterable(new.values()):
            check_declaration(one)
        confirmed = self._begin_confirm({i: t for i, t in by_identity.items() if i not in new})

        def end() -> None:
            answers = {identity: _begin_get(self._connection, *identity) for identity in new}
            confirmed()
            for identity, answer in answers.items():
                found = answer()
                if found is not None:
                    self._known[identity] = _stored(found)
                for one in new[identity]:
                    self._extend(identity, one)

        return end

    def get(self, declared: NodeType) -> StoredType:
        """Return a type as it will be; its id is negative as long as it is not made."""
        return self._known[(declared.kind, declared.name, declared.version or None)]

    def make(self) -> None:
        """Make what is lacking, and remember all."""
        declared = list(self._to_put.values())
        if declared:
            ids = _begin_put(self._connection, declared, **_EXTENDING)()
            for identity, type_id in zip(self._to_put, ids, strict=True):
                self._made_ids[self._known[identity].id] = type_id
                self._known[identity] = replace(self._known[identity], id=type_id)
        self._cache.update(self._known)

    def id_now(self, type_id: int) -> int:
        """Return the id of a type that had that id before it was made."""
        return self._made_ids.get(type_id, type_id)

    def _remembers(self, identity: _Identity, declared: Iterable[NodeType]) -> bool:
        stored = self._remembered.get(identity)
        return stored is not None and all(map(stored.covers, declared))

    def _begin_confirm(self, used: Mapping[_Identity, list[NodeType]]) -> Callable[[], None]:
        """Begin to see that types are what they were; to put them again changes nothing."""
        if not used:
            return lambda: None
        remembered = {identity: self._remembered[identity] for identity in used}
        # What they are based on is left out: it could only be refused.
        bare = [
            replace(
                declared[0],
                properties={n: p for one in declared for n, p in one.properties.items()},
                base_type=None,
                external_id=None,
                id=None,
            )
            for declared in used.values()
        ]
        answer = _begin_put(self._connection, bare, **_EXTENDING)

        def end() -> None:
            try:
                ids = answer()
            except AlreadyExistsError as error:
                raise StaleTypesError from error
            if ids != [stored.id for stored in remembered.values()]:
                raise StaleTypesError
            self._known.update(remembered)

        return end

    def _extend(self, identity: _Identity, declared: NodeType) -> None:
        """Take in a declaration: what the store's type lacks will be made."""
        stored = self._known.get(identity)
        if stored is None:
            stored = StoredType(
                -1 - len(self._to_put), declared.kind, declared.name, {}, has_base=False
            )
            self._to_put[identity] = replace(declared, id=None)
        refuse_conflict(declared, stored)
        if not stored.covers(declared):
            earlier = self._to_put.get(identity, replace(declared, id=None, external_id=None))
            self._to_put[identity] = lacking = replace(
                earlier,
                properties={**earlier.properties, **declared.properties},
                base_type=None if stored.has_base else earlier.base_type or declared.base_type,
            )
            type_request(lacking)  # which refuses a base type that is none
        self._known[identity] = replace(
            stored,
            properties={**stored.properties, **declared.properties},
            has_base=stored.has_base or declared.base_type is not None,
        )
