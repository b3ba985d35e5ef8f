"""What an index tells of a filter: for some of its conjuncts, the nodes that can fulfil them.

Candidates may be too many, never too few: that a conjunct is true must imply that the node is among
them, whatever missing neighbours mean.  The filter itself is asked of each.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BIGINT,
    BOOLEAN,
    DOUBLE_PRECISION,
    TEXT,
    BindParameter,
    Column,
    ColumnElement,
    Double,
    Select,
    String,
    and_,
    false,
    literal,
    or_,
    select,
    true,
)

from mlmeta_track.domain.nodes import Artifact, Context
from mlmeta_track.store.filtering.tree import (
    Between,
    Compare,
    Expression,
    In,
    Literal,
    Name,
    ValueType,
)
from mlmeta_track.store.sql.filters.analysis import Neighbour
from mlmeta_track.store.sql.filters.found import Candidates, found_by, fulfilling
from mlmeta_track.store.sql.filters.values import NUMBERS
from mlmeta_track.store.sql.schema import EVENT, TYPE, NodeTables, same_text, tables_of

_MOST_VALUES = 100
_EXACT = 2**53  # below it, a whole number is the same as a double
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_INT64 = range(-(2**63), 2**63)
_FEW = 3
_INDEXED = frozenset(
    {"id", "type_id", "name", "uri", "external_id"}
    | {"create_time_since_epoch", "last_update_time_since_epoch"}
)
_OPERATORS: Mapping[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class _Asked:
    """A conjunct that compares something that is named with constants.

    Args:
        name: What is compared.
        bounds: Comparisons with constants; all of them must be true, or any where all are ``=``.
    """

    name: Name
    bounds: tuple[tuple[str, Literal], ...]

    @property
    def is_same(self) -> bool:
        """Whether it is the same as one of the constants."""
        return all(sign == "=" for sign, _ in self.bounds)


def candidates(kind: type[Any], parts: Sequence[Expression]) -> list[Candidates]:
    """Return the candidates for each of the conjuncts that an index serves."""
    asked = [one for one in map(_asked, parts) if one is not None]
    found = (_candidates(kind, one) for one in asked)
    return [one for one in found if one is not None]


def anchors(kind: type[Any], parts: Sequence[Expression]) -> Mapping[Neighbour, Select[Any]]:
    """Return the query for the contexts that a neighbour can be, where these are very few."""
    found: dict[Neighbour, Select[Any]] = {}
    for asked in map(_asked, parts):
        if asked is not None and kind is not Context:
            contexts = _few_contexts(asked)
            if contexts is not None:
                found.setdefault(asked.name.parts[:1], contexts)
    return found


def _asked(part: Expression) -> _Asked | None:
    """Return a conjunct as one that compares with constants, if it is one."""
    if isinstance(part, Between) and not part.negated:
        return _with(part.operand, [(">=", part.low), ("<=", part.high)])
    if isinstance(part, In) and not part.negated and len(part.items) <= _MOST_VALUES:
        return _with(part.operand, [("=", item) for item in part.items])
    if not isinstance(part, Compare) or part.operator not in _MIRRORED:
        return None
    if isinstance(part.left, Literal):
        return _with(part.right, [(_MIRRORED[part.operator], part.left)])
    return _with(part.left, [(part.operator, part.right)])


def _with(name: Expression, bounds: Sequence[tuple[str, Expression]]) -> _Asked | None:
    literals = [(sign, one) for sign, one in bounds if isinstance(one, Literal)]
    if not isinstance(name, Name) or len(literals) < len(bounds):
        return None
    # Nothing is the same as NULL, or lies beside it.
    known = [bound for bound in literals if bound[1].type is not ValueType.NULL]
    return _Asked(name, tuple(known)) if known else None


def _candidates(kind: type[Any], asked: _Asked) -> Candidates | None:
    first, *rest = asked.name.parts
    tables = tables_of(kind)
    node_id, queries = tables.nodes.c.id, None
    if not rest:
        condition = _of_attribute(tables, asked)
        return None if condition is None else fulfilling(node_id, condition)
    if first in ("properties", "custom_properties"):
        queries = _by_property(tables, asked)
    elif kind is not Context and first.startswith("contexts_"):
        contexts = _few_contexts(asked)
        queries = None if contexts is None else [_members(kind, contexts)]
    elif kind is not Context and first.startswith("events_"):
        queries = _by_event(kind, asked)
    return None if queries is None else found_by(node_id, *queries)


def _by_property(tables: NodeTables, asked: _Asked) -> list[Select[Any]] | None:
    first, name, *field = asked.name.parts
    properties = tables.properties
    owner = select(tables.owner.label("id")).where(
        properties.c.name == name,
        properties.c.is_custom_property == (true() if first == "custom_properties" else false()),
    )
    columns = [properties.c[column] for column in field or _value_columns(asked)]
    conditions = [_comparison(column, asked) for column in columns]
    found = [owner.where(one) for one in conditions if one is not None]
    return found if found and len(found) == len(conditions) else None


def _value_columns(asked: _Asked) -> Sequence[str]:
    """Return the value columns that hold what is compared with all the constants."""
    types = {one.type for _, one in asked.bounds}
    if types == {ValueType.STRING}:
        return ("string_value",)
    return ("int_value", "double_value") if types <= NUMBERS else ()


def _of_attribute(tables: NodeTables, asked: _Asked) -> ColumnElement[bool] | None:
    nodes, attribute = tables.nodes, asked.name.parts[0].lower()
    if attribute == "type":
        names = _comparison(TYPE.c.name, asked)
        return None if names is None else nodes.c.type_id.in_(_types(tables, names))
    if attribute not in _INDEXED or attribute not in nodes.c:
        return None
    condition = _comparison(nodes.c[attribute], asked)
    if condition is None or attribute != "name":
        return condition
    return and_(nodes.c.type_id.in_(_types(tables)), condition)


def _types(tables: NodeTables, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Return the query for types; those of all nodes let the index of types and names serve."""
    return select(TYPE.c.id).where(TYPE.c.type_kind == int(tables.kind), *conditions)


def _by_event(kind: type[Any], asked: _Asked) -> list[Select[Any]] | None:
    near, far = ("artifact_id", "execution_id")[:: 1 if kind is Artifact else -1]
    if [part.lower() for part in asked.name.parts[1:]] != [far] or not asked.is_same:
        return None
    condition = _comparison(EVENT.c[far], asked)
    return None if condition is None else [select(EVENT.c[near].label("id")).where(condition)]


def _few_contexts(asked: _Asked) -> Select[Any] | None:
    first, *field = asked.name.parts
    is_known = [part.lower() for part in field] in (["id"], ["name"], ["external_id"])
    if not (first.startswith("contexts_") and is_known and asked.is_same):
        return None
    if len(asked.bounds) > _FEW:
        return None
    tables = tables_of(Context)
    own = _Asked(Name(tuple(field), asked.name.position), asked.bounds)
    condition = _of_attribute(tables, own)
    return None if condition is None else select(tables.nodes.c.id).where(condition)


def _members(kind: type[Any], contexts: Select[Any]) -> Select[Any]:
    member = tables_of(kind).member
    return select(member.label("id")).where(member.table.c.context_id.in_(contexts))


def _comparison(column: Column[Any], asked: _Asked) -> ColumnElement[bool] | None:
    """Return the comparison of a column as an index of it serves it; None if none does."""
    if isinstance(column.type, BOOLEAN):
        return None
    if isinstance(column.type, String):
        return _of_texts(column, asked) if asked.is_same else None
    is_double = isinstance(column.type, Double)
    exact = _of_double if is_double else _of_int
    bounds = [
        exact(sign, one.value)
        for sign, one in asked.bounds
        if is_double or sign != "=" or not _is_fraction(one.value)
    ]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        return None
    compared = [_OPERATORS[sign](column, value) for sign, value in known]
    return or_(false(), *compared) if asked.is_same else and_(*compared)


def _of_texts(column: Column[Any], asked: _Asked) -> ColumnElement[bool] | None:
    if any(one.type is not ValueType.STRING for _, one in asked.bounds):
        return None
    return or_(*(same_text(column, literal(one.value, TEXT())) for _, one in asked.bounds))


def _is_fraction(value: Any) -> bool:
    """Whether no whole number is the same."""
    return isinstance(value, float) and not value.is_integer()


def _of_int(sign: str, value: Any) -> tuple[str, BindParameter[int]] | None:
    """Return a comparison of a whole number with a constant as one with a whole number."""
    if isinstance(value, float) and abs(value) < _EXACT:
        value = math.floor(value) if sign in ("<", "<=") else math.ceil(value)
        sign = sign if sign == "=" else sign.rstrip("=") + "="
    is_whole = type(value) is int and value in _INT64
    return (sign, literal(value, BIGINT())) if is_whole else None


def _of_double(sign: str, value: Any) -> tuple[str, BindParameter[float]] | None:
    is_number = type(value) in (int, float)
    is_exact = is_number and (isinstance(value, float) or abs(value) < _EXACT)
    return (sign, literal(float(value), DOUBLE_PRECISION())) if is_exact else None
