"""From Python values to parameters and descriptions."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import gc
import json
import pathlib
import uuid
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlmeta_track as mt
from mlmeta_track.domain.batch import Batch, ExecutionPut
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ExecutionType, PropertyType
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.capture import KnownArtifacts, cut, describe, items, parameter


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    """A text that says something else when it is asked."""

    __slots__ = ()

    def __str__(self) -> str:
        raise SystemError

    def replace(self, *_: Any) -> str:
        raise SystemError


class Number(int):
    def __int__(self) -> int:
        raise SystemError


class Raising:
    ndim = 0

    def __getattribute__(self, name: str) -> Any:
        raise SystemError(name)

    def item(self) -> int:
        return 1


class CloudPath:
    """A path as cloudpathlib has it: asked for a file, it downloads that first."""

    def __fspath__(self) -> str:
        raise SystemError("would download")

    def __str__(self) -> str:
        return "s3://bucket/key"


class SilentPath:
    def __fspath__(self) -> str:
        return "a/b"


class RaisingPath:
    def __fspath__(self) -> str:
        raise SystemError


Point = namedtuple("Point", ["x", "y"])  # noqa: PYI024 - one without types


PARAMETERS: list[tuple[object, object]] = [
    (True, True),
    (7, 7),
    (-(2**63), -(2**63)),
    (0.5, 0.5),
    ("text", "text"),
    ("", ""),
    (None, "None"),
    (2**63, "9223372036854775808"),
    (10**5_000, "(an integer of 16610 bits)"),
    (float("nan"), "nan"),
    (float("-inf"), "-inf"),
    (1 + 2j, "(1+2j)"),
    (Colour.RED, "RED"),
    (Level.HIGH, "HIGH"),
    (pathlib.PurePosixPath("a/b"), "a/b"),
    (CloudPath(), "s3://bucket/key"),
    (SilentPath(), "a/b"),
    (dt.date(2020, 1, 2), "2020-01-02"),
    (dt.timedelta(seconds=90), "0:01:30"),
    (decimal.Decimal("1.50"), "1.50"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (np.int32(3), 3),
    (np.float32(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (np.bool_(True), True),
    (np.str_("x"), "x"),
    (np.array(4), 4),
    (np.datetime64("2020-01-02"), "2020-01-02"),
    (Text("t"), "t"),
    (Number(5), 5),
    ("a\0b", "a\\0b"),
    ("\ud800", "\\ud800"),
    ([], "[]"),
    ({}, "{}"),
    ((1, 2.5, "x", None, True), '[1, 2.5, "x", null, true]'),
    ({"a": [1], 2: {"b": Colour.RED}}, '{"a": [1], "2": {"b": "RED"}}'),
    (OrderedDict(a=1), '{"a": 1}'),
    (Point(1, 2), "[1, 2]"),
    ([np.float32(0.5), pathlib.PurePosixPath("p")], '[0.5, "p"]'),
    ([float("nan"), 2**70], '["nan", "1180591620717411303424"]'),
    (["ü"], '["ü"]'),
]


@pytest.mark.parametrize(
    ("value", "expected"),
    PARAMETERS,
    ids=[f"{i} {type(value).__name__}" for i, (value, _) in enumerate(PARAMETERS)],
)
def test_a_scalar_or_container_of_scalars_is_a_parameter(value: object, expected: object) -> None:
    found = parameter(value)
    assert found == expected
    assert type(found) is type(expected)


RECURSIVE: list[object] = []
RECURSIVE.append(RECURSIVE)


# By name, for some of them raise when pytest looks at them.
OTHERS: dict[str, object] = {
    "an object": object(),
    "bytes": b"bytes",
    "a set": {1, 2},
    "an array": np.array([1, 2]),
    "an empty array": np.array([[]]),
    "a list of an object": [object()],
    "a dict of an object": {"a": object()},
    "a dict with a tuple as a key": {(1, 2): 3},
    "a list of bytes": [b"x"],
    "lists in lists": [[[[[1]]]]],
    "a list in itself": RECURSIVE,
    "a function": len,
    "a class": int,
    "an object that raises": Raising(),
    "a list of an object that raises": [Raising()],
    "a path that raises": RaisingPath(),
    "an iterator": iter([]),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_other_values_are_no_parameters(kind: str) -> None:
    assert parameter(OTHERS[kind]) is None


def test_long_text_is_cut_with_a_mark() -> None:
    found = parameter("x" * 1_000_000)
    assert isinstance(found, str)
    assert len(found) == capture.LONGEST_TEXT
    assert found.endswith("xxx… (cut, 1000000 characters)")


def test_a_long_list_is_cut_with_a_mark() -> None:
    found = parameter(list(range(1_000_000)))
    assert isinstance(found, str)
    assert len(found) == capture.LONGEST_TEXT
    assert found.startswith("[0, 1, 2, ")
    assert found.endswith("… (cut, 1000000 items)")


def test_a_list_of_one_long_text_is_cut() -> None:
    found = parameter(["x" * 1_000_000])
    assert isinstance(found, str)
    assert len(found) <= capture.LONGEST_TEXT


def test_text_that_just_fits_is_not_cut() -> None:
    text = "ü" * capture.LONGEST_TEXT
    assert parameter(text) == text


def test_what_was_cut_once_is_not_cut_again() -> None:
    once = cut("\0" * 10_000, 100)
    assert len(once) == 100
    assert cut(once, 100) == once


def test_a_list_that_is_not_wholly_plain_but_cut_before_is_a_parameter() -> None:
    found = parameter([0] * 10_000 + [object()])
    assert str(found).endswith("… (cut, 10001 items)")


# Properties.

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "Cc"])),
    st.binary(),
    st.complex_numbers(),
    st.decimals(),
    st.dates(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.sampled_from([Colour.RED, Level.HIGH, Text("t"), Number(1), object()]),
    st.builds(pathlib.PurePosixPath, st.text()),
    st.builds(np.float32, st.floats(width=32)),
    st.builds(np.int64, st.integers(-(2**63), 2**63 - 1)),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.booleans(), st.dates()), inner),
    ),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def memory() -> Iterator[Store]:
    from mlmeta_track.store.connect import open_store

    store = open_store("sqlite://")
    yield store
    store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=ANYTHING, name=st.text(st.characters()))
def test_whatever_is_a_parameter_a_store_gives_back(
    memory: Store, value: object, name: str
) -> None:
    found = parameter(value)
    if found is None:
        return
    put = ExecutionPut(
        external_id=uuid.uuid4().hex,
        type=ExecutionType("Any", {"state": PropertyType.STRING}),
        state=ExecutionState.COMPLETE,
        custom_properties={capture.key(name): found},
    )
    stored = memory.put(Batch(execution=put)).execution_id
    assert stored is not None
    [execution] = memory.get_by_id(Execution, [stored])
    assert execution.custom_properties == {capture.key(name): found}


@given(value=ANYTHING)
def test_a_parameter_of_a_parameter_is_the_same(value: object) -> None:
    found = parameter(value)
    if found is not None:
        assert parameter(found) == found


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(), max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(), max_size=3), inner, max_size=3),
    ),
    max_leaves=4,
)


@given(value=st.lists(PLAIN, max_size=4))
def test_a_short_list_is_given_back_by_json(value: list[Any]) -> None:
    found = parameter(value)
    if found is not None:  # it is None for lists in lists in lists
        assert json.loads(str(found)) == value


@given(text=st.text(), longest=st.integers(60, 200))
def test_text_that_was_cut_is_no_longer_than_allowed(text: str, longest: int) -> None:
    found = cut(text * 50, longest)
    assert len(found) <= longest
    assert "\0" not in found
    found.encode()


# Lazy objects.


class Lazy:
    """Stands for something that is loaded when it is asked for."""

    def __init__(self) -> None:
        self.__dict__["loaded"] = []

    def __getattr__(self, name: str) -> Any:
        self.__dict__["loaded"].append(name)
        raise AttributeError(name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        self.__dict__["loaded"].append("__class__")
        return dict


def test_a_lazy_object_is_not_loaded() -> None:
    lazy = Lazy()
    parameter(lazy)
    parameter([lazy])
    items(lazy)
    assert vars(lazy)["loaded"] == []


# Items.


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, [((), 7)]),
        ("ab", [((), "ab")]),
        ([7, 8], [((0,), 7), ((1,), 8)]),
        ((7,), [((0,), 7)]),
        ({"a": 7, 3: 8}, [(("a",), 7), ((1,), 8)]),
        ([], []),
    ],
)
def test_items_have_their_places(value: object, expected: object) -> None:
    assert items(value) == expected


def test_of_a_long_list_only_the_first_items_are_looked_at() -> None:
    assert len(items(range(0))) == 1
    assert len(items(list(range(5_000)))) == capture.MOST_ITEMS
    assert len(items(dict.fromkeys(range(5_000)))) == capture.MOST_ITEMS


# Descriptions.


@dataclass
class Known:
    content: str


class Plugin:
    def __init__(self, answer: Any = None, fingerprint: Any = None) -> None:
        self.answer = answer
        self.given_fingerprint = fingerprint

    @hookimpl
    def describe_artifact(self, value: Any) -> Any:
        return self.answer if type(value) is Known else None

    @hookimpl
    def fingerprint(self, value: Any) -> Any:
        return self.given_fingerprint if type(value) is Known else None


@pytest.fixture
def plugin() -> Iterator[Plugin]:
    plugin = Plugin(Description(ArtifactType("Known")), "known:1")
    hooks.register(plugin)
    yield plugin
    hooks.unregister(plugin)


class DataSet(mt.Artifact):
    name: str
    version: int


def test_a_value_that_no_plugin_knows_is_not_described() -> None:
    assert describe(object()) is None


@pytest.mark.parametrize("value", [None, 1, "text", b"bytes", 1.5, True])
def test_plugins_are_not_asked_for_scalars(value: object) -> None:
    asked = []

    class Asked:
        @hookimpl
        def describe_artifact(self, value: Any) -> None:
            asked.append(value)

    plugin = Asked()
    hooks.register(plugin)
    try:
        assert describe(value) is None
    finally:
        hooks.unregister(plugin)
    assert asked == []


def test_a_description_without_a_fingerprint_gets_the_fingerprint_hooks(plugin: Plugin) -> None:
    description = describe(Known("x"))
    assert description == Description(ArtifactType("Known"), fingerprint="known:1")


def test_a_description_with_a_fingerprint_keeps_it(plugin: Plugin) -> None:
    plugin.answer = Description(ArtifactType("Known"), fingerprint="own")
    assert describe(Known("x")) == plugin.answer


def test_what_is_declared_comes_before_what_a_plugin_says(plugin: Plugin) -> None:
    plugin.answer = Description(
        ArtifactType("DataSet", {"rows": PropertyType.INT}),
        fingerprint="own",
        properties={"rows": 5, "version": 1},
        custom_properties={"columns": 2},
    )
    description = describe(Known("x"), DataSet(version=2))
    assert description is not None
    assert description.type.properties == {
        "rows": PropertyType.INT,
        "name": PropertyType.STRING,
        "version": PropertyType.INT,
    }
    assert description.properties == {"rows": 5, "version": 2}
    assert (description.fingerprint, description.custom_properties) == ("own", {"columns": 2})


def test_another_declared_type_drops_the_plugins_properties(plugin: Plugin) -> None:
    plugin.answer = Description(
        ArtifactType("Known", {"rows": PropertyType.INT}), properties={"rows": 5}
    )
    description = describe(Known("x"), DataSet(version=2))
    assert description is not None
    assert (description.type.name, description.properties) == ("DataSet", {"version": 2})


def test_a_plugin_that_answers_with_something_else_is_told_so(plugin: Plugin) -> None:
    plugin.answer = "Known"
    with pytest.raises(TypeError, match=r"describes .*Known.* as .*str.*, not as a Description"):
        describe(Known("x"))


def test_anything_can_be_described_by_its_class() -> None:
    assert capture.describe_anything(Known("x")) == Description(ArtifactType("Known"))


# What is known already.


class Referable:
    pass


def described(fingerprint: str | None, uri: str | None = None) -> Description:
    return Description(ArtifactType("T"), uri, fingerprint)


def test_an_object_is_known_as_long_as_its_content_is_the_same() -> None:
    known, value = KnownArtifacts(), Referable()
    known.remember(value, described("1"), "id")
    assert known.find(value, described("1")) == "id"
    assert known.find(value, described("2")) is None


def test_an_object_is_forgotten_when_it_is_gone() -> None:
    known, value = KnownArtifacts(), Referable()
    known.remember(value, described(None), "id")
    reference = weakref.ref(value)
    del value
    gc.collect()
    assert reference() is None
    assert known._by_object == {}


def test_an_object_that_cannot_be_referred_to_is_known_by_its_content() -> None:
    known = KnownArtifacts()
    known.remember([1], described("1"), "id")
    assert known.find([1], described("1")) == "id"
    assert known.find([1], described(None)) is None


def test_of_all_contents_only_the_latest_are_remembered() -> None:
    known = KnownArtifacts()
    for i in range(KnownArtifacts._MOST + 1):
        known.remember([i], described(str(i)), f"id {i}")
    assert known.find([0], described("0")) is None
    assert known.find([1], described("1")) == "id 1"
