"""The artifacts of one batch: found on the server, or to be made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from mlmeta_track.domain.batch import ArtifactPut
from mlmeta_track.domain.nodes import Artifact, ArtifactState
from mlmeta_track.domain.writes import ArtifactWrite
from mlmeta_track.store.batches.nodes import (
    EncodedProperties,
    PropertyKey,
    StoredNode,
    decode_properties,
    encode_artifact,
    encode_node,
    property_path,
    refuse_other_type,
)
from mlmeta_track.store.batches.resolving import (
    TOMBSTONE,
    LinkedIds,
    contradicts,
    find_linked,
    fingerprints,
    is_look_alike,
    lacking,
    other_external_id,
)
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.reading import (
    begin_by_external_ids,
    by_ids,
    by_uri,
    may_be_in_filter,
    newest_first,
    with_fingerprints,
)
from mlmeta_track.store.remote.types import BatchTypes
from mlmeta_track.wire.requests import sendable


@dataclass
class PlannedArtifact(StoredNode):
    """An artifact as it will be, with a negative id as long as it is not made.

    ``read`` is what the server has, and ``changed`` are the properties in which it will differ.
    """

    read: Artifact | None = None
    changed: set[PropertyKey] = field(default_factory=set)

    @property
    def age(self) -> tuple[bool, int]:
        """What is greater for a newer artifact."""
        return (self.id < 0, abs(self.id))

    def mask(self) -> tuple[str, ...]:
        """Return what is to change on the server, as the paths of a field mask."""
        paths = sorted(property_path(key) for key in self.changed)
        moved = self.read is not None and (self.uri or "") != (self.read.uri or "")
        revived = TOMBSTONE in self.changed
        return (*("uri",) * moved, *("state",) * revived, *paths)

    def to_write(self, type_id: int) -> ArtifactWrite:
        """Return it as it is to be on the server, where its type has that id."""
        declared, custom = decode_properties(self.properties)
        read = self.read
        return ArtifactWrite(
            id=None if read is None else read.id,
            type_id=type_id,
            type=None if read is None else read.type,
            name=None if read is None else read.name,
            external_id=self.external_id,
            uri=self.uri or "",  # as MLMD has it: '' for an artifact that lies nowhere
            state=None if self.state is None else ArtifactState(self.state),
            properties=declared,
            custom_properties=custom,
            create_time_since_epoch=None if read is None else read.create_time_since_epoch,
            last_update_time_since_epoch=(
                None if read is None else read.last_update_time_since_epoch
            ),
        )


class BatchArtifacts:
    """Finds the artifacts of one batch; made for one try of writing it, and used once."""

    def __init__(self, connection: Connection, types: BatchTypes) -> None:
        """Prepare to look."""
        self._connection = connection
        self._types = types
        self._by_external_id: dict[str, PlannedArtifact] = {}
        self._by_id: dict[int, PlannedArtifact] = {}
        self._made: set[str] = set()
        self._linked_ids: LinkedIds = {}
        self._new_ids = count(1)

    def know(self, found: Iterable[Artifact]) -> None:
        """Take in artifacts that were found by the external ids of the batch."""
        for node in map(self._same, found):
            self._by_external_id[node.external_id or ""] = node

    def plan(
        self, puts: Iterable[ArtifactPut], linked_ids: LinkedIds
    ) -> dict[str, PlannedArtifact]:
        """Find artifacts, or plan to make them, and return them by key.

        Args:
            puts: The artifacts of the batch; those that have one of their external ids are known.
            linked_ids: By key, the artifacts that the execution had such an event with before
                this batch, the likeliest first.
        """
        # What is used is looked for before anything is made, which would be newer than all else.
        puts = sorted(puts, key=lambda put: not put.resolve)
        given = [self._encode(put) for put in puts]  # before anything is asked: it may be refused
        self._made = {put.external_id for put in puts if not put.resolve}
        self._linked_ids = linked_ids
        planned: dict[str, PlannedArtifact] = {}
        for put, properties in zip(puts, given, strict=True):
            handle = self._resolve if put.resolve else self._make
            planned[put.external_id] = handle(put, self._types.get(put.type), properties)
        return planned

    def _encode(self, put: ArtifactPut) -> EncodedProperties:
        stored_type = self._types.get(put.type)
        encode_artifact(put, stored_type)  # which says best what cannot be
        sent = replace(
            put,
            properties=sendable(put.properties),
            custom_properties=sendable(put.custom_properties),
        )
        return encode_artifact(sent, stored_type)

    def _make(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> PlannedArtifact:
        node = self._by_external_id.get(put.external_id)
        if node is None:
            return self._plan(put, stored_type, given, put.external_id)
        refuse_other_type(node, stored_type, "artifact")
        return node

    def _resolve(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> PlannedArtifact:
        node, external_id = self._find(put, stored_type, given)
        if node is None:
            return self._plan(put, stored_type, given, external_id)
        if TOMBSTONE in node.properties:
            # What it stands for is used again.
            del node.properties[TOMBSTONE]
            node.changed.add(TOMBSTONE)
            node.state = int(put.state)
        new = lacking(node, given)
        node.properties.update(new)
        node.changed.update(new)
        node.uri = node.uri or put.uri
        return node

    def _find(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> tuple[PlannedArtifact | None, str]:
        """Return the artifact that is meant, or None and the external id to make it under."""
        for ids in self._linked_ids.get(put.external_id, ()):
            node = find_linked(self._linked(ids), put, stored_type.id, given)
            if node is not None:
                return self._by_id[node.id], put.external_id
        external_id = put.external_id
        known = self._by_external_id.get(external_id)
        if known is not None and (known.type_id != stored_type.id or contradicts(known, given)):
            external_id = other_external_id(put, given)
            self.know(begin_by_external_ids(self._connection, Artifact, [external_id])())
            known = self._by_external_id.get(external_id)
        return known or self._find_look_alike(put, stored_type, given), external_id

    def _linked(self, ids: Collection[int]) -> list[PlannedArtifact]:
        """Return artifacts in the order of the ids, without those that the batch makes."""
        lacking_ids = [i for i in ids if i not in self._by_id]
        for artifact in by_ids(self._connection, Artifact, lacking_ids):
            self._same(artifact)
        linked = [self._by_id[i] for i in ids if i in self._by_id]
        return [node for node in linked if node.external_id not in self._made]

    def _find_look_alike(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> PlannedArtifact | None:
        """Return the newest artifact with the same content, at the same place if there is one."""
        texts = [encoded[2] or "" for encoded in fingerprints(given)]

        def newest(found: Iterator[Artifact], uri: str | None) -> PlannedArtifact | None:
            known = sorted(self._by_id.values(), key=lambda node: node.age, reverse=True)
            # Those of this batch may have got what the server does not know yet.
            sources = (iter(known), map(self._same, found if stored_type.id > 0 else ()))
            alike = [
                next((n for n in nodes if self._fits(n, put, stored_type, given, uri)), None)
                for nodes in sources
            ]
            return max((n for n in alike if n is not None), key=lambda n: n.age, default=None)

        node = None
        if put.uri:
            node = newest(self._at(put.uri, texts, stored_type.id), put.uri)
        if node is None and texts:
            of_type = f"type_id = {stored_type.id}"
            node = newest(with_fingerprints(self._connection, texts, of_type), None)
        return node

    @staticmethod
    def _fits(
        node: StoredNode,
        put: ArtifactPut,
        stored_type: StoredType,
        given: EncodedProperties,
        uri: str | None,
    ) -> bool:
        at_place = uri is None or node.uri == uri
        return at_place and is_look_alike(node, put, stored_type.id, given)

    def _at(self, uri: str, texts: Collection[str], type_id: int) -> Iterator[Artifact]:
        """Ask for artifacts of a type at a place, the newest first."""
        if not may_be_in_filter(uri):
            return reversed(by_uri(self._connection, uri))
        conditions = (f"type_id = {type_id}", f"uri = '{uri}'")
        if texts:
            return with_fingerprints(self._connection, texts, *conditions)
        return newest_first(self._connection, Artifact, " AND ".join(conditions))

    def _plan(
        self,
        put: ArtifactPut,
        stored_type: StoredType,
        given: EncodedProperties,
        external_id: str,
    ) -> PlannedArtifact:
        node = PlannedArtifact(
            id=-next(self._new_ids),
            type_id=stored_type.id,
            external_id=external_id,
            uri=put.uri,
            state=int(put.state),
            properties=given,
        )
        self._by_external_id[external_id] = self._by_id[node.id] = node
        return node

    def _same(self, artifact: Artifact) -> PlannedArtifact:
        """Return the one object for an artifact, which remembers what this batch has changed."""
        node = self._by_id.get(artifact.id)
        if node is None:
            node = self._by_id[artifact.id] = PlannedArtifact(
                id=artifact.id,
                type_id=artifact.type_id,
                external_id=artifact.external_id,
                uri=artifact.uri,
                state=artifact.state,
                properties=encode_node(artifact),
                read=artifact,
            )
        return node
