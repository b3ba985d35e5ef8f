"""Names that were imported before tracking was switched on, and so lead past it.

``from library import function`` copies a function into the user's module.  What is copied under a
name of a module is replaced there; what is kept in a partial, a default, a closure, a class or a
list is not, for nobody can tell what else hangs on it, but it is told of.  Only the user's own
modules are looked through: a function is replaced where that very object stands, and nowhere else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from types import CellType, FunctionType, ModuleType
from typing import Any

from mlmeta_track.tracking.libraries import callers

_MOST_ITEMS = 100
_INSTALLED = ("site-packages", "dist-packages")
# What IPython keeps of its own among the names of a notebook.
_NOTEBOOK = frozenset({"In", "Out"})
_CONTAINERS = (list, tuple, set, frozenset, dict)

Exchange = Mapping[int, tuple[object, object]]
"""What is to be replaced and by what, under the ``id`` of what is to be replaced."""


def exchange(pairs: Iterable[tuple[object, object]]) -> Exchange:
    """Return pairs of what is to be replaced, and by what, so that it can be looked up."""
    return {id(old): (old, new) for old, new in pairs}


def replace(wanted: Exchange) -> list[str]:
    """Replace functions under the names of the user's modules.

    Returns:
        Where some of them are kept otherwise, each as ``module.name``.
    """
    kept: list[str] = []
    for module, names in _modules():
        if _is_installed(module, names.get("__file__")):
            continue
        for name, value in list(names.items()):
            found = wanted.get(id(value))
            if found is None:
                if not name.startswith("_") and name not in _NOTEBOOK and _keeps(value, wanted):
                    kept.append(f"{module}.{name}")
            elif found[0] is value and names.get(name) is value:
                names[name] = found[1]
    return kept


def in_installed(wanted: Exchange) -> list[str]:
    """Return where installed packages have functions under their own names.

    These are left alone, for a package may compare or pickle what it has.
    """
    known = {str(getattr(old, "__name__", "")): old for old, _ in wanted.values()}
    return [
        f"{module}.{name}"
        for module, names in _modules()
        for name in names.keys() & known
        if names[name] is known[name] and _is_installed(module, names.get("__file__"))
    ]


def _modules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the modules that are neither Python's nor tracked, each by its name and names."""
    for module_name, module in list(sys.modules.items()):
        # Something lazy would be loaded by `isinstance`, or by asking it for an attribute.
        if issubclass(type(module), ModuleType):
            package = callers.package(module_name)
            is_python = package in sys.stdlib_module_names and package != "__main__"
            if not is_python and not callers.is_silent_package(package):
                yield module_name, object.__getattribute__(module, "__dict__")


def _is_installed(module: str, file: object) -> bool:
    if module == "__main__" or not isinstance(file, str):
        return False  # What is run is the user's, and so is what was made by hand in a notebook.
    # As text, because there are thousands of modules.
    return any(f"{os.sep}{folder}{os.sep}" in file for folder in _INSTALLED)


def _keeps(value: Any, wanted: Exchange) -> bool:
    return any(id(part) in wanted and wanted[id(part)][0] is part for part in _parts(value))


def _parts(value: Any) -> Iterable[object]:
    """Return what a value keeps, as far as that is seen without running anything of its own."""
    kind = type(value)
    if kind is FunctionType:
        defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        return (*defaults, *map(_content, value.__closure__ or ()))
    if kind is partial:
        return (value.func, *value.args, *value.keywords.values())
    if issubclass(kind, type):
        attributes = type.__dict__["__dict__"].__get__(value)
        return [getattr(one, "__func__", one) for one in attributes.values() if _is_method(one)]
    if kind in _CONTAINERS and len(value) <= _MOST_ITEMS:
        return list(value.values() if kind is dict else value)
    return ()


def _is_method(value: object) -> bool:
    return type(value) in (staticmethod, classmethod, FunctionType)


def _content(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None  # It has none yet.
