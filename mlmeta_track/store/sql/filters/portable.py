"""What the databases compute or spell differently, made the same on all of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BIGINT,
    BOOLEAN,
    DOUBLE_PRECISION,
    NUMERIC,
    TEXT,
    ColumnElement,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
_END = r"$(?!\n)"  # to some, $ alone is also before a last line break
_INT_TEXT = rf"^ *[+-]?[0-9]{{1,19}} *{_END}"
_DOUBLE_TEXT = rf"^ *{_NUMBER}([eE][+-]?[0-9]{{1,3}})? *{_END}"
_LONE_BACKSLASH = rf"(^|[^\\])(\\\\)*\\{_END}"
_LOWEST = -(2**63)
_WITHIN_64_BITS = 9.2233720368547e18


class exact(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A whole number that may be computed with: what leaves 64 bits is no error."""

    inherit_cache = True
    type = NUMERIC()


@compiles(exact)
def _as_it_is(element: exact, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"  # SQLite goes on with a double


@compiles(exact, "postgresql")
def _numeric(element: exact, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS NUMERIC)"


@compiles(exact, "mysql")
@compiles(exact, "mariadb")
def _decimal(element: exact, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS DECIMAL(65, 0))"


class as_double(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A number, or a text that is one, as a double."""

    inherit_cache = True
    type = DOUBLE_PRECISION()


@compiles(as_double)
def _double(element: as_double, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS DOUBLE PRECISION)"


@compiles(as_double, "mysql")
@compiles(as_double, "mariadb")
def _plus_zero(element: as_double, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} + 0e0)"


class truncated(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A double without what is behind its point, as a whole number of 64 bits."""

    inherit_cache = True
    type = BIGINT()


@compiles(truncated)
def _cut(element: truncated, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS BIGINT)"


@compiles(truncated, "postgresql")
def _trunc(element: truncated, compiler: Any, **options: Any) -> str:
    return f"CAST(trunc({compiler.process(element.clauses, **options)}) AS BIGINT)"


@compiles(truncated, "mysql")
@compiles(truncated, "mariadb")
def _truncate(element: truncated, compiler: Any, **options: Any) -> str:
    return f"CAST(TRUNCATE({compiler.process(element.clauses, **options)}, 0) AS SIGNED)"


class as_text(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A number as a text, in the words of the database."""

    inherit_cache = True
    type = TEXT()


@compiles(as_text)
def _text(element: as_text, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


@compiles(as_text, "mysql")
@compiles(as_text, "mariadb")
def _char(element: as_text, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.clauses, **options)
    return f"(CAST({inner} AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin)"


class code_order(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text that comes before another by the numbers of its characters, whatever the language."""

    inherit_cache = True
    type = TEXT()


@compiles(code_order)
def _by_itself(element: code_order, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(code_order, "postgresql")
def _collate(element: code_order, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


@compiles(code_order, "mysql")
@compiles(code_order, "mariadb")
def _by_characters(element: code_order, compiler: Any, **options: Any) -> str:
    return _in_own_characters(compiler.process(element.clauses, **options))


class own_characters(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text in the characters that are meant, for what counts or changes them.

    MySQL has others in their place (see ``mysql_text``); to be compared with a text that is stored,
    what comes of it must be ``stored_characters`` again.
    """

    inherit_cache = True
    type = TEXT()


@compiles(own_characters)
def _as_they_are(element: own_characters, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(own_characters, "mysql")
@compiles(own_characters, "mariadb")
def _meant(element: own_characters, compiler: Any, **options: Any) -> str:
    return _in_own_characters(compiler.process(element.clauses, **options))


def _in_own_characters(text: str) -> str:
    octets = f"CAST(CONVERT({text} USING latin1) AS BINARY)"
    return f"(CONVERT({octets} USING utf8mb4) COLLATE utf8mb4_bin)"


class stored_characters(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text of ``own_characters`` as it would be stored."""

    inherit_cache = True
    type = TEXT()


@compiles(stored_characters)
def _as_they_were(element: stored_characters, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(stored_characters, "mysql")
@compiles(stored_characters, "mariadb")
def _stored(element: stored_characters, compiler: Any, **options: Any) -> str:
    octets = f"CAST({compiler.process(element.clauses, **options)} AS BINARY)"
    return f"(CONVERT(CONVERT({octets} USING latin1) USING utf8mb4) COLLATE utf8mb4_bin)"


class constant_text(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text that comes from no column, which would say how it is compared."""

    inherit_cache = True
    type = TEXT()


@compiles(constant_text)
def _without_collation(element: constant_text, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


@compiles(constant_text, "mysql")
@compiles(constant_text, "mariadb")
def _with_collation(element: constant_text, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} COLLATE utf8mb4_bin)"


class replaced(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text with one text in the place of another."""

    inherit_cache = True
    type = TEXT()


@compiles(replaced)
def _replace(element: replaced, compiler: Any, **options: Any) -> str:
    return f"replace({compiler.process(element.clauses, **options)})"


@compiles(replaced, "mysql")
@compiles(replaced, "mariadb")
def _replace_by_null(element: replaced, compiler: Any, **options: Any) -> str:
    """Make it NULL for NULL to put there: MariaDB gives back a text that lacks the old one."""
    new = compiler.process(list(element.clauses)[2], **options)
    arguments = compiler.process(element.clauses, **options)
    return f"(CASE WHEN {new} IS NOT NULL THEN replace({arguments}) END)"


class grouped(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A condition in parentheses that SQLAlchemy does not take away."""

    inherit_cache = True
    type = BOOLEAN()


@compiles(grouped)
def _in_parentheses(element: grouped, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)})"


def asked_of_each(query: Select[Any]) -> ColumnElement[bool]:
    """Return whether a query about a row finds anything, asked for each row as it is read.

    Of EXISTS a database may make a join, begin with the other table, and have to sort then.
    """
    return query.limit(literal_column("1")).scalar_subquery().is_not(None)


def contrary(condition: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the contrary of a condition, in parentheses: databases differ in how NOT binds."""
    return grouped(not_(condition.self_group()))


def divided(left: ColumnElement[Any], right: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a quotient as a double; NULL for a division by zero."""
    divisor = func.nullif(as_double(right), literal(0.0, DOUBLE_PRECISION()))
    return as_double(left).op("/", precedence=8)(divisor)


def absolute(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number without its sign; NULL for the lowest, at which SQLite's function fails."""
    return func.abs(func.nullif(number, literal(_LOWEST, BIGINT())))


def is_truth(condition: ColumnElement[Any], *, value: bool) -> ColumnElement[Any]:
    """Return whether a condition is true, or false, and not NULL."""
    known = func.coalesce(condition, literal(not value, BOOLEAN()), type_=BOOLEAN())
    return known if value else contrary(known)


def int_of_text(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the whole number that a text is; NULL if it is none."""
    return case((text.regexp_match(_INT_TEXT), exact(_numeric_affinity(text))))


def double_of_text(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the number that a text is; NULL if it is none."""
    return case((text.regexp_match(_DOUBLE_TEXT), as_double(text)))


def int_of_double(number: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a number without what is behind its point; NULL if it leaves 64 bits."""
    low: ColumnElement[Any] = literal(-_WITHIN_64_BITS, DOUBLE_PRECISION())
    high: ColumnElement[Any] = literal(_WITHIN_64_BITS, DOUBLE_PRECISION())
    return case((and_(number >= low, number <= high), truncated(number)))


def like(text: ColumnElement[Any], pattern: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text is as a pattern says; a pattern with an escape of nothing fits none."""
    broken = and_(text.is_not(None), pattern.regexp_match(_LONE_BACKSLASH))
    return case((broken, false()), else_=text.like(pattern, escape="\\"))


def no_match(text: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return what a comparison with something that nothing is like comes to."""
    return case((text.is_not(None), false()), else_=null())


class _numeric_affinity(FunctionElement[Any]):  # noqa: N801 - it reads as a function of SQL
    """A text as the number it is; only SQLite must be told, and takes 64 bits or a double."""

    inherit_cache = True
    type = NUMERIC()


@compiles(_numeric_affinity)
def _untouched(element: _numeric_affinity, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(_numeric_affinity, "sqlite")
def _number(element: _numeric_affinity, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS NUMERIC)"
