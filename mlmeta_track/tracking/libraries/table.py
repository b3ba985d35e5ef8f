"""The rows of an integration's table: what is recorded of one function of a library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from mlmeta_track.domain.types import DATASET, ArtifactType

Around: TypeAlias = "Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any]"
"""Is given the function (bound, if it is a method), the instance that it is bound to (or None), and
the arguments; calls the function and returns what it returns."""


class Describer(Protocol):
    """What a step is told of one call, in place of what the row says."""

    def describe_start(self, step: Any) -> object:
        """Tell the step its inputs and parameters, before the call."""

    def describe_result(self, step: Any, result: Any) -> object:
        """Tell the step what the function made, after the call."""


@dataclass(frozen=True, kw_only=True)
class TrackedFunction:
    """One function or method of a library: which of its arguments are artifacts, what it makes.

    All other arguments that are scalars, or plain lists of them, are recorded as parameters.  The
    name of an argument may go on to an attribute of it: ``stats_options.schema``.

    Args:
        name: The function's public name in its module: ``infer_schema``, or ``Class.method``.
        module: The module that the name stands in; the instrumentor's own if None.  What the
            instrumentor's module takes from other modules of its package is tracked there as well,
            under the same wrapper, so that one row does for both names.
        type_name: The name of the execution type; ``prefix.name`` if None.
        inputs: Arguments that hold artifacts in memory, or lists of them, with the keys of their
            event paths.
        data: Arguments that are paths or URIs of data, lists of them or patterns such as
            ``part-*.csv``, with the keys of their event paths.
        data_type: The artifact type of what ``data`` names.
        returns: The key under which the returned artifact is recorded; None if it returns none.
        finds: Takes the artifact out of what is returned, such as the first of a tuple.
        loads_from: The argument that is the path from which the returned artifact was loaded: then
            it is the artifact that was written there, and no new one.
        writes: The argument, one of ``inputs``, that is an artifact in memory, and the one that is
            the path it is written to.
        saved_to: The argument that is the path at which the returned artifact is saved as well.
        changes: Arguments, all among ``inputs``, that the function may change in place, with keys:
            where the content is another after the call, that is a new artifact, an output.
        fills: Arguments that the function makes an artifact of, with keys: ``self`` of a method
            that trains a model.
        shows: How arguments that are no scalars become parameters.
        unrecorded: Arguments that are not worth recording.
        describer: Makes, from the row and a call's arguments by name, what the step is told; for an
            integration that has more to say than a row can.  A subclass of ``LibraryCall`` does.
        on_request: Whether calls are recorded only if the execution type's name is given to
            ``autotrack``: for functions that are called so often that most users do not want it.
        around: Called in place of recording, by an integration that does that itself.  It is called
            inside other tracked functions as well; ``is_held_off()`` tells.
    """

    name: str
    module: str | None = None
    type_name: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    data_type: ArtifactType = DATASET
    returns: str | None = None
    finds: Callable[[Any], Any] | None = None
    loads_from: str | None = None
    writes: tuple[str, str] | None = None
    saved_to: str | None = None
    changes: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, str] = field(default_factory=dict)
    shows: Mapping[str, Callable[[Any], object]] = field(default_factory=dict)
    unrecorded: frozenset[str] = frozenset()
    describer: Callable[[TrackedFunction, Mapping[str, Any]], Describer] | None = None
    on_request: bool = False
    around: Around | None = None

    @property
    def arguments(self) -> frozenset[str]:
        """The names of the arguments that the row speaks of."""
        named = {*self.inputs, *self.data, *self.changes, *self.fills, *self.shows}
        named |= {*(self.writes or ()), self.loads_from or "", self.saved_to or ""}
        return frozenset(name.partition(".")[0] for name in named | self.unrecorded) - {""}


@dataclass(frozen=True, kw_only=True)
class TrackedFamily:
    """Methods that are tracked in all classes of one kind, the user's own among them.

    A method is wrapped in each class that derives from the base and defines it, as soon as there is
    such a class.

    Args:
        base: The name of the class that the others derive from.
        module: The module in which it stands.
        methods: Rows; the name is the method's alone, and so the type is ``prefix.method``.
        beside: Other classes in the module that such classes often derive from first, and that do
            something to them when they are made: ours comes after that.
    """

    base: str
    module: str
    methods: tuple[TrackedFunction, ...]
    beside: tuple[str, ...] = ()
