"""One run, step, artifact or experiment, with what stands around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.listing import ListQuery
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import EXPERIMENT, RUN
from mlmeta_track.overview.listing import (
    ArtifactRow,
    ContextRow,
    StepRow,
    artifact_row,
    context_row,
    step_row,
)
from mlmeta_track.store.base import Store

MOST = 1_000
"""Of steps of a run, uses of an artifact and versions at one place so many are told."""

PARENT = "mlmeta_parent_execution"
"""The custom property in which a step names the step that it was called in."""


@dataclass(frozen=True, slots=True)
class Link:
    """An artifact as an execution used or made it, or the other way round: by path and kind."""

    path: str
    event: str
    milliseconds_since_epoch: int | None
    artifact: ArtifactRow
    step: StepRow


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedStep:
    """A step of a run: ``parent`` is the id of the step that it was called in, if there is one."""

    step: StepRow
    parent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDetails:
    """A run with its steps in the order in which they began; ``more`` if it has others."""

    run: Context
    experiments: tuple[ContextRow, ...]
    steps: tuple[TimedStep, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetails:
    """An execution with the contexts that it is in, and what it used and made."""

    step: Execution
    contexts: tuple[ContextRow, ...]
    parent: StepRow | None
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDetails:
    """An artifact with its makers and users, and the artifacts that lay at the same place."""

    artifact: Artifact
    contexts: tuple[ContextRow, ...]
    producers: tuple[Link, ...]
    consumers: tuple[Link, ...]
    versions: tuple[ArtifactRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextDetails:
    """A context with those above and below it."""

    context: Context
    parents: tuple[ContextRow, ...]
    children: tuple[ContextRow, ...]


def run_details(store: Store, run: Context) -> RunDetails:
    """Return what is known of a run."""
    page = store.list_page(Execution, ListQuery(limit=MOST, context_id=run.id))
    ids = {step.external_id: step.id for step in page.nodes if step.external_id}
    return RunDetails(
        run=run,
        experiments=tuple(
            context_row(parent)
            for parent in store.get_parent_contexts(run.id)
            if parent.type == EXPERIMENT.name
        ),
        steps=tuple(
            TimedStep(step=step_row(step), parent=ids.get(str(step.custom_properties.get(PARENT))))
            for step in page.nodes
        ),
        more=page.next is not None,
    )


def step_details(store: Store, step: Execution) -> StepDetails:
    """Return what is known of an execution."""
    events = store.get_events_by_execution_ids([step.id])
    links = _links(store, events, steps=[step])
    parent = step.custom_properties.get(PARENT)
    parents = store.get_by_external_id(Execution, [parent]) if isinstance(parent, str) else []
    return StepDetails(
        step=step,
        contexts=tuple(map(context_row, store.get_contexts_of(Execution, step.id))),
        parent=next(map(step_row, parents), None),
        inputs=tuple(link for event, link in links if event.type.is_input),
        outputs=tuple(link for event, link in links if not event.type.is_input),
    )


def artifact_details(store: Store, artifact: Artifact) -> ArtifactDetails:
    """Return what is known of an artifact."""
    events = store.get_events_by_artifact_ids([artifact.id])[-MOST:]
    links = _links(store, events, artifacts=[artifact])
    versions = store.get_artifacts_by_uri(artifact.uri)[-MOST:] if artifact.uri else [artifact]
    return ArtifactDetails(
        artifact=artifact,
        contexts=tuple(map(context_row, store.get_contexts_of(Artifact, artifact.id))),
        producers=tuple(link for event, link in links if not event.type.is_input),
        consumers=tuple(link for event, link in links if event.type.is_input),
        versions=tuple(map(artifact_row, versions)),
    )


def context_details(store: Store, context: Context) -> ContextDetails:
    """Return what is known of a context that is not a run."""
    return ContextDetails(
        context=context,
        parents=tuple(map(context_row, store.get_parent_contexts(context.id))),
        children=tuple(map(context_row, store.get_child_contexts(context.id)[-MOST:])),
    )


def is_run(context: Context) -> bool:
    """Tell whether a context is a run."""
    return context.type == RUN.name


def _links(
    store: Store,
    events: Sequence[Event],
    *,
    steps: Iterable[Execution] = (),
    artifacts: Iterable[Artifact] = (),
) -> list[tuple[Event, Link]]:
    known_steps = {step.id: step for step in steps}
    known_artifacts = {artifact.id: artifact for artifact in artifacts}
    missing_steps = {event.execution_id for event in events} - known_steps.keys()
    missing = {event.artifact_id for event in events} - known_artifacts.keys()
    known_steps |= {step.id: step for step in store.get_by_id(Execution, missing_steps)}
    known_artifacts |= {found.id: found for found in store.get_by_id(Artifact, missing)}
    return [
        (event, _link(event, known_artifacts[event.artifact_id], known_steps[event.execution_id]))
        for event in events
        if event.artifact_id in known_artifacts and event.execution_id in known_steps
    ]


def _link(event: Event, artifact: Artifact, step: Execution) -> Link:
    return Link(
        path=".".join(map(str, event.path)),
        event=event.type.name,
        milliseconds_since_epoch=event.milliseconds_since_epoch,
        artifact=artifact_row(artifact),
        step=step_row(step),
    )
