"""Tracked functions of scripts and notebooks, sent by cloudpickle as what they are.

cloudpickle takes a wrapped function for a plain one, and sends that where no module leads to it.
With this, what arrives is tracked again; in a process without this package it is the plain one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Final

import wrapt

from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.wrappers import TrackedInPlace, Tracker, tracker_of

_COPIES: Final = (
    "cloudpickle",
    "joblib.externals.cloudpickle",
    "pyspark.cloudpickle",
    "ray.cloudpickle",
)
_MODULES: Final = ("cloudpickle", "cloudpickle_fast")  # from version 3, and before it
# Never strict: what cannot be sent as a tracked function is sent as a plain one.
_guard = Guard()
_sending = threading.local()


def watch() -> None:
    """Let every copy of cloudpickle know tracked functions, as soon as it is imported."""
    for package in _COPIES:
        for name in _MODULES:
            wrapt.register_post_import_hook(_teach, f"{package}.{name}")


def _teach(module: ModuleType) -> None:
    pickler = vars(module).get("CloudPickler")
    reduce_function = getattr(pickler, "_dynamic_function_reduce", None)
    if pickler is None or reduce_function is None:
        return  # The other of the two, or a version that has another way.

    def reduce_any(self: Any, function: Any) -> Any:
        tracker = None if isinstance(function, TrackedInPlace) else tracker_of(function)
        sent = None if tracker is None else _sent(tracker, module.dumps)
        if sent is None or type(function.__wrapped__) is not FunctionType:
            return reduce_function(self, function)
        # The wrapper goes before the function, whose globals may hold the wrapper again.
        return _arrive, (sent,), function.__wrapped__, None, None, _complete

    pickler._dynamic_function_reduce = reduce_any  # noqa: SLF001 - it offers no other place


def _sent(tracker: Tracker, dumps: Callable[[Any], bytes]) -> bytes | None:
    """Return a tracker as bytes, which only who has this package looks into; None if it cannot be.

    A class in what it declares may hold the very function: there it goes as a plain one.
    """
    under_way: set[int] = vars(_sending).setdefault("trackers", set())
    if id(tracker) in under_way:
        return None
    under_way.add(id(tracker))
    try:
        with _guard("send a tracked function"):
            return dumps(tracker)
    finally:
        under_way.remove(id(tracker))
    return None


def _by_value() -> tuple[Callable[[bytes], Any], Callable[[Any, Any], None]]:
    """Return functions that are found under no name, so that they are sent themselves."""

    def arrive(sent: bytes) -> Any:
        import pickle  # noqa: PLC0415 - it came together with the function

        try:
            from mlmeta_track.tracking.wrappers import arriving  # noqa: PLC0415

            return arriving(pickle.loads(sent))  # noqa: S301
        except Exception:  # noqa: BLE001 - not installed there, or another version
            # Until it is given its function it stands for it.
            def plain(*args: Any, **kwargs: Any) -> Any:
                return plain.__wrapped__(*args, **kwargs)  # type: ignore[attr-defined]

            return plain

    def complete(arrived: Any, function: Any) -> None:
        arrived.__wrapped__ = function

    return arrive, complete


_arrive, _complete = _by_value()
