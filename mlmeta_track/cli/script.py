"""Running a script as ``python script.py`` would: same ``sys.argv``, path, ``__main__`` and end."""

from __future__ import annotations

import builtins
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType, TracebackType


def run_script(script: Path, arguments: Sequence[str], prepare: Callable[[], None]) -> None:
    """Run a script in this process, as its ``__main__``.

    Args:
        script: The file.
        arguments: What follows it in ``sys.argv``.
        prepare: Called when ``sys.argv`` is the script's, before its first line.

    Raises:
        SystemExit: The script ended by it, or by an exception, whose traceback is printed first.
    """
    sys.argv = [str(script), *arguments]
    # Python puts the script's folder where we have been started from our own.
    sys.path[0] = str(script.resolve().parent)
    prepare()
    # Python gives the main module its absolute path; sys.argv keeps what was typed.
    path = Path.cwd() / script
    # It stays in place until the process has ended: threads, pickles and exit handlers need it.
    main = _main_module(path)
    sys.modules["__main__"] = main
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        exec(code, main.__dict__)  # noqa: S102 - running the user's script is the command
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - Python itself stops for every one
        _print_like_python(error)
        if isinstance(error, KeyboardInterrupt):
            sys.exit(130)
        sys.exit(1)


def _main_module(script: Path) -> ModuleType:
    main = ModuleType("__main__")
    main.__file__ = os.fspath(script)
    main.__loader__ = SourceFileLoader("__main__", main.__file__)
    main.__dict__["__builtins__"] = builtins
    main.__dict__["__cached__"] = None
    return main


def _print_like_python(error: BaseException) -> None:
    """Print the traceback from the script's first frame on; ours are above it."""
    hook = sys.excepthook
    shown = _from_script_on(error.__traceback__)
    if hook is sys.__excepthook__:
        traceback.print_exception(type(error), error, shown)
    else:
        hook(type(error), error, shown)


def _from_script_on(shown: TracebackType | None) -> TracebackType | None:
    if shown is None:
        return None
    here = __file__
    while shown.tb_next is not None and shown.tb_frame.f_code.co_filename == here:
        shown = shown.tb_next
    return None if shown.tb_frame.f_code.co_filename == here else shown
