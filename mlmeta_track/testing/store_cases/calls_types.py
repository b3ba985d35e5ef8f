"""``put_types``: made once, compared with what is stored, extended where that is allowed."""

from __future__ import annotations

import dataclasses

import pytest

from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.errors import (
    AlreadyExistsError,
    InternalError,
    InvalidArgumentError,
    TypeConflictError,
    UnimplementedError,
)
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import put_type

_INT, _STRING = PropertyType.INT, PropertyType.STRING


class CallsTypeCases:
    """What a store does with types that are put by themselves."""

    def test_types_of_all_kinds_are_put_in_one_call(self, store: Store) -> None:
        """The ids come in the order of the call, after those of the simple types."""
        types: list[NodeType] = [ArtifactType("A"), ExecutionType("A"), ContextType("A")]
        assert store.put_types(types, can_add_fields=False, can_omit_fields=False) == [10, 11, 12]

    def test_a_type_that_is_put_is_read_as_it_was_given(self, store: Store) -> None:
        """With its version, its description, its base type and its struct types."""
        declared = ExecutionType(
            "Train",
            {"steps": _INT},
            version="2",
            description="how models are made",
            base_type="mlmd.Train",
            external_id="train-2",
            input_type='{"any":{}}',
            output_type='{"none":{}}',
        )
        type_id = put_type(store, declared)
        found = store.get_type(ExecutionType, "Train", "2")
        assert found == dataclasses.replace(declared, id=type_id)

    def test_the_same_type_put_again_has_the_same_id(self, store: Store) -> None:
        """An empty version is none."""
        first = put_type(store, ArtifactType("A", {"x": _INT}))
        assert put_type(store, ArtifactType("A", {"x": _INT}, version="")) == first

    def test_a_type_twice_in_a_call_is_one_type(self, store: Store) -> None:
        """The second is compared with the first."""
        types = [ArtifactType("A"), ArtifactType("A")]
        assert store.put_types(types, can_add_fields=False, can_omit_fields=False) == [10, 10]

    def test_a_version_is_a_type_of_its_own(self, store: Store) -> None:
        """It may have other properties."""
        first = put_type(store, ArtifactType("A", {"x": _INT}))
        assert put_type(store, ArtifactType("A", {"x": _STRING}, version="1")) != first

    def test_a_property_is_added_if_that_is_allowed(self, store: Store) -> None:
        """All that the type had stays."""
        put_type(store, ArtifactType("A", {"x": _INT}))
        put_type(store, ArtifactType("A", {"x": _INT, "y": _STRING}), can_add_fields=True)
        found = store.get_type(ArtifactType, "A")
        assert found is not None
        assert found.properties == {"x": _INT, "y": _STRING}

    def test_a_property_that_is_omitted_stays_if_that_is_allowed(self, store: Store) -> None:
        """Nothing takes a property away."""
        put_type(store, ArtifactType("A", {"x": _INT, "y": _STRING}))
        put_type(store, ArtifactType("A", {"x": _INT}), can_omit_fields=True)
        found = store.get_type(ArtifactType, "A")
        assert found is not None
        assert found.properties == {"x": _INT, "y": _STRING}

    def test_a_new_property_is_refused_otherwise(self, store: Store) -> None:
        """The error names the property and the option."""
        put_type(store, ArtifactType("A", {"x": _INT}))
        with pytest.raises(AlreadyExistsError, match=r"'A'.* y\..*can_add_fields"):
            put_type(store, ArtifactType("A", {"x": _INT, "y": _STRING}), can_omit_fields=True)

    def test_a_missing_property_is_refused_otherwise(self, store: Store) -> None:
        """The error names the property and the option."""
        put_type(store, ArtifactType("A", {"x": _INT, "y": _STRING}))
        with pytest.raises(AlreadyExistsError, match=r"'A'.* y\..*can_omit_fields"):
            put_type(store, ArtifactType("A", {"x": _INT}), can_add_fields=True)

    def test_a_property_of_another_type_is_always_refused(self, store: Store) -> None:
        """Whatever else is allowed."""
        put_type(store, ArtifactType("A", {"x": _INT}))
        other = ArtifactType("A", {"x": _STRING})
        with pytest.raises(TypeConflictError):
            put_type(store, other, can_add_fields=True, can_omit_fields=True)

    def test_a_description_is_never_changed(self, store: Store) -> None:
        """Nor are the struct types."""
        put_type(store, ExecutionType("E", description="first"))
        put_type(store, ExecutionType("E", description="second", input_type='{"any":{}}'))
        found = store.get_type(ExecutionType, "E")
        assert found is not None
        assert (found.description, found.input_type) == ("first", None)

    @pytest.mark.parametrize(
        "declared",
        [ArtifactType(""), ArtifactType("A", {"x": PropertyType.UNKNOWN}), ArtifactType("A\0")],
        ids=["no name", "no property type", "NUL"],
    )
    def test_a_bad_type_is_refused_when_it_is_put(
        self, store: Store, declared: ArtifactType
    ) -> None:
        """Nothing of the call is written."""
        types = [ArtifactType("Before"), declared]
        with pytest.raises(InvalidArgumentError):
            store.put_types(types, can_add_fields=False, can_omit_fields=False)
        assert store.get_type(ArtifactType, "Before") is None

    def test_an_external_id_is_of_one_type_of_a_kind(self, store: Store) -> None:
        """A new type with it is refused."""
        put_type(store, ArtifactType("A", external_id="x"))
        with pytest.raises(AlreadyExistsError, match="'x'"):
            put_type(store, ArtifactType("B", external_id="x"))

    def test_an_external_id_of_another_kind_is_an_internal_error(self, store: Store) -> None:
        """As it is in ML Metadata, which does not look for it there."""
        put_type(store, ArtifactType("A", external_id="x"))
        with pytest.raises(InternalError, match="'x'"):
            put_type(store, ContextType("B", external_id="x"))

    def test_a_type_that_exists_gets_an_external_id(self, store: Store) -> None:
        """And another one later; leaving it out, or empty, changes nothing."""
        put_type(store, ArtifactType("A"))
        for given, expected in (("x", "x"), ("y", "y"), (None, "y"), ("", "y")):
            put_type(store, ArtifactType("A", external_id=given))
            found = store.get_type(ArtifactType, "A")
            assert found is not None
            assert found.external_id == expected

    def test_a_type_that_exists_cannot_take_the_external_id_of_another(self, store: Store) -> None:
        """It is an internal error in ML Metadata, and so it is here."""
        put_type(store, ArtifactType("A", external_id="x"))
        put_type(store, ArtifactType("B"))
        with pytest.raises(InternalError, match="'x'"):
            put_type(store, ArtifactType("B", external_id="x"))

    def test_a_type_that_exists_gets_a_base_type(self, store: Store) -> None:
        """The same again changes nothing, and leaving it out neither."""
        put_type(store, ArtifactType("A"))
        for base_type in ("mlmd.Model", "mlmd.Model", None):
            put_type(store, ArtifactType("A", base_type=base_type))
        found = store.get_type(ArtifactType, "A")
        assert found is not None
        assert found.base_type == "mlmd.Model"

    def test_another_base_type_is_refused(self, store: Store) -> None:
        """ML Metadata does not implement it."""
        put_type(store, ArtifactType("A", base_type="mlmd.Model"))
        with pytest.raises(UnimplementedError, match=r"mlmd\.Model.*mlmd\.Dataset"):
            put_type(store, ArtifactType("A", base_type="mlmd.Dataset"))

    def test_a_type_that_was_put_is_known_to_other_handles(
        self, store: Store, second_store: Store
    ) -> None:
        """It is made once."""
        first = put_type(store, ArtifactType("A", {"x": _INT}))
        assert put_type(second_store, ArtifactType("A", {"x": _INT})) == first
