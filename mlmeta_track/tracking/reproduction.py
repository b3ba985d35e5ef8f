"""What it takes to run a run again: command line, host, Python, packages and code version."""

from __future__ import annotations

import getpass
import json
import os
import platform
import shlex
import socket
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.tracking.capture import cut

_PACKAGES = (
    "mlmeta-track",
    "numpy",
    "pandas",
    "pyarrow",
    "polars",
    "scikit-learn",
    "scipy",
    "xgboost",
    "lightgbm",
    "torch",
    "jax",
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-transform",
    "tfx-bsl",
    "apache-beam",
    "protobuf",
)
"""Packages whose version can change what a step makes, recorded where they are installed."""

_GIT_SECONDS = 5


def facts() -> dict[str, PropertyValue]:
    """Return the facts of this process as custom properties, as far as they can be had."""
    found: dict[str, PropertyValue | None] = {
        "mlmeta_command_line": cut(shlex.join([sys.executable, *_argv()])),
        "mlmeta_working_directory": _working_directory(),
        "mlmeta_host": socket.gethostname(),
        "mlmeta_user": _user(),
        "mlmeta_pid": os.getpid(),
        "mlmeta_python": platform.python_version(),
        "mlmeta_platform": platform.platform(),
        "mlmeta_packages": packages(),
        **_git(),
    }
    return {name: value for name, value in found.items() if value is not None}


@cache
def packages() -> str:
    """Return the installed versions of the packages that matter, as JSON text."""
    versions: dict[str, str] = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return json.dumps(versions)


def script_name() -> str:
    """Return the name of the script that runs, such as ``train.py``."""
    return Path(_argv()[0] or "python").name if _argv() else "python"


def _argv() -> list[str]:
    """Return ``sys.argv``, which programs may have left with anything in it."""
    return [str(argument) for argument in getattr(sys, "argv", ())]


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - text is wanted
    except OSError:
        return None  # It was deleted under us.


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None  # A container may run under a number that has no name.


def _git() -> dict[str, PropertyValue | None]:
    """Return the commit of the script's repository and whether the work tree differs from it."""
    folder = _script_folder()
    commit = None if folder is None else _ask_git(folder, "rev-parse", "HEAD")
    if folder is None or commit is None:
        return {}
    changes = _ask_git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "mlmeta_git_commit": commit,
        "mlmeta_git_branch": _ask_git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "mlmeta_git_dirty": None if changes is None else bool(changes),
    }


def _script_folder() -> Path | None:
    try:
        script = Path(_argv()[0]).resolve() if _argv() and _argv()[0] else None
        if script is not None and script.is_file():
            return script.parent
    except (OSError, ValueError):
        pass  # Whatever stands there, it is no path.
    folder = _working_directory()
    return None if folder is None else Path(folder)


def _ask_git(folder: Path, *arguments: str) -> str | None:
    # Without optional locks, so that asking never gets in the way of the user's own git.
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
