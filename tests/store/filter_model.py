"""What filters mean, in plain Python: nodes and neighbours as dicts, and three-valued logic."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatchmethod
from typing import Any, TypeAlias

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import ArtifactState
from mlmeta_track.store.filtering import tree

Row: TypeAlias = "dict[str, Any]"
_VALUES: Mapping[str, type[Any]] = {
    "int_value": int,
    "double_value": float,
    "string_value": str,
    "bool_value": bool,
}
_NAMES: Mapping[str, Any] = {"state": ArtifactState, "type": EventType}
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


@dataclass
class ModelArtifact:
    """An artifact with all that a filter may ask of it."""

    attributes: Row
    properties: Row
    custom: Row
    events: list[Row] = field(default_factory=list)
    contexts: list[Row] = field(default_factory=list)


def matches(node: ModelArtifact, condition: Any, *, outer: bool, is_sqlite: bool) -> bool:
    """Whether a filter finds a node.

    Args:
        node: The node.
        condition: The filter's tree.
        outer: Whether neighbours that are missing are NULL; else the node is not found.
        is_sqlite: Whether the database is SQLite: its LIKE takes small and capital letters for the
            same, and its REPLACE of nothing does not look at what to put there.
    """
    aliases = {_alias(name) for name in _names(condition)}
    choices = [[(alias, row) for row in _rows(node, alias, outer=outer)] for alias in aliases]
    return any(
        _Evaluation(dict(rows), is_sqlite).value(condition) is True
        for rows in itertools.product(*choices)
    )


def _alias(name: tree.Name) -> tuple[str, ...]:
    if name.parts[0] in ("properties", "custom_properties"):
        return name.parts[:2]
    return name.parts[:1] if len(name.parts) > 1 else ()


def _names(part: Any) -> Iterator[tree.Name]:
    if isinstance(part, tree.Name):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _names(one)
    elif hasattr(part, "__slots__"):
        for slot in part.__slots__:
            yield from _names(getattr(part, slot))


def _rows(node: ModelArtifact, alias: tuple[str, ...], *, outer: bool) -> Sequence[Row | None]:
    if not alias:
        return [node.attributes]
    if len(alias) > 1:
        values = node.properties if alias[0] == "properties" else node.custom
        found: Sequence[Row | None] = [{"value": values[alias[1]]}] if alias[1] in values else []
    else:
        found = node.events if alias[0].startswith("events_") else node.contexts
    return found or ([None] if outer else [])


@dataclass
class _Evaluation:
    """One choice of neighbours, for one node."""

    rows: Mapping[tuple[str, ...], Row | None]
    is_sqlite: bool

    @singledispatchmethod
    def value(self, part: Any) -> Any:
        raise TypeError(part)

    @value.register
    def _(self, part: tree.Literal) -> Any:
        return part.value

    @value.register
    def _(self, part: tree.Name) -> Any:
        row = self.rows[_alias(part)]
        if row is None:
            return None
        if "value" in row:
            value, wanted = row["value"], _VALUES.get(part.parts[-1])
            return value if wanted in (None, type(value)) else None
        return row[part.parts[-1].lower()]

    @value.register
    def _(self, part: tree.Logic) -> Any:
        values = [_truth(self.value(one)) for one in part.conditions]
        decisive = part.operator == "OR"
        if decisive in values:
            return decisive
        return None if None in values else not decisive

    @value.register
    def _(self, part: tree.Not) -> Any:
        value = _truth(self.value(part.condition))
        return None if value is None else not value

    @value.register
    def _(self, part: tree.Is) -> Any:
        value = self.value(part.operand)
        is_so = value is None if part.value is None else _truth(value) is part.value
        return is_so is not part.negated

    @value.register
    def _(self, part: tree.Compare) -> Any:
        numbers = _named(part.left, [part.right])
        if numbers is not None and part.operator in ("=", "!="):
            return self._is_named(part.left, numbers, negated=part.operator == "!=")
        return _compare(part.operator, self.value(part.left), self.value(part.right))

    @value.register
    def _(self, part: tree.In) -> Any:
        numbers = _named(part.operand, part.items)
        if numbers is not None:
            return self._is_named(part.operand, numbers, negated=part.negated)
        value, items = self.value(part.operand), [self.value(item) for item in part.items]
        same = [item for item in items if item is not None and _family(item) is _family(value)]
        if value is None or not same:
            return None
        found = value in same
        return None if not found and None in items else found is not part.negated

    @value.register
    def _(self, part: tree.Between) -> Any:
        value = self.value(part.operand)
        ends = [
            _compare(">=", value, self.value(part.low)),
            _compare("<=", value, self.value(part.high)),
        ]
        if False in ends:
            return part.negated
        return None if None in ends else not part.negated

    @value.register
    def _(self, part: tree.Like) -> Any:
        value, pattern = self.value(part.operand), self.value(part.pattern)
        if not isinstance(value, str) or not isinstance(pattern, str):
            return None
        meant = re.escape(pattern).replace("%", ".*").replace("_", ".")
        flags = re.DOTALL | re.IGNORECASE if self.is_sqlite else re.DOTALL
        return (re.fullmatch(meant, value, flags) is not None) is not part.negated

    @value.register
    def _(self, part: tree.Arithmetic) -> Any:
        left, right = self.value(part.left), self.value(part.right)
        if _family(left) is not float or _family(right) is not float:
            return None
        if part.operator == "/":
            return left / right if right else None
        return _OPERATORS[part.operator](left, right)

    @value.register
    def _(self, part: tree.Negative) -> Any:
        value = self.value(part.operand)
        return None if value is None else -value

    @value.register
    def _(self, part: tree.Call) -> Any:
        values = [self.value(one) for one in part.arguments]
        if part.function in ("COALESCE", "IFNULL"):
            return next((value for value in values if value is not None), None)
        if part.function == "NULLIF":
            return None if _compare("=", *values) is True else values[0]
        if (
            self.is_sqlite
            and part.function == "REPLACE"
            and values[0] is not None
            and not values[1]
        ):
            return None if values[1] is None else values[0]
        return None if None in values else _FUNCTIONS[part.function](*values)

    @value.register
    def _(self, part: tree.Cast) -> Any:
        value = self.value(part.operand)
        return None if value is None else _CASTS[part.type](value)

    @value.register
    def _(self, part: tree.Case) -> Any:
        for condition, result in part.branches:
            value = self.value(condition)
            if part.operand is not None:
                value = _compare("=", self.value(part.operand), value)
            if _truth(value) is True:
                return self.value(result)
        return None if part.otherwise is None else self.value(part.otherwise)

    def _is_named(self, state: Any, numbers: Sequence[int], *, negated: bool) -> bool | None:
        value = self.value(state)
        if value is None:
            return True if negated and self.rows[_alias(state)] is not None else None
        return (value in numbers) is not negated


def _named(state: Any, parts: Sequence[Any]) -> list[int] | None:
    """The numbers of the names that a state is compared with, if they are names."""
    names = _NAMES.get(state.parts[-1]) if isinstance(state, tree.Name) else None
    if names is None or not all(
        isinstance(one, tree.Name) and one.parts[0] in names.__members__ for one in parts
    ):
        return None
    return [int(names[one.parts[0]]) for one in parts]


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _family(value: Any) -> type[Any]:
    return float if type(value) is int else type(value)


def _compare(how: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None or _family(left) is not _family(right):
        return None
    return bool(_OPERATORS[how](left, right))


def _part(text: str, start: int, length: int | None = None) -> str:
    rest = text[start - 1 :]
    return rest if length is None else rest[:length]


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "LENGTH": len,
    "UPPER": str.upper,
    "LOWER": str.lower,
    "TRIM": lambda text: text.strip(" "),
    "LTRIM": lambda text: text.lstrip(" "),
    "RTRIM": lambda text: text.rstrip(" "),
    "REPLACE": lambda text, old, new: text.replace(old, new) if old else text,
    "SUBSTR": _part,
    "ABS": abs,
}
_CASTS: Mapping[tree.ValueType, Callable[[Any], Any]] = {
    tree.ValueType.INT: int,
    tree.ValueType.DOUBLE: float,
    tree.ValueType.STRING: str,
}
