"""The artifacts of one batch: found or made."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import bindparam, delete, update

from mlmeta_track.domain.batch import ArtifactPut
from mlmeta_track.domain.nodes import DELETED_AT
from mlmeta_track.store.batches.nodes import (
    EncodedProperties,
    StoredNode,
    encode_artifact,
    refuse_other_type,
)
from mlmeta_track.store.batches.resolving import (
    TOMBSTONE,
    LinkedIds,
    contradicts,
    find_linked,
    lacking,
    other_external_id,
)
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.resolve import find_look_alike
from mlmeta_track.store.sql.rows import ARTIFACT_ROWS
from mlmeta_track.store.sql.schema import ARTIFACT, ARTIFACT_PROPERTY
from mlmeta_track.store.sql.types import TypeWriter

_SET_URI = Prepared(
    update(ARTIFACT).where(ARTIFACT.c.id == bindparam("node_id")).values(uri=bindparam("new_uri"))
)
_SET_STATE = Prepared(
    update(ARTIFACT)
    .where(ARTIFACT.c.id == bindparam("node_id"))
    .values(state=bindparam("new_state"))
)
_UNMARK = Prepared(
    delete(ARTIFACT_PROPERTY).where(
        ARTIFACT_PROPERTY.c.artifact_id == bindparam("node_id"),
        ARTIFACT_PROPERTY.c.name == bindparam("marker"),
        ARTIFACT_PROPERTY.c.is_custom_property == True,  # noqa: E712 - SQL
    )
)


class ArtifactWriter:
    """Writes the artifacts of one batch; made for one transaction and used once."""

    def __init__(
        self,
        session: Session,
        types: TypeWriter,
        now: int,
        linked_ids: LinkedIds,
    ) -> None:
        """Prepare to write.

        Args:
            session: A writing transaction.
            types: The types of this transaction.
            now: The time that is written, in milliseconds since the epoch.
            linked_ids: By key, the artifacts that the execution had such an event with before
                this batch, the likeliest first.
        """
        self._session = session
        self._types = types
        self._now = now
        self._linked_ids = linked_ids
        self._by_external_id: dict[str, StoredNode] = {}
        self._by_id: dict[int, StoredNode] = {}
        self._made: set[str] = set()
        self._unwritten: list[tuple[int, EncodedProperties]] = []
        self.new_ids: set[int] = set()

    def write(self, puts: Iterable[ArtifactPut]) -> dict[str, StoredNode]:
        """Find or make artifacts and return them by key."""
        # What is used is looked for before anything is made, which would be newer than all else.
        puts = sorted(puts, key=lambda put: not put.resolve)
        self._made = {put.external_id for put in puts if not put.resolve}
        tells_taken = ARTIFACT_ROWS.tells_taken(self._session)
        self._load([put.external_id for put in puts if put.resolve or not tells_taken])
        written: dict[str, StoredNode] = {}
        for put in puts:
            stored_type = self._types.ensure(put.type)
            given = encode_artifact(put, stored_type)
            handle = self._resolve if put.resolve else self._make
            written[put.external_id] = handle(put, stored_type, given)
        self._flush()
        return written

    def _make(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> StoredNode:
        node = self._by_external_id.get(put.external_id)
        if node is None:
            new = self._insert_unless_taken(put, stored_type, given)
            if new is not None:
                return new
            self._load([put.external_id])
            node = self._by_external_id[put.external_id]
        refuse_other_type(node, stored_type, "artifact")
        return node

    def _insert_unless_taken(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> StoredNode | None:
        """Make an artifact; None if there is one of its external id."""
        if not ARTIFACT_ROWS.tells_taken(self._session):
            return self._insert(put, stored_type, given, put.external_id)
        new_id = ARTIFACT_ROWS.insert_unless_taken(
            self._session,
            stored_type,
            self._now,
            uri=put.uri or "",
            state=int(put.state),
            external_id=put.external_id,
        )
        if new_id is None:
            return None
        return self._new(new_id, put, stored_type, given, put.external_id)

    def _resolve(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> StoredNode:
        self._flush()
        node, external_id = self._find(put, stored_type, given)
        if node is None:
            return self._insert(put, stored_type, given, external_id)
        self._complete(node, put, given)
        return node

    def _find(
        self, put: ArtifactPut, stored_type: StoredType, given: EncodedProperties
    ) -> tuple[StoredNode | None, str]:
        """Return the artifact that is meant, or None and the external id to make it under."""
        for ids in self._linked_ids.get(put.external_id, ()):
            node = find_linked(self._linked(ids), put, stored_type.id, given)
            if node is not None:
                return node, put.external_id
        external_id = put.external_id
        node = self._by_external_id.get(external_id)
        if node is not None and (node.type_id != stored_type.id or contradicts(node, given)):
            external_id = other_external_id(put, given)
            self._load([external_id])
            node = self._by_external_id.get(external_id)
        if node is None:
            node = find_look_alike(self._session, put, stored_type.id, given)
        return node and self._same(node), external_id

    def _linked(self, ids: Collection[int]) -> list[StoredNode]:
        """Return artifacts in the order of the ids, without those that the batch makes."""
        nodes = {node.id: self._same(node) for node in ARTIFACT_ROWS.by_ids(self._session, ids)}
        linked = [nodes[i] for i in ids if i in nodes]
        return [node for node in linked if node.external_id not in self._made]

    def _load(self, external_ids: list[str]) -> None:
        found = ARTIFACT_ROWS.by_external_ids(self._session, external_ids)
        self._by_external_id |= {key: self._same(node) for key, node in found.items()}

    def _same(self, node: StoredNode) -> StoredNode:
        """Return the one object for an artifact, which remembers what this batch has changed."""
        return self._by_id.setdefault(node.id, node)

    def _insert(
        self,
        put: ArtifactPut,
        stored_type: StoredType,
        given: EncodedProperties,
        external_id: str,
    ) -> StoredNode:
        new_id = ARTIFACT_ROWS.insert(
            self._session,
            stored_type,
            self._now,
            uri=put.uri or "",  # as MLMD has it: '' for an artifact that lies nowhere
            state=int(put.state),
            external_id=external_id,
        )
        return self._new(new_id, put, stored_type, given, external_id)

    def _new(
        self,
        new_id: int,
        put: ArtifactPut,
        stored_type: StoredType,
        given: EncodedProperties,
        external_id: str,
    ) -> StoredNode:
        """Take note of an artifact that was made; its properties are written with the next."""
        uri = put.uri or ""
        self.new_ids.add(new_id)
        self._unwritten.append((new_id, given))
        node = StoredNode(new_id, stored_type.id, external_id, uri, properties=given)
        self._by_external_id[external_id] = self._by_id[new_id] = node
        return node

    def _complete(self, node: StoredNode, put: ArtifactPut, given: EncodedProperties) -> None:
        """Give an artifact that was found the URI and the properties that it lacks."""
        if TOMBSTONE in node.properties:
            self._revive(node, put)
        changed = ARTIFACT_ROWS.set_properties(self._session, node, lacking(node, given))
        if put.uri and not node.uri:
            node.uri = put.uri
            _SET_URI.run(self._session, node_id=node.id, new_uri=put.uri)
            changed = True
        if changed:
            ARTIFACT_ROWS.touch(self._session, node.id, self._now)

    def _revive(self, node: StoredNode, put: ArtifactPut) -> None:
        """Let a tombstone live again: what it stands for is used."""
        _SET_STATE.run(self._session, node_id=node.id, new_state=int(put.state))
        _UNMARK.run(self._session, node_id=node.id, marker=DELETED_AT)
        ARTIFACT_ROWS.touch(self._session, node.id, self._now)
        node.state = int(put.state)
        del node.properties[TOMBSTONE]

    def _flush(self) -> None:
        """Write the properties of new artifacts, so that a look for look-alikes sees them."""
        ARTIFACT_ROWS.insert_properties(self._session, self._unwritten)
        self._unwritten = []
