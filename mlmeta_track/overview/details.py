"""One run, step, artifact or experiment, with what stands around it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event, EventType
from mlmeta_track.domain.listing import Joins, ListQuery
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
    """An execution, where it belongs, and what it used and made; ``more`` if that is not all."""

    step: Execution
    contexts: tuple[ContextRow, ...]
    parent: StepRow | None
    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDetails:
    """An artifact, its makers and users, and what lay at its place; ``more`` if that is not all."""

    artifact: Artifact
    contexts: tuple[ContextRow, ...]
    producers: tuple[Link, ...]
    consumers: tuple[Link, ...]
    versions: tuple[ArtifactRow, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextDetails:
    """A context with those above and below it; ``more`` if there are others below."""

    context: Context
    parents: tuple[ContextRow, ...]
    children: tuple[ContextRow, ...]
    more: bool


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
    inputs, more_inputs = _near(store, step, INPUT_EVENTS)
    outputs, more_outputs = _near(store, step, OUTPUT_EVENTS)
    parent = step.custom_properties.get(PARENT)
    parents = store.get_by_external_id(Execution, [parent]) if isinstance(parent, str) else []
    return StepDetails(
        step=step,
        contexts=tuple(map(context_row, store.get_contexts_of(Execution, step.id))),
        parent=next(map(step_row, parents), None),
        inputs=_links(store, inputs, steps=[step]),
        outputs=_links(store, outputs, steps=[step]),
        more=more_inputs or more_outputs,
    )


def artifact_details(store: Store, artifact: Artifact) -> ArtifactDetails:
    """Return what is known of an artifact."""
    made, more_made = _near(store, artifact, OUTPUT_EVENTS)
    used, more_used = _near(store, artifact, INPUT_EVENTS)
    uri = artifact.uri
    versions = store.get_artifacts_by_uri(uri, most=MOST + 1) if uri else [artifact]
    return ArtifactDetails(
        artifact=artifact,
        contexts=tuple(map(context_row, store.get_contexts_of(Artifact, artifact.id))),
        producers=_links(store, made, artifacts=[artifact]),
        consumers=_links(store, used, artifacts=[artifact]),
        versions=tuple(map(artifact_row, versions[-MOST:])),
        more=more_made or more_used or len(versions) > MOST,
    )


def context_details(store: Store, context: Context) -> ContextDetails:
    """Return what is known of a context that is not a run."""
    below = ListQuery(
        limit=MOST,
        ascending=False,
        filter=f"parent_contexts_x.id = {context.id}",
        joins=Joins.OUTER,
    )
    page = store.list_page(Context, below)
    return ContextDetails(
        context=context,
        parents=tuple(map(context_row, store.get_parent_contexts(context.id))),
        children=tuple(map(context_row, reversed(page.nodes))),
        more=page.next is not None,
    )


def is_run(context: Context) -> bool:
    """Tell whether a context is a run."""
    return context.type == RUN.name


def _near(
    store: Store, node: Artifact | Execution, types: Collection[EventType]
) -> tuple[list[Event], bool]:
    """Return the newest of a node's events of those types, and whether there are others."""
    kind: type[Artifact | Execution] = type(node)
    events = store.get_events_near(kind, [node.id], types=types, most=MOST + 1)
    return events[-MOST:], len(events) > MOST


def _links(
    store: Store,
    events: Sequence[Event],
    *,
    steps: Iterable[Execution] = (),
    artifacts: Iterable[Artifact] = (),
) -> tuple[Link, ...]:
    known_steps = {step.id: step for step in steps}
    known_artifacts = {artifact.id: artifact for artifact in artifacts}
    missing_steps = {event.execution_id for event in events} - known_steps.keys()
    missing = {event.artifact_id for event in events} - known_artifacts.keys()
    known_steps |= {step.id: step for step in store.get_by_id(Execution, missing_steps)}
    known_artifacts |= {found.id: found for found in store.get_by_id(Artifact, missing)}
    return tuple(
        _link(event, known_artifacts[event.artifact_id], known_steps[event.execution_id])
        for event in events
        if event.artifact_id in known_artifacts and event.execution_id in known_steps
    )


def _link(event: Event, artifact: Artifact, step: Execution) -> Link:
    return Link(
        path=".".join(map(str, event.path)),
        event=event.type.name,
        milliseconds_since_epoch=event.milliseconds_since_epoch,
        artifact=artifact_row(artifact),
        step=step_row(step),
    )
