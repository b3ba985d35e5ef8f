"""Types as a writer sees them, and whether a declaration goes with what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlmeta_track.domain.types import NodeType, PropertyType, TypeKind
from mlmeta_track.errors import InvalidArgumentError, TypeConflictError
from mlmeta_track.store.batches.values import check_text


@dataclass(frozen=True)
class StoredType:
    """What a writer must know of a type in the store."""

    id: int
    kind: TypeKind
    name: str
    properties: Mapping[str, PropertyType]
    has_base: bool

    def covers(self, declared: NodeType) -> bool:
        """Say whether the store's type has all that is declared, so that nothing is to be done."""
        has_base = self.has_base or declared.base_type is None
        return has_base and declared.properties.items() <= self.properties.items()


def check_declaration(declared: NodeType) -> None:
    """Raise ``InvalidArgumentError`` if a type is declared in a way that cannot be stored."""
    kind = declared.kind.name.lower()
    if not declared.name:
        message = f"An {kind} type has no name. Give it one."
        raise InvalidArgumentError(message)
    check_text(declared.name, f"name of the {kind} type")
    for name, property_type in declared.properties.items():
        check_text(name, f"name of a property of the type {declared.name!r}")
        if property_type is PropertyType.UNKNOWN:
            message = (
                f"The {kind} type {declared.name!r} declares the property {name!r} without a type."
                " Declare it INT, DOUBLE, STRING, STRUCT, PROTO or BOOLEAN."
            )
            raise InvalidArgumentError(message)


def refuse_conflict(declared: NodeType, stored: StoredType) -> None:
    """Raise ``TypeConflictError`` if the store has a declared property with another type."""
    for name, property_type in declared.properties.items():
        known = stored.properties.get(name, property_type)
        if known is not property_type:
            message = (
                f"The {declared.kind.name.lower()} type {declared.name!r} has the property"
                f" {name!r} of type {known.name} in the store, and is declared here with"
                f" {property_type.name}. Declare it {known.name}, or give the property or the type"
                " another name."
            )
            raise TypeConflictError(message)
