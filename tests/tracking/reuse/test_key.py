"""Keys: whatever a call depends on changes its key, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.reuse.key import key_of
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

PIPELINE = """
LIMIT = {constant!r}

class Scale:
    by = {attribute!r}
    def of(self, value):
        return (value, self.by, {method!r})

def helper(value):
    return Scale().of(value), {helper!r}

def make(bound):
    def work(path, value, more={default!r}, *, last={keyword!r}):
        with open(path) as file:
            return repr((helper(value), {code!r}, more, last, bound, LIMIT, file.read()))
    return work

work = make({closure!r})
"""
PARTS = ("constant", "attribute", "method", "helper", "default", "keyword", "code", "closure")

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, -0.0, 1.0, 0.5]),
    st.text("ab", max_size=2),
    st.binary(max_size=1),
)
plain = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.tuples(inner, inner),
        st.dictionaries(st.text("ab", max_size=1), inner, max_size=2),
    ),
    max_leaves=4,
)
constants = st.recursive(scalars, lambda inner: st.tuples(inner, inner), max_leaves=2)
versions = st.fixed_dictionaries(
    {
        **dict.fromkeys(PARTS, plain),
        "code": constants,
        "method": constants,
        "helper": constants,
        "argument": plain,
        "content": st.text("xy", max_size=2),
    }
)


def defined(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "pipeline"}
    exec(compile(source, "pipeline.py", "exec"), namespace)  # noqa: S102 - our own text
    return namespace


def key(function: Any, **arguments: Any) -> str:
    return key_of("step", function, arguments, {}, Rules()).text


def pipeline(version: dict[str, Any]) -> Any:
    return defined(PIPELINE.format(**{name: version[name] for name in PARTS}))["work"]


def check(folder: Path, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Compare the keys of two calls with what went into them."""
    keys = []
    for version in (one, other):
        (folder / "data").write_text(version["content"])
        path = str(folder / "data")
        keys.append(key(pipeline(version), path=path, value=version["argument"]))
    assert (keys[0] == keys[1]) is (repr(one) == repr(other))


@given(versions, versions)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_two_calls_have_one_key_only_if_they_are_the_same(
    tmp_path: Path, one: dict[str, Any], other: dict[str, Any]
) -> None:
    check(tmp_path, one, other)


@given(st.data())
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_single_change_makes_another_key(tmp_path: Path, data: st.DataObject) -> None:
    version = data.draw(versions)
    part = data.draw(st.sampled_from([*PARTS, "argument", "content"]))
    strategy = {"content": st.text("xy", max_size=2)}.get(part, constants)
    other = {**version, part: data.draw(strategy.filter(lambda v: repr(v) != repr(version[part])))}
    check(tmp_path, version, other)


@given(st.lists(st.tuples(st.sampled_from([*PARTS, "argument", "content"]), st.integers(0, 1))))
@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_answer_is_ever_stale(tmp_path: Path, changes: list[tuple[str, int]]) -> None:
    mt.init("sqlite://", strict=True)
    version: dict[str, Any] = dict.fromkeys([*PARTS, "argument", "content"], 0)
    seen = set()
    for part, value in [("code", 0), *changes]:
        version[part] = value
        seen.add(repr(version))
        (tmp_path / "data").write_text(str(version["content"]))
        function, path = pipeline(version), str(tmp_path / "data")
        got = mt.step("Work", cache=True)(function)(path, version["argument"])
        assert got == function(path, version["argument"])
    ran = [e for e in mt.get_store().list_nodes(Execution) if e.properties["state"] == "COMPLETED"]
    assert len(ran) == len(seen)


def test_another_process_has_the_same_key(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from collections import namedtuple\n"
        "from dataclasses import dataclass, field\n"
        "from enum import Enum\n"
        "import math, re, logging\n"
        "from mlmeta_track.tracking.redaction.rules import Rules\n"
        "from mlmeta_track.tracking.reuse.key import key_of\n"
        "log = logging.getLogger('x')\n"
        "Kind = Enum('Kind', 'A B')\n"
        "Point = namedtuple('Point', 'x y')\n"
        "@dataclass(frozen=True)\n"
        "class Config:\n"
        "    names: frozenset = frozenset({'a', 'b', 'c'})\n"
        "    items: dict = field(default_factory=dict)\n"
        "CONFIG = Config()\n"
        "WORD = re.compile('a+')\n"
        "def f(x, y={'p', 'q', 'r'}):\n"
        "    log.info('x')\n"
        "    return CONFIG, Kind.A, Point(1, 2), WORD, math.pi, x in {'u', 'v', 'w'}, y\n"
        "print(key_of('s', f, {'x': {1, 'a', None}}, {}, Rules()).text)\n"
    )
    keys = {
        subprocess.run(
            [sys.executable, str(script)],
            env={
                **os.environ,
                "PYTHONHASHSEED": str(seed),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in range(3)
    }
    assert len(keys) == 1


def test_lines_and_comments_do_not_count() -> None:
    one = defined("def f(x):\n    return x + 1\n")
    other = defined("import os\n\n# A comment.\ndef f(x):\n    # Add.\n    return x + 1\n")
    assert key(one["f"], x=1) == key(other["f"], x=1)


def test_what_the_function_does_not_use_does_not_count() -> None:
    keys = {key(defined(f"UNUSED = {i}\ndef f():\n    return 1\n")["f"]) for i in range(2)}
    assert len(keys) == 1


def test_the_order_of_a_dict_counts() -> None:
    def f(x: object) -> object:
        return x

    assert key(f, x={"a": 1, "b": 2}) != key(f, x={"b": 2, "a": 1})


def test_what_nests_too_deeply_is_unknown() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    with pytest.raises(UnknownContentError, match="nested too deeply"):
        key(len, x=nested)


def test_what_holds_itself_has_a_key() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    other: list[Any] = [2]
    other.append(other)
    assert key(len, x=ring) != key(len, x=other)
