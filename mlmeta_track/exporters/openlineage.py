"""OpenLineage: the events of what was recorded, one JSON object a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.comparison import metric_names
from mlmeta_track.domain.drawing import DURATION, plain_value
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import (
    STATE_PROPERTY,
    Artifact,
    Context,
    Execution,
    ExecutionState,
    Properties,
)
from mlmeta_track.domain.selection import Reader, Selection, reads_nothing
from mlmeta_track.domain.types import RUN
from mlmeta_track.errors import SettingsError
from mlmeta_track.validation import schemas, statistics

if TYPE_CHECKING:
    from mlmeta_track.exporters.openlineage_events import DatasetFacts, StepFacts

PARENT = "mlmeta_parent_execution"


def events_module() -> Any:
    """Return the module that knows OpenLineage's classes.

    Raises:
        SettingsError: openlineage-python is not installed.
    """
    try:
        return import_module("mlmeta_track.exporters.openlineage_events")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mlmeta_track"):
            raise
        message = (
            "OpenLineage needs openlineage-python, which comes with the extra: pip install"
            " 'mlmeta-track[openlineage]'."
        )
        raise SettingsError(message) from error


def lines(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:
    """Yield the events of all executions, START and then what ended them, one a line."""
    made = events_module()
    to_json = import_module("openlineage.client.serde").Serde.to_json
    for step in steps(selection, read):
        yield f"{to_json(made.event(step))}\n"


def steps(selection: Selection, read: Reader = reads_nothing) -> Iterator[StepFacts]:
    """Yield each execution at its start and, if it has ended, at its end."""
    made = events_module()
    artifacts = {artifact.id: artifact for artifact in selection.artifacts}
    by_execution: defaultdict[int, list[Event]] = defaultdict(list)
    for event in selection.events:
        by_execution[event.execution_id].append(event)
    names = {e.external_id or "": e.type for e in selection.executions}
    runs = _runs(selection)
    for execution in selection.executions:
        used, produced = _both_sides(by_execution[execution.id], artifacts)
        started = made.StepFacts(
            type=execution.type,
            key=execution.external_id or f"execution {execution.id}",
            state=ExecutionState.RUNNING,
            time=execution.create_time_since_epoch,
            parameters=parameters(execution.properties, execution.custom_properties),
            metrics={},
            facts={},
            parent_step=_parent_step(execution, names),
            run=runs.get(execution.id),
            inputs=used,
            outputs=(),
        )
        yield started
        if execution.last_known_state in _ENDED:
            yield replace(
                started,
                state=execution.last_known_state,
                time=ended_at(execution),
                metrics=metrics(execution.custom_properties),
                facts=execution.custom_properties,
                inputs=with_statistics(used, by_execution[execution.id], artifacts, read),
                outputs=tuple(with_columns(one, artifacts, read) for one in produced),
            )


_ENDED = frozenset(
    {
        ExecutionState.COMPLETE,
        ExecutionState.CACHED,
        ExecutionState.FAILED,
        ExecutionState.CANCELED,
    }
)


def ended_at(execution: Execution) -> int:
    """Return when an execution ended: by its duration, or else when it was last changed."""
    duration = execution.custom_properties.get(DURATION)
    if isinstance(duration, (int, float)):
        return execution.create_time_since_epoch + round(duration)
    return execution.last_update_time_since_epoch


def parameters(declared: Properties, custom: Properties) -> dict[str, Any]:
    """Return what a step was called with."""
    names = metric_names(custom)
    both = {**{k: v for k, v in declared.items() if k != STATE_PROPERTY}, **custom}
    return {
        name: plain_value(value)
        for name, value in both.items()
        if not name.startswith("mlmeta_") and name not in names
    }


def metrics(custom: Properties) -> dict[str, float]:
    """Return what a step has measured."""
    found = {name: custom.get(name) for name in metric_names(custom)}
    return {name: float(value) for name, value in found.items() if isinstance(value, (int, float))}


def dataset_facts(event: Event, artifact: Artifact) -> DatasetFacts:
    """Return an artifact as an event names it."""
    both = {**artifact.custom_properties, **artifact.properties}
    facts: DatasetFacts = events_module().DatasetFacts(
        type=artifact.type,
        key=artifact.external_id or f"artifact {artifact.id}",
        uri=artifact.uri,
        path=".".join(map(str, event.path)),
        fingerprint=artifact.fingerprint,
        properties={
            name: plain_value(value)
            for name, value in both.items()
            if not name.startswith("mlmeta_")
        },
    )
    return facts


def _both_sides(
    events: list[Event], artifacts: Mapping[int, Artifact]
) -> tuple[tuple[DatasetFacts, ...], tuple[DatasetFacts, ...]]:
    known = [event for event in events if event.artifact_id in artifacts]
    sides = [
        tuple(
            dataset_facts(event, artifacts[event.artifact_id])
            for event in known
            if event.type.is_input is is_input
        )
        for is_input in (True, False)
    ]
    return sides[0], sides[1]


def with_columns(
    facts: DatasetFacts, artifacts: Mapping[int, Artifact], read: Reader
) -> DatasetFacts:
    """Add the columns that a schema names."""
    artifact = _by_key(facts, artifacts)
    if artifact is None or artifact.type != "Schema":
        return facts
    message = read(artifact)
    if message is None:
        return facts
    return replace(facts, columns=tuple((row.name, row.type) for row in schemas.table(message)))


def with_statistics(
    inputs: tuple[DatasetFacts, ...],
    events: list[Event],
    artifacts: Mapping[int, Artifact],
    read: Reader,
) -> tuple[DatasetFacts, ...]:
    """Add to a step's only data what the statistics that it made of it tell of its columns."""
    made = [
        artifacts[event.artifact_id]
        for event in events
        if not event.type.is_input and event.artifact_id in artifacts
    ]
    found = [artifact for artifact in made if artifact.type == "ExampleStatistics"]
    message = read(found[0]) if len(found) == 1 and len(inputs) == 1 else None
    tables = () if message is None else statistics.tables(message)
    if len(tables) != 1:
        return inputs
    [table] = tables
    return (
        replace(
            inputs[0],
            columns=tuple((row.name, row.type) for row in table.features),
            metrics={row.name: _column(row) for row in table.features},
            rows=table.num_examples,
        ),
    )


def _column(row: statistics.FeatureStatistics) -> dict[str, Any]:
    known = {
        "nullCount": row.missing,
        "count": float(row.count),
        "distinctCount": row.unique,
        "min": row.minimum,
        "max": row.maximum,
        "sum": None if row.mean is None else row.mean * row.count,
    }
    return {name: value for name, value in known.items() if value is not None}


def _by_key(facts: DatasetFacts, artifacts: Mapping[int, Artifact]) -> Artifact | None:
    for artifact in artifacts.values():
        if (artifact.external_id or f"artifact {artifact.id}") == facts.key:
            return artifact
    return None


def _parent_step(execution: Execution, names: Mapping[str, str]) -> tuple[str, str] | None:
    key = execution.custom_properties.get(PARENT)
    if not isinstance(key, str):
        return None
    return key, names.get(key, "unknown step")


def _runs(selection: Selection) -> dict[int, tuple[str, Properties]]:
    runs: dict[int, Context] = {c.id: c for c in selection.contexts if c.type == RUN.name}
    return {
        one.execution_id: (runs[one.context_id].name, runs[one.context_id].custom_properties)
        for one in selection.associations
        if one.context_id in runs
    }
