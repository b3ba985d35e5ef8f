"""From the text of a filter to its tree, or to an error that says where and what was expected."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.filtering import parse_filter
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


def written(part: Expression) -> str:
    """A tree in the words of Lisp, so that a test can show it."""
    if isinstance(part, Literal):
        return repr(part.value)
    if isinstance(part, Name):
        return str(part)
    operator, *operands = _children(part)
    return f"({' '.join([operator, *map(written, operands)])})"


def _children(part: Any) -> tuple[Any, ...]:
    """The operator, and the operands in the order in which they are written."""
    if isinstance(part, Case):
        branches = [one for branch in part.branches for one in branch]
        operand = [] if part.operand is None else [part.operand]
        otherwise = [] if part.otherwise is None else [part.otherwise]
        return ("CASE", *operand, *branches, *otherwise)
    shapes: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {
        Logic: lambda p: (p.operator, *p.conditions),
        Not: lambda p: ("NOT", p.condition),
        Compare: lambda p: (p.operator, p.left, p.right),
        In: lambda p: (_not("IN", p.negated), p.operand, *p.items),
        Between: lambda p: (_not("BETWEEN", p.negated), p.operand, p.low, p.high),
        Like: lambda p: (_not("LIKE", p.negated), p.operand, p.pattern),
        Is: lambda p: (f"{_not('IS', p.negated)} {p.value}", p.operand),
        Arithmetic: lambda p: (p.operator, p.left, p.right),
        Negative: lambda p: ("-", p.operand),
        Call: lambda p: (p.function, *p.arguments),
        Cast: lambda p: (f"CAST {p.type.name}", p.operand),
    }
    return shapes[type(part)](part)


def _not(word: str, negated: bool) -> str:
    return f"NOT {word}" if negated else word


def refused(text: str) -> str:
    with pytest.raises(InvalidArgumentError) as error:
        parse_filter(text)
    message = str(error.value)
    assert message.startswith("Invalid `filter_query`: ")
    return message.removeprefix("Invalid `filter_query`: ")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("id = 1", "(= id 1)"),
        ("id != 1", "(!= id 1)"),
        ("id <> 1", "(!= id 1)"),
        ("id<1", "(< id 1)"),
        ("id <= 1", "(<= id 1)"),
        ("id > 1", "(> id 1)"),
        ("id >= 1", "(>= id 1)"),
        ("a = 1 OR b = 2 AND c = 3", "(OR (= a 1) (AND (= b 2) (= c 3)))"),
        ("(a = 1 OR b = 2) AND c = 3", "(AND (OR (= a 1) (= b 2)) (= c 3))"),
        ("a AND b AND c", "(AND a b c)"),
        ("NOT a = 1 AND b", "(AND (NOT (= a 1)) b)"),
        ("NOT NOT a", "(NOT (NOT a))"),
        ("a IN (1, 'x')", "(IN a 1 'x')"),
        ("a NOT IN (1)", "(NOT IN a 1)"),
        ("a BETWEEN 1 AND 2 AND b", "(AND (BETWEEN a 1 2) b)"),
        ("a NOT BETWEEN b AND c", "(NOT BETWEEN a b c)"),
        ("a LIKE 'x%'", "(LIKE a 'x%')"),
        ("a NOT LIKE b", "(NOT LIKE a b)"),
        ("a IS NULL", "(IS None a)"),
        ("a IS NOT NULL", "(NOT IS None a)"),
        ("a IS TRUE", "(IS True a)"),
        ("a IS NOT FALSE", "(NOT IS False a)"),
        ("1 + 2 * 3 - 4 = b", "(= (- (+ 1 (* 2 3)) 4) b)"),
        ("8 / 2 / 2 = a", "(= (/ (/ 8 2) 2) a)"),
        ("- a = -1", "(= (- a) -1)"),
        ("- -1 = + a", "(= 1 (- (- a)))"),
        ("length(a) = 1", "(= (LENGTH a) 1)"),
        ("COALESCE(a, b, NULL) = 1", "(= (COALESCE a b None) 1)"),
        ("CAST(a AS int64) = 1", "(= (CAST INT a) 1)"),
        ("cast(a = 1 AS String) = b", "(= (CAST STRING (= a 1)) b)"),
        ("CASE WHEN a THEN 1 WHEN b THEN 2 ELSE 3 END = 1", "(= (CASE a 1 b 2 3) 1)"),
        ("CASE a WHEN 1 THEN b END", "(CASE a 1 b)"),
        ("true AND False AND null IS NULL", "(AND True False (IS None None))"),
        ("a in (1) or b is not null", "(OR (IN a 1) (NOT IS None b))"),
        ("name='a1'AND id=1", "(AND (= name 'a1') (= id 1))"),
    ],
    ids=str,
)
def test_every_construct_has_its_tree(text: str, tree: str) -> None:
    assert written(parse_filter(text)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("007", 7),
        ("0x1F", 31),
        ("0XfF", 255),
        (str(2**70), 2**70),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.5E-2", 0.015),
        ("1e400", float("inf")),
        ("'x'", "x"),
        ('"x"', "x"),
        ("''", ""),
        ("'it\"s'", 'it"s'),
        (r"'it\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'''it's\ntwo lines'''", "it's\ntwo lines"),
        ('"""a "quoted" word"""', 'a "quoted" word'),
        (r"r'\n'", r"\n"),
        (r"R'\''", r"\'"),
        (r"r'''\''''", r"\'"),
        (r"'\a\b\f\n\r\t\v'", "\a\b\f\n\r\t\v"),
        (r"'\\ \? \" \' \`'", "\\ ? \" ' `"),
        (r"'\x41\X41\101'", "AAA"),
        (r"'\u00e9\U0001F600'", "é😀"),
        ("'-- no comment, # nor /* this */'", "-- no comment, # nor /* this */"),
        ("'東京'", "東京"),
    ],
    ids=repr,
)
def test_a_literal_has_its_value(text: str, value: object) -> None:
    tree = parse_filter(f"{text} = a")
    assert isinstance(tree, Compare)
    assert isinstance(tree.left, Literal)
    assert tree.left.value == value
    assert type(tree.left.value) is type(value)


def test_the_types_of_literals() -> None:
    tree = parse_filter("a IN (1, 1.0, 'x', true, NULL)")
    assert isinstance(tree, In)
    types = [item.type for item in tree.items if isinstance(item, Literal)]
    assert [kind.name for kind in types] == ["INT", "DOUBLE", "STRING", "BOOL", "NULL"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("id", ("id",)),
        ("_a1", ("_a1",)),
        ("properties.a.int_value", ("properties", "a", "int_value")),
        ("properties.1st.int_value", ("properties", "1st", "int_value")),
        ("properties.`my prop`.int_value", ("properties", "my prop", "int_value")),
        ("properties.`a.b`.int_value", ("properties", "a.b", "int_value")),
        (r"properties.`a\`b\\`.int_value", ("properties", "a`b\\", "int_value")),
        ("properties.`é'\"`.int_value", ("properties", "é'\"", "int_value")),
        ("`id`", ("id",)),
        ("properties.select.int_value", ("properties", "select", "int_value")),
        ("contexts_not.name", ("contexts_not", "name")),
        ("andy", ("andy",)),
        ("nullable", ("nullable",)),
    ],
    ids=str,
)
def test_a_name_has_its_parts(text: str, parts: tuple[str, ...]) -> None:
    tree = parse_filter(f"{text} IS NULL")
    assert isinstance(tree, Is)
    assert isinstance(tree.operand, Name)
    assert tree.operand.parts == parts


@pytest.mark.parametrize(
    "text",
    [
        "id = 1 -- the end",
        "id = 1 # the end",
        "-- first\nid = 1",
        "# 'quote\nid /* in ' between */ = 1",
        "/* one */ /* two */ id = 1 /**/",
        "\t id\n=\r\n1 ",
        "id = 1 --",
    ],
    ids=repr,
)
def test_comments_and_spaces_say_nothing(text: str) -> None:
    assert written(parse_filter(text)) == "(= id 1)"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id = ", "it ends too early; expected"),
        ("id = 1 AND", "it ends too early; expected"),
        ("(id = 1", "it ends too early; expected"),
        ("id = 1)", "At character 7: ')' was not expected here; expected"),
        ("id = 1 id = 2", "At character 8: 'id' was not expected here; expected"),
        ("AND id = 1", "At character 1: 'AND' was not expected here; expected"),
        ("id == 1", "At character 5: '=' was not expected here; expected"),
        ("id IN ()", "At character 8: ')' was not expected here; expected"),
        ("id IN 1", "At character 7: '1' was not expected here; expected (."),
        ("id IS 1", "At character 7: '1' was not expected here; expected FALSE, NOT, NULL, TRUE."),
        ("a = b = c", "At character 7: '=' was not expected here; expected"),
        ("name LIKE 'a' ESCAPE 'b'", "At character 15: 'ESCAPE' was not expected here; expected"),
        ("CASE END", "At character 6: 'END' was not expected here; expected"),
        ("id = 1;", "At character 7: ';' cannot be read; expected"),
        ("id = @p", "At character 6: '@p' cannot be read; expected"),
        ("id % 2 = 1", "At character 4: '% 2 = 1' cannot be read; expected"),
        ("é = 1", "At character 1: 'é = 1' cannot be read; expected"),
        ("name = 'a", "At character 8: \"'a\" cannot be read; expected the closing '."),
        ('name = "a', "At character 8: '\"a' cannot be read; expected the closing \"."),
        ("name = `a", "At character 8: '`a' cannot be read; expected the closing `."),
        ("name = 'a\nb'", "At character 8:"),
        ("name = 'a' 'b'", "At character 12:"),
        (r"name = '\q'", r"At character 8: '\\q' is no escape. Write \\ for a backslash."),
        (r"name = '\x4'", "At character 8:"),
        (r"name = '\400'", "At character 8:"),
        (r"name = '\ud800'", r"At character 8: \ud800 is no character of Unicode."),
        (r"name = '\U00110000'", r"At character 8: \U00110000 is no character of Unicode."),
        ("CAST(id AS DATE) = 1", "At character 12: there is no type DATE; expected one of INT64"),
        ("id /* = 1", "At character 5: '*' was not expected here; expected"),
        ("", "it ends too early; expected"),
        (" ", "it ends too early; expected"),
        ("-- nothing", "it ends too early; expected"),
    ],
    ids=repr,
)
def test_an_error_says_where_and_what_was_expected(text: str, message: str) -> None:
    assert message in refused(text)


def test_an_error_names_what_was_expected_in_words() -> None:
    assert refused("id = ").endswith(
        "expected (, + or -, CASE, CAST, FALSE, NULL, TRUE, a name, a number, a text in quotes."
    )


def test_the_end_is_counted_from_one() -> None:
    assert refused("id =").startswith("At character 5: it ends too early")


TOO_DEEP = "It is nested more than 40 deep. Make it flatter."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 10_000 + "id = 1" + ")" * 10_000, id="parentheses"),
        pytest.param("(" * 50_000, id="only opened"),
        pytest.param("NOT " * 10_000 + "id = 1", id="NOT"),
        pytest.param("id = " + "- " * 10_000 + "1", id="minus"),
        pytest.param("id = " + "-(" * 10_000 + "1" + ")" * 10_000, id="minus and parentheses"),
        pytest.param("CASE WHEN " * 5_000 + "id = 1", id="CASE WHEN"),
        pytest.param("CASE " * 10_000 + "id", id="CASE"),
        pytest.param("f(" * 10_000 + "1" + ")" * 10_000, id="calls"),
        pytest.param("CAST(" * 10_000 + "1", id="CAST"),
        pytest.param("id = 1" + " + 1" * 10_000, id="sum"),
        pytest.param("id = 1" + " * f(1, 2)" * 5_000, id="product of calls"),
        pytest.param("id IN (1, " + "(" * 41 + "1", id="in a list"),
    ],
)
def test_what_is_nested_too_deep_is_refused_at_once(text: str) -> None:
    begin = time.monotonic()
    assert TOO_DEEP in refused(text)
    assert time.monotonic() - begin < 1


def test_depth_is_no_matter_of_pythons_stack() -> None:
    def within(frames: int) -> str:
        return within(frames - 1) if frames else written(parse_filter("(" * 40 + "a" + ")" * 40))

    parse_filter("a")  # the grammar is read
    assert within(sys.getrecursionlimit() - 200 - len(_frames())) == "a"


def _frames() -> list[FrameType]:
    frame: FrameType | None = sys._getframe()
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.f_back
    return found


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * 40 + "a" + ")" * 40, id="parentheses"),
        pytest.param("NOT " * 40 + "a", id="NOT"),
        pytest.param("a IN (" + ", ".join(["-1"] * 5_000) + ")", id="a list"),
        pytest.param(" AND ".join(["NOT a = -1 + 2"] * 400), id="conditions"),
        pytest.param(" OR ".join([f"({'(' * 38}a{')' * 38})"] * 400), id="groups"),
        pytest.param("f(" + ", ".join(["1 + 2 * 3"] * 1_000) + ")", id="arguments"),
    ],
)
def test_what_is_wide_is_not_deep(text: str) -> None:
    parse_filter(text)


def test_too_many_conditions_are_refused() -> None:
    assert has_names(parse_filter(" AND ".join(["a"] * 500)))
    message = "It has more than 500 conditions. Use IN for lists of values."
    assert message in refused(" AND ".join(["a"] * 10_000))


def test_too_many_values_are_refused() -> None:
    message = refused("a IN (" + ", ".join(["1"] * 20_000) + ")")
    assert message == "At character 30007: It has more than 10000 values. Ask in several parts."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 10**6, id="a name"),
        pytest.param("a = '" + "x" * 10**6 + "'", id="a text"),
        pytest.param(" " * 10**6, id="blanks"),
        pytest.param("(" * 10**6, id="parentheses"),
        pytest.param("'" * 10**6, id="quotes"),
    ],
)
def test_a_megabyte_is_refused_without_being_read(text: str) -> None:
    begin = time.monotonic()
    assert "characters, and at most 100000 are read. Cut it." in refused(text)
    assert time.monotonic() - begin < 0.1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("'" + "\\" * 99_000, id="text"),
        pytest.param("`" * 99_000, id="name"),
        pytest.param("/*" + "*" * 99_000, id="comment"),
        pytest.param("a." * 49_000, id="parts"),
        pytest.param("'''" + "'\\" * 40_000, id="three quotes"),
    ],
)
def test_a_long_text_that_does_not_end_is_refused_soon(text: str) -> None:
    begin = time.monotonic()
    refused(text)
    assert time.monotonic() - begin < 2


def test_positions_are_those_of_the_text() -> None:
    tree = parse_filter("  a = 1 AND NOT (b > 2)")
    assert isinstance(tree, Logic)
    first, second = tree.conditions
    assert (first.position, second.position) == (3, 13)
    assert isinstance(second, Not)
    assert second.condition.position == 18


def test_constants_have_no_names() -> None:
    assert has_names(parse_filter("CASE WHEN 1 IN (2, id) THEN 'a' END = 'a'"))
    assert not has_names(parse_filter("CASE WHEN 1 IN (2, 3) THEN 'a' END = UPPER('id')"))


def test_every_type_of_value_has_words_for_messages() -> None:
    assert [kind for kind in ValueType if not kind.value] == []
