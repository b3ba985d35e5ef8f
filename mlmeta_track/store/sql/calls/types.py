"""``put_types``: types made, or compared with what is stored and extended, as ML Metadata does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import bindparam, select, update

from mlmeta_track.domain.types import NodeType, TypeKind
from mlmeta_track.errors import (
    AlreadyExistsError,
    InternalError,
    InvalidArgumentError,
    UnimplementedError,
)
from mlmeta_track.store.batches.types import StoredType, check_declaration, refuse_conflict
from mlmeta_track.store.batches.values import check_text
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.schema import PARENT_TYPE, TYPE
from mlmeta_track.store.sql.types import TypeWriter, find_type

_BASE_NAME = Prepared(
    select(TYPE.c.name)
    .join(PARENT_TYPE, PARENT_TYPE.c.parent_type_id == TYPE.c.id)
    .where(PARENT_TYPE.c.type_id == bindparam("child_id"))
    .order_by(TYPE.c.id)
)
_BY_EXTERNAL_ID = Prepared(
    select(TYPE.c.id, TYPE.c.type_kind).where(TYPE.c.external_id == bindparam("wanted"))
)
_SET_EXTERNAL_ID = Prepared(
    update(TYPE)
    .where(TYPE.c.id == bindparam("wanted_id"))
    .values(external_id=bindparam("new_external_id"))
)


def put_types(
    session: Session, types: Sequence[NodeType], *, can_add_fields: bool, can_omit_fields: bool
) -> list[int]:
    """Make types, or compare them with what is stored and add properties; return their ids."""
    # A cache of its own: what one call learns may be rolled back.
    writer = TypeWriter(session, {})
    ids: list[int] = []
    for declared in types:
        _check_name(declared)
        stored = find_type(session, declared)
        if stored is not None:
            _compare_properties(declared, stored, can_add=can_add_fields, can_omit=can_omit_fields)
            check_declaration(declared)
        _take_external_id(session, declared, stored)
        if stored is not None and stored.has_base and declared.base_type:
            _compare_base(session, declared, stored)
        ids.append(writer.ensure(replace(declared, base_type=declared.base_type or None)).id)
        _refuse_deletion(declared)
    return ids


def _check_name(declared: NodeType) -> None:
    """Raise the error that comes before those of what is stored."""
    if not declared.name:
        message = f"No type name is specified. Give the {_kind(declared)} type one."
        raise InvalidArgumentError(message)
    check_text(declared.name, f"name of the {_kind(declared)} type")


def _refuse_deletion(declared: NodeType) -> None:
    """Raise the error that comes after all others."""
    if declared.base_type == "":
        message = (
            f"base_type deletion is not supported yet: the {_kind(declared)} type"
            f" {declared.name!r} is given with the base type UNSET. Leave it out."
        )
        raise UnimplementedError(message)


def _compare_properties(
    declared: NodeType, stored: StoredType, *, can_add: bool, can_omit: bool
) -> None:
    """Raise the error that ML Metadata raises if the two differ in what may not differ."""
    refuse_conflict(declared, stored)
    added = sorted(declared.properties.keys() - stored.properties.keys())
    omitted = sorted(stored.properties.keys() - declared.properties.keys())
    for names, allowed, what, option in (
        (added, can_add, "it lacks", "can_add_fields"),
        (omitted, can_omit, "it also has", "can_omit_fields"),
    ):
        if names and not allowed:
            message = (
                f"Type already exists with different properties: of the {_kind(declared)} type"
                f" {declared.name!r} that is stored {what} {', '.join(names)}. Declare the same"
                f" properties, or set {option}."
            )
            raise AlreadyExistsError(message)


def _compare_base(session: Session, declared: NodeType, stored: StoredType) -> None:
    names = [name for (name,) in _BASE_NAME.all(session, child_id=stored.id)]
    if declared.base_type not in names:
        message = (
            f"base_type update is not supported yet: the {_kind(declared)} type {declared.name!r}"
            f" is based on {', '.join(names)} in the store, and on {declared.base_type} here."
        )
        raise UnimplementedError(message)


def _take_external_id(session: Session, declared: NodeType, stored: StoredType | None) -> None:
    """Check that an external id is free, and give it to a type that exists already."""
    external_id = declared.external_id
    # An empty one takes nothing from a type that exists.
    if external_id is None or (stored is not None and not external_id):
        return
    check_text(external_id, f"external id of the {_kind(declared)} type {declared.name!r}")
    rows = _BY_EXTERNAL_ID.all(session, wanted=external_id)
    others = {kind for type_id, kind in rows if stored is None or type_id != stored.id}
    if others:
        # ML Metadata looks for it among the types of the same kind, and only for a new type; all
        # others meet the unique key.
        expected = stored is None and int(declared.kind) in others
        raise (AlreadyExistsError if expected else InternalError)(_taken(declared))
    if stored is not None:
        _SET_EXTERNAL_ID.run(session, wanted_id=stored.id, new_external_id=external_id)


def _taken(declared: NodeType) -> str:
    return (
        f"The external id {declared.external_id!r} of the {_kind(declared)} type"
        f" {declared.name!r} belongs to another type. Give each type one of its own."
    )


def _kind(declared: NodeType) -> str:
    return TypeKind(declared.kind).name.lower()
