"""Comparing two runs, two executions or two artifacts of the store of this process."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence

from mlmeta_track.domain.comparison import (
    Comparison,
    Difference,
    RunRecord,
    StepRecord,
    compare_artifacts,
    compare_runs,
    compare_steps,
)
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import RUN
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.finding import What, find_anything
from mlmeta_track.tracking.loading import read
from mlmeta_track.tracking.payloads import Fetching
from mlmeta_track.validation.differences import differences

_logger = logging.getLogger("mlmeta_track")


def compare(a: What, b: What) -> Comparison:
    """Compare two runs, two executions or two artifacts.

    Of runs it tells which steps, parameters, metrics, inputs, outputs, code, packages and
    surroundings differ; and of the schemas, statistics and anomalies that they made, what in them
    differs, as far as their files or payloads are there.

    Args:
        a: A run's name, ``"run:3"``, ``"execution:3"``, ``"artifact:3"``, a path or URI, or a node
            that the store returned.
        b: The other one, of the same kind.

    Raises:
        NotFoundError: The store has nothing of that name.
        InvalidArgumentError: They are of different kinds, or groups other than runs.
    """
    writer = recorder.current()
    return compare_in(writer.store, a, b, writer.payloads)


def compare_in(store: Store, a: What, b: What, payloads: Fetching) -> Comparison:
    """Compare two nodes of a store; see ``compare``."""
    one, other = find_anything(store, a), find_anything(store, b)
    inside = _Contents(payloads)
    if isinstance(one, Artifact) and isinstance(other, Artifact):
        return compare_artifacts(one, other, inside)
    if isinstance(one, Execution) and isinstance(other, Execution):
        first, second = _step_records(store, [one, other])
        return compare_steps(first, second, inside)
    if (
        isinstance(one, Context)
        and isinstance(other, Context)
        and one.type == other.type == RUN.name
    ):
        return compare_runs(_run_record(store, one), _run_record(store, other), inside)
    kinds = " and ".join(
        f"{type(node).__name__.lower()}:{node.id} ({node.type})" for node in (one, other)
    )
    message = f"{kinds} cannot be compared. Give two runs, two executions or two artifacts."
    raise InvalidArgumentError(message)


def _run_record(store: Store, run: Context) -> RunRecord:
    return RunRecord(run, tuple(_step_records(store, store.get_by_context(Execution, run.id))))


def _step_records(store: Store, executions: Sequence[Execution]) -> list[StepRecord]:
    events = store.get_events_by_execution_ids([execution.id for execution in executions])
    ids = {event.artifact_id for event in events}
    artifacts = {artifact.id: artifact for artifact in store.get_by_id(Artifact, ids)}
    by_execution: defaultdict[int, list[Event]] = defaultdict(list)
    for event in events:
        by_execution[event.execution_id].append(event)
    return [
        StepRecord(
            execution,
            _by_path(artifacts, (e for e in by_execution[execution.id] if e.type.is_input)),
            _by_path(artifacts, (e for e in by_execution[execution.id] if not e.type.is_input)),
        )
        for execution in executions
    ]


def _by_path(artifacts: dict[int, Artifact], events: Iterable[Event]) -> dict[str, Artifact]:
    named: dict[str, Artifact] = {}
    numbers: defaultdict[str, int] = defaultdict(int)
    for event in events:
        artifact = artifacts.get(event.artifact_id)
        if artifact is None:
            continue
        name = key = ".".join(map(str, event.path)) or artifact.type
        while key in named:
            # Going on from the last number: an execution may have thousands of one name.
            numbers[name] += 1
            key = f"{name} #{numbers[name] + 1}"
        named[key] = artifact
    return named


class _Contents:
    """Looks into two artifacts of one type whose files or payloads are there."""

    def __init__(self, payloads: Fetching) -> None:
        self._payloads = payloads

    def __call__(self, a: Artifact, b: Artifact) -> tuple[Difference, ...]:
        if a.type != b.type or not a.uri or not b.uri:
            return ()
        try:
            return differences(a.type, read(self._payloads, a), read(self._payloads, b))
        except Exception as error:  # noqa: BLE001 - files of other people, of which any may be gone
            _logger.info("The contents of %s and %s are not compared: %s", a.uri, b.uri, error)
            return ()
