"""The contexts of one batch: made with the step, their given properties set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from mlmeta_track.domain.batch import ContextKey, ContextPut
from mlmeta_track.domain.nodes import Context
from mlmeta_track.domain.types import ContextType
from mlmeta_track.domain.writes import ContextWrite, UpdateOptions
from mlmeta_track.store.batches.nodes import (
    EncodedProperties,
    decode_properties,
    encode_node,
    encode_properties,
    property_path,
)
from mlmeta_track.store.remote import calls
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.reading import begin_by_name, by_ids
from mlmeta_track.store.remote.types import BatchTypes
from mlmeta_track.wire.requests import sendable

_Identity: TypeAlias = "tuple[str, str | None, str]"


@dataclass
class _Wanted:
    """A context that the batch names, once or several times."""

    type: ContextType
    name: str
    given: EncodedProperties = field(default_factory=dict)
    stored: Context | None = None


class BatchContexts:
    """The contexts of one batch; made for one try of writing it, and used once."""

    def __init__(self, connection: Connection, types: BatchTypes) -> None:
        """Prepare to look."""
        self._connection = connection
        self._types = types
        self._wanted: dict[_Identity, _Wanted] = {}
        self._keys: dict[ContextKey, _Identity] = {}
        self._looked_up: dict[_Identity, Callable[[], Context | None]] = {}

    def begin(self, puts: Iterable[ContextPut]) -> None:
        """Begin to look for those of the contexts that have properties to be set."""
        for put in puts:
            self._keys[put.key] = identity = _identity(put)
            self._wanted.setdefault(identity, _Wanted(put.type, put.name))
            if (put.properties or put.custom_properties) and identity not in self._looked_up:
                self._looked_up[identity] = begin_by_name(
                    self._connection, Context, put.type.name, put.name, put.type.version or None
                )

    def plan(self, puts: Iterable[ContextPut]) -> None:
        """Take in what was found, and what is to be set; the types are known by now."""
        for put in puts:
            stored_type = self._types.get(put.type)
            encode_properties(put.properties, put.custom_properties, stored_type)
            declared, custom = sendable(put.properties), sendable(put.custom_properties)
            given = encode_properties(declared, custom, stored_type)
            self._wanted[_identity(put)].given.update(given)
        for identity, answer in self._looked_up.items():
            self._wanted[identity].stored = answer()

    def update(self) -> None:
        """Set the given properties of the contexts that are there already."""
        for wanted in self._wanted.values():
            if wanted.stored is not None:
                self._set(wanted.stored, wanted.given)

    def to_write(self) -> list[ContextWrite]:
        """Return all contexts as they are to be made; one that is there is left as it is."""
        return [self._new(wanted) for wanted in self._wanted.values()]

    def _new(self, wanted: _Wanted) -> ContextWrite:
        declared, custom = decode_properties(wanted.given)
        return ContextWrite(
            type_id=self._types.id_now(self._types.get(wanted.type).id),
            name=wanted.name,
            properties=declared,
            custom_properties=custom,
        )

    def landed(self, ids: Sequence[int]) -> dict[ContextKey, int]:
        """Take in the ids of ``to_write``, and return them by key."""
        by_identity = dict(zip(self._wanted, ids, strict=True))
        new = {
            by_identity[identity]: self._wanted[identity]
            for identity in self._looked_up
            if self._wanted[identity].stored is None
        }
        # Another writer may have been quicker, and its contexts do not have what is given here.
        for context in by_ids(self._connection, Context, new):
            self._set(context, new[context.id].given)
        return {key: by_identity[identity] for key, identity in self._keys.items()}

    def _set(self, stored: Context, given: EncodedProperties) -> None:
        known = encode_node(stored)
        changed = {key: value for key, value in given.items() if known.get(key) != value}
        if not changed:
            return
        declared, custom = decode_properties({**known, **changed})
        # A server that knows no masks takes it whole.
        whole = ContextWrite(
            id=stored.id,
            type_id=stored.type_id,
            type=stored.type,
            name=stored.name,
            external_id=stored.external_id,
            properties=declared,
            custom_properties=custom,
        )
        mask = tuple(sorted(map(property_path, changed)))
        calls.put_nodes(self._connection, Context, [whole], UpdateOptions(mask=mask))


def _identity(put: ContextPut) -> _Identity:
    return (put.type.name, put.type.version or None, put.name)
