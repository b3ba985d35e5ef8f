"""Artifacts and contexts that are made unless they exist: what the reuse options mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mlmeta_track.domain.writes import ArtifactWrite, ContextWrite
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.sql.calls.nodes import NodeWriter
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.rows import ARTIFACT_ROWS, CONTEXT_ROWS


def as_updates(session: Session, artifacts: Sequence[ArtifactWrite]) -> list[ArtifactWrite]:
    """Give the artifacts without an id that of the stored artifact with their external id."""
    wanted = [a.external_id for a in artifacts if a.id is None and a.external_id]
    found = ARTIFACT_ROWS.by_external_ids(session, wanted)
    return [
        dataclasses.replace(a, id=found[a.external_id].id)
        if a.id is None and a.external_id in found
        else a
        for a in artifacts
    ]


def put_context(session: Session, writer: NodeWriter, context: ContextWrite, *, reuse: bool) -> int:
    """Write a context; with ``reuse``, take the one of its type and name as it is.

    Raises:
        InvalidArgumentError: It has no type or no name, and they are what it is known by.
    """
    if context.type_id is None or context.name is None:
        missing = "type_id" if context.type_id is None else "name"
        message = f"Context is missing a {missing}. Set it, also where the context exists."
        raise InvalidArgumentError(message)
    if reuse and context.id is None:
        found = CONTEXT_ROWS.ids_by_names(session, [(context.type_id, context.name)])
        for stored_id in found.values():
            return stored_id
    return writer.put(context)
