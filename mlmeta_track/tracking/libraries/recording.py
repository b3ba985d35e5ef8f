"""How the calls of a library's function are recorded, as its row in the table says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from mlmeta_track.tracking import active, capture, files, recorder
from mlmeta_track.tracking.calls import Call
from mlmeta_track.tracking.libraries import callers
from mlmeta_track.tracking.steps import Step, Used

if TYPE_CHECKING:
    from mlmeta_track.domain.description import Description
    from mlmeta_track.domain.events import EventPath
    from mlmeta_track.tracking.libraries.table import TrackedFunction
    from mlmeta_track.tracking.recorder import Recorder


class Switch(Protocol):
    """What says whether calls are recorded."""

    @property
    def is_on(self) -> bool:
        """Whether they are."""


class Recording:
    """The tracker of one function or method: makes each call of the user's one execution."""

    def __init__(
        self, type_name: str, tracked: TrackedFunction, original: Any, switch: Switch
    ) -> None:
        """Record as a row of a table says.

        Args:
            type_name: The execution type's name, unless the row gives another.
            tracked: The row.
            original: The function, as it stands in its module or class.
            switch: The instrumentor.
        """
        self._type_name = tracked.type_name or type_name
        self._tracked = tracked
        self._original = original
        self.switch = switch

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Call the function inside a step of its own, unless the library calls itself."""
        if self._tracked.around is not None:
            if not self.switch.is_on:
                return wrapped(*args, **kwargs)
            try:
                return self._tracked.around(wrapped, instance, args, kwargs)
            except BaseException as error:
                _drop_frame_of(self._tracked.around, error)
                raise
        # What the library calls of itself is not the user's call: here in the same context, and by
        # the caller's frame in the threads that it starts.
        if not self.switch.is_on or active.is_held_off():
            try:
                return wrapped(*args, **kwargs)
            except BaseException as error:
                _drop_inner_frames(error)
                raise
        if callers.is_silent(1):
            # Nor is what it then calls back of the user's.
            with active.Suppress():
                return wrapped(*args, **kwargs)
        call = self._recorded(instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        # Not `calls.run`: it would be a second frame of ours in the user's traceback.
        call.begin()
        try:
            with call.scope:
                result = wrapped(*args, **kwargs)
        except BaseException as error:
            _drop_inner_frames(error)
            call.fail(error)
            raise
        call.succeed(result)
        return result

    def _recorded(self, instance: Any, args: Any, kwargs: Any) -> Call | None:
        writer: Recorder = recorder.current()
        arguments = None if writer.settings.disabled else self._bind(instance, args, kwargs)
        if arguments is None:
            return None
        described = (self._tracked.describer or LibraryCall)(self._tracked, arguments)
        return Call(
            self._type_name,
            writer,
            described.describe_start,
            described.describe_result,
            holds_off=True,
        )

    @cached_property
    def _signature(self) -> inspect.Signature:
        function = getattr(self._original, "__func__", self._original)
        # Something else than a function, such as a method that some instances do not have.
        return inspect.signature(function if callable(function) else function.__wrapped__)

    def _bind(self, instance: Any, args: Any, kwargs: Any) -> Mapping[str, Any] | None:
        """Return the arguments by name; None if they do not fit, as the function will say."""
        own = () if instance is None else (instance,)
        try:
            bound = self._signature.bind(*own, *args, **kwargs)
        except TypeError:
            return None
        except ValueError:
            return dict(kwargs)  # Some functions written in C do not tell their signature.
        bound.apply_defaults()
        return bound.arguments


# A warning names the line that called the function that warns, and that is the user's and not ours:
# warnings pass over frames of importlib's, which they know by these two words in the file's name.
Recording.call.__code__ = Recording.call.__code__.replace(
    co_filename=f"{Recording.call.__code__.co_filename} (passed over as importlib._bootstrap)"
)


def _drop_inner_frames(error: BaseException) -> None:
    """Take our frames below the first out of a traceback.

    They stand where the library calls itself; the user has called once, and sees one wrapper.
    """
    entry = error.__traceback__
    while entry is not None:
        while entry.tb_next is not None and _is_wrapper(entry.tb_next):
            entry.tb_next = entry.tb_next.tb_next
        entry = entry.tb_next


def _drop_frame_of(around: Any, error: BaseException) -> None:
    """Take the frame of what an integration calls in our place out of a traceback."""
    entry = error.__traceback__
    inner = None if entry is None else entry.tb_next
    if entry is None or inner is None:
        return
    if inner.tb_frame.f_code is getattr(around, "__code__", None):
        entry.tb_next = inner.tb_next


def _is_wrapper(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code is Recording.call.__code__


def new_step(name: str) -> Step | None:
    """Return a step that an integration starts and finishes itself; None if recording is disabled.

    It belongs to the run, and to the step, of the code that calls this.  It may be finished later,
    and in another thread.

    Args:
        name: The execution type's name.
    """
    writer: Recorder = recorder.current()
    return None if writer.settings.disabled else Step(name, writer)


def guarded(task: str) -> AbstractContextManager[None, bool]:
    """Return a ``with`` block that keeps errors of ours away from the user's code.

    Args:
        task: What is done in it, such as ``"record the run of a pipeline"``.
    """
    return recorder.current().guard(task)


class LibraryCall:
    """What a step is told of one call, before it and after it."""

    def __init__(self, tracked: TrackedFunction, arguments: Mapping[str, Any]) -> None:
        """Look at a call with these arguments, by name."""
        self._tracked = tracked
        self._arguments = arguments
        self._used: dict[str, Used] = {}

    def describe_start(self, step: Step) -> None:
        """Tell the step its inputs and parameters."""
        tracked = self._tracked
        for name, key in tracked.data.items():
            self._use_data(step, self._value(name), key)
        for name, key in tracked.inputs.items():
            self._use(step, name, key)
        told = {*tracked.data, *tracked.inputs, *tracked.fills, *(tracked.writes or ())}
        told |= {tracked.loads_from, tracked.saved_to, *tracked.unrecorded, *tracked.shows}
        given = {k: v for k, v in self._arguments.items() if k not in told and v is not None}
        step.log_params(given | self._shown())

    def describe_result(self, step: Step, result: Any) -> None:
        """Tell the step what the function made, loaded, wrote or changed."""
        tracked = self._tracked
        for name, key in tracked.changes.items():
            self._notice_change(step, name, key)
        for name, key in tracked.fills.items():
            self._make(step, self._value(name), (key,))
        if tracked.writes is not None:
            self._place(step, *tracked.writes)
        if tracked.returns is not None:
            made = result if tracked.finds is None else tracked.finds(result)
            self._tell_returned(step, made, (tracked.returns,))

    def _tell_returned(self, step: Step, value: Any, path: EventPath) -> None:
        description = None if value is None else capture.describe(value)
        if description is None:
            return
        loaded_from = self._path(self._tracked.loads_from)
        saved_to = self._path(self._tracked.saved_to)
        if loaded_from is not None:
            step.use(value, path, description=_at_path(description, loaded_from))
        elif saved_to is not None:
            step.make(value, path, _at_path(description, saved_to))
        else:
            step.make(value, path, description)

    def _place(self, step: Step, name: str, path_name: str) -> None:
        used, path = self._used.get(name), self._path(path_name)
        # Not where the artifact is but one of several in a list that was written.
        if used is not None and path is not None and used.value is self._value(name):
            step.place(used, path, (path_name,))

    def _notice_change(self, step: Step, name: str, key: str) -> None:
        used = self._used.get(name)
        after = None if used is None else capture.describe(used.value)
        if used is None or after is None or after.fingerprint == used.description.fingerprint:
            return
        step.make(used.value, (key,), after)

    def _use(self, step: Step, name: str, key: str) -> None:
        for place, item in capture.items(self._value(name)):
            description = _described(item)
            if description is not None:
                used = step.use(item, (key, *place), description=description)
                self._used.setdefault(name, used)

    def _use_data(self, step: Step, value: Any, key: str) -> None:
        for place, item in capture.items(value):
            if isinstance(item, (str, PathLike)):
                for found, description in files.describe(item, self._tracked.data_type):
                    step.use(description.uri, (key, *place, *found), description=description)

    @staticmethod
    def _make(step: Step, value: Any, path: EventPath) -> None:
        description = _described(value)
        if description is not None:
            step.make(value, path, description)

    def _shown(self) -> dict[str, object]:
        """Return the arguments that become parameters by a function of the integration's."""
        shown: dict[str, object] = {}
        for name, show in self._tracked.shows.items():
            value = self._value(name)
            if value is not None:
                shown[name] = _told(show, value)
        return {name: value for name, value in shown.items() if value is not None}

    def _value(self, name: str) -> Any:
        """Return an argument, or an attribute of one; None if there is none of that name."""
        argument, *attributes = name.split(".")
        value = self._arguments.get(argument)
        for attribute in attributes:
            value = getattr(value, attribute, None)
        return value

    def _path(self, name: str | None) -> str | PathLike[str] | None:
        """Return an argument that is a path; None if it is a buffer or anything else."""
        value = None if name is None else self._value(name)
        return value if isinstance(value, (str, PathLike)) else None


def _at_path(description: Description, path: str | PathLike[str]) -> Description:
    return files.with_size(capture.at_path(description, path))


def _described(value: Any) -> Description | None:
    return None if value is None else capture.describe(value)


def _told(show: Callable[[Any], object], value: Any) -> object:
    try:
        return show(value)
    except Exception:  # noqa: BLE001 - the value is the user's, and one parameter is no loss
        return None
