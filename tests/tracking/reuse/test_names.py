"""The names of its surroundings that a function's bytecode tells of."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.tracking.reuse.names import Import, names_of


def names_in(source: str) -> Any:
    namespace: dict[str, Any] = {}
    exec(compile(source, "pipeline.py", "exec", dont_inherit=True), namespace)  # noqa: S102
    return names_of(namespace["f"].__code__)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", {"a": {()}}),
        ("a()", {"a": {()}}),
        ("a.b", {"a": {("b",)}}),
        ("a.b.c(1)", {"a": {("b", "c")}}),
        ("a.b(c.d)", {"a": {("b",)}, "c": {("d",)}}),
        ("a.b + a", {"a": {("b",), ()}}),
        ("[a.b for _ in c]", {"a": {("b",)}, "c": {()}}),
        ("lambda: a.b", {"a": {("b",)}}),
        ("a.b[a.c]", {"a": {("b",), ("c",)}}),
        ("x.y", {}),
    ],
)
def test_names_come_with_the_attributes_that_follow(
    expression: str, expected: dict[str, set[tuple[str, ...]]]
) -> None:
    found = names_in(f"def f(x):\n    return {expression}")
    assert {name: set(chains) for name, chains in found.read.items()} == expected


def test_what_follows_a_choice_may_follow_either() -> None:
    found = names_in("def f():\n    return (a if b else c).d").read
    assert found["c"] == {("d",)}
    # Some versions of Python write the end of such an expression twice.
    assert found["a"] in ({()}, {("d",)})


def test_many_names_do_not_confuse_it() -> None:
    # More than 256 names take longer instructions.
    terms = " + ".join(f"g{i}.a{i}" for i in range(300))
    found = names_in(f"def f():\n    return {terms}")
    assert found.read == {f"g{i}": frozenset({(f"a{i}",)}) for i in range(300)}


def test_names_of_an_enclosing_function() -> None:
    source = "def outer(a, b):\n    def f():\n        return lambda: (a.x, b)\n    return f\n"
    found = names_in(f"{source}f = outer(1, 2)")
    assert found.free == {"a": frozenset({("x",)}), "b": frozenset({()})}


def test_imports_and_what_is_written() -> None:
    found = names_in(
        "def f():\n"
        "    global g\n"
        "    import os.path\n"
        "    from a.b import c, d as e\n"
        "    from ..up import h\n"
        "    from . import i\n"
        "    del g\n"
    )
    assert found.written == ("g",)
    assert found.imports == (
        Import("os.path", 0, ()),
        Import("a.b", 0, ("c", "d")),
        Import("up", 2, ("h",)),
        Import("", 1, ("i",)),
    )


def test_classes_inside_a_function() -> None:
    found = names_in("def f():\n    class A(base.B):\n        x = g\n    return A")
    assert {"base", "g"} <= found.read.keys()
