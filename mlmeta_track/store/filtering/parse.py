"""From a filter's text to its tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import (
    LarkError,
    UnexpectedCharacters,
    UnexpectedInput,
    UnexpectedToken,
    VisitError,
)

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.filtering.errors import filter_error
from mlmeta_track.store.filtering.literals import read_name, read_text
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

MAX_CHARACTERS: Final = 100_000
MAX_DEPTH: Final = 40
MAX_CONDITIONS: Final = 500
MAX_VALUES: Final = 10_000
"""What no database need be asked: SQLite itself goes no deeper than a thousand."""

_REMEMBERED_CHARACTERS: Final = 2_000
_TYPES = {
    **dict.fromkeys(("INT64", "INT32", "UINT64", "UINT32"), ValueType.INT),
    **dict.fromkeys(("DOUBLE", "FLOAT64", "FLOAT"), ValueType.DOUBLE),
    "STRING": ValueType.STRING,
    **dict.fromkeys(("BOOL", "BOOLEAN"), ValueType.BOOL),
}
_WORDS = {
    "NAME": "a name",
    "INTEGER": "a number",
    "NUMBER": "a number",
    "TEXT": "a text in quotes",
    "COMPARISON": "a comparison",
    "SIGN": "+ or -",
    "FACTOR_OPERATOR": "* or /",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "$END": "the end",
}


def parse_filter(text: str) -> Expression:
    """Return the tree of a filter.

    Args:
        text: The filter; not the empty one, which is no filter at all.

    Raises:
        InvalidArgumentError: It is none, or too long or too deep; the message says where.
    """
    if len(text) > MAX_CHARACTERS:
        what = f"It has {len(text)} characters, and at most {MAX_CHARACTERS} are read. Cut it."
        raise filter_error(what)
    return _parse_short(text) if len(text) <= _REMEMBERED_CHARACTERS else _parse(text)


@lru_cache(maxsize=256)
def _parse_short(text: str) -> Expression:
    return _parse(text)


def _parse(text: str) -> Expression:
    """Return the tree of a filter that is not too long."""
    try:
        tree: Any = _parser().parse(text)
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidArgumentError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _unexpected(text, error) from None
    except LarkError as error:
        what = f"{error}."
        raise filter_error(what) from error
    result: Expression = tree
    return result


def _unexpected(text: str, error: UnexpectedInput) -> InvalidArgumentError:
    if isinstance(error, UnexpectedCharacters):
        start = cast("int", error.pos_in_stream)
        quote = text[start] if text[start] in "'\"`" else None
        expected = f"the closing {quote}" if quote else "a name, a value or an operator"
        what = f"{text[start:][:10]!r} cannot be read; expected {expected}."
        return filter_error(what, start + 1)
    names = getattr(error, "accepts", None) or getattr(error, "expected", None) or ()
    words = ", ".join(sorted({_WORDS.get(name, name.lstrip("_")) for name in names}))
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        what = f"{error.token.value[:40]!r} was not expected here; expected {words}."
        return filter_error(what, _position(error.token))
    return filter_error(f"it ends too early; expected {words}.", len(text) + 1)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    # The tree is built while the text is read, without recursion: depth costs no stack.
    return Lark(grammar, parser="lalr", lexer="basic", transformer=_Builder(), postlex=_Limits())


class _Limits:
    """Counts what makes a filter deep, and refuses what would be too deep for a database."""

    always_accept = ()

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Pass the tokens on, up to a depth or a number that is too much."""
        depth, conditions, values = _Depth(), 0, 0
        for token in stream:
            depth.count(token)
            conditions += token.type in ("_AND", "_OR")
            values += token.type in _VALUES
            if depth.total > MAX_DEPTH:
                what = f"It is nested more than {MAX_DEPTH} deep. Make it flatter."
                raise filter_error(what, _position(token))
            if conditions > MAX_CONDITIONS:
                what = f"It has more than {MAX_CONDITIONS} conditions. Use IN for lists of values."
                raise filter_error(what, _position(token))
            if values > MAX_VALUES:
                what = f"It has more than {MAX_VALUES} values. Ask in several parts."
                raise filter_error(what, _position(token))
            yield token


class _Depth:
    """How deep a filter is nested where it is being read.

    Each parenthesis, CASE, NOT, sign and operator of arithmetic is one level more; CAST is several,
    for it stands for a longer expression, in which its operand comes more than once.  A level of
    an operator ends with what it belongs to: at a comma, AND, OR and the like.
    """

    def __init__(self) -> None:
        self.total = 0
        self._levels = [0]

    def count(self, token: Token) -> None:
        """Go on to the next token."""
        if token.type in _OPENING:
            self._levels.append(1)
            self.total += 1
        elif token.type in _CLOSING and len(self._levels) > 1:
            self.total -= self._levels.pop()
        elif token.type in _DEEPER:
            self._levels[-1] += _DEEPER[token.type]
            self.total += _DEEPER[token.type]
        elif token.type in _SEPARATING:
            outside = len(self._levels) > 1
            self.total -= self._levels[-1] - outside
            self._levels[-1] = int(outside)


_VALUES = frozenset({"INTEGER", "NUMBER", "TEXT"})
_OPENING = frozenset({"LPAR", "CASE"})
_CLOSING = frozenset({"RPAR", "_END"})
_DEEPER = {"NOT": 1, "SIGN": 1, "FACTOR_OPERATOR": 1, "CAST": 7}
_SEPARATING = frozenset({"COMMA", "_AND", "_OR", "_WHEN", "_THEN", "_ELSE"})


def _position(token: Token) -> int:
    return (token.start_pos or 0) + 1


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes the parts of the tree, the innermost first."""

    def disjunction(self, *conditions: Expression) -> Expression:
        return _logic("OR", conditions)

    def conjunction(self, *conditions: Expression) -> Expression:
        return _logic("AND", conditions)

    def negation(self, token: Token, condition: Expression) -> Expression:
        return Not(condition, _position(token))

    def comparison(self, left: Expression, operator: Token, right: Expression) -> Expression:
        return Compare("!=" if operator == "<>" else str(operator), left, right, left.position)

    def is_value(self, operand: Expression, _: Token, value: Token) -> Expression:
        return Is(operand, _TRUTHS[value.type], negated=False, position=operand.position)

    def is_not_value(self, operand: Expression, _: Token, __: Token, value: Token) -> Expression:
        return Is(operand, _TRUTHS[value.type], negated=True, position=operand.position)

    def among(self, operand: Expression, items: Sequence[Expression]) -> Expression:
        return In(operand, tuple(items), negated=False, position=operand.position)

    def not_among(self, operand: Expression, _: Token, items: Sequence[Expression]) -> Expression:
        return In(operand, tuple(items), negated=True, position=operand.position)

    def between(self, operand: Expression, low: Expression, high: Expression) -> Expression:
        return Between(operand, low, high, negated=False, position=operand.position)

    def not_between(
        self, operand: Expression, _: Token, low: Expression, high: Expression
    ) -> Expression:
        return Between(operand, low, high, negated=True, position=operand.position)

    def like(self, operand: Expression, pattern: Expression) -> Expression:
        return Like(operand, pattern, negated=False, position=operand.position)

    def not_like(self, operand: Expression, _: Token, pattern: Expression) -> Expression:
        return Like(operand, pattern, negated=True, position=operand.position)

    def sum(self, first: Expression, *rest: Any) -> Expression:
        return _chain(first, rest)

    def product(self, first: Expression, *rest: Any) -> Expression:
        return _chain(first, rest)

    def signed(self, sign: Token, operand: Expression) -> Expression:
        position = _position(sign)
        if isinstance(operand, Literal) and type(operand.value) in (int, float):
            value: Any = operand.value
            return Literal(-value if sign == "-" else value, operand.type, position)
        # A plus changes nothing, but stands before numbers only: it is two minuses.
        negative = Negative(operand, position)
        return negative if sign == "-" else Negative(negative, position)

    def name(self, token: Token) -> Expression:
        return Name(read_name(str(token), _position(token)), _position(token))

    def integer(self, token: Token) -> Expression:
        value = int(token, 16 if token[:2].lower() == "0x" else 10)
        return Literal(value, ValueType.INT, _position(token))

    def number(self, token: Token) -> Expression:
        return Literal(float(token), ValueType.DOUBLE, _position(token))

    def text(self, token: Token) -> Expression:
        position = _position(token)
        return Literal(read_text(str(token), position), ValueType.STRING, position)

    def true(self, token: Token) -> Expression:
        return Literal(True, ValueType.BOOL, _position(token))  # noqa: FBT003 - it is the value

    def false(self, token: Token) -> Expression:
        return Literal(False, ValueType.BOOL, _position(token))  # noqa: FBT003 - it is the value

    def null(self, token: Token) -> Expression:
        return Literal(None, ValueType.NULL, _position(token))

    def group(self, condition: Expression) -> Expression:
        return condition

    def values(self, *items: Expression) -> Sequence[Expression]:
        return items

    def call(self, function: Token, arguments: Sequence[Expression]) -> Expression:
        return Call(str(function).upper(), tuple(arguments), _position(function))

    def cast(self, token: Token, operand: Expression, name: Token) -> Expression:
        found = _TYPES.get(str(name).upper())
        if found is None:
            what = f"there is no type {name}; expected one of {', '.join(_TYPES)}."
            raise filter_error(what, _position(name))
        return Cast(operand, found, _position(token))

    def branch(self, condition: Expression, value: Expression) -> tuple[Expression, Expression]:
        return (condition, value)

    def case(self, token: Token, *parts: Any) -> Expression:
        branches = tuple(part for part in parts if isinstance(part, tuple))
        otherwise = None if isinstance(parts[-1], tuple) else parts[-1]
        return Case(branches, otherwise, _position(token))

    def case_of(self, token: Token, operand: Expression, *parts: Any) -> Expression:
        branches = tuple(part for part in parts if isinstance(part, tuple))
        otherwise = None if isinstance(parts[-1], tuple) else parts[-1]
        return Case(branches, otherwise, _position(token), operand)


_TRUTHS = {"NULL": None, "TRUE": True, "FALSE": False}


def _logic(operator: str, conditions: Sequence[Expression]) -> Expression:
    if len(conditions) == 1:
        return conditions[0]
    return Logic(operator, tuple(conditions), conditions[0].position)


def _chain(first: Expression, rest: Sequence[Any]) -> Expression:
    """Return ``a - b + c`` as it is meant: from the left."""
    found = first
    for operator, right in zip(rest[::2], rest[1::2], strict=True):
        found = Arithmetic(str(operator), found, right, first.position)
    return found
