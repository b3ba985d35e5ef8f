"""OpenLineage's events of one step, made of the classes of ``openlineage-python``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from typing import Any, Literal
from urllib.parse import urlsplit

import attr
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    DatasetFacet,
    RunFacet,
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    error_message_run,
    execution_parameters_run,
    job_type_job,
    parent_run,
    schema_dataset,
    source_code_location_job,
    storage_dataset,
)

from mlmeta_track.domain.nodes import ExecutionState

PRODUCER = f"urn:mlmeta-track:{version('mlmeta-track')}"
NAMESPACE = "mlmeta_track"
"""The namespace of jobs, and of data sets that are in memory only."""

_IDS = uuid.UUID("5a6f0f1e-6f0b-5b0e-9f5c-2d0d7a3c9f11")  # what our derived ids derive from


@attr.define
class MlmetaExecutionRunFacet(RunFacet):
    """What ML Metadata knows of an execution."""

    executionType: str = attr.field(default="")  # noqa: N815 - OpenLineage writes names so
    externalId: str = attr.field(default="")  # noqa: N815 - as above
    metrics: dict[str, float] = attr.field(factory=dict)


@attr.define
class MlmetaArtifactDatasetFacet(DatasetFacet):
    """What ML Metadata knows of an artifact."""

    artifactType: str = attr.field(default="")  # noqa: N815 - OpenLineage writes names so
    externalId: str = attr.field(default="")  # noqa: N815 - as above
    eventPath: str = attr.field(default="")  # noqa: N815 - as above
    fingerprint: str | None = attr.field(default=None)
    properties: dict[str, Any] = attr.field(factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """An artifact as a step used or made it; ``columns`` and ``metrics`` if they are known."""

    type: str
    key: str
    uri: str | None
    path: str
    fingerprint: str | None
    properties: Mapping[str, Any]
    columns: tuple[tuple[str, str], ...] = ()
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """A step at its start or at its end; times are milliseconds since the epoch."""

    type: str
    key: str
    state: ExecutionState | None
    time: int
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    facts: Mapping[str, Any]
    parent_step: tuple[str, str] | None
    run: tuple[str, Mapping[str, Any]] | None
    inputs: tuple[DatasetFacts, ...]
    outputs: tuple[DatasetFacts, ...]


_STATES = {
    ExecutionState.NEW: RunState.START,
    ExecutionState.RUNNING: RunState.START,
    ExecutionState.COMPLETE: RunState.COMPLETE,
    ExecutionState.CACHED: RunState.COMPLETE,
    ExecutionState.FAILED: RunState.FAIL,
    ExecutionState.CANCELED: RunState.ABORT,
}


def run_id(key: str) -> str:
    """Return a step's id as OpenLineage wants it, a UUID: its own, or one that derives from it."""
    try:
        return str(uuid.UUID(key))
    except ValueError:
        return str(uuid.uuid5(_IDS, key))


def event(step: StepFacts) -> RunEvent:
    """Return the event of a step at its start or at its end."""
    facets: dict[str, RunFacet] = {
        "mlmetaTrack_execution": MlmetaExecutionRunFacet(
            producer=PRODUCER,
            executionType=step.type,
            externalId=step.key,
            metrics=dict(step.metrics),
        )
    }
    if step.parameters:
        facets["executionParameters"] = execution_parameters_run.ExecutionParametersRunFacet(
            producer=PRODUCER,
            parameters=[
                execution_parameters_run.ExecutionParameter(key=name, name=name, value=str(value))
                for name, value in step.parameters.items()
            ],
        )
    message = step.facts.get("mlmeta_error_message")
    if message is not None:
        trace = step.facts.get("mlmeta_traceback")
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            producer=PRODUCER,
            message=str(message),
            programmingLanguage="python",
            stackTrace=None if trace is None else str(trace),
        )
    parent = _parent(step)
    if parent is not None:
        facets["parent"] = parent
    return RunEvent(
        eventType=_STATES.get(step.state or ExecutionState.UNKNOWN, RunState.OTHER),
        eventTime=_time(step.time),
        producer=PRODUCER,
        run=Run(runId=run_id(step.key), facets=facets),
        job=_job(step),
        inputs=[_dataset(one, "input") for one in step.inputs],
        outputs=[_dataset(one, "output") for one in step.outputs],
    )


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc).isoformat(
        timespec="milliseconds"
    )


def _parent(step: StepFacts) -> parent_run.ParentRunFacet | None:
    if step.parent_step is not None:
        key, name = step.parent_step
    elif step.run is not None:
        name = _script(step.run[0])
        key = f"run {step.run[0]}"
    else:
        return None
    return parent_run.ParentRunFacet(
        producer=PRODUCER,
        run=parent_run.Run(runId=run_id(key)),
        job=parent_run.Job(namespace=NAMESPACE, name=name),
    )


def _script(run_name: str) -> str:
    """Return the script's part of a run's name, which is the same in every run of it."""
    return run_name.split(" ", maxsplit=1)[0]


def _job(step: StepFacts) -> Job:
    facets: dict[str, Any] = {
        "jobType": job_type_job.JobTypeJobFacet(
            producer=PRODUCER, processingType="BATCH", integration="MLMETA_TRACK", jobType="STEP"
        )
    }
    facts: Mapping[str, Any] = {} if step.run is None else step.run[1]
    commit = facts.get("mlmeta_git_commit")
    if commit:
        facets["sourceCodeLocation"] = source_code_location_job.SourceCodeLocationJobFacet(
            producer=PRODUCER,
            type="git",
            url=f"git:{commit}",
            version=str(commit),
            branch=str(facts["mlmeta_git_branch"]) if "mlmeta_git_branch" in facts else None,
        )
    return Job(namespace=NAMESPACE, name=step.type, facets=facets)


def dataset_name(facts: DatasetFacts) -> tuple[str, str]:
    """Return namespace and name of a data set by OpenLineage's naming: ``file`` and the path."""
    if not facts.uri:
        return NAMESPACE, f"{facts.type}/{facts.key}"
    parts = urlsplit(facts.uri)
    if len(parts.scheme) <= 1 or parts.scheme == "file":  # one letter is a drive
        return "file", parts.path if parts.scheme == "file" else facts.uri
    return f"{parts.scheme}://{parts.netloc}", parts.path or "/"


def _dataset(facts: DatasetFacts, side: Literal["input", "output"]) -> Any:
    namespace, name = dataset_name(facts)
    facets: dict[str, DatasetFacet] = {
        "mlmetaTrack_artifact": MlmetaArtifactDatasetFacet(
            producer=PRODUCER,
            artifactType=facts.type,
            externalId=facts.key,
            eventPath=facts.path,
            fingerprint=facts.fingerprint,
            properties=dict(facts.properties),
        )
    }
    if facts.fingerprint:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(
            producer=PRODUCER, datasetVersion=facts.fingerprint
        )
    if facts.uri and "." in facts.uri.rsplit("/", 1)[-1]:
        facets["storage"] = storage_dataset.StorageDatasetFacet(
            producer=PRODUCER, storageLayer=namespace, fileFormat=facts.uri.rsplit(".", 1)[-1]
        )
    if facts.columns:
        facets["schema"] = schema_dataset.SchemaDatasetFacet(
            producer=PRODUCER,
            fields=[
                schema_dataset.SchemaDatasetFacetFields(name=column, type=kind)
                for column, kind in facts.columns
            ],
        )
    if side == "output":
        return OutputDataset(namespace=namespace, name=name, facets=facets)
    return InputDataset(namespace=namespace, name=name, facets=facets, inputFacets=_quality(facts))


def _quality(facts: DatasetFacts) -> dict[str, Any]:
    if not facts.metrics:
        return {}
    metrics = data_quality_metrics_input_dataset
    columns = {
        name: metrics.ColumnMetrics(**dict(values)) for name, values in facts.metrics.items()
    }
    facet = metrics.DataQualityMetricsInputDatasetFacet(
        producer=PRODUCER, columnMetrics=columns, rowCount=facts.rows
    )
    return {"dataQualityMetrics": facet}
