"""Types: made once, extended, never changed."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.types import (
    DATASET,
    SIMPLE_TYPES,
    ArtifactType,
    ContextType,
    ExecutionType,
    PropertyType,
)
from mlmeta_track.errors import InvalidArgumentError, TypeConflictError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import (
    SCHEMA,
    VALIDATION,
    made,
    put_artifact,
    start_of_step,
    with_properties,
)


class TypeCases:
    """What a store does with types."""

    def test_a_new_store_has_the_nine_simple_types_first(self, store: Store) -> None:
        """They have the ids 1 to 9, so the first type of the user's gets 10."""
        found = [*store.get_types(ArtifactType), *store.get_types(ExecutionType)]
        assert [(t.id, t.name) for t in sorted(found, key=lambda t: t.id or 0)] == [
            (number, declared.name) for number, declared in enumerate(SIMPLE_TYPES, 1)
        ]
        assert store.get_types(ContextType) == []
        store.put(Batch(artifacts=(made("s"),)))
        stored = store.get_type(ArtifactType, "Schema")
        assert stored is not None
        assert stored.id == 10

    def test_a_type_is_read_as_it_was_declared(self, store: Store) -> None:
        """Properties, version, description, base type and struct types come back."""
        declared = ExecutionType(
            "Train",
            {"steps": PropertyType.INT, "rate": PropertyType.DOUBLE},
            version="2",
            description="how models are made",
            base_type="mlmd.Train",
            external_id="train-2",
            input_type='{"any":{}}',
        )
        store.put(Batch(execution=start_of_step().execution))
        batch = start_of_step()
        assert batch.execution is not None
        put = type(batch.execution)(external_id="t", type=declared, state=batch.execution.state)
        store.put(Batch(execution=put))
        stored = store.get_type(ExecutionType, "Train", "2")
        assert stored is not None
        assert stored.id is not None
        assert stored == ExecutionType(
            "Train",
            {"steps": PropertyType.INT, "rate": PropertyType.DOUBLE},
            version="2",
            description="how models are made",
            base_type="mlmd.Train",
            external_id="train-2",
            input_type='{"any":{}}',
            id=stored.id,
        )

    def test_a_type_that_is_not_there_is_none(self, store: Store) -> None:
        """Kind, name and version all count."""
        put_artifact(store, made("s"))
        assert store.get_type(ArtifactType, "Schema") is not None
        assert store.get_type(ExecutionType, "Schema") is None
        assert store.get_type(ArtifactType, "Schema", "1") is None
        assert store.get_type(ArtifactType, "Other") is None

    def test_a_type_is_made_once(self, store: Store, second_store: Store) -> None:
        """Another handle finds what the first has made."""
        put_artifact(store, made("s1"))
        put_artifact(second_store, made("s2"))
        assert [t.name for t in store.get_types(ArtifactType)].count("Schema") == 1

    def test_a_type_grows_by_properties(self, store: Store) -> None:
        """A later declaration adds what is new and may leave out what is known."""
        put_artifact(store, made("a", with_properties(SCHEMA, name=PropertyType.STRING)))
        put_artifact(store, made("b", with_properties(SCHEMA, size=PropertyType.INT)))
        stored = store.get_type(ArtifactType, "Schema")
        assert stored is not None
        assert stored.properties == {"name": PropertyType.STRING, "size": PropertyType.INT}

    def test_versions_of_a_type_are_types_of_their_own(self, store: Store) -> None:
        """Identity is kind, name and version."""
        put_artifact(store, made("a", ArtifactType("Model", version="1")))
        put_artifact(store, made("b", ArtifactType("Model", version="2")))
        assert [t.version for t in store.get_types(ArtifactType) if t.name == "Model"] == ["1", "2"]

    def test_a_property_keeps_its_type(self, store: Store) -> None:
        """The error names the type, the property, both types and the way out."""
        put_artifact(store, made("a"))
        with pytest.raises(TypeConflictError, match=r"Schema.*version.*INT.*STRING.*another name"):
            put_artifact(store, made("b", with_properties(SCHEMA, version=PropertyType.STRING)))

    def test_a_conflict_that_another_handle_made_is_seen(
        self, store: Store, second_store: Store
    ) -> None:
        """What a store remembers of its types does not hide what others have added."""
        put_artifact(store, made("a", ArtifactType("Model")))
        put_artifact(second_store, made("b", ArtifactType("Model", {"size": PropertyType.INT})))
        with pytest.raises(TypeConflictError):
            put_artifact(store, made("c", ArtifactType("Model", {"size": PropertyType.STRING})))

    def test_check_type_finds_conflicts_and_writes_nothing(self, store: Store) -> None:
        """It is called where the user declares the type."""
        store.check_type(SCHEMA)
        assert store.get_type(ArtifactType, "Schema") is None
        put_artifact(store, made("a"))
        store.check_type(SCHEMA)
        store.check_type(with_properties(SCHEMA, other=PropertyType.DOUBLE))
        with pytest.raises(TypeConflictError):
            store.check_type(with_properties(SCHEMA, name=PropertyType.INT))

    @pytest.mark.parametrize(
        "declared",
        [
            ArtifactType(""),
            ArtifactType("Nul\0"),
            ArtifactType("T", {"p": PropertyType.UNKNOWN}),
            ArtifactType("T", base_type="mlmd.Nothing"),
            ArtifactType("T", base_type="mlmd.Train"),
        ],
        ids=["no name", "NUL", "no property type", "unknown base", "base of another kind"],
    )
    def test_a_bad_declaration_is_refused(self, store: Store, declared: ArtifactType) -> None:
        """It raises ``InvalidArgumentError`` and nothing is written."""
        with pytest.raises(InvalidArgumentError):
            put_artifact(store, made("a", declared))
        assert len(store.get_types(ArtifactType)) == 4

    def test_a_base_type_is_added_where_there_is_none(self, store: Store) -> None:
        """One that is there already is left alone."""
        put_artifact(store, made("a", ArtifactType("DataSet")))
        put_artifact(store, made("b", DATASET))
        put_artifact(store, made("c", ArtifactType("DataSet", base_type="mlmd.Model")))
        stored = store.get_type(ArtifactType, "DataSet")
        assert stored is not None
        assert stored.base_type == "mlmd.Dataset"

    def test_a_type_of_a_failed_batch_is_neither_stored_nor_remembered(self, store: Store) -> None:
        """A batch happens as a whole or not at all."""
        bad = made("bad", ArtifactType("New"), properties={"undeclared": 1})
        with pytest.raises(InvalidArgumentError):
            store.put(Batch(execution=start_of_step().execution, artifacts=(bad,)))
        assert store.get_type(ArtifactType, "New") is None
        assert store.get_type(ExecutionType, VALIDATION.name) is None
        put_artifact(store, made("good", ArtifactType("New")))
        assert store.get_type(ArtifactType, "New") is not None
