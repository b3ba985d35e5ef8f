"""The executions of one run of a pipeline: what is told of them when it begins and when it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.domain.types import DATASET, ArtifactType
from mlmeta_track.tracking.instrument import (
    describe,
    describe_files,
    describe_path,
    new_step,
    with_size,
)
from mlmeta_track_tfdv import beam_facts, options, payloads
from mlmeta_track_tfdv.beam_graph import Applied, Written
from mlmeta_track_tfdv.shards import describe_shards
from mlmeta_track_tfdv.transforms import TYPES

if TYPE_CHECKING:
    from mlmeta_track.tracking.steps import Step

MOST_BYTES = 64 * 2**20
"""A larger file is not read for what it says; it is told by a hash of the file alone."""


@dataclass(slots=True, eq=False)
class _Made:
    """What one transform makes for others, which need not be written anywhere."""

    descriptions: dict[str, Description] = field(default_factory=dict)
    values: dict[str, object] = field(default_factory=dict)


class _Value:
    """Stands for what goes through a pipeline, and is in no process as a whole."""


class PipelineRun:
    """One run of a pipeline, with an execution for each application of a transform of TFDV."""

    def __init__(self, pipeline: Any, applied: Iterable[Applied]) -> None:
        """Prepare to record a run; nothing is written yet.

        Args:
            pipeline: The pipeline.
            applied: What it does with TFDV, each after what it takes from.
        """
        self._lock = threading.Lock()
        self._has_ended = False
        self._made: dict[Applied, _Made] = {}
        self._steps: list[tuple[Applied, Step]] = []
        for one in applied:
            step = new_step(f"tfdv.{one.name}")
            if step is not None:
                if not beam_facts.runs_here(pipeline):
                    step.works_elsewhere()
                self._steps.append((one, step))
        self._about = beam_facts.about(pipeline) if self._steps else {}

    def start(self) -> bool:
        """Record that the run begins; tell whether there is anything to record of it."""
        for applied, step in self._steps:
            with step.guard(f"describe the inputs of {applied.label!r}"):
                step.log_params({"label": applied.label, **self._about})
                _tell_start(applied, step)
            step.start()
        return bool(self._steps)

    def end(
        self,
        state: ExecutionState | None = None,
        state_name: str | None = None,
        result: Any = None,
        *,
        error: BaseException | None = None,
    ) -> None:
        """Record how the run ended, once.

        Args:
            state: The state of the executions, if it is not what the error tells.
            state_name: The run's state in Beam's words.
            result: Beam's result, which has the counters.
            error: What the user gets to see, if it failed.
        """
        with self._lock:
            has_ended, self._has_ended = self._has_ended, True
        if has_ended:
            return
        try:
            self._tell_end(state, state_name, result, error)
        except Exception:
            # In strict mode what was lost is raised, but never in place of the user's exception.
            if error is None:
                raise

    def _tell_end(
        self,
        state: ExecutionState | None,
        state_name: str | None,
        result: Any,
        error: BaseException | None,
    ) -> None:
        counters = beam_facts.counters(result)
        every = [applied for applied, _ in self._steps]
        for applied, step in self._steps:
            with step.guard(f"describe what {applied.label!r} did"):
                if state_name is not None:
                    step.log_params({"pipeline_state": state_name})
                step.log_metrics(beam_facts.counted(counters, applied, every))
                if state is ExecutionState.COMPLETE and error is None:
                    self._tell_made(applied, step)
            step.finish(error, state=state if error is None else None)

    def _tell_made(self, applied: Applied, step: Step) -> None:
        """Tell an execution what it took from others, and what was written of what it made."""
        key = applied.row.takes
        for maker in applied.taken_from:
            made = self._made.get(maker)
            if made is not None and key in made.values:
                step.use(made.values[key], (key,), description=made.descriptions[key])
        made = self._made[applied] = _Made()
        for written in applied.writes:
            description = _written(written)
            # The first place is where it lies, and what lies elsewhere is a copy.
            value = made.values.setdefault(written.key, _Value())
            is_first = made.descriptions.setdefault(written.key, description) is description
            step.make(value if is_first else written.path, (written.key,), description)
        if "statistics" in applied.row.makes and not made.values:
            made.values["statistics"] = value = _Value()
            made.descriptions["statistics"] = description = Description(TYPES["statistics"])
            step.make(value, ("statistics",), description)


def _tell_start(applied: Applied, step: Step) -> None:
    """Tell an execution its parameters, and the inputs that lie somewhere."""
    step.log_params({name: value for name, value in applied.params.items() if value is not None})
    if applied.unknown:
        step.log_params({"other_sources": applied.unknown})
    for key, paths in applied.sources.items():
        _use_files(step, key, paths, TYPES.get(key, DATASET))
    given = applied.options
    if given is None:
        return
    step.log_params({"stats_options": options.stats_options(given)})
    schema = None if given.schema is None else describe(given.schema)
    if schema is not None:
        step.use(given.schema, ("schema",), description=schema)
    vocabularies = getattr(given, "vocab_paths", None) or {}
    for name, path in vocabularies.items():
        _use_files(step, "vocabularies", [path], DATASET, str(name))


def _use_files(
    step: Step, key: str, paths: list[str], artifact_type: ArtifactType, *place: str
) -> None:
    for i, path in enumerate(paths):
        index = (i,) if len(paths) > 1 else ()
        for found, description in describe_files(options.public(path), artifact_type):
            step.use(description.uri, (key, *place, *index, *found), description=description)


def _written(written: Written) -> Description:
    """Describe what lies at a path now: its content, if it is one message that can be read."""
    artifact_type = TYPES[written.key]
    placed = describe_path(options.public(written.path), artifact_type)
    path = Path(placed.uri or "")
    if written.is_prefix:
        is_here = "://" not in written.path
        return describe_shards(placed, artifact_type, MOST_BYTES) if is_here else placed
    if not path.is_file() or path.stat().st_size > MOST_BYTES:
        return with_size(placed)
    message = _message(artifact_type, path)
    content = None if message is None else describe(message)
    if content is not None:
        placed = replace(content, uri=placed.uri, file_fingerprint=placed.fingerprint)
    return with_size(placed)


def _message(artifact_type: ArtifactType, path: Path) -> Any:
    try:
        return payloads.load(artifact_type.name, path)
    except ValueError:
        return None  # It holds several, or is compressed.
