"""Where code comes from: Python itself, installed packages, or the user's own modules.

Of Python and of installed packages the versions tell what they do; with a package count all those
that it requires, for what it does it does with them.
"""

from __future__ import annotations

import os
import re
import site
import sys
import sysconfig
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

_PYTHON = "Python"  # its version is part of every key
_OURS = "mlmeta_track"
_NAME = re.compile(r"^[A-Za-z0-9._-]+")


@cache
def version_of(module: str) -> str | None:
    """Return what tells the version of a module's code; None for one of the user's own.

    Args:
        module: The module's name, dots included.
    """
    top = module.partition(".")[0]
    if top == _OURS or top.startswith(f"{_OURS}_"):
        return _with_all_it_requires((_OURS.replace("_", "-"),))
    folders = _folders_of(top)
    if top in sys.stdlib_module_names and (not folders or _is_below(folders, _of_python())):
        return _PYTHON
    if not folders or not _is_below(folders, _of_packages()):
        return None
    distributions = _distributions_of(top)
    return _with_all_it_requires(distributions) if distributions else None


def _folders_of(top: str) -> tuple[str, ...]:
    """Return where a module lies, or the parts of a package; nothing if it lies in no file."""
    module = sys.modules.get(top)
    spec = getattr(module, "__spec__", None) if module is not None else _found(top)
    path = getattr(module, "__file__", None) if module is not None else getattr(spec, "origin", "")
    if isinstance(path, str) and Path(path).is_absolute():
        return (path,)
    parts = getattr(module or ModuleType(top), "__path__", None)
    return tuple(parts or getattr(spec, "submodule_search_locations", None) or ())


def _found(top: str) -> ModuleSpec | None:
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        return None


def _is_below(paths: tuple[str, ...], folders: tuple[str, ...]) -> bool:
    return all(os.path.realpath(path).startswith(folders) for path in paths)


@cache
def _of_python() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple(f"{os.path.realpath(paths[name])}{os.sep}" for name in ("stdlib", "platstdlib"))


@cache
def _of_packages() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    user = site.getusersitepackages() if hasattr(site, "getusersitepackages") else None
    known: list[str] = getattr(site, "getsitepackages", list)()
    every = [paths["purelib"], paths["platlib"], *known, *([user] if user else ())]
    return tuple(f"{os.path.realpath(path)}{os.sep}" for path in every)


def _distributions_of(top: str) -> tuple[str, ...]:
    try:
        return (metadata.distribution(top).metadata["Name"],)
    except metadata.PackageNotFoundError:
        return tuple(sorted(set(_all_distributions().get(top, ()))))


@cache
def _all_distributions() -> dict[str, list[str]]:
    """Return the names of distributions by those of the modules that they bring."""
    found: dict[str, list[str]] = {}
    for distribution in metadata.distributions():
        # The standard library's function for this looks at the first alone before Python 3.11.
        modules = set((distribution.read_text("top_level.txt") or "").split())
        modules |= {file.parts[0].partition(".")[0] for file in distribution.files or ()}
        for module in modules:
            found.setdefault(module, []).append(distribution.metadata["Name"])
    return found


@cache
def _with_all_it_requires(distributions: tuple[str, ...]) -> str:
    """Return distributions and all installed ones that they require, with versions, as text."""
    versions: dict[str, str] = {}
    waiting = list(distributions)
    while waiting:
        name = waiting.pop()
        plain = re.sub(r"[-_.]+", "-", name).lower()
        if plain in versions:
            continue
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            versions[plain] = "not installed"
            continue
        versions[plain] = found.version
        names = [_NAME.match(requirement) for requirement in found.requires or ()]
        waiting += [match[0] for match in names if match is not None]
    return ", ".join(f"{name}=={version}" for name, version in sorted(versions.items()))
