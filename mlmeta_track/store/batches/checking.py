"""What is wrong with a batch can be said before the database is asked."""

from __future__ import annotations

from mlmeta_track.domain.batch import Batch, EventPut
from mlmeta_track.domain.events import EventType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.batches.values import check_text


def check_batch(batch: Batch) -> None:
    """Raise ``InvalidArgumentError`` if a batch refers to what it does not have, or has bad text.

    Property values are checked later, against the types in the store.
    """
    if batch.execution is not None:
        _check_identity(batch.execution.external_id, "external id of the execution")
    for artifact in batch.artifacts:
        _check_identity(artifact.external_id, "external id of an artifact")
        if artifact.uri is not None:
            check_text(artifact.uri, "URI of an artifact")
    for context in batch.contexts:
        _check_identity(context.name, "name of a context")
    _check_events(batch)
    _check_parents(batch)


def _check_identity(text: str, what: str) -> None:
    if not text:
        message = f"The {what} is empty. Give one that nothing else has."
        raise InvalidArgumentError(message)
    check_text(text, what)


def _check_events(batch: Batch) -> None:
    if batch.events and batch.execution is None:
        message = "The batch has events, but no execution that they could belong to. Give one."
        raise InvalidArgumentError(message)
    keys = {artifact.external_id for artifact in batch.artifacts}
    for event in batch.events:
        if event.artifact not in keys:
            message = (
                f"An event names the artifact {event.artifact!r}, which is not in the batch."
                " Add it, or name one of the batch by its external id."
            )
            raise InvalidArgumentError(message)
        _check_event(event)


def _check_event(event: EventPut) -> None:
    if event.type is EventType.UNKNOWN:
        message = f"The event of the artifact {event.artifact!r} has no type. Give it one."
        raise InvalidArgumentError(message)
    for step in event.path:
        if isinstance(step, str):
            check_text(step, "key in the path of an event")


def _check_parents(batch: Batch) -> None:
    keys = {context.key for context in batch.contexts}
    for child, parent in batch.parents:
        if child == parent:
            message = f"The context {child[1]!r} cannot be its own parent."
            raise InvalidArgumentError(message)
        if child not in keys or parent not in keys:
            message = (
                f"The batch makes {parent[1]!r} the parent of {child[1]!r}, but does not have both"
                " among its contexts. Add them."
            )
            raise InvalidArgumentError(message)
