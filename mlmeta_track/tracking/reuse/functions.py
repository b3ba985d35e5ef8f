"""The contents of functions and classes: their code, and all that it uses, from one to the next.

Of the user's own code everything counts that a function can come to: helpers, constants, defaults,
closures, classes with their methods.  Code of Python's and of installed packages counts by version.
"""

from __future__ import annotations

import builtins
import functools
import sys
import types
from importlib.util import resolve_name
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, get_args, get_origin

from mlmeta_track.tracking.fingerprints import fingerprint_path
from mlmeta_track.tracking.reuse import values
from mlmeta_track.tracking.reuse.classes import class_content
from mlmeta_track.tracking.reuse.content import ENCODERS, Content, digest
from mlmeta_track.tracking.reuse.contents import file_at
from mlmeta_track.tracking.reuse.names import Chain, Import, names_of
from mlmeta_track.tracking.reuse.origins import version_of
from mlmeta_track.tracking.wrappers import BoundTracked, Tracked

# With these a function reaches what its code does not name.
_REACHING = frozenset(
    {"eval", "exec", "compile", "globals", "vars", "__import__", "input", "breakpoint"}
)
_REACHING_MODULES = frozenset({"importlib", "runpy", "pkgutil"})

_BUILTIN = (types.BuiltinFunctionType, types.MethodWrapperType)
_DESCRIBED = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)
_AROUND = (staticmethod, classmethod)
_LRU_CACHE = type(functools.lru_cache(lambda: None))
_ALIASES = (types.GenericAlias, types.UnionType)


def _wrapped(content: Content, value: Any) -> bytes | None:
    """Look through our own wrapper, and that of `functools.cache`, at the function inside."""
    if issubclass(type(value), (Tracked, BoundTracked)) or type(value) is _LRU_CACHE:
        return digest("wrapped", content.of(value.__wrapped__))
    return None


def _function(content: Content, value: Any) -> bytes | None:
    if type(value) is not FunctionType:
        return None
    module = str(value.__globals__.get("__name__"))
    version = version_of(module)
    if version is not None and _stands_in(module, value):
        return _named(module, value.__qualname__, version)
    with content.at(value.__qualname__):
        return digest(
            "function",
            b"" if version is None else version.encode(),
            _code(content, value.__code__),
            _surroundings(content, value) if version is None else module.encode(),
            _cells(content, value),
            content.of(value.__defaults__),
            content.mapping("defaults", value.__kwdefaults__ or {}),
            content.mapping("attributes", vars(value)),
            content.annotations(value.__annotations__),
        )


def _code(content: Content, code: CodeType) -> bytes:
    """Return what a function's code does, wherever it stands."""
    form = (
        code.co_name,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_flags,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
    )
    constants = [_constant(content, constant) for constant in code.co_consts]
    table: bytes = getattr(code, "co_exceptiontable", b"")  # in Python 3.10 it is in the code
    return digest("code", ascii(form).encode(), code.co_code, table, *constants)


def _constant(content: Content, constant: Any) -> bytes:
    kind = type(constant)
    if kind is CodeType:
        return _code(content, constant)
    if kind in (tuple, frozenset):
        parts = [_constant(content, part) for part in constant]
        return digest(kind.__name__, *(parts if kind is tuple else sorted(parts)))
    if kind is not str:
        return content.of(constant)
    text: str = constant
    return digest("text", text.encode("utf-8", "surrogatepass"), content.place(text, file_at))


def _surroundings(content: Content, function: FunctionType) -> bytes:
    """Return the content of the globals that a function of the user's uses, and of its imports."""
    names = names_of(function.__code__)
    if names.written:
        content.refuse(f"it sets the global variable {names.written[0]!r}")
    if names.reaching:
        content.refuse(f"{names.reaching[0]} reaches what its code does not name")
    parts = []
    for name, chains in names.read.items():
        if name in function.__globals__:
            parts.append(_of_name(content, name, function.__globals__[name], chains))
        elif name in _REACHING and hasattr(builtins, name):
            content.refuse(f"{name}() reaches what its code does not name")
        else:
            parts.append(digest("builtin", name.encode(), b"%d" % hasattr(builtins, name)))
    parts += [_imported(content, function, statement) for statement in names.imports]
    return digest("globals", *parts)


def _cells(content: Content, function: FunctionType) -> bytes:
    free = names_of(function.__code__).free
    parts = []
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            parts.append(digest("empty", name.encode()))
            continue
        parts.append(_of_name(content, name, value, free.get(name, frozenset())))
    return digest("closure", *parts)


def _of_name(content: Content, name: str, value: Any, chains: frozenset[Chain]) -> bytes:
    if type(value) is ModuleType or issubclass(type(value), ModuleType):
        with content.at(f"{name!r}"):
            return digest("name", name.encode(), _through(content, value, chains))
    return content.named(name, value)


def _through(content: Content, module: ModuleType, chains: frozenset[Chain]) -> bytes:
    """Return the content of what is reached through a module: what stands at these names in it."""
    name = module.__name__
    if name.partition(".")[0] in _REACHING_MODULES or (name == "sys" and ("modules",) in chains):
        content.refuse(f"{name} reaches what its code does not name")
    version = version_of(name)
    if version is not None:
        return _named(name, ascii(sorted(chains)), version)
    parts = [_at(content, module, chain) for chain in sorted(chains)]
    return digest("module", name.encode(), *parts)


def _at(content: Content, module: ModuleType, chain: Chain) -> bytes:
    """Return the content of what stands at a name in a module of the user's."""
    if not chain:
        content.refuse(f"the module {module.__name__} as a whole has no fingerprint")
    first, rest = chain[0], chain[1:]
    if first not in vars(module):
        content.refuse(f"the module {module.__name__} has no {first!r} yet")
    return _of_name(content, first, vars(module)[first], frozenset({rest}))


def _imported(content: Content, function: FunctionType, statement: Import) -> bytes:
    """Return the content of what an import statement in a function brings into it."""
    name = statement.module
    if statement.level:
        package = function.__globals__.get("__package__") or ""
        name = resolve_name("." * statement.level + name, str(package))
    version = version_of(name)
    if version is not None and name.partition(".")[0] not in _REACHING_MODULES:
        return _named(name, ascii(statement.names), version)
    with content.at(f"import {name}"):
        module = sys.modules.get(name)
        if module is None:
            content.refuse("the module is not loaded yet; import it outside of the function")
        return _through(content, module, frozenset((n,) for n in statement.names) or _WHOLE)


_WHOLE: frozenset[Chain] = frozenset({()})


def _method(content: Content, value: Any) -> bytes | None:
    if type(value) is not MethodType:
        return None
    with content.at("self" if not isinstance(value.__self__, type) else "cls"):
        owner = content.of(value.__self__)
    return digest("method", owner, content.of(value.__func__))


def _partial(content: Content, value: Any) -> bytes | None:
    if type(value) is not functools.partial:
        return None
    inner = content.of(value.func), content.of(value.args)
    return digest("partial", *inner, content.mapping("keywords", value.keywords))


def _held(content: Content, value: Any) -> bytes | None:
    """Return the content of what stands in a class around a function."""
    kind = type(value)
    if kind in _AROUND:
        return digest(kind.__name__, content.of(value.__func__))
    if kind is functools.cached_property:
        return digest("cached_property", content.of(value.func))
    if kind is property:
        return digest("property", *(content.of(f) for f in (value.fget, value.fset, value.fdel)))
    if kind in _DESCRIBED:
        return digest("descriptor", content.of(value.__objclass__), value.__name__.encode())
    return None


def _builtin(content: Content, value: Any) -> bytes | None:
    if type(value) not in _BUILTIN:
        return None
    owner = value.__self__
    if owner is None or type(owner) is ModuleType or issubclass(type(owner), ModuleType):
        return _of_module(content, str(value.__module__), value.__qualname__)
    return digest("builtin", value.__name__.encode(), content.of(owner))


def _of_module(content: Content, module: str, name: str) -> bytes:
    """Return the content of what a module written in C has: its version, or the file that it is."""
    version = version_of(module)
    if version is not None:
        return _named(module, name, version)
    path = getattr(sys.modules.get(module), "__file__", None)
    found = fingerprint_path(str(path), whole_up_to=sys.maxsize)
    if found is None:
        content.refuse(f"where {module}.{name} comes from cannot be told")
    return _named(module, name, found)


def _module(content: Content, value: Any) -> bytes | None:
    if not issubclass(type(value), ModuleType):
        return None
    return _through(content, value, _WHOLE)


def _alias(content: Content, value: Any) -> bytes | None:
    """Return the content of what stands for types, such as ``list[int]`` and ``int | None``."""
    kind = type(value)
    if kind not in _ALIASES and kind.__module__ != "typing":
        return None
    if not get_args(value):
        return digest("typing", repr(value).encode())
    parts = [content.of(part) for part in (get_origin(value), *get_args(value))]
    return digest("alias", kind.__name__.encode(), *parts)


def _of_package(_: Content, value: Any) -> bytes | None:
    """Return the content of what an installed package has under a name, such as NumPy's ``add``."""
    home = type(value).__module__
    for module in dict.fromkeys((home, home.partition(".")[0])):
        version = version_of(module)
        if version is None:
            return None
        name = getattr(value, "__name__", None)
        if type(name) is str and vars(sys.modules.get(module, types)).get(name) is value:
            return _named(module, name, version)
    return None


def _named(module: str, name: str, version: str) -> bytes:
    return digest("of a version", module.encode(), name.encode(), version.encode())


def _stands_in(module: str, function: FunctionType) -> bool:
    """Tell whether a function is the one that its module has under its name."""
    found: Any = sys.modules.get(module)
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return getattr(found, "__wrapped__", found) is function or found is function


def _class(content: Content, value: Any) -> bytes | None:
    # Not by `isinstance`: in Python 3.10 `list[int]` says that it is a type.
    return class_content(content, value) if issubclass(type(value), type) else None


ENCODERS[:0] = [_wrapped, _function, _class, _method, _partial, _held, _builtin, _module, _alias]
ENCODERS += [_of_package, *values.LAST]
