"""The parts of a filter as SQL, each checked for what it comes to; all values are bound."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BIGINT,
    BOOLEAN,
    DOUBLE_PRECISION,
    TEXT,
    ColumnElement,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
)

from mlmeta_track.store.filtering import filter_error
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
from mlmeta_track.store.sql.filters.neighbours import VALUE_FIELDS, Neighbours, Value

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

_NUMBERS = frozenset({ValueType.INT, ValueType.DOUBLE})
_SQL_TYPES: Mapping[ValueType, TypeEngine[Any]] = {
    ValueType.INT: BIGINT(),
    ValueType.DOUBLE: DOUBLE_PRECISION(),
    ValueType.STRING: TEXT(),
    ValueType.BOOL: BOOLEAN(),
}
_INT64 = range(-(2**63), 2**63)
_COMPARISONS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], ColumnElement[Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_TEXT_FUNCTIONS: Mapping[str, tuple[Callable[[Any], ColumnElement[Any]], ValueType]] = {
    "LENGTH": (func.char_length, ValueType.INT),  # in characters; MySQL's LENGTH counts bytes
    "UPPER": (func.upper, ValueType.STRING),
    "LOWER": (func.lower, ValueType.STRING),
}
_FIRST_OF = {"COALESCE": 1, "IFNULL": 2}
"""Functions that return the first of their values that is not NULL, and how many they want."""


class Conditions:
    """Turns the parts of one filter into SQL."""

    def __init__(self, neighbours: Neighbours) -> None:
        """Begin; names are looked up among the node and its neighbours."""
        self._neighbours = neighbours

    @singledispatchmethod
    def value(self, part: Expression) -> Value:
        """Return a part of the filter as SQL."""
        raise TypeError(part)

    @value.register
    def _(self, part: Literal) -> Value:
        if part.type is ValueType.NULL:
            return Value(null(), ValueType.NULL)
        if part.type is ValueType.INT and part.value not in _INT64:
            what = f"{part.value} does not fit into 64 bits."
            raise filter_error(what, part.position)
        return Value(literal(part.value, _SQL_TYPES[part.type]), part.type)

    @value.register
    def _(self, part: Name) -> Value:
        return self._neighbours.resolve(part)

    # Logic

    @value.register
    def _(self, part: Logic) -> Value:
        conditions = [self._typed(one, ValueType.BOOL).sql for one in part.conditions]
        return _bool((and_ if part.operator == "AND" else or_)(*conditions))

    @value.register
    def _(self, part: Not) -> Value:
        # In parentheses: MySQL's NOT binds otherwise than that of the others.
        return _bool(not_(self._typed(part.condition, ValueType.BOOL).sql.self_group()))

    @value.register
    def _(self, part: Is) -> Value:
        operand = self.value(part.operand)
        if part.value is None:
            return _bool(operand.sql.is_not(None) if part.negated else operand.sql.is_(None))
        self._expect(operand, ValueType.BOOL, part.operand)
        is_so = and_(operand.sql.is_not(None), operand.sql == literal(part.value, BOOLEAN()))
        return _bool(not_(is_so) if part.negated else is_so)

    # Comparisons

    @value.register
    def _(self, part: Compare) -> Value:
        left, (right,) = self._operands(part.left, [part.right])
        if left.names is not None and part.operator in ("=", "!="):
            return self._named(left, [part.right], part.operator == "!=")
        if left.columns is not None or right.columns is not None:
            return self._compare_property(part, left, right)
        return _bool(_COMPARISONS[part.operator](left.sql, right.sql))

    @value.register
    def _(self, part: In) -> Value:
        operand, items = self._operands(part.operand, part.items)
        if operand.names is not None:
            return self._named(operand, part.items, part.negated)

        def among(column: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
            found = column.in_([value.sql for value in values])
            return not_(found) if part.negated else found

        if operand.columns is not None:
            return self.property_of(operand, items, among)
        return _bool(among(operand.sql, items))

    @value.register
    def _(self, part: Between) -> Value:
        operand, bounds = self._operands(part.operand, [part.low, part.high])

        def between(column: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
            found = and_(column >= values[0].sql, column <= values[1].sql)
            return not_(found) if part.negated else found

        if operand.columns is not None:
            return self.property_of(operand, bounds, between)
        return _bool(between(operand.sql, bounds))

    @value.register
    def _(self, part: Like) -> Value:
        pattern = self._typed(part.pattern, ValueType.STRING)
        operand = self.value(part.operand)
        column = operand.sql
        if operand.columns is not None:
            column = operand.columns[ValueType.STRING]
        else:
            self._expect(operand, ValueType.STRING, part.operand)
        found = column.like(pattern.sql, escape="\\")
        return _bool(not_(found) if part.negated else found)

    def _operands(
        self, operand: Expression, others: Sequence[Expression]
    ) -> tuple[Value, list[Value]]:
        """Return what is compared, each of a type that can be compared with the first."""
        left = self.value(operand)
        if left.names is not None and all(isinstance(other, (Name, Literal)) for other in others):
            names = [other for other in others if isinstance(other, Name)]
            if all(_is_state(name, left) for name in names) and len(names) == len(others):
                return left, [left] * len(others)
        right = [self.value(other) for other in others]
        for value, part in zip(right, others, strict=True):
            if not _comparable(left, value):
                what = f"{value.type.value} cannot be compared with {left.type.value}."
                raise filter_error(what, part.position)
        return left, right

    def _named(self, state: Value, parts: Sequence[Expression], negated: bool) -> Value:  # noqa: FBT001
        """Compare a state with names; a state that is not set is none of them."""
        assert state.names is not None  # noqa: S101 - this is what it was called for
        numbers: list[int] = []
        for part in parts:
            if not isinstance(part, Name) or not _is_state(part, state):
                what = f"Unsupported enum value; expected one of {', '.join(_names(state))}."
                raise filter_error(what, part.position)
            numbers.append(int(state.names[part.parts[0]]))
        is_one = state.sql.in_([literal(number, BIGINT()) for number in numbers])
        return _bool(or_(not_(is_one), state.sql.is_(None)) if negated else is_one)

    def _compare_property(self, part: Compare, left: Value, right: Value) -> Value:
        compare = _COMPARISONS[part.operator]
        if left.columns is not None and right.columns is not None:
            what = "two properties are compared; name a value of one of them, such as int_value."
            raise filter_error(what, part.position)
        if left.columns is not None:
            return self.property_of(left, [right], lambda column, v: compare(column, v[0].sql))
        return self.property_of(right, [left], lambda column, v: compare(v[0].sql, column))

    def property_of(
        self,
        found: Value,
        others: Sequence[Value],
        compare: Callable[[ColumnElement[Any], Sequence[Value]], ColumnElement[bool]],
    ) -> Value:
        """Compare a property without a value column by the types of the others.

        Numbers are compared with int and double values alike.
        """
        assert found.columns is not None  # noqa: S101 - this is what it was called for
        types = {other.type for other in others}
        wanted = [t for t in VALUE_FIELDS.values() if t in types or (t in _NUMBERS & _more(types))]
        columns = [found.columns[one] for one in wanted]
        # The one column that is not NULL decides; where none is, neither does the comparison.
        branches = [(column.is_not(None), compare(column, others)) for column in columns]
        return _bool(case(*branches) if branches else null())

    # Values

    @value.register
    def _(self, part: Arithmetic) -> Value:
        left, right = self._number(part.left), self._number(part.right)
        result = _ARITHMETIC[part.operator](left.sql, right.sql)
        whole = {left.type, right.type} == {ValueType.INT} and part.operator != "/"
        return Value(result, ValueType.INT if whole else ValueType.DOUBLE)

    @value.register
    def _(self, part: Negative) -> Value:
        operand = self._number(part.operand)
        return Value(-operand.sql, operand.type)

    @value.register
    def _(self, part: Call) -> Value:
        if part.function in _TEXT_FUNCTIONS and len(part.arguments) == 1:
            text = self._typed(part.arguments[0], ValueType.STRING)
            function, result = _TEXT_FUNCTIONS[part.function]
            return Value(function(text.sql), result)
        least = _FIRST_OF.get(part.function)
        if least is not None and len(part.arguments) >= least:
            first, rest = self._operands(part.arguments[0], part.arguments[1:])
            return Value(func.coalesce(first.sql, *(one.sql for one in rest)), first.type)
        known = ", ".join([*_TEXT_FUNCTIONS, *_FIRST_OF])
        what = f"there is no function {part.function} of these values; expected one of {known}."
        raise filter_error(what, part.position)

    @value.register
    def _(self, part: Cast) -> Value:
        operand = self.value(part.operand)
        return Value(cast(operand.sql, _SQL_TYPES[part.type]), part.type)

    @value.register
    def _(self, part: Case) -> Value:
        conditions = [self._typed(condition, ValueType.BOOL).sql for condition, _ in part.branches]
        results = [result for _, result in part.branches]
        others = [*results[1:], *([part.otherwise] if part.otherwise is not None else [])]
        first, rest = self._operands(results[0], others)
        values = [first, *rest][: len(results)]
        otherwise = rest[-1].sql if part.otherwise is not None else None
        branches = zip(conditions, (value.sql for value in values), strict=True)
        return Value(case(*branches, else_=otherwise), first.type)

    def _number(self, part: Expression) -> Value:
        found = self.value(part)
        if found.type not in _NUMBERS:
            what = f"this is {found.type.value}; expected a number."
            raise filter_error(what, part.position)
        return found

    def _typed(self, part: Expression, wanted: ValueType) -> Value:
        found = self.value(part)
        self._expect(found, wanted, part)
        return found

    def _expect(self, found: Value, wanted: ValueType, part: Expression) -> None:
        if found.type is not wanted:
            what = f"this is {found.type.value}; expected {wanted.value}."
            raise filter_error(what, part.position)


def _bool(sql: ColumnElement[Any]) -> Value:
    return Value(sql, ValueType.BOOL)


def _names(state: Value) -> list[str]:
    return list(state.names.__members__) if state.names is not None else []


def _is_state(name: Name, state: Value) -> bool:
    return len(name.parts) == 1 and name.parts[0] in _names(state)


def _comparable(left: Value, right: Value) -> bool:
    if ValueType.NULL in (left.type, right.type):
        return False
    if left.columns is not None or right.columns is not None:
        return True
    return left.type is right.type or {left.type, right.type} <= _NUMBERS


def _more(types: set[ValueType]) -> frozenset[ValueType]:
    """Return all types of numbers if one of the types is a number's."""
    return _NUMBERS if types & _NUMBERS else frozenset()
