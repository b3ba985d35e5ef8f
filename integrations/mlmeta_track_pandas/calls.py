"""How a reader's or writer's call is recorded.

What is in a frame is not what is in the file: it was parsed, maybe in part, with this call's
arguments.  So a reader makes a new artifact from the file's, and a writer the file's from the
frame's; both lead on from there.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.tracking.instrument import LibraryCall, TrackedFunction, describe, items
from mlmeta_track_pandas.places import data_at, database_at

_SCALARS = (str, int, float, bool)
# What holds keys and passwords, or the values that a query is given: nothing for a log.
_SECRET = re.compile(r"con|params|.*(options|properties|credential|password|secret|token).*")
# Of the arguments that are dicts, the one that says how a file is read.
_DICTS = frozenset({"dtype"})


class FrameCall(LibraryCall):
    """A call that reads or writes frames: where from or to, and with which arguments."""

    def place(self, name: str, *, is_written: bool = False) -> Description | None:
        """Describe the place that an argument names."""
        value = self._value(name)
        try:
            if name == "con":
                return database_at(value, self._table())
            return None if value is None else data_at(value, is_open=is_written)
        except Exception:  # noqa: BLE001 - the value is the user's; where it leads is then unknown
            return None

    def _table(self) -> object:
        """Return the name of the table that is read or written; None where there is a query."""
        table = self._arguments.get("table_name", self._arguments.get("name"))
        schema = self._arguments.get("schema")
        return f"{schema}.{table}" if isinstance(schema, str) else table

    def log_given(self, step: Any) -> None:
        """Record the scalar arguments that are not what they are by default."""
        row = self._tracked
        told = {*row.data, *row.inputs, *(row.writes or ()), *row.shows}
        usual = _defaults(row.name)
        arguments = dict(self._arguments)
        given = {**arguments.pop("kwargs", {}), **arguments}
        named = {k: v for k, v in given.items() if k not in told and _is_told(k, v)}
        changed = {k: v for k, v in named.items() if not _is_usual(v, usual.get(k))}
        step.log_params(changed | self._shown())


class Reading(FrameCall):
    """A call of a reader: the file is an input, each frame that it returns an output.

    What returns frames bit by bit is left alone: its first bit may never be asked for.
    """

    def describe_start(self, step: Any) -> None:
        """Tell the step where the data lies, and how it is read."""
        for name, key in self._tracked.data.items():
            place = self.place(name)
            if place is not None:
                step.use(place.uri, (key,), description=place)
        self.log_given(step)

    def describe_result(self, step: Any, result: Any) -> None:
        """Tell the step which frames were read."""
        for place, item in items(result):
            description = None if item is None else describe(item)
            if description is not None:
                step.make(item, (self._tracked.returns, *place), description)


class Writing(FrameCall):
    """A call of a writer: the frame is an input, the file that was written an output."""

    def describe_start(self, step: Any) -> None:
        """Tell the step what is written, and what stood there if it is written after that."""
        for name, key in self._tracked.inputs.items():
            self._use(step, name, key)
        earlier = self._appended_to()
        if earlier is not None:
            step.use(earlier.uri, ("appended_to",), description=earlier)
        self.log_given(step)

    def describe_result(self, step: Any, _: Any) -> None:
        """Tell the step what lies there now."""
        place = self.place(self._target, is_written=True)
        if place is not None:
            step.make(place.uri, (self._target,), place)

    @property
    def _target(self) -> str:
        assert self._tracked.writes is not None  # noqa: S101 - a row of a writer says where to
        return self._tracked.writes[1]

    def _appended_to(self) -> Description | None:
        arguments = self._arguments
        if arguments.get("if_exists") == "append":
            return self.place(self._target)
        is_appended = str(arguments.get("mode")).startswith("a") or arguments.get("append") is True
        found = self.place(self._target) if is_appended else None
        return None if found is None or found.fingerprint is None else found


@cache
def _defaults(name: str) -> Mapping[str, object]:
    function = attrgetter(name)(sys.modules["pandas"])
    return {p.name: p.default for p in inspect.signature(function).parameters.values()}


def _is_told(name: str, value: object) -> bool:
    is_secret = _SECRET.fullmatch(name) is not None
    return not is_secret and (name in _DICTS or not issubclass(type(value), dict))


def _is_usual(value: Any, default: Any) -> bool:
    """Tell whether an argument is what it is by default; objects of the user's are not asked."""
    if value is None or value is default:
        return True
    return type(value) is type(default) and type(value) in _SCALARS and bool(value == default)


def reader(name: str, source: str | None = None, **more: Any) -> TrackedFunction:
    """Return the row of a function that reads frames from what an argument names."""
    data = {} if source is None else {source: "data"}
    return TrackedFunction(name=name, data=data, returns="frame", describer=Reading, **more)


def writer(name: str, target: str, **more: Any) -> TrackedFunction:
    """Return the row of a method that writes a frame or series to where an argument says."""
    return TrackedFunction(
        name=name, inputs={"self": "frame"}, writes=("self", target), describer=Writing, **more
    )
