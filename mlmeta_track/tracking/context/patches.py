"""The places in the standard library, and in joblib, where work is started elsewhere.

They are changed when recording begins and not before, and given back when it is switched off.  What
is not imported yet is changed when the user's code imports it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

import wrapt

from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.context import carriers
from mlmeta_track.tracking.context.carriers import Call, Carrier
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.wrappers import TrackedInPlace

_LOKY: Final = {"ProcessPoolExecutor.submit": carriers.submit_away}
_TASKS = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")

PLACES: Final[Mapping[str, Mapping[str, Carrier]]] = {
    "threading": {
        "Thread.start": carriers.start_thread,
        "Thread._set_ident": carriers.enter_thread,
    },
    "concurrent.futures.thread": {"ThreadPoolExecutor.submit": carriers.submit_here},
    "concurrent.futures.process": {"ProcessPoolExecutor.submit": carriers.submit_away},
    "joblib.externals.loky.process_executor": _LOKY,
    "loky.process_executor": _LOKY,
    "multiprocessing.process": {"BaseProcess.start": carriers.start_process},
    "multiprocessing.pool": {
        "Pool.__init__": carriers.open_pool,
        **{f"Pool.{task}": carriers.submit_to_pool for task in _TASKS},
    },
    "subprocess": {"Popen.__init__": carriers.open_process},
}
"""Modules, and the methods in them, each with what prepares its calls."""

# Never strict: a mistake of ours must not come out of the user's call.
_guard = Guard()
_lock = threading.RLock()
_installed: list[tuple[type, str, Any, TrackedInPlace]] = []
_awaited: set[str] = set()
_is_on = False


class _Around:
    """Makes the calls of one method, each prepared by a carrier."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Make a call; its exceptions come out without a frame of ours."""
        call = Call(args, kwargs)
        if _is_on:
            with _guard("carry on what the code belongs to"):
                self._carrier(instance, call)
        try:
            if call.around is None:
                return wrapped(*call.args, **call.kwargs)
            with call.around:
                return wrapped(*call.args, **call.kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise
        finally:
            if call.after is not None:
                call.after()


# A warning names the line that made the call: see the same words in `libraries.recording`.
_Around.call.__code__ = _Around.call.__code__.replace(
    co_filename=f"{_Around.call.__code__.co_filename} (passed over as importlib._bootstrap)"
)


def install() -> None:
    """Have what work belongs to go along with it, from now on."""
    global _is_on  # noqa: PLW0603 - there is one standard library
    if _is_on:
        return
    with _lock:
        _is_on = True
        new = [module for module in PLACES if module not in _awaited]
        known = [module for module in PLACES if module in _awaited]
        _awaited.update(new)
    # Not under the lock, which an import that is going on in another thread may wait for.
    for module in new:
        wrapt.register_post_import_hook(_on_import, module)
    for module in known:
        if module in sys.modules:
            _on_import(sys.modules[module])


def remove() -> None:
    """Give the changed places back; what was sent already arrives all the same."""
    global _is_on  # noqa: PLW0603 - see `install`
    with _lock:
        _is_on = False
        for owner, name, original, wrapper in _installed:
            # Somebody may have wrapped ours in the meantime: theirs stays, and ours rests.
            if vars(owner).get(name) is wrapper:
                setattr(owner, name, original)
        _installed.clear()


def follow(writer: Recorder) -> None:
    """Carry where something is recorded, and change nothing where nothing is."""
    if writer.settings.disabled:
        remove()
    else:
        install()


def _on_import(module: ModuleType) -> None:
    with _guard(f"carry what code belongs to through {module.__name__}"), _lock:
        for place, carrier in PLACES[module.__name__].items() if _is_on else ():
            owner_name, _, name = place.partition(".")
            owner = getattr(module, owner_name, None)
            if not isinstance(owner, type) or name not in vars(owner):
                continue  # Another version has no such thing.
            original = vars(owner)[name]
            if isinstance(original, TrackedInPlace):
                continue  # It is changed already.
            wrapper = TrackedInPlace(original, _Around(carrier), module.__name__, place)
            setattr(owner, name, wrapper)
            _installed.append((owner, name, original, wrapper))


recorder.followers.append(follow)
