"""What starts work elsewhere, and how what the work belongs to goes along with it.

Each is a function that is given a call before it is made, and returns the arguments that it is made
with; what it is made inside; and what is done after it.
"""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

from mlmeta_track.tracking import active, recorder
from mlmeta_track.tracking.context.attaching import token_here
from mlmeta_track.tracking.context.carried import Carried, to_another_process, within_process
from mlmeta_track.tracking.runs import has_process_run
from mlmeta_track.tracking.settings import ENVIRONMENT_PREFIX
from mlmeta_track.tracking.tokens import encode

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

_HERE = __name__.rpartition(".")[0]
VARIABLE = f"{ENVIRONMENT_PREFIX}CONTEXT"

# Who starts threads and processes that serve whoever comes: what these do belongs to what they are
# given, not to who happened to start them.
_SERVANTS = frozenset(
    {
        "IPython",
        "apache_beam",
        "anyio",
        "concurrent",
        "dask",
        "distributed",
        "grpc",
        "ipykernel",
        "joblib",
        "logging",
        "loky",
        "mlmeta_track",
        "multiprocessing",
        "py4j",
        "pyspark",
        "ray",
        "socketserver",
        "tornado",
        "trio",
        "zmq",
    }
)
_SERVING = frozenset({"run_forever"})
_KEPT = "_mlmeta_track_values"


class Call:
    """A call that starts work elsewhere, as it will be made."""

    __slots__ = ("after", "args", "around", "kwargs")

    def __init__(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Make the call as it is."""
        self.args = args
        self.kwargs = kwargs
        self.around: active.Scope | None = None
        self.after: Callable[[], object] | None = None

    def hide(self) -> None:
        """Have the threads and processes that it starts belong to nothing."""
        self.around = active.belonging(active.NOTHING)


Carrier = Callable[[Any, Call], None]
"""Prepares a call of a method of the instance."""


def start_thread(thread: Thread, _: Call) -> None:
    """Have a thread belong to what starts it; ``enter_thread`` does the rest."""
    values = active.here()
    if values != active.NOTHING and not _is_servant(getattr(thread, "_target", None), thread):
        vars(thread)[_KEPT] = values


def enter_thread(thread: Thread, _: Call) -> None:
    """Belong to what has started the thread; called in the thread, before its own work."""
    values = vars(thread).pop(_KEPT, None)
    if values is not None:
        active.belong(values)


def submit_here(_: object, call: Call) -> None:
    """Have a function that another thread will call belong to what submits it."""
    values = active.here()
    if values != active.NOTHING:
        call.hide()
        _replace_function(call, lambda function: within_process(function, values))


def submit_away(_: object, call: Call) -> None:
    """Have a function that another process will call belong to what submits it."""
    if recorder.is_there():
        call.hide()
        writer = recorder.current()
        _replace_function(call, lambda function: to_another_process(function, writer))


def submit_to_pool(pool: Any, call: Call) -> None:
    """Have a function belong to what gives it to a pool of processes, or of threads."""
    is_of_threads = isinstance(pool, sys.modules["multiprocessing.pool"].ThreadPool)
    (submit_here if is_of_threads else submit_away)(pool, call)


def open_pool(_: object, call: Call) -> None:
    """Have the workers of a pool belong to nothing."""
    call.hide()


def start_process(process: BaseProcess, call: Call) -> None:
    """Have a process belong to what starts it."""
    if _is_servant(getattr(process, "_target", None), process):
        call.hide()
        return
    if not recorder.is_there():
        return
    # As an attribute it goes along, however the process is started.
    attributes = vars(process)
    if "run" not in attributes:
        attributes["run"] = to_another_process(process.run, recorder.current())
        call.after = partial(attributes.pop, "run", None)


def open_process(_: object, call: Call) -> None:
    """Tell a program that is started what it belongs to, in its environment."""
    if not _is_worth_telling() or _is_for_us():
        return
    bound = _signature().bind_partial(None, *call.args, **call.kwargs)
    given = bound.arguments.get("env")
    own = os.environ.get(VARIABLE)
    if given is not None and given.get(VARIABLE, own) != own:
        return  # The user has said something else.
    token = token_here(recorder.current())
    if token.store is None:
        return  # It could not record beside us.
    environment = os.environ if given is None else given
    bound.arguments["env"] = {**environment, VARIABLE: encode(token)}
    call.args, call.kwargs = bound.args[1:], bound.kwargs


def _replace_function(call: Call, carried: Callable[[Any], Carried]) -> None:
    """Take the function along that is the first argument."""
    if call.args and callable(call.args[0]) and type(call.args[0]) is not Carried:
        call.args = (carried(call.args[0]), *call.args[1:])


def _is_servant(target: Any, owner: object) -> bool:
    """Tell whether a thread or process serves whoever comes."""
    function = type(owner).run if target is None else target  # type: ignore[attr-defined]
    while type(function) is partial:
        function = function.func
    package = str(getattr(function, "__module__", None)).partition(".")[0]
    is_known = package in _SERVANTS or package.startswith("mlmeta_track_")
    return is_known or getattr(function, "__name__", None) in _SERVING


def _is_worth_telling() -> bool:
    """Tell whether there is anything that a program could belong to."""
    if not recorder.is_there():
        return False
    return active.here() != active.NOTHING or has_process_run(recorder.current())


def _is_for_us() -> bool:
    """Tell whether it is we who start a program, and not the user's code."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way to ask
    while frame is not None:
        name = str(frame.f_globals.get("__name__"))
        package = name.partition(".")[0]
        is_between = package == "wrapt" or name.startswith(_HERE)
        if not is_between and (package not in sys.stdlib_module_names or name == "__main__"):
            return package == "mlmeta_track"
        frame = frame.f_back
    return False


@cache
def _signature() -> inspect.Signature:
    return inspect.signature(subprocess.Popen.__init__)
