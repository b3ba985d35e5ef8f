"""Experiments and runs: the contexts that steps are recorded in."""

from __future__ import annotations

import atexit
import os
import threading
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, WeakSet, ref

from mlmeta_track.domain.batch import Batch, ContextKey, ContextPut
from mlmeta_track.domain.types import EXPERIMENT, RUN, ContextType
from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import active, recorder, reproduction, surroundings
from mlmeta_track.tracking.artifacts import storable
from mlmeta_track.tracking.forking import ForkSafeLock
from mlmeta_track.tracking.identity import new_id
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean
from mlmeta_track.tracking.settings import DIFF

if TYPE_CHECKING:
    from contextvars import ContextVar, Token

    from typing_extensions import Self

    from mlmeta_track.domain.nodes import Properties, PropertyValue
    from mlmeta_track.tracking.recorder import Recorder


LONGEST_NAME = 255
"""How long (characters) the names of steps, runs and experiments may be."""


def checked_name(what: str, name: object) -> str:
    """Return a name that a store can hold.

    Args:
        what: What is called so: ``"A step"``, ``"A run"`` or ``"An experiment"``.
        name: The name.

    Raises:
        DeclarationError: It is no text, empty, too long, or has characters that cannot be stored.
    """
    if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and storable(name) == name:
        return name
    message = (
        f"{what}'s name must have 1 to {LONGEST_NAME} characters, and none that cannot be stored;"
        f" {name!r} does not."
    )
    raise DeclarationError(message)


class _Group:
    """A context that the steps inside a ``with`` block belong to."""

    context_type: ClassVar[ContextType]
    _called: ClassVar[str]
    _active: ClassVar[ContextVar[Any]]

    def __init__(self, name: str) -> None:
        # Cleaned at once, for other processes are told of it by its name.
        self.name = clean(checked_name(self._called, name), in_force())
        self._tokens: list[Token[Any]] = []
        self._facts_are_stored = False

    @property
    def key(self) -> ContextKey:
        """The context's identity in a batch."""
        return (self.context_type.name, self.name)

    def facts(self) -> tuple[Properties, Properties]:
        """Return the properties and the custom properties to be stored once."""
        raise NotImplementedError

    def to_put(self) -> ContextPut:
        """Return the context for a batch, with its facts unless they are stored already."""
        properties, custom = ({}, {}) if self._facts_are_stored else self.facts()
        return ContextPut(
            type=self.context_type, name=self.name, properties=properties, custom_properties=custom
        )

    def landed(self, put: ContextPut) -> None:  # noqa: ARG002 - runs are written in parts
        """Take note that the store has what was put."""
        self._facts_are_stored = True

    @property
    def is_stored(self) -> bool:
        """Whether the store has the facts."""
        return self._facts_are_stored

    @classmethod
    def of_another_process(cls, name: str) -> Self:
        """Return the one that another process has opened, whose facts are not this process's."""
        group = cls(name)
        group._facts_are_stored = True
        return group

    def __enter__(self) -> Self:
        writer = recorder.current()  # before: what an engine has brought comes around this
        self._tokens.append(self._active.set(self))
        if not writer.settings.disabled:
            task = f"record the {self.context_type.name} {self.name!r}"
            with writer.guard(task):
                contexts = Contexts.said(writer)
                if writer.put(contexts.batch(), task):
                    contexts.landed()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for token in reversed(tuple(self._tokens)):
            try:
                self._active.reset(token)
            except ValueError:
                continue  # Entered in another thread or task, which is still inside.
            self._tokens.remove(token)
            return
        self._tokens.pop()


class Experiment(_Group):
    """A named group of runs; MLMD's context of type ``Experiment``."""

    context_type = EXPERIMENT
    _called = "An experiment"
    _active = active.experiment

    def __init__(self, name: str, note: str | None = None) -> None:
        """Name the experiment; a note is stored with it, in place of an earlier one."""
        super().__init__(name)
        self.note = note

    def facts(self) -> tuple[Properties, Properties]:
        """Return the note."""
        return ({} if self.note is None else {"note": self.note}), {}


class Run(_Group):
    """One script invocation, with what it takes to run it again; a context of type ``Run``."""

    context_type = RUN
    _called = "A run"
    _active = active.run

    def __init__(self, name: str | None = None) -> None:
        """Name the run; without a name it gets the script's, the time and a random part."""
        super().__init__(_run_name() if name is None else name)
        self._facts: dict[str, PropertyValue] = {}
        self._code: reproduction.Later | None = None
        self._of: ref[Recorder] | None = None
        self._stored: set[str] = set()
        self._lock = threading.Lock()
        _incomplete.add(self)

    def facts(self) -> tuple[Properties, Properties]:
        """Return what it takes to run it again, as far as it is known and not stored yet."""
        with self._lock:
            if not self._facts:
                self._begin()
            found = None if self._code is None else self._code.get()
            if found is not None:
                self._code = None
                self._facts.update(found)
            missing = {n: v for n, v in self._facts.items() if n not in self._stored}
        return {}, missing

    def landed(self, put: ContextPut) -> None:
        """Take note that the store has what was put; the code's version may follow."""
        with self._lock:
            self._stored |= put.custom_properties.keys()
            is_whole = self._code is None and self._stored >= self._facts.keys()
            self._facts_are_stored = self._facts_are_stored or is_whole

    @property
    def is_stored(self) -> bool:
        """Whether the store knows the run."""
        return self._facts_are_stored or bool(self._stored)

    def complete(self, seconds: float) -> None:
        """Write what is not stored yet, at the end of the process.

        Args:
            seconds: How long to wait for the code's version.
        """
        writer = None if self._of is None else self._of()
        if self._facts_are_stored or writer is None:
            return
        if self._code is not None:
            self._code.get(seconds)
        put = self.to_put()
        if put.custom_properties and writer.put(Batch(contexts=(put,)), _LAST_FACTS):
            self.landed(put)

    def leave_to_parent(self) -> None:
        """Leave to the parent process what it is just finding out: this one was just forked."""
        self._lock = threading.Lock()
        self._code = None

    def _begin(self) -> None:
        """Find the facts, and have git asked for the code's version, which may take its time."""
        writer = recorder.current()
        with_diff = writer.settings.code == DIFF
        self._code = reproduction.Later(lambda: reproduction.code_facts(with_diff=with_diff))
        self._facts = reproduction.facts()
        self._code.get(_PATIENCE_SECONDS)
        self._of = ref(writer)


class Contexts:
    """The run and the experiment that a step is recorded in."""

    def __init__(self, run: Run | None, experiment: Experiment | None) -> None:
        """Know both; either may be missing."""
        self._groups: tuple[_Group, ...] = tuple(g for g in (run, experiment) if g is not None)
        self._puts: tuple[ContextPut, ...] = ()

    @classmethod
    def here(cls, writer: Recorder) -> Contexts:
        """Return those of the code that is running now."""
        run = active.run.get() or _process_run(writer)
        return cls(run, _experiment(writer))

    @classmethod
    def said(cls, writer: Recorder) -> Contexts:
        """Return those that somebody has named, without a run that only a step would need."""
        return cls(active.run.get(), _experiment(writer))

    @property
    def run(self) -> ContextKey | None:
        """The run's identity."""
        return next((group.key for group in self._groups if isinstance(group, Run)), None)

    @property
    def are_stored(self) -> bool:
        """Whether the store has all facts of them."""
        return all(group.is_stored for group in self._groups)

    def name_of(self, kind: type[_Group]) -> str | None:
        """Return the name of the run, or of the experiment."""
        return next((group.name for group in self._groups if isinstance(group, kind)), None)

    def puts(self) -> tuple[ContextPut, ...]:
        """Return the contexts for a batch."""
        self._puts = tuple(group.to_put() for group in self._groups)
        return self._puts

    def parents(self) -> tuple[tuple[ContextKey, ContextKey], ...]:
        """Return the edge from the run to its experiment."""
        keys = [group.key for group in self._groups]
        return ((keys[0], keys[1]),) if len(keys) == 2 else ()  # noqa: PLR2004 - run, experiment

    def batch(self) -> Batch:
        """Return a batch that writes the contexts alone."""
        return Batch(contexts=self.puts(), parents=self.parents())

    def landed(self) -> None:
        """Take note that the store has what ``puts`` returned last."""
        for group, put in zip(self._groups, self._puts, strict=False):
            group.landed(put)


NO_CONTEXTS = Contexts(None, None)
"""Those of a step whose run could not be found."""


# So that the time and the random part have room beside it.
_LONGEST_SCRIPT = 200


def _run_name() -> str:
    started = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    script = storable(reproduction.script_name())[:_LONGEST_SCRIPT]
    return f"{script} {started} {new_id()[-6:]}"


_PATIENCE_SECONDS = 0.05
_EXIT_SECONDS = 2.0
_LAST_FACTS = "record the version of the run's code"
_incomplete: WeakSet[Run] = WeakSet()


def _complete_all() -> None:
    for run in list(_incomplete):
        with recorder.current().guard(_LAST_FACTS):
            run.complete(_EXIT_SECONDS)


atexit.register(_complete_all)


def _leave_all_to_parent() -> None:
    for run in list(_incomplete):
        run.leave_to_parent()
    _incomplete.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


_process_runs: WeakKeyDictionary[Recorder, Run] = WeakKeyDictionary()
_experiments: WeakKeyDictionary[Recorder, Experiment] = WeakKeyDictionary()
_lock = ForkSafeLock()


def _process_run(writer: Recorder) -> Run:
    """Return the run of a process that records without having started one."""
    known = _process_runs.get(writer)
    if known is not None:
        return known
    with _lock:
        run = _process_runs.get(writer)
        if run is None:
            name = surroundings.token(writer).run
            run = Run() if name is None else Run.of_another_process(name)
            _process_runs[writer] = run
        return run


def has_process_run(writer: Recorder) -> bool:
    """Tell whether something was recorded in this process without a run that was named."""
    return writer in _process_runs


def _experiment(writer: Recorder) -> Experiment | None:
    """Return the experiment of the code that is running now, or that of the process."""
    current = active.experiment.get()
    if current is not None:
        return current
    name = surroundings.token(writer).experiment
    given = name or writer.settings.experiment
    if given is None:
        return None
    with _lock:
        experiment = _experiments.get(writer)
        if experiment is None:
            experiment = Experiment(given) if name is None else Experiment.of_another_process(name)
            _experiments[writer] = experiment
        return experiment


def parent_here(writer: Recorder) -> str | None:
    """Return the external id of the execution that the code that is running now belongs to."""
    step = active.step.get()
    if step is not None:
        return step.external_id
    said = active.parent.get()
    return surroundings.token(writer).parent if said is None else said or None
