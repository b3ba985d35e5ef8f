"""Property values: what goes in comes out, and what cannot go in is refused by name."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Artifact, PropertyValue, ProtoValue, StructValue
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import ANYTHING, made, put_artifact

VALUES: dict[str, list[PropertyValue]] = {
    "int": [0, 1, -1, 2**31, 2**63 - 1, -(2**63)],
    "double": [0.0, 0.1, 1e-300, 1.7976931348623157e308, 5e-324, -1.0, math.pi],
    "string": ["", "text", "Zürich, 東京 🚕", 'it\'s "so" \\ %s ?', "x" * 100_000, "line\nline"],
    "boolean": [True, False],
    "struct": [StructValue(b""), StructValue(b"\n\x0c\n\x01a\x12\x07\x1a\x05hello")],
    "proto": [ProtoValue(b""), ProtoValue(bytes(range(256)))],
}


class ValueCases:
    """What a store does with property values."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param(name, value, id=f"{name} {number}")
            for name, values in VALUES.items()
            for number, value in enumerate(values)
        ],
    )
    def test_a_value_comes_back_as_it_went_in(
        self, store: Store, name: str, value: PropertyValue
    ) -> None:
        """Declared and custom, with its type and to the last digit."""
        put = made("a", ANYTHING, properties={name: value}, custom_properties={"custom": value})
        put_artifact(store, put)
        [artifact] = store.list_nodes(Artifact)
        for found in (artifact.properties[name], artifact.custom_properties["custom"]):
            assert found == value
            assert type(found) is type(value)

    def test_an_int_is_a_double_where_one_is_declared(self, store: Store) -> None:
        """It comes back as a float."""
        put_artifact(store, made("a", ANYTHING, properties={"double": 3}))
        [artifact] = store.list_nodes(Artifact)
        assert repr(artifact.properties["double"]) == "3.0"

    def test_a_subclass_is_stored_as_its_base(self, store: Store) -> None:
        """Such as numpy's float64, or an enum's member that is a str."""

        class Text(str):
            __slots__ = ()

        class Number(float):
            __slots__ = ()

        values = {"string": Text("t"), "double": Number(0.5)}
        put_artifact(store, made("a", ANYTHING, properties=values))
        [artifact] = store.list_nodes(Artifact)
        assert artifact.properties == {"string": "t", "double": 0.5}

    @pytest.mark.parametrize(
        "value",
        [
            2**63,
            -(2**63) - 1,
            math.nan,
            math.inf,
            "nul\0",
            "\ud800",
            "mlmd-struct::not one",
            None,
            [1],
            b"bytes",
        ],
        ids=str,
    )
    def test_a_value_that_cannot_be_stored_is_refused_by_name(
        self, store: Store, value: Any
    ) -> None:
        """The error names the property, and nothing is written."""
        with pytest.raises(InvalidArgumentError, match="'culprit'"):
            put_artifact(store, made("a", ANYTHING, custom_properties={"culprit": value}))
        assert store.list_nodes(Artifact) == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("int", "1"),
            ("int", 1.0),
            ("int", True),
            ("double", "1"),
            ("double", True),
            ("double", 10**400),
            ("string", 1),
            ("boolean", 1),
            ("struct", ProtoValue(b"")),
            ("proto", "text"),
        ],
    )
    def test_a_value_of_another_type_than_declared_is_refused(
        self, store: Store, name: str, value: Any
    ) -> None:
        """The error names the property."""
        with pytest.raises(InvalidArgumentError, match=f"'{name}'"):
            put_artifact(store, made("a", ANYTHING, properties={name: value}))

    def test_a_property_that_is_not_declared_is_refused(self, store: Store) -> None:
        """The error names the type and the property."""
        with pytest.raises(InvalidArgumentError, match=r"'Anything'.*'unheard'"):
            put_artifact(store, made("a", ANYTHING, properties={"unheard": 1}))

    def test_hundreds_of_properties_are_no_problem(self, store: Store) -> None:
        """A node may have as many as the user likes."""
        many: dict[str, PropertyValue] = {f"p{number}": number for number in range(700)}
        store.put(Batch(artifacts=(made("a", custom_properties=many),)))
        [artifact] = store.list_nodes(Artifact)
        assert artifact.custom_properties == many
