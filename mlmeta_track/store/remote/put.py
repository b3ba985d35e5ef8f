"""One batch over the service: looked up, planned, and written, the step in one call."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TypeAlias

from mlmeta_track.domain.batch import (
    Batch,
    ContextKey,
    ExecutionPut,
    PutResult,
    StoredArtifact,
)
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.writes import (
    ArtifactAndEvent,
    ArtifactWrite,
    Association,
    Attribution,
    EventEdge,
    ExecutionWrite,
    ParentLink,
    PutExecutionOptions,
    PutSubgraphOptions,
    UpdateOptions,
)
from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    MlmetaTrackError,
    NotFoundError,
    UnavailableError,
)
from mlmeta_track.store.batches.nodes import (
    EncodedProperties,
    StoredNode,
    decode_properties,
    encode_node,
    encode_properties,
    has_landed,
    refuse_other_type,
)
from mlmeta_track.store.batches.resolving import linked_ids
from mlmeta_track.store.remote import calls
from mlmeta_track.store.remote.artifacts import BatchArtifacts, PlannedArtifact
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.contexts import BatchContexts
from mlmeta_track.store.remote.plan import Pair, Plan, event_write
from mlmeta_track.store.remote.reading import begin_by_external_ids, events_by, relatives
from mlmeta_track.store.remote.types import BatchTypes, StaleTypesError, TypeCache
from mlmeta_track.wire.requests import sendable

Contexts: TypeAlias = "dict[ContextKey, int]"

_ATTEMPTS = 10
_LOST_CONNECTIONS = 2
_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 1.0


class PassingError(Exception):
    """Writing failed in a way that may not happen again; ``meaning`` says how to users."""

    def __init__(self, meaning: MlmetaTrackError) -> None:
        """Keep the error."""
        super().__init__(str(meaning))
        self.meaning = meaning


def put(connection: Connection, types: TypeCache, batch: Batch) -> PutResult:
    """Write a batch, however often others come between looking and writing.

    What was written of it already is found and left as it is, so it may be tried again at any time.
    """
    lost = 0
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _BatchWriter(connection, types, batch).write()
        except StaleTypesError:
            types.clear()
        except PassingError as error:
            types.clear()
            lost += isinstance(error.meaning, UnavailableError)
            if attempt == _ATTEMPTS or lost > _LOST_CONNECTIONS:
                raise error.meaning from error
            # Random, so that those that met do not meet again.
            pause = min(_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)
            time.sleep(random.uniform(0.0, pause))  # noqa: S311
    message = (
        f"The server at {connection.target} has other types each time it is asked. See that there"
        " is one server at that address."
    )
    raise AbortedError(message)


@contextmanager
def _writing() -> Iterator[None]:
    """Raise ``PassingError`` where another look at the server may help."""
    try:
        yield
    except (
        AbortedError,
        AlreadyExistsError,  # somebody else has made it in the meantime
        FailedPreconditionError,  # or changed it
        NotFoundError,  # the server has another database now
        UnavailableError,  # it may have been written, and the answer lost
    ) as error:
        raise PassingError(error) from error


class _BatchWriter:
    """Writes one batch; made for one try, and used once."""

    def __init__(self, connection: Connection, types: TypeCache, batch: Batch) -> None:
        self._connection = connection
        self._batch = batch
        self._types = BatchTypes(connection, types)
        self._contexts = BatchContexts(connection, self._types)
        self._artifacts = BatchArtifacts(connection, self._types)
        self._execution: Execution | None = None
        self._given: EncodedProperties = {}
        self._stored_events: list[Event] = []

    def write(self) -> PutResult:
        """Write everything and return the ids."""
        self._look()
        planned = self._find()
        plan = Plan(planned, self._batch.events, self._stored_events)
        with _writing():
            self._types.make()
            self._contexts.update()
            self._complete(plan.stored)
            put = self._batch.execution
            write = self._put_rest if put is None or self._has_landed(put) else self._put_step
            execution_id, contexts = write(plan)
            self._put_parents(contexts)
        return PutResult(
            execution_id=execution_id,
            artifacts={
                key: StoredArtifact(plan.id_of(node), node.external_id, node.uri or None)
                for key, node in planned.items()
            },
            contexts=contexts,
        )

    # Before anything is written

    def _look(self) -> None:
        """Ask for all that the batch names by itself: all nodes at once, then new types."""
        batch = self._batch
        named = [batch.execution] if batch.execution is not None else []
        types = self._types.begin(
            chain(
                (put.type for put in named),
                (put.type for put in batch.artifacts),
                (put.type for put in batch.contexts),
            )
        )
        executions = begin_by_external_ids(
            self._connection, Execution, (put.external_id for put in named)
        )
        artifacts = begin_by_external_ids(
            self._connection, Artifact, (put.external_id for put in batch.artifacts)
        )
        self._contexts.begin(batch.contexts)
        for execution in executions():
            self._execution = execution
        known = artifacts()
        types()  # not before there is an answer for the nodes
        self._artifacts.know(known)

    def _find(self) -> dict[str, PlannedArtifact]:
        """Refuse what cannot be written, and find the artifacts, or plan to make them."""
        batch = self._batch
        if batch.execution is not None:
            self._compare(batch.execution)
        self._contexts.plan(batch.contexts)
        if self._execution is not None and batch.events:
            self._stored_events = events_by(self._connection, Execution, [self._execution.id])
        return self._artifacts.plan(batch.artifacts, linked_ids(batch.events, self._stored_events))

    def _compare(self, put: ExecutionPut) -> None:
        stored_type = self._types.get(put.type)
        encode_properties(put.properties, put.custom_properties, stored_type)
        declared, custom = sendable(put.properties), sendable(put.custom_properties)
        self._given = encode_properties(declared, custom, stored_type)
        if self._execution is not None:
            refuse_other_type(_stored_node(self._execution), stored_type, "execution")

    def _has_landed(self, put: ExecutionPut) -> bool:
        return self._execution is not None and has_landed(_stored_node(self._execution), put)

    # What is there already

    def _complete(self, nodes: Iterable[PlannedArtifact]) -> None:
        """Give artifacts that were found what they lack, unless they were changed meanwhile."""
        for node in nodes:
            mask = node.mask()
            if mask:
                options = UpdateOptions(mask=mask, abort_if_latest_updated_time_changed=True)
                whole = node.to_write(node.type_id)
                calls.put_nodes(self._connection, Artifact, [whole], options)

    # What is new

    def _put_step(self, plan: Plan) -> tuple[int, Contexts]:
        """Write the execution, new artifacts, events and memberships in one call."""
        pairs, late = plan.pairs()
        written = calls.put_execution(
            self._connection,
            self._execution_write(),
            [self._pair(pair) for pair in pairs],
            self._contexts.to_write(),
            PutExecutionOptions(reuse_context_if_already_exist=True),
        )
        for pair, artifact_id in zip(pairs, written.artifact_ids, strict=True):
            plan.landed(pair.node, artifact_id)
        execution_id = written.execution_id
        if late:
            events = [
                event_write(event, artifact_id=plan.id_of(node), execution_id=execution_id)
                for node, event in late
            ]
            calls.put_events(self._connection, events)
        contexts = self._contexts.landed(written.context_ids)
        linked = {pair.node.id for pair in pairs}
        self._link((n for n in plan.stored if n.id not in linked), None, contexts)
        return execution_id, contexts

    def _pair(self, pair: Pair) -> ArtifactAndEvent:
        # The server's artifact is named by its id alone: given whole, it would be written anew.
        artifact = self._artifact_write(pair.node) if pair.makes_it else None
        if pair.event is None:
            return artifact, None
        return artifact, event_write(
            pair.event, artifact_id=None if pair.makes_it else pair.node.id
        )

    def _put_rest(self, plan: Plan) -> tuple[int | None, Contexts]:
        """Write what is lacking around an execution that landed before, or without any.

        The execution is not given again: it may have moved on since it was looked at.
        """
        execution_id = None if self._execution is None else self._execution.id
        index = {node.id: i for i, node in enumerate(plan.new)}
        edges = [
            EventEdge(
                artifact_index=index.get(node.id),
                event=event_write(
                    event,
                    artifact_id=None if node.id in index else node.id,
                    execution_id=execution_id,
                ),
            )
            for node, event in plan.events
        ]
        wanted = self._contexts.to_write()
        context_ids: list[int] = []
        if plan.new or edges or wanted:
            written = calls.put_lineage_subgraph(
                self._connection,
                [],
                [self._artifact_write(node) for node in plan.new],
                wanted,
                edges,
                PutSubgraphOptions(reuse_context_if_already_exist=True),
            )
            context_ids = written.context_ids
            for node, artifact_id in zip(plan.new, written.artifact_ids, strict=True):
                plan.landed(node, artifact_id)
        contexts = self._contexts.landed(context_ids)
        self._link(plan.stored, execution_id, contexts)
        return execution_id, contexts

    def _artifact_write(self, node: PlannedArtifact) -> ArtifactWrite:
        return node.to_write(self._types.id_now(node.type_id))

    def _execution_write(self) -> ExecutionWrite:
        put, stored = self._batch.execution, self._execution
        assert put is not None  # noqa: S101 - only then is there a step to be put
        known = {} if stored is None else encode_node(stored)
        declared, custom = decode_properties({**known, **self._given})
        return ExecutionWrite(
            id=None if stored is None else stored.id,
            type_id=self._types.id_now(self._types.get(put.type).id),
            type=None if stored is None else stored.type,
            name=None if stored is None else stored.name,
            external_id=put.external_id,
            last_known_state=put.state,
            properties=declared,
            custom_properties=custom,
        )

    # What the calls above cannot say

    def _link(
        self,
        artifacts: Iterable[PlannedArtifact],
        execution_id: int | None,
        contexts: Contexts,
    ) -> None:
        """Put what was there before into the contexts."""
        ids = dict.fromkeys(contexts.values())
        attributions = [Attribution(node.id, i) for node in artifacts for i in ids]
        associations = [] if execution_id is None else [Association(execution_id, i) for i in ids]
        if attributions or associations:
            calls.put_links(self._connection, attributions, associations)

    def _put_parents(self, contexts: Contexts) -> None:
        lacking = [
            ParentLink(contexts[child], contexts[parent])
            for child, parent in dict.fromkeys(self._batch.parents)
            if contexts[parent] not in self._parents_of(contexts[child])
        ]
        if lacking:
            calls.put_parent_contexts(self._connection, lacking)

    def _parents_of(self, context_id: int) -> set[int]:
        return {context.id for context in relatives(self._connection, "Parent", context_id)}


def _stored_node(execution: Execution) -> StoredNode:
    return StoredNode(
        execution.id,
        execution.type_id,
        execution.external_id,
        state=execution.last_known_state,
    )
