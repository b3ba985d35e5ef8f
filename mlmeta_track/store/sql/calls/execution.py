"""``put_execution``: an execution with its artifacts, events and contexts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactAndEvent,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    PutExecutionIds,
    PutExecutionOptions,
)
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.sql.calls.links import insert_event, link
from mlmeta_track.store.sql.calls.nodes import NodeWriter, existing_ids
from mlmeta_track.store.sql.calls.reuse import as_updates, put_context
from mlmeta_track.store.sql.prepared import Session

_NO_ARTIFACT = -1


def put_execution(
    session: Session,
    execution: ExecutionWrite,
    artifacts_and_events: Sequence[ArtifactAndEvent],
    contexts: Sequence[ContextWrite],
    options: PutExecutionOptions,
) -> PutExecutionIds:
    """Write an execution with its artifacts, events and contexts, in ML Metadata's order."""
    artifact_ids = _put_artifacts(session, artifacts_and_events, options)
    execution_id = NodeWriter(session, Execution).put(execution, touch=options.force_update_time)
    for (_, event), artifact_id in zip(artifacts_and_events, artifact_ids, strict=True):
        if event is not None:
            insert_event(session, _between(event, artifact_id, execution_id))
    writer = NodeWriter(session, Context)
    context_ids = [_put_context(session, writer, context, options) for context in contexts]
    for context_id in context_ids:
        link(session, Execution, context_id, [execution_id])
        # ML Metadata also attributes the -1 that stands for no artifact.
        link(session, Artifact, context_id, [i for i in artifact_ids if i is not None])
    replied = [_NO_ARTIFACT if i is None else i for i in artifact_ids]
    return PutExecutionIds(execution_id, replied, context_ids)


def _put_artifacts(
    session: Session, pairs: Sequence[ArtifactAndEvent], options: PutExecutionOptions
) -> list[int | None]:
    """Write the artifacts, and return the id of each pair's; None where a pair has none."""
    writer = NodeWriter(session, Artifact)
    reuse = options.reuse_artifact_if_already_exist_by_external_id
    ids: list[int | None] = []
    for artifact, event in pairs:
        if artifact is not None:
            # One by one: two of the same external id are one artifact.
            [given] = as_updates(session, [artifact]) if reuse else [artifact]
            ids.append(writer.put(given))
        else:
            ids.append(None if event is None else event.artifact_id)
    return ids


def _between(event: EventWrite, artifact_id: int | None, execution_id: int) -> EventWrite:
    """Return the event with its ends.

    Raises:
        InvalidArgumentError: It names others, or no artifact is given.
    """
    if artifact_id is None:
        message = "An event is given without an artifact and without artifact_id. Give one of them."
        raise InvalidArgumentError(message)
    for what, named, actual in (
        ("execution", event.execution_id, execution_id),
        ("artifact", event.artifact_id, artifact_id),
    ):
        if named is not None and named != actual:
            message = (
                f"An event has the {what}_id {named}, and is given with the {what} {actual}. Leave"
                f" the event's {what}_id out."
            )
            raise InvalidArgumentError(message)
    return dataclasses.replace(event, artifact_id=artifact_id, execution_id=execution_id)


def _put_context(
    session: Session, writer: NodeWriter, context: ContextWrite, options: PutExecutionOptions
) -> int:
    if context.id is None or not options.force_reuse_context:
        reuse = options.reuse_context_if_already_exist
        return put_context(session, writer, context, reuse=reuse)
    if not existing_ids(session, Context, [context.id]):
        message = f"There is no context of the id {context.id}. Put it first."
        raise NotFoundError(message)
    return context.id
