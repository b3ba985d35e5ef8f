"""Stores with a known lineage, and what must hold of one after records have gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlmeta_track.domain.batch import Batch, ContextPut
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.nodes import DELETED_AT, Artifact, Context, Execution, ExecutionState, Node
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import (
    EXPERIMENT,
    RUN,
    SCHEMA,
    event,
    execution,
    made,
    used,
)


@dataclass(frozen=True)
class Step:
    """One execution: what it used and made, by name, its state, run and experiment."""

    name: str
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    state: ExecutionState = ExecutionState.COMPLETE
    run: str | None = None
    experiment: str | None = None


def record(store: Store, steps: Iterable[Step]) -> None:
    """Write the steps, each in one batch."""
    for step in steps:
        store.put(_batch(step))


def _batch(step: Step) -> Batch:
    names = dict.fromkeys((*step.inputs, *step.outputs))
    contexts: list[ContextPut] = []
    if step.run is not None:
        contexts.append(ContextPut(type=RUN, name=step.run, custom_properties={"fact": 1}))
    if step.experiment is not None:
        contexts.append(ContextPut(type=EXPERIMENT, name=step.experiment))
    edge = ((RUN.name, step.run or ""), (EXPERIMENT.name, step.experiment or ""))
    return Batch(
        execution=execution(step.name, step.state, custom_properties={"p": 1}),
        artifacts=tuple(
            used(name, SCHEMA, fingerprint=name, uri=f"/{name}")
            if name in step.inputs
            else made(name, fingerprint=name, uri=f"/{name}", custom_properties={"rows": 5})
            for name in names
        ),
        events=(
            *(event(name, EventType.INPUT, "in", i) for i, name in enumerate(step.inputs)),
            *(event(name, EventType.OUTPUT, "out", i) for i, name in enumerate(step.outputs)),
        ),
        contexts=tuple(contexts),
        parents=(edge,) if len(contexts) == 2 else (),
    )


def is_tombstone(node: Node) -> bool:
    return DELETED_AT in node.custom_properties


def names(store: Store, kind: Any, *, buried: bool | None = None) -> set[str]:
    """The external ids of the nodes: all, the tombstones, or the others."""
    nodes: list[Node] = store.list_nodes(kind)
    return {
        node.external_id or "" for node in nodes if buried is None or is_tombstone(node) is buried
    }


def upstream(store: Store) -> dict[str, set[str]]:
    """What each artifact was made from, all the way up, by external ids."""
    found: dict[str, set[str]] = {}
    for artifact in store.list_nodes(Artifact):
        graph = store.get_lineage(artifact_ids=[artifact.id], direction=Direction.UPSTREAM)
        nodes: list[Node] = [*graph.artifacts, *graph.executions]
        found[artifact.external_id or ""] = {f"{type(n).__name__} {n.external_id}" for n in nodes}
    return found


def contents(store: Store) -> list[object]:
    """Everything: nodes, events, memberships, and parents of contexts."""
    executions = [node.id for node in store.list_nodes(Execution)]
    artifacts = [node.id for node in store.list_nodes(Artifact)]
    contexts = [node.id for node in store.list_nodes(Context)]
    return [
        store.list_nodes(Artifact),
        store.list_nodes(Execution),
        store.list_nodes(Context),
        store.get_events_by_execution_ids(executions),
        [[n.id for n in store.get_contexts_of(Execution, one)] for one in executions],
        [[n.id for n in store.get_contexts_of(Artifact, one)] for one in artifacts],
        [[n.id for n in store.get_parent_contexts(one)] for one in contexts],
    ]
