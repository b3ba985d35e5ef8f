"""Artifact classes, and the markers made of them."""

from __future__ import annotations

import logging
import pickle
from typing import Any, ClassVar

import cloudpickle
import numpy as np
import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import ArtifactType, PropertyType
from mlmeta_track.errors import DeclarationError, TypeConflictError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.artifacts import declared_classes, refine, storable


class DataSet(mt.Artifact):
    name: str
    split: str
    version: int


class Every(mt.Artifact, type_name="my.Every", base_type="mlmd.Model"):
    text: str
    integer: int | None
    number: float
    flag: bool
    shared: ClassVar[int] = 3


def test_a_class_is_an_artifact_type() -> None:
    assert DataSet.artifact_type == ArtifactType(
        "DataSet",
        {"name": PropertyType.STRING, "split": PropertyType.STRING, "version": PropertyType.INT},
    )


def test_a_class_may_have_another_name_a_base_and_optional_properties() -> None:
    assert Every.artifact_type == ArtifactType(
        "my.Every",
        {
            "text": PropertyType.STRING,
            "integer": PropertyType.INT,
            "number": PropertyType.DOUBLE,
            "flag": PropertyType.BOOLEAN,
        },
        base_type="mlmd.Model",
    )


def test_a_subclass_has_its_parents_properties_and_base() -> None:
    class Child(Every):
        more: str

    assert Child.artifact_type.name == "Child"
    assert list(Child.artifact_type.properties)[-1] == "more"
    assert len(Child.artifact_type.properties) == 5
    assert Child.artifact_type.base_type == "mlmd.Model"


def test_a_class_is_remembered_as_long_as_it_is_held() -> None:
    assert DataSet in declared_classes


# Properties.


def test_properties_are_those_that_were_given() -> None:
    assert DataSet(version=1, name="n").properties == {"name": "n", "version": 1}


def test_a_property_may_be_set_later() -> None:
    data = DataSet(name="n")
    data.version = 2
    assert data.properties == {"name": "n", "version": 2}


def test_a_property_that_is_none_is_left_out() -> None:
    assert DataSet(name="n", version=None).properties == {"name": "n"}


def test_a_default_counts_as_given() -> None:
    class WithDefaults(mt.Artifact):
        version: int = 1
        note: str | None = None

    assert WithDefaults().properties == {"version": 1}
    assert WithDefaults(version=2).properties == {"version": 2}


def test_an_artifact_shows_how_it_was_written() -> None:
    assert repr(DataSet(name="n", version=1)) == "DataSet(name='n', version=1)"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("text", np.str_("x"), "x"),
        ("text", "a\0\ud800", "a\\0\\ud800"),
        ("integer", np.int64(3), 3),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("number", 3, 3.0),
        ("number", np.float32(0.5), 0.5),
        ("flag", np.True_, True),
    ],
)
def test_a_value_becomes_what_a_store_can_hold(name: str, value: Any, expected: object) -> None:
    found = Every(**{name: value}).properties[name]
    assert found == expected
    assert type(found) is type(expected)


class Evil:
    def __float__(self) -> float:
        raise SystemError

    def __index__(self) -> int:
        raise SystemError

    def __repr__(self) -> str:
        raise SystemError


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", "1", r"DataSet\.version is declared as int, and cannot be '1', which is str\."),
        ("version", 1.5, "cannot be 1.5, which is float"),
        ("version", True, "cannot be True, which is bool"),
        ("version", 2**63, "which is of a size that MLMD cannot hold"),
        ("version", Evil(), "cannot be what it is given, which is Evil"),
        ("name", 1, r"DataSet\.name is declared as str, and cannot be 1, which is int"),
        ("name", b"n", "which is bytes"),
        ("naem", "n", "DataSet has no property 'naem'; it has name, split, version"),
    ],
)
def test_a_property_that_does_not_fit_is_refused(name: str, value: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        DataSet(**{name: value})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", b"2", True, Evil(), 10**400])
def test_what_is_no_finite_number_is_refused(value: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Every\.number is declared as float"):
        Every(number=value)


def test_a_property_that_is_set_later_is_looked_at_too() -> None:
    with pytest.raises(DeclarationError, match=r"DataSet\.version is declared as int"):
        DataSet().version = "x"  # type: ignore[assignment]


def test_the_base_class_itself_describes_nothing() -> None:
    with pytest.raises(DeclarationError, match=r"such as `class DataSet\(mt\.Artifact\)`"):
        mt.Artifact(name="x")


def test_inside_a_running_step_what_does_not_fit_is_left_out_with_one_warning(
    store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(store_url)
    with mt.step("Load"):
        data = DataSet(version="x", name="n")
        DataSet(nothing=1)
    assert data.properties == {"name": "n"}
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "DataSet.version is declared as int" in warnings[0]


def test_inside_a_strict_step_what_does_not_fit_is_refused(store: Store) -> None:
    with pytest.raises(DeclarationError, match=r"DataSet\.version"), mt.step("Load"):
        DataSet(version="x")


# Classes that cannot be.


def test_a_class_without_annotations_is_refused() -> None:
    with pytest.raises(DeclarationError, match="class Empty declares no properties: annotate"):

        class Empty(mt.Artifact):
            pass


@pytest.mark.parametrize("annotation", ["list", "bytes", "int | str", "Any", "5"])
def test_a_property_of_another_type_is_refused(annotation: str) -> None:
    namespace = {"__annotations__": {"name": annotation}, "__module__": __name__}
    with pytest.raises(DeclarationError, match=r"class Wrong: .*int, float, str or bool"):
        type("Wrong", (mt.Artifact,), namespace)


@pytest.mark.parametrize("annotation", ["Missing", "1 +", "1 / 0"])
def test_an_annotation_that_cannot_be_read_is_refused(annotation: str) -> None:
    namespace = {"__annotations__": {"name": annotation}, "__module__": __name__}
    with pytest.raises(DeclarationError, match=r"class Wrong: .*Declare properties as int, float"):
        type("Wrong", (mt.Artifact,), namespace)


@pytest.mark.parametrize("name", ["properties", "artifact_type", "_hidden"])
def test_a_property_with_a_name_of_ours_is_refused(name: str) -> None:
    namespace = {"__annotations__": {name: "str"}, "__module__": __name__}
    with pytest.raises(DeclarationError, match=f"a property cannot be called '{name}'; rename it"):
        type("Wrong", (mt.Artifact,), namespace)


def test_a_default_of_another_type_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Wrong\.version is declared as int"):

        class Wrong(mt.Artifact):
            version: int = "x"  # type: ignore[assignment]


def test_an_unknown_base_type_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"base_type 'Dataset' is none of mlmd\.Dataset, "):

        class Wrong(mt.Artifact, base_type="Dataset"):
            name: str


@pytest.mark.parametrize("name", ["", "x" * 256, "\0", 3])
def test_a_type_name_that_cannot_be_stored_is_refused(name: Any) -> None:
    with pytest.raises(DeclarationError, match="type_name must be text of 1 to 255 characters"):

        class Wrong(mt.Artifact, type_name=name):
            name: str


def test_a_class_that_contradicts_the_open_store_is_refused(store: Store) -> None:
    with mt.step("Load") as step:
        step.input("somewhere", DataSet(version=1))
    with pytest.raises(TypeConflictError, match="DataSet"):

        class Other(mt.Artifact, type_name="DataSet"):
            version: str


# Markers.


def test_a_marker_holds_an_artifact() -> None:
    assert repr(mt.Output(DataSet, version=1)) == "Output(DataSet(version=1))"


@pytest.mark.parametrize("wrong", [str, "DataSet", DataSet.artifact_type, None])
@pytest.mark.parametrize("marker", [mt.Input, mt.Output])
def test_a_marker_needs_an_artifact_class(marker: Any, wrong: Any) -> None:
    with pytest.raises(DeclarationError, match=f"{marker.__name__}.*: give an artifact class"):
        marker(wrong)


def test_a_marker_with_a_wrong_property_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"DataSet\.version is declared as int"):
        mt.Input(DataSet, version="x")


def test_refining_keeps_where_it_lies_and_what_is_in_it() -> None:
    known = Description(ArtifactType("T"), "/u", "f", {}, {"rows": 1}, "ff")
    refined = refine(known, DataSet(version=1))
    assert refined == Description(
        DataSet.artifact_type, "/u", "f", {"version": 1}, {"rows": 1}, "ff"
    )


# Sent elsewhere.


def test_artifacts_and_markers_pickle() -> None:
    marker = pickle.loads(pickle.dumps(mt.Input(DataSet, version=1)))
    assert repr(marker) == "Input(DataSet(version=1))"


def test_a_class_sent_by_value_arrives_whole() -> None:
    class Local(mt.Artifact):
        version: int = 3

    arrived = cloudpickle.loads(rebuilt(cloudpickle.dumps(Local)))
    assert arrived.artifact_type == Local.artifact_type
    assert arrived(version=4).properties == {"version": 4}
    with pytest.raises(DeclarationError, match=r"Local\.version"):
        arrived(version="x")


def rebuilt(pickled: bytes) -> bytes:
    """Let cloudpickle forget the classes of this process, which it would take instead."""
    from cloudpickle import cloudpickle as inside

    inside._DYNAMIC_CLASS_TRACKER_BY_ID.clear()
    return pickled


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ü", "plain ü"),
        ("a\0b", "a\\0b"),
        ("\ud800", "\\ud800"),
        ("\U0001f600", "\U0001f600"),
    ],
)
def test_text_is_made_storable(text: str, expected: str) -> None:
    assert storable(text) == expected
