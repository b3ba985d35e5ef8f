"""Which artifact a put means, among those that a store has found for it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from mlmeta_track.domain.batch import ArtifactPut, EventPut
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import DELETED_AT, FILE_FINGERPRINT, FINGERPRINT, ArtifactState
from mlmeta_track.store.batches.nodes import EncodedProperties, PropertyKey, StoredNode
from mlmeta_track.store.batches.values import Encoded

_CONTENT: PropertyKey = (FINGERPRINT, True)
_FILE: PropertyKey = (FILE_FINGERPRINT, True)
TOMBSTONE: PropertyKey = (DELETED_AT, True)
"""What an artifact has that stayed when its record went."""

GONE = (ArtifactState.MARKED_FOR_DELETION, ArtifactState.DELETED, ArtifactState.ABANDONED)
"""The states of artifacts that nobody uses any more."""

_LONGEST_EXTERNAL_ID = 255

LinkedIds: TypeAlias = "Mapping[str, tuple[list[int], list[int]]]"
"""By key, the artifacts that the execution had such an event with before; see ``linked_ids``."""


def linked_ids(events: Iterable[EventPut], stored_events: Iterable[Event]) -> LinkedIds:
    """Return, by key, the artifacts that the execution had such an event with before.

    First those with an event of the same path, then the others.
    """
    stored_events = tuple(stored_events)
    linked: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for event in events:
        for stored in stored_events:
            if stored.type is event.type:
                same_path, others = linked[event.artifact]
                (same_path if stored.path == event.path else others).append(stored.artifact_id)
    return linked


def contradicts(stored: StoredNode, given: EncodedProperties) -> bool:
    """Say whether a stored artifact has another value for a declared property that is given."""
    return any(
        not is_custom and stored.properties.get((name, is_custom), value) != value
        for (name, is_custom), value in given.items()
    )


def other_external_id(put: ArtifactPut, given: EncodedProperties) -> str:
    """Return the external id for an artifact whose own is taken by one with other properties.

    It is the same in every process, so that they meet in one artifact here too.
    """
    declared = sorted((name, value) for (name, is_custom), value in given.items() if not is_custom)
    digest = hashlib.sha256(repr((put.type.name, declared)).encode()).hexdigest()[:16]
    return f"{put.external_id[: _LONGEST_EXTERNAL_ID - 17]}#{digest}"


def lacking(stored: StoredNode, given: EncodedProperties) -> EncodedProperties:
    """Return those of the given properties that a stored artifact is to get."""
    found = {key: value for key, value in given.items() if key not in stored.properties}
    stored_content = stored.properties.get(_CONTENT)
    if _FILE in found and _CONTENT in given and stored_content == found[_FILE]:
        # It was known by its file alone; now its content has been seen too.
        found[_CONTENT] = given[_CONTENT]
    return found


def find_linked(
    linked: Iterable[StoredNode], put: ArtifactPut, type_id: int, given: EncodedProperties
) -> StoredNode | None:
    """Return the artifact, among those the execution is linked with already, that a put means.

    It comes before all others, so that a batch that is put again cannot link a newer look-alike.
    Of equals the one that was linked first is meant, as it was when the batch was new.
    """
    same = [
        node
        for node in linked
        if node.type_id == type_id and _is_same(node, put, given) and not contradicts(node, given)
    ]
    return max(
        same,
        key=lambda node: (node.external_id == put.external_id, node.uri == put.uri),
        default=None,
    )


def _is_same(node: StoredNode, put: ArtifactPut, given: EncodedProperties) -> bool:
    return node.external_id == put.external_id or _looks_alike(node, put, given)


def is_look_alike(
    node: StoredNode, put: ArtifactPut, type_id: int, given: EncodedProperties
) -> bool:
    """Say whether an artifact, wherever it lies, may be the one that a put means.

    Without a fingerprint the place alone decides.
    """
    return (
        node.type_id == type_id
        and node.state not in GONE
        and _looks_alike(node, put, given)
        and not contradicts(node, given)
    )


def _looks_alike(node: StoredNode, put: ArtifactPut, given: EncodedProperties) -> bool:
    wanted = fingerprints(given)
    if wanted:
        return not wanted.isdisjoint(fingerprints(node.properties))
    return bool(put.uri) and node.uri == put.uri


def fingerprints(properties: EncodedProperties) -> set[Encoded]:
    """Return the fingerprints among some properties: of the content, and of the file."""
    return {properties[key] for key in (_CONTENT, _FILE) if key in properties}
