"""Which names of its surroundings a function's code uses, as its bytecode tells.

Of what is reached through a module only that part counts which is named: of ``helpers.clean`` the
function, not all that is in ``helpers``.  So names are found with the attributes that follow them.
"""

from __future__ import annotations

import dis
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import TypeAlias

Chain: TypeAlias = "tuple[str, ...]"
"""The attributes that follow a name: ``("path", "join")`` after ``os`` in ``os.path.join``."""

_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_FREE = frozenset({"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"})
_ATTRIBUTE = frozenset({"LOAD_ATTR", "LOAD_METHOD"})
_SILENT = frozenset({"EXTENDED_ARG", "CACHE", "NOP"})
_WRITE = frozenset({"STORE_GLOBAL", "DELETE_GLOBAL"})
_REMEMBERED = 4_096

# Attributes through which code reaches classes and variables that it does not name.
_REACHING = frozenset(
    {"__subclasses__", "__globals__", "f_globals", "f_back", "_getframe", "currentframe"}
)


@dataclass(frozen=True, slots=True)
class Import:
    """An import statement inside a function: ``from ..module import name``."""

    module: str
    level: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """What a function's code names of its surroundings, functions inside it included."""

    read: dict[str, frozenset[Chain]]
    free: dict[str, frozenset[Chain]]
    imports: tuple[Import, ...]
    written: tuple[str, ...]
    reaching: tuple[str, ...]


@lru_cache(maxsize=_REMEMBERED)
def names_of(code: CodeType) -> Names:
    """Return the names that a function's code uses of what lies outside of it."""
    read: dict[str, set[Chain]] = {}
    free: dict[str, set[Chain]] = {}
    imports: list[Import] = []
    written: set[str] = set()
    for part in _parts(code):
        instructions = [i for i in dis.get_instructions(part) if i.opname not in _SILENT]
        for at, instruction in enumerate(instructions):
            name, operation = instruction.argval, instruction.opname
            if operation in _GLOBAL:
                read.setdefault(name, set()).add(_chain_after(instructions, at))
            elif operation in _FREE and name in code.co_freevars:
                free.setdefault(name, set()).add(_chain_after(instructions, at))
            elif operation in _WRITE:
                written.add(name)
            elif operation == "IMPORT_NAME":
                imports.append(_import(instructions, at))
    reaching = _REACHING & {name for part in _parts(code) for name in part.co_names}
    return Names(
        _frozen(read),
        _frozen(free),
        tuple(imports),
        tuple(sorted(written)),
        tuple(sorted(reaching)),
    )


def _parts(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of all functions and classes in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _chain_after(instructions: Sequence[dis.Instruction], at: int) -> Chain:
    chain = []
    for instruction in instructions[at + 1 :]:
        if instruction.opname not in _ATTRIBUTE:
            break
        chain.append(str(instruction.argval))
    return tuple(chain)


def _import(instructions: Sequence[dis.Instruction], at: int) -> Import:
    # Before it the level and the names are put on the stack.
    level = instructions[at - 2].argval if at > 1 else 0
    names = instructions[at - 1].argval if at > 0 else None
    module = str(instructions[at].argval)
    return Import(module, level if type(level) is int else 0, tuple(names or ()))


def _frozen(names: dict[str, set[Chain]]) -> dict[str, frozenset[Chain]]:
    return {name: frozenset(chains) for name, chains in _ordered(names.items())}


def _ordered(names: Iterable[tuple[str, set[Chain]]]) -> list[tuple[str, set[Chain]]]:
    return sorted(names, key=lambda item: item[0])
