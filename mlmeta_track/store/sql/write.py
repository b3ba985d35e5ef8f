"""One batch written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import bindparam, update

from mlmeta_track.domain.batch import (
    Batch,
    ContextKey,
    ContextPut,
    EventPut,
    ExecutionPut,
    PutResult,
    StoredArtifact,
)
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.store.batches.nodes import (
    EncodedProperties,
    comes_after,
    encode_properties,
    has_landed,
    refuse_other_type,
)
from mlmeta_track.store.batches.resolving import LinkedIds, linked_ids
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.sql.artifacts import ArtifactWriter
from mlmeta_track.store.sql.begun import Begun, BegunExecutions
from mlmeta_track.store.sql.edges import (
    INSERT_ASSOCIATION,
    INSERT_ATTRIBUTION,
    INSERT_EVENT,
    INSERT_PARENT,
    insert_paths,
    path_rows,
)
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.read import events_by
from mlmeta_track.store.sql.rows import CONTEXT_ROWS, EXECUTION_ROWS
from mlmeta_track.store.sql.schema import EXECUTION
from mlmeta_track.store.sql.types import TypeWriter

_GO_ON = Prepared(
    update(EXECUTION)
    .where(
        EXECUTION.c.id == bindparam("node_id"),
        EXECUTION.c.external_id == bindparam("known_external_id"),
        EXECUTION.c.type_id == bindparam("known_type_id"),
        EXECUTION.c.last_known_state == bindparam("known_state"),
    )
    .values(last_known_state=bindparam("state"), last_update_time_since_epoch=bindparam("now"))
)
_SET_STATE = Prepared(
    update(EXECUTION)
    .where(EXECUTION.c.id == bindparam("node_id"))
    .values(last_known_state=bindparam("state"), last_update_time_since_epoch=bindparam("now"))
)


class Known(NamedTuple):
    """What the batches of one transaction know together.

    Args:
        types: The types of this transaction.
        begun: The executions that this process has begun.
        now: The time that is written, in milliseconds since the epoch.
    """

    types: TypeWriter
    begun: BegunExecutions
    now: int


class BatchWriter:
    """Writes one batch; made for one transaction and used once."""

    def __init__(self, session: Session, known: Known, batch: Batch) -> None:
        """Prepare to write.

        Args:
            session: A writing transaction.
            known: What its batches know together.
            batch: The batch, already checked.
        """
        self._session = session
        self._types, self._begun, self._now = known
        self._batch = batch
        self._execution_id: int | None = None
        self._execution_is_new = True
        self._new_artifacts: set[int] = set()

    def write(self) -> PutResult:
        """Write everything and return the ids."""
        if self._batch.execution is not None:
            self._execution_id = self._write_execution(self._batch.execution)
        contexts = self._write_contexts()
        writer = ArtifactWriter(self._session, self._types, self._now, self._linked_ids())
        artifacts = writer.write(self._batch.artifacts)
        self._new_artifacts = writer.new_ids
        self._write_events({key: node.id for key, node in artifacts.items()})
        self._write_memberships(contexts, {node.id for node in artifacts.values()})
        return PutResult(
            execution_id=self._execution_id,
            artifacts={
                key: StoredArtifact(node.id, node.external_id, node.uri or None)
                for key, node in artifacts.items()
            },
            contexts=contexts,
        )

    # Executions

    def _write_execution(self, put: ExecutionPut) -> int:
        stored_type = self._types.ensure(put.type)
        given = encode_properties(put.properties, put.custom_properties, stored_type)
        known = self._begun.get(put.external_id)
        if known is not None:
            if self._goes_on(known, stored_type, put):
                EXECUTION_ROWS.put_properties(self._session, known.id, given)
                return self._note(put, known.id, stored_type)
        elif EXECUTION_ROWS.tells_taken(self._session):
            new_id = self._insert_execution(stored_type, put, EXECUTION_ROWS.insert_unless_taken)
            if new_id is not None:
                EXECUTION_ROWS.insert_properties(self._session, [(new_id, given)])
                return self._note(put, new_id, stored_type)
        return self._look_and_write(put, stored_type, given)

    def _goes_on(self, known: Begun, stored_type: StoredType, put: ExecutionPut) -> bool:
        """Bring an execution to its next state, if it is still as this process has written it."""
        if known.type_id != stored_type.id or not comes_after(put.state, known.state):
            return False
        self._execution_is_new = False
        found = _GO_ON.changes(
            self._session,
            node_id=known.id,
            known_external_id=put.external_id,
            known_type_id=known.type_id,
            known_state=known.state,
            state=int(put.state),
            now=self._now,
        )
        return found == 1

    def _note(self, put: ExecutionPut, execution_id: int, stored_type: StoredType) -> int:
        """Take note of an execution that goes on; others are written once, and at an end."""
        goes_on = put.state is ExecutionState.RUNNING
        begun = Begun(execution_id, stored_type.id, int(put.state)) if goes_on else None
        self._begun.note(put.external_id, begun)
        return execution_id

    def _look_and_write(
        self, put: ExecutionPut, stored_type: StoredType, given: EncodedProperties
    ) -> int:
        """Write an execution of which it must first be seen whether it is there, and how."""
        self._begun.note(put.external_id, None)
        node = EXECUTION_ROWS.by_external_ids(self._session, [put.external_id]).get(put.external_id)
        self._execution_is_new = node is None
        if node is None:
            new_id = self._insert_execution(stored_type, put, EXECUTION_ROWS.insert)
            assert new_id is not None  # noqa: S101 - it inserts or raises
            EXECUTION_ROWS.insert_properties(self._session, [(new_id, given)])
            return self._note(put, new_id, stored_type)
        refuse_other_type(node, stored_type, "execution")
        if not has_landed(node, put):
            # The state differs, or the batch would have been taken for one that has landed.
            _SET_STATE.run(self._session, node_id=node.id, state=int(put.state), now=self._now)
            EXECUTION_ROWS.set_properties(self._session, node, given)
        return node.id

    def _insert_execution(
        self, stored_type: StoredType, put: ExecutionPut, insert: Callable[..., int | None]
    ) -> int | None:
        return insert(
            self._session,
            stored_type,
            self._now,
            last_known_state=int(put.state),
            external_id=put.external_id,
        )

    # Contexts

    def _write_contexts(self) -> dict[ContextKey, int]:
        puts = self._batch.contexts
        if not puts:
            return {}
        types = [self._types.ensure(put.type) for put in puts]
        keys = [(stored_type.id, put.name) for stored_type, put in zip(types, puts, strict=True)]
        ids = CONTEXT_ROWS.ids_by_names(self._session, keys)
        for put, stored_type, key in zip(puts, types, keys, strict=True):
            given = encode_properties(put.properties, put.custom_properties, stored_type)
            if key not in ids:
                ids[key] = self._insert_context(put, stored_type, given)
            elif given:
                self._update_context(ids[key], given)
        return {put.key: ids[key] for put, key in zip(puts, keys, strict=True)}

    def _insert_context(
        self, put: ContextPut, stored_type: StoredType, given: EncodedProperties
    ) -> int:
        new_id = CONTEXT_ROWS.insert(self._session, stored_type, self._now, name=put.name)
        CONTEXT_ROWS.insert_properties(self._session, [(new_id, given)])
        return new_id

    def _update_context(self, context_id: int, given: EncodedProperties) -> None:
        # A run has many facts, and most batches give none: its properties are read only here.
        [node] = CONTEXT_ROWS.by_ids(self._session, [context_id])
        if CONTEXT_ROWS.set_properties(self._session, node, given):
            CONTEXT_ROWS.touch(self._session, context_id, self._now)

    # Edges

    @cached_property
    def _stored_events(self) -> list[Event]:
        """The events that the execution had before this batch."""
        if self._execution_is_new or self._execution_id is None:
            return []
        return events_by(self._session, "execution_id", [self._execution_id])

    def _linked_ids(self) -> LinkedIds:
        if self._execution_is_new or not any(put.resolve for put in self._batch.artifacts):
            return {}
        return linked_ids(self._batch.events, self._stored_events)

    def _write_events(self, artifacts: dict[str, int]) -> None:
        seen: set[tuple[int, int]] = set()
        if not self._new_artifacts.issuperset(artifacts.values()):
            seen = {(stored.artifact_id, int(stored.type)) for stored in self._stored_events}
        paths: list[dict[str, Any]] = []
        for event in self._batch.events:
            key = (artifacts[event.artifact], int(event.type))
            if key not in seen:
                seen.add(key)
                paths.extend(self._insert_event(key[0], event))
        insert_paths(self._session, paths)

    def _insert_event(self, artifact_id: int, event: EventPut) -> Iterable[dict[str, Any]]:
        event_id = INSERT_EVENT.insert(
            self._session,
            artifact_id=artifact_id,
            execution_id=self._execution_id,
            type=int(event.type),
            milliseconds_since_epoch=event.milliseconds_since_epoch,
        )
        return path_rows(event_id, event.path)

    def _write_memberships(self, contexts: dict[ContextKey, int], artifacts: set[int]) -> None:
        ids = contexts.values()
        if self._execution_id is not None:
            INSERT_ASSOCIATION.run_many(
                self._session,
                [{"context_id": i, "execution_id": self._execution_id} for i in ids],
            )
        if artifacts:
            INSERT_ATTRIBUTION.run_many(
                self._session,
                [
                    {"context_id": i, "artifact_id": artifact}
                    for i in ids
                    for artifact in sorted(artifacts)
                ],
            )
        if self._batch.parents:
            INSERT_PARENT.run_many(
                self._session,
                [
                    {"context_id": contexts[child], "parent_context_id": contexts[parent]}
                    for child, parent in self._batch.parents
                ],
            )
