"""The parts of a filter as SQL, each checked for what it comes to; all values are bound."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import singledispatchmethod
from typing import Any, TypeAlias

from sqlalchemy import (
    BIGINT,
    BindParameter,
    ColumnElement,
    and_,
    case,
    func,
    literal,
    literal_column,
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
    has_names,
)
from mlmeta_track.store.sql.filters.casts import cast_value
from mlmeta_track.store.sql.filters.functions import TEXT_FUNCTIONS, no_function, positions
from mlmeta_track.store.sql.filters.neighbours import Neighbours
from mlmeta_track.store.sql.filters.portable import (
    absolute,
    code_order,
    constant_text,
    contrary,
    divided,
    exact,
    grouped,
    is_truth,
    like,
    no_match,
)
from mlmeta_track.store.sql.filters.values import (
    SQL_TYPES,
    Value,
    number_of,
    same_family,
    settled,
    truth,
)
from mlmeta_track.store.sql.schema import same_text

_Comparison: TypeAlias = "Callable[[ColumnElement[Any], Sequence[Value]], ColumnElement[bool]]"
_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_LONGEST_PATTERN = 50_000
_GROUP = 25
_EQUALITY = ("=", "!=")
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
    "/": divided,
}
_CHOOSING = {"COALESCE": (1, None), "IFNULL": (2, 2), "NULLIF": (2, 2)}
"""Functions of values of any type, and how many they take."""


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
        if part.type is ValueType.STRING and not _is_storable(str(part.value)):
            what = "the text has a character that no database holds. Leave it out."
            raise filter_error(what, part.position)
        return Value(literal(part.value, SQL_TYPES[part.type]), part.type)

    @value.register
    def _(self, part: Name) -> Value:
        return self._neighbours.resolve(part)

    def condition(self, part: Expression) -> ColumnElement[bool]:
        """Return a part that is true or false; a property of any type may be the one or the other.

        Raises:
            InvalidArgumentError: It is something else.
        """
        return settled(self.value(part), ValueType.BOOL, part).sql

    # Logic

    @value.register
    def _(self, part: Logic) -> Value:
        conditions = [self.condition(one) for one in part.conditions]
        return truth(joined(and_ if part.operator == "AND" else or_, conditions))

    @value.register
    def _(self, part: Not) -> Value:
        _refuse_null(part.condition)
        if isinstance(part.condition, Not):  # two cancel each other out, also where one is NULL
            _refuse_null(part.condition.condition)
            return truth(self.condition(part.condition.condition))
        return truth(contrary(self.condition(part.condition)))

    @value.register
    def _(self, part: Is) -> Value:
        if part.value is None:
            sql = self.value(part.operand).sql
            return truth(sql.is_not(None) if part.negated else sql.is_(None))
        is_so = is_truth(self.condition(part.operand), value=part.value)
        return truth(contrary(is_so) if part.negated else is_so)

    # Comparisons

    @value.register
    def _(self, part: Compare) -> Value:
        _refuse_null(part.left, part.right)
        left = self._compared(part.left)
        if left.names is not None and part.operator in _EQUALITY:
            return _named(left, [part.right], negated=part.operator == "!=")
        right = self._compared(part.right)
        _check_family([left, right], [part.left, part.right])
        compare = _COMPARISONS[part.operator]
        if left.columns is not None:
            return self._of_property(left, [right], lambda sql, v: compare(sql, v[0].sql), part)
        if right.columns is not None:
            return self._of_property(right, [left], lambda sql, v: compare(v[0].sql, sql), part)
        if part.operator == "=" and _is_indexed(left, part):
            return truth(same_text(left.sql, right.sql))
        if part.operator in _EQUALITY:
            return truth(compare(_as_compared(left, part), right.sql))
        return truth(compare(_as_compared(left, part, in_order=True), _in_order(right).sql))

    @value.register
    def _(self, part: In) -> Value:
        operand = self.value(part.operand)
        if operand.names is not None:
            return _named(operand, part.items, negated=part.negated)
        items = [self.value(item) for item in part.items]

        def among(sql: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
            found = sql.in_([value.sql for value in values])
            return contrary(found) if part.negated else found

        if operand.columns is not None:
            return self._of_property(operand, items, among, part)
        _check_family([operand, *items], [part.operand, *part.items])
        return truth(among(_as_compared(operand, part), items))

    @value.register
    def _(self, part: Between) -> Value:
        parts = [part.operand, part.low, part.high]
        values = [self.value(one) for one in parts]
        _check_family(values, parts)
        operand, *bounds = _with_typed_nulls(values)

        def between(sql: ColumnElement[Any], values: Sequence[Value]) -> ColumnElement[bool]:
            found = and_(sql >= values[0].sql, sql <= values[1].sql)
            return contrary(found) if part.negated else found

        if operand.columns is not None:
            return self._of_property(operand, bounds, between, part)
        first = _as_compared(operand, part, in_order=True)
        return truth(between(first, [_in_order(bound) for bound in bounds]))

    @value.register
    def _(self, part: Like) -> Value:
        _refuse_null(part.operand, part.pattern)
        text = settled(self.value(part.operand), ValueType.STRING, part.operand)
        pattern = settled(self.value(part.pattern), ValueType.STRING, part.pattern)
        column = _as_compared(text, part)
        if isinstance(part.pattern, Literal):
            found = _like_literal(column, part.pattern, pattern.sql)
        else:
            found = like(column, pattern.sql)
        return truth(contrary(found) if part.negated else found)

    def _compared(self, part: Expression) -> Value:
        if isinstance(part, Literal) and part.type is ValueType.INT and part.value in _UINT64:
            # More than any whole number in a store, but ML Metadata compares with it.
            return Value(literal_column(str(part.value)), ValueType.INT)
        return self.value(part)

    def _of_property(
        self, found: Value, others: Sequence[Value], compare: _Comparison, part: Expression
    ) -> Value:
        """Compare a property without a value column by the types of the others.

        Numbers are compared with int and double values alike.
        """
        assert found.columns is not None  # noqa: S101 - this is what it was called for
        if any(other.columns is not None for other in others):
            what = "two properties are compared; name a value of one of them, such as int_value."
            raise filter_error(what, part.position)
        # The one column that is not NULL decides; where none is, neither does the comparison.
        branches: list[tuple[Any, Any]] = []
        for kind, column in _columns_to_compare(found.columns, others).items():
            same = [other for other in others if same_family(kind, other.type)]
            if any(other.type is not ValueType.NULL for other in same):
                if kind is ValueType.STRING and _asks_for_order(part):
                    compared = compare(code_order(column), [_in_order(other) for other in same])
                else:
                    compared = compare(column, same)
                branches.append((column.is_not(None), compared))
        return truth(case(*branches) if branches else null())

    # Values

    @value.register
    def _(self, part: Arithmetic) -> Value:
        _refuse_null(part.left, part.right)
        left, right = self._number(part.left), self._number(part.right)
        whole = left.type is right.type is ValueType.INT and part.operator != "/"
        if whole:
            result = _ARITHMETIC[part.operator](exact(left.sql), right.sql)
            return Value(result, ValueType.INT)
        return Value(_ARITHMETIC[part.operator](left.sql, right.sql), ValueType.DOUBLE)

    @value.register
    def _(self, part: Negative) -> Value:
        _refuse_null(part.operand)
        if isinstance(part.operand, Negative):  # two cancel each other out
            _refuse_null(part.operand.operand)
            return self._number(part.operand.operand)
        operand = self._number(part.operand)
        is_whole = operand.type is ValueType.INT
        return Value(-(exact(operand.sql) if is_whole else operand.sql), operand.type)

    def _number(self, part: Expression) -> Value:
        return settled(self.value(part), ValueType.DOUBLE, part)

    @value.register
    def _(self, part: Call) -> Value:
        function = TEXT_FUNCTIONS.get(part.function)
        if function is not None and function.takes(len(part.arguments)):
            texts = [self._text(one) for one in part.arguments[: function.texts]]
            numbers = positions(part.arguments[function.texts :])
            return Value(function.make(*texts, *numbers), function.result)
        if part.function == "ABS" and len(part.arguments) == 1:
            number = self._number(part.arguments[0])
            is_whole = number.type is ValueType.INT
            return Value(absolute(exact(number.sql) if is_whole else number.sql), number.type)
        least, most = _CHOOSING.get(part.function, (0, 0))
        if least and least <= len(part.arguments) <= (most or len(part.arguments)):
            return self._choose(part)
        raise no_function(part, ["ABS", *_CHOOSING])

    def _text(self, part: Expression) -> ColumnElement[Any]:
        found = settled(self.value(part), ValueType.STRING, part)
        is_null = found.type is ValueType.NULL
        return literal(None, SQL_TYPES[ValueType.STRING]) if is_null else found.sql

    def _choose(self, part: Call) -> Value:
        values, common = _alike([self.value(one) for one in part.arguments], part.arguments)
        if part.function == "NULLIF":
            return Value(func.nullif(_as_compared(values[0], part), values[1].sql), common)
        first, *rest = [value.sql for value in values]
        return Value(func.coalesce(first, *rest) if rest else first, common)

    @value.register
    def _(self, part: Cast) -> Value:
        operand = self.value(part.operand)
        if operand.columns is not None:
            what = "name a value of the property to cast, such as int_value."
            raise filter_error(what, part.position)
        return cast_value(part, operand)

    @value.register
    def _(self, part: Case) -> Value:
        conditions = [condition for condition, _ in part.branches]
        operand: ColumnElement[Any] | None = None
        if part.operand is None:
            whens = [truth(self.condition(condition)) for condition in conditions]
        else:
            operand, whens = self._case_operand(part.operand, conditions)
        results = [result for _, result in part.branches]
        otherwise = [] if part.otherwise is None else [part.otherwise]
        parts = [*results, *otherwise]
        values, common = _alike([self.value(one) for one in parts], parts)
        branches = [(w.sql, v.sql) for w, v in zip(whens, values, strict=False)]
        return Value(
            case(*branches, value=operand, else_=values[-1].sql if otherwise else None), common
        )

    def _case_operand(
        self, operand: Expression, conditions: Sequence[Expression]
    ) -> tuple[ColumnElement[Any], list[Value]]:
        """Return what is between CASE and WHEN, and what it is compared with."""
        first = self.value(operand)
        if first.names is not None:
            numbers = [literal(_number_of(first, one), BIGINT()) for one in conditions]
            return first.sql, [Value(number, ValueType.INT) for number in numbers]
        values = [first, *(self.value(condition) for condition in conditions)]
        values, _ = _alike(values, [operand, *conditions])
        return _as_compared(values[0], operand), values[1:]


def _is_storable(text: str) -> bool:
    """Say whether there are neither NULs nor halves of characters in a text."""
    return "\0" not in text and (text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text))


def joined(join: Callable[..., Any], conditions: Sequence[ColumnElement[bool]]) -> Any:
    """Return conditions joined, many of them in groups: SQLite counts each as one level deeper."""
    if len(conditions) <= _GROUP:
        return join(*conditions)
    groups = range(0, len(conditions), _GROUP)
    return join(*(grouped(join(*conditions[i : i + _GROUP])) for i in groups))


def _refuse_null(*parts: Expression) -> None:
    for part in parts:
        if isinstance(part, Literal) and part.type is ValueType.NULL:
            what = "NULL cannot stand here; write IS NULL to ask whether something is missing."
            raise filter_error(what, part.position)


def _check_family(values: Sequence[Value], parts: Sequence[Expression]) -> None:
    """Raise an error for the first value that cannot be compared with those before it."""
    first = ValueType.NULL
    for value, part in zip(values, parts, strict=True):
        if not same_family(first, value.type):
            what = f"{value.type.value} cannot be compared with {first.value}."
            raise filter_error(what, part.position)
        if first in (ValueType.NULL, ValueType.ANY):
            first = value.type


def _alike(values: Sequence[Value], parts: Sequence[Expression]) -> tuple[list[Value], ValueType]:
    """Return values as of one type, and the type; numbers are alike."""
    _check_family(values, parts)
    types = [v.type for v in values if v.type not in (ValueType.NULL, ValueType.ANY)]
    if not types and any(value.columns is not None for value in values):
        what = "name a value of the property, such as int_value."
        raise filter_error(what, parts[0].position)
    if not types:  # of NULLs alone, ML Metadata makes a whole number
        return _with_typed_nulls(values), ValueType.INT
    found = [settled(value, types[0], one) for value, one in zip(values, parts, strict=True)]
    is_double = any(value.type is ValueType.DOUBLE for value in found)
    return found, ValueType.DOUBLE if is_double else types[0]


def _columns_to_compare(
    columns: Mapping[ValueType, ColumnElement[Any]], others: Sequence[Value]
) -> Mapping[ValueType, ColumnElement[Any]]:
    """Return the value columns of a property; int and double as one where that is needed.

    With a constant each is compared by itself, to the last digit.  What is longer must not come
    twice in the statement: with several in each other, that would grow beyond all bounds.
    """
    if all(isinstance(other.sql, BindParameter) for other in others):
        return columns
    merged = {**columns, ValueType.DOUBLE: number_of(columns)}
    del merged[ValueType.INT]
    return merged


def _with_typed_nulls(values: Sequence[Value]) -> list[Value]:
    """Return values whose NULLs have a type, for without one they cannot be compared in order."""
    types = [v.type for v in values if v.type not in (ValueType.NULL, ValueType.ANY)]
    first = types[0] if types else ValueType.INT
    nothing = Value(literal(None, SQL_TYPES[first]), first)
    return [nothing if value.type is ValueType.NULL else value for value in values]


def _asks_for_order(part: Expression) -> bool:
    """Say whether it matters which of two values comes first, and not only whether they differ."""
    return not (isinstance(part, In) or (isinstance(part, Compare) and part.operator in _EQUALITY))


def _is_indexed(found: Value, part: Compare) -> bool:
    """Say whether a text of the node's is compared with a given one, as an index does quickly."""
    is_simple = isinstance(part.left, Name) and isinstance(part.right, Literal)
    return is_simple and found.type is ValueType.STRING


def _in_order(found: Value) -> Value:
    """Return a value as the others of a comparison in which the order matters."""
    if found.type is not ValueType.STRING:
        return found
    return dataclasses.replace(found, sql=code_order(found.sql))


def _as_compared(found: Value, part: Expression, *, in_order: bool = False) -> ColumnElement[Any]:
    """Return a value as the first one of a comparison: what texts are compared by."""
    if found.type is not ValueType.STRING:
        return found.sql
    sql = found.sql if has_names(part) else constant_text(found.sql)
    return code_order(sql) if in_order else sql


def _like_literal(
    column: ColumnElement[Any], part: Literal, pattern: ColumnElement[Any]
) -> ColumnElement[bool]:
    text = str(part.value)
    if len(text.encode("utf-8", "replace")) > _LONGEST_PATTERN:
        what = f"the pattern is longer than {_LONGEST_PATTERN} bytes. Shorten it."
        raise filter_error(what, part.position)
    backslashes = len(text) - len(text.rstrip("\\"))
    if backslashes % 2:
        return no_match(column)
    return column.like(pattern, escape="\\")


def _named(state: Value, parts: Sequence[Expression], *, negated: bool) -> Value:
    """Compare a state with names; a state that is not set is none of them."""
    numbers = [literal(_number_of(state, part), BIGINT()) for part in parts]
    is_one = state.sql.in_(numbers)
    if not negated:
        return truth(is_one)
    unset: ColumnElement[bool] = state.sql.is_(None)
    if state.present is not None:
        unset = and_(unset, state.present.is_not(None))
    return truth(or_(contrary(is_one), unset))


def _number_of(state: Value, part: Expression) -> int:
    assert state.names is not None  # noqa: S101 - this is what it was called for
    names: Mapping[str, Any] = state.names.__members__
    if isinstance(part, Name) and len(part.parts) == 1 and part.parts[0] in names:
        return int(names[part.parts[0]])
    what = f"Unsupported enum value; expected one of {', '.join(names)}."
    raise filter_error(what, part.position)
