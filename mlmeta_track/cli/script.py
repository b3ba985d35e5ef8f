"""Running a program as ``python`` would: same ``sys.argv``, path, ``__main__`` and end.

The program is a script (``python script.py``) or a module (``python -m pkg.mod``).
"""

from __future__ import annotations

import builtins
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any

from mlmeta_track.errors import NotFoundError

_IMPORT_SYSTEM = "<frozen importlib"


class _NoSuchModuleError(NotFoundError):
    """What is to be run is not there; of a class that the program itself cannot raise."""


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
    _set_first_path(script.resolve().parent)
    prepare()
    # Python gives the main module its absolute path; sys.argv keeps what was typed.
    path = Path.cwd() / script
    with _ending_like_python():
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        loader = SourceFileLoader("__main__", os.fspath(path))
        _execute(code, __file__=os.fspath(path), __loader__=loader)


def run_module(name: str, arguments: Sequence[str], prepare: Callable[[], None]) -> None:
    """Run a module, or a package's ``__main__``, in this process, as its ``__main__``.

    Args:
        name: The dotted name of the module.
        arguments: What follows the module's file in ``sys.argv``.
        prepare: Called before the module is looked for, and the packages around it are imported.

    Raises:
        NotFoundError: There is no such module, or it has no code to run.
        SystemExit: The module ended by it, or by an exception, whose traceback is printed first.
    """
    sys.argv = ["-m", *arguments]  # as long as the module's file is not known
    _set_first_path(Path.cwd())
    prepare()
    with _ending_like_python():
        spec = _find(name)
        code = _code_of(spec)
        sys.argv[0] = str(spec.origin)
        _execute(
            code,
            __file__=spec.origin,
            __cached__=spec.cached,
            __loader__=spec.loader,
            __package__=spec.parent,
            __spec__=spec,
        )


def _set_first_path(folder: Path) -> None:
    """Put the program's folder where Python has put that of our own command, if it has."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = str(folder)


def _execute(code: CodeType, **names: Any) -> None:
    main = ModuleType("__main__")
    vars(main).update({"__builtins__": builtins, "__cached__": None} | names)
    if "__annotations__" in vars(sys.modules["__main__"]):
        main.__annotations__ = {}  # Python before 3.14 gives it to every program.
    # It stays in place until the process has ended: threads, pickles and exit handlers need it.
    sys.modules["__main__"] = main
    exec(code, vars(main))  # noqa: S102 - running the user's program is the command


def _find(name: str) -> ModuleSpec:
    """Return the spec of the module to run: for a package, that of its ``__main__``."""
    package = name.rpartition(".")[0]
    if package:
        _import_package(package)
    try:
        spec = find_spec(name)
    except (ImportError, AttributeError, TypeError, ValueError):
        spec = None
    if spec is None:
        raise _NoSuchModuleError(_not_found(name))
    if spec.submodule_search_locations is None:
        return spec
    if name.rpartition(".")[2] == "__main__":
        message = f"{name} is a package, and a package cannot be run as __main__."
        raise _NoSuchModuleError(message)
    try:
        return _find(f"{name}.__main__")
    except _NoSuchModuleError as error:
        message = f"{name} is a package without __main__, and cannot be run; name a module in it."
        raise _NoSuchModuleError(message) from error


def _import_package(package: str) -> None:
    """Import what is around a module; if it is not there, finding the module will say so."""
    try:
        __import__(package)
    except ImportError as error:
        if error.name is None or not f"{package}.".startswith(f"{error.name}."):
            raise  # It is there, and fails.


def _not_found(name: str) -> str:
    message = f"There is no module {name} in {Path.cwd()} or among what is installed."
    if name.endswith(".py"):
        message += f" A script is run without -m: mlmeta-track run {name}"
    return message


def _code_of(spec: ModuleSpec) -> CodeType:
    get_code = getattr(spec.loader, "get_code", None)
    code: CodeType | None = None if get_code is None else get_code(spec.name)
    if code is None:
        message = f"The module {spec.name} has no Python code, and cannot be run."
        raise _NoSuchModuleError(message)
    return code


@contextmanager
def _ending_like_python() -> Iterator[None]:
    """End the process as Python would after whatever the program raises."""
    try:
        yield
    except (SystemExit, _NoSuchModuleError):
        raise
    except BaseException as error:  # noqa: BLE001 - Python itself stops for every one
        _print_like_python(error)
        if isinstance(error, KeyboardInterrupt):
            sys.exit(130)
        sys.exit(1)


def _print_like_python(error: BaseException) -> None:
    """Print the traceback from the program's first frame on; ours are above it."""
    hook = sys.excepthook
    shown = _from_program_on(error.__traceback__)
    if hook is sys.__excepthook__:
        traceback.print_exception(type(error), error, shown)
    else:
        hook(type(error), error, shown)


def _from_program_on(shown: TracebackType | None) -> TracebackType | None:
    while shown is not None and _is_above(shown.tb_frame.f_code.co_filename):
        shown = shown.tb_next
    return shown


def _is_above(filename: str) -> bool:
    return filename == __file__ or filename.startswith(_IMPORT_SYSTEM)
