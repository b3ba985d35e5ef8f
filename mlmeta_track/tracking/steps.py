"""A step: one execution from its start to its end, with what it used and what it made."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from mlmeta_track.domain.batch import (
    ArtifactPut,
    Batch,
    ContextPut,
    EventPut,
    ExecutionPut,
    PutResult,
    StoredArtifact,
)
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import STATE_PROPERTY, STATE_WORDS, ExecutionState, PropertyValue
from mlmeta_track.domain.types import RUN, ExecutionType, PropertyType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import active, capture, failures, files
from mlmeta_track.tracking.identity import new_id, source_id
from mlmeta_track.tracking.leases import ends, processes, under_way
from mlmeta_track.tracking.leases.processes import PROCESS
from mlmeta_track.tracking.redaction.batches import clean_description
from mlmeta_track.tracking.runs import NO_CONTEXTS, Contexts, parent_here

if TYPE_CHECKING:
    from mlmeta_track.tracking.artifacts import Artifact
    from mlmeta_track.tracking.isolation import Guard
    from mlmeta_track.tracking.recorder import Recorder
    from mlmeta_track.tracking.reuse.touched import Touched

ValueT = TypeVar("ValueT")

_REMEMBERED_INSIDE = 1_000

EDIT = "in-place edit"
"""The execution type of edits between two uses of one object, of which no call tells."""


@dataclass(frozen=True, slots=True)
class Used:
    """A value that a step used: its description, and the key of its artifact in the batch."""

    value: object
    description: Description
    key: str


@dataclass(frozen=True, slots=True)
class _Promised:
    """A path that the step writes to, described when the work has ended."""

    path: str | PathLike[str]
    declared: Artifact | None
    event_path: EventPath
    event_type: EventType


class Step:
    """One execution that is being recorded.

    It is written twice: when it starts (RUNNING) and when it ends.  What could not be written at
    the start is written with the end.
    """

    def __init__(self, name: str, recorder: Recorder) -> None:
        """Prepare a step of the execution type of that name; nothing is written yet."""
        self.name = name
        self.external_id = new_id()
        self.guard: Guard = recorder.guard
        self.is_recorded = not recorder.settings.disabled
        self.parent = active.step.get()
        self._recorder = recorder
        self._contexts = NO_CONTEXTS
        with self.guard(f"find the run of the step {name!r}"):
            self._contexts = Contexts.here(recorder)
        self._lock = threading.RLock()
        self._type = _type_named(name)
        self._facts: dict[str, PropertyValue] = {}
        self._artifacts: dict[str, ArtifactPut] = {}
        self._events: list[EventPut] = []
        self._taken_paths: set[tuple[bool, EventPath]] = set()
        self._used: list[Used] = []
        self._stored: dict[str, StoredArtifact] = {}
        self._promised: list[_Promised] = []
        self._metrics: set[str] = set()
        # Artifacts made by steps inside this one: what they made and this one returns is one.
        self._inside: deque[ArtifactPut] = deque(maxlen=_REMEMBERED_INSIDE)
        self._made: list[ArtifactPut] = []
        self.touched: Touched | None = getattr(self.parent, "touched", None)
        self._started = time.perf_counter()
        self._is_over = False
        self._is_here = True
        self._pid = os.getpid()
        parent = parent_here(recorder)
        if parent is not None:
            self._facts["mlmeta_parent_execution"] = parent

    @property
    def is_of_this_process(self) -> bool:
        """Whether this process has started it: a forked one leaves its parent's steps alone."""
        return self._pid == os.getpid()

    @property
    def contexts(self) -> Contexts:
        """The run and the experiment that it is recorded in."""
        return self._contexts

    # What the user says of the step.

    def input(
        self, value: ValueT, artifact: Artifact | None = None, *, name: str | None = None
    ) -> ValueT:
        """Record that the step uses an artifact, and return the value as it was given.

        Args:
            value: A path or URI, a value that a plugin knows, or any other object.
            artifact: What it is; without it, a path is a ``DataSet``.
            name: The key of the event's path; the artifact's type if not given.
        """
        if not self.is_recorded:
            return value
        with self.guard(f"record an input of the step {self.name!r}"):
            description = _described(value, artifact)
            path = (name or description.type.name,)
            self.use(value, path, description=description, event_type=EventType.DECLARED_INPUT)
        return value

    def output(
        self, value: ValueT, artifact: Artifact | None = None, *, name: str | None = None
    ) -> ValueT:
        """Record that the step makes an artifact, and return the value as it was given.

        Args:
            value: The path or URI that is written to (before or after this call), a value that a
                plugin knows, or any other object.
            artifact: What it is; without it, a path is a ``DataSet``.
            name: The key of the event's path; the artifact's type if not given.
        """
        if not self.is_recorded:
            return value
        with self.guard(f"record an output of the step {self.name!r}"):
            if isinstance(value, (str, PathLike)):
                key = name or (artifact.artifact_type.name if artifact else "DataSet")
                self.promise(value, (key,), declared=artifact)
            else:
                description = _described(value, artifact)
                path = (name or description.type.name,)
                self.make(value, path, description, event_type=EventType.DECLARED_OUTPUT)
        return value

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record parameters: custom properties of the execution under their own names."""
        with self.guard(f"record parameters of the step {self.name!r}"), self._lock:
            for name, value in params.items():
                plain = capture.parameter(value)
                if plain is not None:
                    self._facts[capture.key(str(name))] = plain

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Record metrics: numbers as custom properties of the execution under their own names."""
        with self.guard(f"record metrics of the step {self.name!r}"), self._lock:
            for name, value in metrics.items():
                plain = capture.parameter(value)
                if not isinstance(plain, (int, float)):
                    message = f"the metric {name!r} must be a finite number, not {value!r}"
                    self.guard.report("record a metric", InvalidArgumentError(message))
                    continue
                self._facts[str(name)] = plain
                self._metrics.add(str(name))

    def add_facts(self, facts: Mapping[str, PropertyValue]) -> None:
        """Add facts of ours: custom properties of the execution, as they are."""
        with self._lock:
            self._facts.update(facts)

    # What is found of the step: for decorators and integrations.

    def use(
        self,
        value: object,
        path: EventPath,
        *,
        description: Description,
        event_type: EventType = EventType.INPUT,
    ) -> Used:
        """Add an input that the store is to find, or to make as a source.

        An object that was another artifact before, and comes with other content now, has been
        edited in place: that becomes an execution of its own, from the one to the other.
        """
        description = self._public(description)
        known = self._recorder.known.find(value, description)
        if known is None:
            known = self._edited(value, path, description)
        self._touch(description, is_input=True)
        used = Used(value, description, known or source_id(description) or new_id())
        with self._lock:
            self._used.append(used)
            self._add(_artifact_put(used.key, description, resolve=True), path, event_type)
        return used

    def knows(self, value: object, description: Description) -> bool:
        """Tell whether this process has used or made a value before, or one of its content."""
        return self._recorder.known.find(value, self._public(description)) is not None

    def make(
        self,
        value: object,
        path: EventPath,
        description: Description,
        *,
        event_type: EventType = EventType.OUTPUT,
    ) -> None:
        """Add an output: a new artifact, unless a step inside this one has just made it."""
        description = self._public(description)
        self._touch(description, is_input=False)
        with self._lock:
            inside = self._made_inside(value, description)
        if inside is None or not inside.uri:
            # Outside the lock: other threads of the step need not wait for a disk or a network.
            description = self._kept(value, description)
        key = new_id() if inside is None else inside.external_id
        # What was made inside is found under its id, and gets what is declared of it here.
        put = _artifact_put(key, description, resolve=inside is not None)
        with self._lock:
            self._made.append(put)
            self._add(put, path, event_type)
        self._recorder.known.remember(value, description, key)

    def promise(
        self,
        path: str | PathLike[str],
        event_path: EventPath,
        *,
        declared: Artifact | None = None,
        event_type: EventType = EventType.DECLARED_OUTPUT,
    ) -> None:
        """Add an output at a path, to be looked at when the work has ended."""
        self._promised.append(_Promised(path, declared, event_path, event_type))

    def place(self, used: Used, path: str | PathLike[str], event_path: EventPath) -> None:
        """Record that an input was written to a path.

        The artifact gets the path as its URI; if it lies somewhere else already, what was written
        is a copy: a new artifact that the step made.
        """
        placed = self._public(files.with_size(capture.at_path(used.description, path)))
        self._touch(placed, is_input=False)
        if used.key not in self._stored:
            self._recorder.settle()  # only the store knows where the input lies already
        stored = self._stored.get(used.key)
        if stored is not None and stored.uri not in (None, "", placed.uri):
            self.make(path, event_path, placed)
            return
        key = (stored and stored.external_id) or used.key
        put = _artifact_put(key, placed, resolve=True)
        with self._lock:
            self._made.append(put)
            self._artifacts[key] = put
        self._recorder.known.remember(used.value, placed, key)

    def made_at(self, path: EventPath) -> ArtifactPut | None:
        """Return what the step has made at a place, as long as its end is not written."""
        with self._lock:
            events = [e for e in self._events if e.path == path and not e.type.is_input]
            if not events:
                return None
            key = events[0].artifact
            # Where it lies, a step inside this one may have said.
            inside = (put for put in reversed(self._inside) if put.external_id == key and put.uri)
            return next(inside, self._artifacts.get(key))

    def _touch(self, description: Description, *, is_input: bool) -> None:
        """Tell a step around this one that may be cached, or this one, of a file."""
        if self.touched is not None:
            content = description.file_fingerprint or description.fingerprint
            self.touched.note(description.uri, content, is_input=is_input)

    def _edited(self, value: object, path: EventPath, description: Description) -> str | None:
        """Record that an object was edited in place; return the artifact that it has become."""
        earlier = self._recorder.known.earlier(value, description)
        if earlier is None:
            return None
        with self.guard("record an edit in place"):
            edit = Step(EDIT, self._recorder)
            before = Description(description.type, fingerprint=earlier.fingerprint)
            put = _artifact_put(earlier.external_id, before, resolve=True)
            edit._add(put, path, EventType.INPUT)
            edit.make(value, path, description)
            edit._write(ExecutionState.COMPLETE, "record an edit in place")
            if edit.parent is not None:
                edit.parent._inside.extend(edit._made)  # noqa: SLF001 - a step too
        return self._recorder.known.find(value, description)

    # The two moments at which the step is written.

    def start(self) -> None:
        """Write the step as RUNNING, with the inputs that are known."""
        if not self.is_recorded:
            return
        with self.guard(f"prepare the step {self.name!r}"):
            hooks.call("before_step", step=self)
            if self._is_here:
                self._facts[PROCESS] = str(processes.current())
                under_way.add(self)
                ends.watch()
        self._started = time.perf_counter()
        task = f"record the start of the step {self.name!r}"
        with self.guard(task):
            self._write(ExecutionState.RUNNING, task)

    def finish(
        self, error: BaseException | None = None, *, state: ExecutionState | None = None
    ) -> None:
        """Write how the step ended, with all that is not written yet.

        Args:
            error: What ended its work, if it failed.
            state: Its state, if it is not the one that the error tells.
        """
        if not self.is_recorded or not self.is_of_this_process or not self._claim_end():
            return
        duration = time.perf_counter() - self._started
        try:
            with self.guard(f"describe what the step {self.name!r} did"):
                self._describe_end(error, duration)
            task = f"record the end of the step {self.name!r}"
            with self.guard(task):
                self._write(failures.end_state(error) if state is None else state, task)
        except Exception:
            # Strict mode raises what was lost, but never in place of the user's own exception.
            if error is None:
                raise
        finally:
            under_way.remove(self)
        if self.parent is not None:
            self.parent._inside.extend((*self._inside, *self._made))  # noqa: SLF001 - a step too

    def repeat(self, outputs: Iterable[tuple[ArtifactPut, EventPath, EventType]]) -> None:
        """Write a step, in place of start and finish, whose work an earlier one has done: CACHED.

        Args:
            outputs: The artifacts that the earlier one has made, each with its place.
        """
        self._promised.clear()
        for put, path, event_type in outputs:
            with self._lock:
                self._made.append(put)
                self._add(put, path, event_type)
        self.finish(state=ExecutionState.CACHED)

    def _claim_end(self) -> bool:
        """Tell whether the step has not come to its end before, in another thread."""
        with self._lock:
            is_over, self._is_over = self._is_over, True
        return not is_over

    # The life of the process that does the work.

    def works_elsewhere(self) -> None:
        """Take note, before the start, that its work outlives this process: it is another's."""
        self._is_here = False

    @property
    def lease(self) -> Hashable:
        """The run that the step belongs to, as ``leases`` tells them apart."""
        return (id(self._recorder), self._contexts.run)

    def beat(self) -> None:
        """Say in the step's run that this process is alive."""
        run = self._contexts.run
        if run is not None:
            now = {processes.current().heartbeat: time.time_ns() // 1_000_000}
            put = ContextPut(type=RUN, name=run[1], custom_properties=now)
            self._recorder.put_sign_of_life(Batch(contexts=(put,)))

    def break_off(self, kind: str, message: str) -> None:
        """End the step with its process, unless it has come to its own end."""
        if not self.is_of_this_process or not self._claim_end():
            return
        task = f"record the end of the step {self.name!r}"
        try:
            with self.guard(task):
                duration = time.perf_counter() - self._started
                self._facts["mlmeta_duration_ms"] = round(duration * 1000, 3)
                self._facts.update(mlmeta_error_type=kind, mlmeta_error_message=message)
                self._write(ExecutionState.CANCELED, task)
        finally:
            under_way.remove(self)

    def _describe_end(self, error: BaseException | None, duration: float) -> None:
        self._facts["mlmeta_duration_ms"] = round(duration * 1000, 3)
        if error is not None:
            self._facts.update(failures.facts(error))
        if self._metrics:
            self._facts["mlmeta_metrics"] = json.dumps(sorted(self._metrics))
        self.keep_promises(failed=error is not None)
        hooks.call("after_step", step=self, error=error)

    def _write(self, state: ExecutionState, task: str) -> None:
        with self._lock:
            batch = self._batch(state)
            artifacts, events, facts = self._artifacts, self._events, self._facts
            used, self._used = self._used, []
            self._artifacts, self._events, self._facts = {}, [], {}
        result = self._recorder.put(batch, task, self._landed)
        if result is None:
            with self._lock:
                self._artifacts = {**artifacts, **self._artifacts}
                self._events = [*events, *self._events]
                self._facts = {**facts, **self._facts}
        else:
            self._contexts.landed()
            self._landed(result)
        self._remember(used)

    def _landed(self, result: PutResult) -> None:
        self._stored.update(result.artifacts)

    def _batch(self, state: ExecutionState) -> Batch:
        execution = ExecutionPut(
            external_id=self.external_id,
            type=self._type,
            state=state,
            properties={STATE_PROPERTY: STATE_WORDS[state]},
            custom_properties=self._facts,
        )
        return Batch(
            execution=execution,
            artifacts=tuple(self._artifacts.values()),
            contexts=self._contexts.puts(),
            events=tuple(self._events),
            parents=self._contexts.parents(),
        )

    def _remember(self, used: Iterable[Used]) -> None:
        """Remember which artifacts the inputs are, as far as the store has said."""
        for one in used:
            stored = self._stored.get(one.key)
            key = one.key if stored is None else stored.external_id
            # An artifact that others wrote may have no external id: the store finds it again.
            if key is not None:
                self._recorder.known.remember(one.value, one.description, key)

    def keep_promises(self, *, failed: bool = False) -> None:
        """Record what lies at the paths that the step has promised to write to."""
        for promised in self._promised:
            description = _described(promised.path, promised.declared)
            if failed and description.fingerprint is None:
                continue  # The step failed before it wrote this.
            self.make(
                promised.path, promised.event_path, description, event_type=promised.event_type
            )
        self._promised.clear()

    def _public(self, description: Description) -> Description:
        """Return the description without secrets, which must not tell artifacts apart."""
        return clean_description(description, self._recorder.rules)

    def _kept(self, value: object, description: Description) -> Description:
        """Return the description with the place of the value's payload, if payloads are kept."""
        with self.guard(f"keep the payload of what the step {self.name!r} made"):
            return self._recorder.payloads.keep(value, description)
        return description

    def _made_inside(self, value: object, description: Description) -> ArtifactPut | None:
        """Return the artifact as a step inside this one made it, if one did."""
        known = self._recorder.known.find(value, description)
        for put in reversed(self._inside):
            if put.external_id == known or _is_of(put, description):
                return put
        return None

    def _add(self, put: ArtifactPut, path: EventPath, event_type: EventType) -> None:
        taken = (event_type.is_input, path)
        index = 0
        while taken in self._taken_paths:
            index += 1
            taken = (event_type.is_input, (*path, index))
        self._taken_paths.add(taken)
        self._artifacts[put.external_id] = put
        self._events.append(
            EventPut(
                artifact=put.external_id,
                type=event_type,
                path=taken[1],
                milliseconds_since_epoch=time.time_ns() // 1_000_000,
            )
        )


@lru_cache(maxsize=1024)
def _type_named(name: str) -> ExecutionType:
    return ExecutionType(name, {STATE_PROPERTY: PropertyType.STRING})


def _described(value: object, artifact: Artifact | None) -> Description:
    if artifact is None:
        return capture.describe_anything(value)
    described = capture.describe(value, artifact)
    assert described is not None  # noqa: S101 - what is declared is always described
    return described


def _is_of(put: ArtifactPut, description: Description) -> bool:
    """Tell whether what was put is what is described: same type, place and content."""
    if (put.type.name, put.uri) != (description.type.name, description.uri):
        return False
    return description.fingerprint is not None and description.fingerprint in (
        put.fingerprint,
        put.file_fingerprint,
    )


def _artifact_put(key: str, description: Description, *, resolve: bool = False) -> ArtifactPut:
    return ArtifactPut(
        external_id=key,
        type=description.type,
        uri=description.uri,
        fingerprint=description.fingerprint,
        file_fingerprint=description.file_fingerprint,
        properties=description.properties,
        custom_properties=description.custom_properties,
        resolve=resolve,
    )
