"""Filters as they may be asked: of every construct that the wheel reads, and spoiled ones.

What the wheel does wrong is left out where it is drawn; ``test_filters.py`` lists it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_LEVELS = 3
_EVENTS = ["INPUT", "OUTPUT", "DECLARED_INPUT", "DECLARED_OUTPUT", "INTERNAL_OUTPUT"]
_TEXTS = ["a1", "a2", "A1", "x", "12", "u1", "ext5", "AT", "c1", "", "zz", "é", "e2"]
_PATTERNS = ["a%", "A_", "%2", "%", "", "_1%", "u_", "a1", "é%"]
_PROPERTIES = ["i", "d", "s", "b", "zz"]


@dataclass(frozen=True)
class Kind:
    """What a kind of nodes has, for each type; and its states, each with their names."""

    ints: list[str]
    texts: list[str]
    states: dict[str, list[str]] = field(default_factory=dict)


_STATES = ["UNKNOWN", "PENDING", "LIVE", "DELETED"]
_EXECUTION_STATES = ["NEW", "RUNNING", "COMPLETE", "CACHED"]
_COMMON_INTS = ["id", "id", "ID", "type_id", "`id`"]
_COMMON_TEXTS = ["name", "name", "type", "external_id", "Name"]
_OF_CONTEXT = ["contexts_a.id", "contexts_b_2.id"], ["contexts_a.name", "contexts_c.TYPE"]

KINDS = {
    "artifact": Kind(
        [*_COMMON_INTS, *_OF_CONTEXT[0], "(state + 0)", "events_0.execution_id"],
        [*_COMMON_TEXTS, *_OF_CONTEXT[1], "uri"],
        {"state": _STATES, "events_0.type": _EVENTS, "events_1.type": _EVENTS},
    ),
    "execution": Kind(
        [*_COMMON_INTS, *_OF_CONTEXT[0], "events_0.milliseconds_since_epoch"],
        [*_COMMON_TEXTS, *_OF_CONTEXT[1]],
        {"last_known_state": _EXECUTION_STATES, "events_0.type": _EVENTS},
    ),
    "context": Kind(
        [*_COMMON_INTS, "parent_contexts_p.id", "child_contexts_c.id", "artifacts_a.id"],
        [*_COMMON_TEXTS, "parent_contexts_p.name", "artifacts_a.uri", "executions_e.name"],
        {},
    ),
}


def _property(value: str) -> SearchStrategy[str]:
    return st.builds(
        "{}.{}.{}".format,
        st.sampled_from(["properties", "properties", "custom_properties"]),
        st.sampled_from([*_PROPERTIES, "c", "`my prop`"]),
        st.just(value),
    )


def _quoted(text: str) -> SearchStrategy[str]:
    forms = ["'{}'", '"{}"', "'''{}'''", '"""{}"""', "r'{}'", 'R"{}"']
    return st.sampled_from([form.format(text) for form in forms])


def _listed(items: SearchStrategy[str], least: int = 1) -> SearchStrategy[str]:
    return st.lists(items, min_size=least, max_size=3).map(", ".join)


@cache
def _ints(kind: str, level: int) -> SearchStrategy[str]:
    plain = ["0", "1", "2", "3", "5", "-3", "0x2", "12", "100"]
    leaves = [
        st.sampled_from(plain),
        st.sampled_from(KINDS[kind].ints),
        _property("int_value"),
    ]
    if not level:
        return st.one_of(leaves)
    inner, texts = _ints(kind, level - 1), _texts(kind, level - 1)
    return st.one_of(
        *leaves,
        *leaves,
        _around("({} {} {})", inner, st.sampled_from("+-*"), inner),
        _around("- {}", inner),
        _around("ABS({})", inner),
        _around("LENGTH({})", texts),
        _around("CAST({} AS INT64)", inner),
        _around("CAST(({}) AS INT64)", _conditions(kind, level - 1)),
        *_chosen(kind, inner, level),
    )


@cache
def _doubles(kind: str, level: int) -> SearchStrategy[str]:
    plain = ["0.5", "1.0", "2.5", "1e3", ".25", "-1.5"]
    leaves = [st.sampled_from(plain), _property("double_value")]
    if not level:
        return st.one_of(leaves)
    inner = st.one_of(_ints(kind, level - 1), _doubles(kind, level - 1))
    whole = _ints(kind, level - 1)
    return st.one_of(
        *leaves,
        *leaves,
        _around("({} {} {})", inner, st.sampled_from("+-*/"), _doubles(kind, level - 1)),
        _around("({} / {})", inner, inner),
        _around("CAST({} AS {})", whole, st.sampled_from(["FLOAT64", "DOUBLE", "double"])),
        _around("ABS({})", _doubles(kind, level - 1)),
        *_chosen(kind, _doubles(kind, level - 1), level),
    )


@cache
def _texts(kind: str, level: int) -> SearchStrategy[str]:
    leaves = [
        st.sampled_from(_TEXTS).flatmap(_quoted),
        st.sampled_from(KINDS[kind].texts),
        _property("string_value"),
    ]
    if not level:
        return st.one_of(leaves)
    inner = _texts(kind, level - 1)
    functions = st.sampled_from(["UPPER", "LOWER", "upper", "TRIM", "LTRIM", "RTRIM"])
    return st.one_of(
        *leaves,
        *leaves,
        _around("{}({})", functions, inner),
        _around("REPLACE({}, {}, {})", inner, inner, inner),
        _around("SUBSTR({}, {})", inner, st.sampled_from(["1", "2", "2, 1", "1, 0", "9, 9"])),
        _around("CAST({} AS STRING)", _ints(kind, level - 1)),
        *_chosen(kind, inner, level),
    )


def _chosen(kind: str, inner: SearchStrategy[str], level: int) -> list[SearchStrategy[str]]:
    """What any type has: the first that is not NULL, and the one of a case."""
    optional = st.one_of(inner, inner, inner, st.just("NULL"))
    condition = _conditions(kind, level - 1)
    otherwise = st.one_of(st.just(""), _around("ELSE {} ", optional))
    compared = st.one_of(_ints(kind, 0), _texts(kind, 0))
    whens = st.one_of(
        _around("WHEN {} THEN {}", condition, inner),
        _around("WHEN {} THEN {} WHEN {} THEN {}", condition, inner, condition, optional),
    )
    same = _ints(kind, 0) if level % 2 else _texts(kind, 0)
    simple = _around("{} WHEN {} THEN {} WHEN {} THEN {}", same, same, inner, same, optional)
    return [
        _around("COALESCE({}, {})", _listed(optional), inner),
        _around("IFNULL({}, {})", optional, inner),
        _around("NULLIF({}, {})", inner, optional),
        _around("(CASE {} {}END)", st.one_of(whens, simple), otherwise),
        _around("(CASE WHEN {} = {} THEN {} END)", compared, compared, inner),
    ]


@cache
def _conditions(kind: str, level: int) -> SearchStrategy[str]:
    numbers = st.one_of(_ints(kind, max(level - 1, 0)), _doubles(kind, max(level - 1, 0)))
    texts = _texts(kind, max(level - 1, 0))
    operators = st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="])
    negation = st.sampled_from(["", "NOT "])
    leaves = [
        _around("{} {} {}", numbers, operators, numbers),
        _around("{} {} {}", texts, operators, texts),
        _around("{} {}IN ({})", numbers, negation, _listed(_or_null(numbers))),
        _around("{} {}IN ({})", texts, negation, _listed(_or_null(texts))),
        _around("{} {}BETWEEN {} AND {}", numbers, negation, numbers, _or_null(numbers)),
        _around("{} {}BETWEEN {} AND {}", texts, negation, texts, texts),
        _around("{} {}LIKE {}", texts, negation, st.sampled_from(_PATTERNS).flatmap(_quoted)),
        _around("{} IS {}NULL", st.one_of(numbers, texts), negation),
        _property("bool_value"),
        st.sampled_from(["true", "FALSE"]),
        *_states(kind),
    ]
    if not level:
        return st.one_of(leaves)
    inner = _conditions(kind, level - 1)
    both = st.sampled_from(["AND", "OR", "and", "Or"])
    return st.one_of(
        *leaves,
        _around("({}) {} ({})", inner, both, inner),
        _around("{} AND {} OR {}", inner, inner, inner),
        _around("({}) {} NULL", inner, both),
        _around("NOT ({})", inner),
        _around("NOT {}", inner),
        _around("({}) IS {}{}", inner, negation, st.sampled_from(["TRUE", "FALSE", "NULL"])),
        _around("({}) {} ({})", inner, st.sampled_from(["=", "!=", "<"]), inner),
        _around("{} -- {{}}\n", inner).map(lambda text: text.replace("{}", "so it is")),
        *_chosen(kind, inner, level),
    )


def _states(kind: str) -> list[SearchStrategy[str]]:
    found = []
    for state, names in KINDS[kind].states.items():
        name = st.sampled_from(names)
        found += [
            _around(f"{state} {{}} {{}}", st.sampled_from(["=", "!="]), name),
            _around(f"{state} {{}} ({{}})", st.sampled_from(["IN", "NOT IN"]), _listed(name)),
        ]
    return found


def _or_null(items: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(items, items, items, st.just("NULL"))


def _around(form: str, *parts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.builds(form.format, *parts)


@cache
def filters(kind: str) -> SearchStrategy[str]:
    """A filter that the wheel reads."""
    return st.one_of(*(_conditions(kind, level) for level in range(_LEVELS)))


_WORDS = (
    "AND OR NOT ( ) , = != < <= + - * / IN LIKE BETWEEN IS NULL TRUE CASE WHEN THEN ELSE END"
    " 1 'x' id name properties.i.int_value foo CAST COALESCE AS INT64 . ; @p % == ' \" `"
)


_STATE_NAMES = {name for kind in KINDS.values() for names in kind.states.values() for name in names}


@st.composite
def spoiled(draw: st.DrawFn, kind: str) -> str:
    """A filter in which a word or two were left out, doubled, replaced or put elsewhere.

    Without states: the wheel finds them by regular expressions, and makes something of anything.
    """
    words = draw(filters(kind)).replace("(", " ( ").replace(")", " ) ").split(" ")
    changes: list[Callable[[int, int], None]] = [
        lambda at, _: words.__delitem__(at),
        lambda at, _: words.insert(at, words[at]),
        lambda at, _: words.__setitem__(at, draw(st.sampled_from(_WORDS.split()))),
        lambda at, _: words.insert(at, draw(st.sampled_from(_WORDS.split()))),
        lambda at, other: words.insert(other, words.pop(at)),
    ]
    for change in draw(st.lists(st.sampled_from(changes), min_size=1, max_size=2)):
        if len(words) > 1:
            place = st.integers(0, len(words) - 1)
            change(draw(place), draw(place))
    assume(not _STATE_NAMES.intersection(re.split(r"\W", " ".join(words))))
    return " ".join(words)
