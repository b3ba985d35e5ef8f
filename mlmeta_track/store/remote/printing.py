"""A filter's tree as text again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from mlmeta_track.store.filtering.tree import (
    Arithmetic,
    Between,
    Call,
    Case,
    Cast,
    Compare,
    Expression,
    In,
    Is,
    Like,
    Literal,
    Logic,
    Name,
    Negative,
    Not,
    ValueType,
)

_TYPES: Mapping[ValueType, str] = {
    ValueType.INT: "INT64",
    ValueType.DOUBLE: "DOUBLE",
    ValueType.STRING: "STRING",
    ValueType.BOOL: "BOOL",
}
_TRUTHS: Mapping[bool | None, str] = {None: "NULL", True: "TRUE", False: "FALSE"}
_BARE = re.compile(r"[0-9A-Za-z_]+")


def print_filter(part: Expression) -> str:
    """Return a text that is read as that tree, though with other positions."""
    return _PRINTERS[type(part)](part)


def _operand(part: Expression) -> str:
    text = print_filter(part)
    return text if isinstance(part, (Literal, Name, Call, Cast, Case)) else f"({text})"


def _literal(part: Literal) -> str:
    if isinstance(part.value, str):
        # JSON's escapes are among those of the filter language; in single quotes, since some
        # servers hand on what is in double ones as it is.
        inner = json.dumps(part.value, ensure_ascii=False)[1:-1].replace('\\"', '"')
        return "'" + inner.replace("'", "\\'") + "'"
    if part.value is None or isinstance(part.value, bool):
        return _TRUTHS[part.value]
    return repr(part.value)


def _name(part: Name) -> str:
    return ".".join(one if _BARE.fullmatch(one) else _quoted(one) for one in part.parts)


def _quoted(name: str) -> str:
    inner = json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"')
    return "`" + inner.replace("`", "\\`") + "`"


def _not(part: Any) -> str:
    return " NOT" if part.negated else ""


def _list(parts: tuple[Expression, ...]) -> str:
    return ", ".join(map(print_filter, parts))


def _case(part: Case) -> str:
    operand = [] if part.operand is None else [_operand(part.operand)]
    branches = [f"WHEN {_operand(when)} THEN {_operand(then)}" for when, then in part.branches]
    otherwise = [] if part.otherwise is None else [f"ELSE {_operand(part.otherwise)}"]
    return " ".join(["CASE", *operand, *branches, *otherwise, "END"])


_PRINTERS: Mapping[type[Any], Callable[[Any], str]] = {
    Literal: _literal,
    Name: _name,
    Logic: lambda part: f" {part.operator} ".join(map(_operand, part.conditions)),
    Not: lambda part: f"NOT {_operand(part.condition)}",
    Compare: lambda part: f"{_operand(part.left)} {part.operator} {_operand(part.right)}",
    In: lambda part: f"{_operand(part.operand)}{_not(part)} IN ({_list(part.items)})",
    Between: lambda part: (
        f"{_operand(part.operand)}{_not(part)} BETWEEN {_operand(part.low)}"
        f" AND {_operand(part.high)}"
    ),
    Like: lambda part: f"{_operand(part.operand)}{_not(part)} LIKE {_operand(part.pattern)}",
    Is: lambda part: f"{_operand(part.operand)} IS{_not(part)} {_TRUTHS[part.value]}",
    Arithmetic: lambda part: f"{_operand(part.left)} {part.operator} {_operand(part.right)}",
    Negative: lambda part: f"-{_operand(part.operand)}",
    Call: lambda part: f"{part.function}({_list(part.arguments)})",
    Cast: lambda part: f"CAST({print_filter(part.operand)} AS {_TYPES[part.type]})",
    Case: _case,
}
