"""How this process ends: by SIGTERM or of itself, and its steps with it.

After SIGTERM the process dies of it as it would without us, with the same status.  The work is done
by the keeper's thread, for Python runs signal handlers in the main thread, which may be busy for
hours in a library's own code, or hold the very lock that is needed to write.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from mlmeta_track.tracking.leases import under_way
from mlmeta_track.tracking.leases.keeper import Keeper

SIGNAL_SECONDS: Final = 3.0
"""How long a process that was told to end takes to write that it does."""

last_words: list[Callable[[], object]] = []
"""What is to be done as well before a signal ends the process, where ``atexit`` is not heard."""

_EXIT_PRIORITY = 10  # before delivery brings out what waits in memory
_FIRST_PROCESS = 1

_keeper: Keeper | None = None
_watched_by: int | None = None
_has_asked: bool = False
"""Whether the main thread has looked for a handler of SIGTERM, which it does once a process."""
_lock = threading.Lock()


def watch() -> None:
    """See to it that steps under way are kept alive, and ended with the process."""
    global _keeper, _watched_by  # noqa: PLW0603 - a fork makes it another process
    if _watched_by != os.getpid():
        with _lock:
            if _watched_by != os.getpid():
                _keeper = Keeper(_hear)
                _watch_exit()
                _watched_by = os.getpid()
    if not _has_asked and threading.current_thread() is threading.main_thread():
        _watch_signal()


def _watch_exit() -> None:
    if _watched_by is None:
        atexit.register(_exit)
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        # Its workers end without what is registered with `atexit`.
        from multiprocessing.util import Finalize  # noqa: PLC0415 - it is there by then

        Finalize(None, _exit, exitpriority=_EXIT_PRIORITY)


def _exit() -> None:
    under_way.break_off_all(under_way.EXITED, "The process ended while the step was under way.")
    # As long as a signal is still handled: a pool sends one to workers that are just ending.
    for say in last_words:
        say()
    if _keeper is not None and threading.current_thread() is threading.main_thread():
        _unwatch_signal(_keeper)  # soon no thread runs any more, and none would hear of it


# SIGTERM; on Windows there is none that could be heard.


def _watch_signal() -> None:
    """Handle SIGTERM, unless the user does, or nothing would come of it."""
    global _has_asked  # noqa: PLW0603 - a fork makes it another process
    _has_asked = True
    if (
        sys.platform == "win32"
        or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        or os.getpid() == _FIRST_PROCESS  # in a container, whose first process is not ended by it
        or _keeper is None
    ):
        return
    signal.signal(signal.SIGTERM, _on_signal)
    if "trio" in sys.modules:
        return  # It warns of others who do what follows.
    # So that the keeper hears of signals at once, also while the main thread runs no Python.
    before = signal.set_wakeup_fd(_keeper.mouth.fileno(), warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before)


def _unwatch_signal(keeper: Keeper) -> None:
    """Put the default in place of our handler, if it is still there."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGTERM) is not _on_signal:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = signal.set_wakeup_fd(-1)
    if before not in {-1, keeper.mouth.fileno()}:
        signal.set_wakeup_fd(before)


def _on_signal(number: int, _: FrameType | None) -> None:
    if _keeper is not None:
        _keeper.tell(bytes([number]))


def _hear(word: bytes) -> None:
    # It is told of all signals, and of ours even if the user has put a handler in place of ours.
    if signal.SIGTERM in word and signal.getsignal(signal.SIGTERM) is _on_signal:
        goodbye = threading.Thread(target=_say_goodbye, name="mlmeta-track-end", daemon=True)
        goodbye.start()
        goodbye.join(SIGNAL_SECONDS)
        _die(signal.SIGTERM)


def _say_goodbye() -> None:
    message = "The process was ended by the signal SIGTERM while the step was under way."
    under_way.break_off_all(under_way.SIGNALED, message)
    under_way.wait_for_ends(SIGNAL_SECONDS)
    for say in last_words:
        say()


def _die(number: int) -> None:
    """Die of a signal, as if it had never been handled."""
    try:
        import ctypes  # noqa: PLC0415 - few processes end so

        # Only the main thread may ask Python's own `signal` for it.
        set_disposition = ctypes.pythonapi.PyOS_setsig
    except (ImportError, AttributeError):
        os._exit(128 + number)
    set_disposition.argtypes = (ctypes.c_int, ctypes.c_void_p)
    set_disposition.restype = ctypes.c_void_p
    set_disposition(number, None)
    os.kill(os.getpid(), number)


# A signal to a child in its first moment must not be taken for one to the parent.

_mask = threading.local()


def _before_fork() -> None:
    """Have SIGTERM wait until the child has let go of the parent's keeper."""
    if _keeper is not None:
        _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _after_fork() -> None:
    before = vars(_mask).pop("before", None)
    if before is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _forget() -> None:
    """Leave the parent's steps and its keeper to the parent: this process was just forked."""
    global _keeper, _lock, _has_asked  # noqa: PLW0603 - they are the parent's
    _has_asked = False
    _lock = threading.Lock()
    under_way.forget()
    keeper, _keeper = _keeper, None
    if keeper is not None:
        _unwatch_signal(keeper)
        keeper.close()
    _after_fork()


if sys.platform != "win32":
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_forget)
