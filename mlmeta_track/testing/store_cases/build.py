"""Batches for the tests, short enough to read."""

from __future__ import annotations

import dataclasses
from typing import Any

from mlmeta_track.domain.batch import (
    ArtifactPut,
    Batch,
    ContextPut,
    EventPut,
    ExecutionPut,
    PutResult,
)
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.domain.types import (
    DATASET,
    EXPERIMENT,
    RUN,
    ArtifactType,
    ContextType,
    ExecutionType,
    PropertyType,
)
from mlmeta_track.store.base import Store

SCHEMA = ArtifactType(
    "Schema", {"name": PropertyType.STRING, "version": PropertyType.INT}, base_type="mlmd.Dataset"
)
VALIDATION = ExecutionType("Data Validation", {"state": PropertyType.STRING})

ANYTHING = ArtifactType(
    "Anything",
    {
        "int": PropertyType.INT,
        "double": PropertyType.DOUBLE,
        "string": PropertyType.STRING,
        "struct": PropertyType.STRUCT,
        "proto": PropertyType.PROTO,
        "boolean": PropertyType.BOOLEAN,
    },
)

__all__ = ["ANYTHING", "DATASET", "EXPERIMENT", "RUN", "SCHEMA", "VALIDATION"]


def execution(
    external_id: str = "e",
    state: ExecutionState = ExecutionState.RUNNING,
    kind: ExecutionType = VALIDATION,
    **more: Any,
) -> ExecutionPut:
    """Return an execution to be put; ``more`` are its properties and custom properties."""
    return ExecutionPut(external_id=external_id, type=kind, state=state, **more)


def made(external_id: str, kind: ArtifactType = SCHEMA, **more: Any) -> ArtifactPut:
    """Return an artifact that a step made."""
    return ArtifactPut(external_id=external_id, type=kind, **more)


def used(external_id: str, kind: ArtifactType = DATASET, **more: Any) -> ArtifactPut:
    """Return an artifact that a step used, to be found if it is known."""
    return ArtifactPut(external_id=external_id, type=kind, resolve=True, **more)


def event(artifact: str, kind: EventType, *path: str | int) -> EventPut:
    """Return an event of the artifact of that key."""
    steps: EventPath = path
    return EventPut(artifact=artifact, type=kind, path=steps, milliseconds_since_epoch=7)


def demo(note: str = "Walkthrough", name: str = "Demo") -> ContextPut:
    """Return the walkthrough's experiment."""
    return ContextPut(type=EXPERIMENT, name=name, properties={"note": note})


def context(name: str, kind: ContextType = RUN, **more: Any) -> ContextPut:
    """Return a context to be put."""
    return ContextPut(type=kind, name=name, **more)


def start_of_step(external_id: str = "e", data: str = "d") -> Batch:
    """Return what a step writes when it starts."""
    return Batch(
        execution=execution(external_id, properties={"state": "RUNNING"}),
        artifacts=(
            used(
                data,
                uri=f"/data/{data}",
                fingerprint=f"sha256:{data}",
                properties={"name": "taxi", "split": "train", "version": 1},
            ),
        ),
        events=(event(data, EventType.DECLARED_INPUT, "train"),),
        contexts=(demo(), context("run 1")),
        parents=((("Run", "run 1"), ("Experiment", "Demo")),),
    )


def end_of_step(external_id: str = "e", output: str = "s") -> Batch:
    """Return what a step writes when it ends."""
    return Batch(
        execution=execution(
            external_id,
            ExecutionState.COMPLETE,
            properties={"state": "COMPLETED"},
            custom_properties={"mlmeta_duration_ms": 12},
        ),
        artifacts=(made(output, uri=f"/out/{output}", fingerprint=f"sha256:{output}"),),
        events=(event(output, EventType.DECLARED_OUTPUT, "out", 0),),
        contexts=(demo(), context("run 1")),
    )


def put_artifact(store: Store, put: ArtifactPut) -> int:
    """Write one artifact by itself and return its id."""
    return store.put(Batch(artifacts=(put,))).artifacts[put.external_id].id


def put_step(
    store: Store, name: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> PutResult:
    """Write a finished step that used and made artifacts of those names."""
    used_puts = tuple(used(key, SCHEMA, fingerprint=key) for key in inputs)
    made_puts = tuple(made(key, fingerprint=key) for key in outputs)
    events = [event(key, EventType.INPUT) for key in inputs]
    events += [event(key, EventType.OUTPUT) for key in outputs]
    return store.put(
        Batch(
            execution=execution(name, ExecutionState.COMPLETE),
            artifacts=tuple({put.external_id: put for put in (*used_puts, *made_puts)}.values()),
            events=tuple(events),
        )
    )


def with_properties(kind: ArtifactType, **properties: PropertyType) -> ArtifactType:
    """Return the type with these properties instead of its own."""
    return dataclasses.replace(kind, properties=properties)
