"""``put_nodes``: nodes that are made."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    PropertyValue,
    StructValue,
)
from mlmeta_track.domain.writes import ArtifactWrite, ContextWrite, UpdateOptions
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import NodeT, Store
from mlmeta_track.testing.store_cases.calls_build import (
    MODEL_ID,
    STUDY_ID,
    TRAINING_ID,
    TYPE_IDS,
    WRITES,
    declare_types,
    model,
    new,
    put_node,
    stored,
    study,
    training,
)

_KINDS = pytest.mark.parametrize("kind", [Artifact, Execution, Context])


class CallsNodeCases:
    """What a store does with nodes that have no id."""

    def test_an_artifact_that_is_made_is_read_as_it_was_given(self, store: Store) -> None:
        """Both of its times are the store's, whatever was given."""
        declare_types(store)
        given = model(
            uri="/m",
            name="m1",
            external_id="x",
            state=ArtifactState.LIVE,
            properties={"int": 2**40, "double": 0.1, "string": "é", "boolean": False},
            custom_properties={"int": 1, "note": "n"},
            create_time_since_epoch=5,
            last_update_time_since_epoch=6,
        )
        found = stored(store, Artifact, put_node(store, Artifact, given))
        assert found == Artifact(
            id=1,
            type="Model",
            type_id=MODEL_ID,
            name="m1",
            external_id="x",
            uri="/m",
            state=ArtifactState.LIVE,
            properties={"int": 2**40, "double": 0.1, "string": "é", "boolean": False},
            custom_properties={"int": 1, "note": "n"},
            create_time_since_epoch=found.create_time_since_epoch,
            last_update_time_since_epoch=found.create_time_since_epoch,
        )
        assert found.create_time_since_epoch > 1_600_000_000_000

    def test_an_execution_that_is_made_is_read_as_it_was_given(self, store: Store) -> None:
        """With its state."""
        declare_types(store)
        given = training(name="t", last_known_state=ExecutionState.RUNNING)
        found = stored(store, Execution, put_node(store, Execution, given))
        assert (found.type_id, found.name) == (TRAINING_ID, "t")
        assert found.last_known_state is ExecutionState.RUNNING

    def test_a_context_that_is_made_is_read_as_it_was_given(self, store: Store) -> None:
        """With its properties."""
        declare_types(store)
        given = study("s", properties={"string": "p"}, external_id="x")
        found = stored(store, Context, put_node(store, Context, given))
        assert (found.type_id, found.name, found.external_id) == (STUDY_ID, "s", "x")
        assert found.properties == {"string": "p"}

    def test_what_was_not_given_is_not_there(self, store: Store) -> None:
        """An unknown state is a state; none is none."""
        declare_types(store)
        bare = stored(store, Artifact, put_node(store, Artifact, model()))
        assert (bare.name, bare.external_id, bare.state) == (None, None, None)
        unknown = model(state=ArtifactState.UNKNOWN)
        found = stored(store, Artifact, put_node(store, Artifact, unknown))
        assert found.state is ArtifactState.UNKNOWN

    def test_ids_come_in_the_order_of_the_call(self, store: Store) -> None:
        """For new nodes and old ones."""
        declare_types(store)
        given = [model(), model(), ArtifactWrite(id=1, uri="/x")]
        assert store.put_nodes(Artifact, given, UpdateOptions()) == [1, 2, 1]

    def test_more_nodes_than_are_written_at_once_are_all_there_with_what_is_theirs(
        self, store: Store
    ) -> None:
        declare_types(store)
        count = 1_100
        given = [model(uri=f"/{i}", properties={"int": i}) for i in range(count)]
        ids = store.put_nodes(Artifact, given, UpdateOptions())
        assert ids == sorted(set(ids))
        found = {node.id: node for node in store.get_by_id(Artifact, ids)}
        assert [(found[i].uri, found[i].properties) for i in ids] == [
            (f"/{n}", {"int": n}) for n in range(count)
        ]

    def test_a_node_that_was_just_made_may_be_updated_in_the_same_call(self, store: Store) -> None:
        declare_types(store)
        before = put_node(store, Artifact, model(uri="/before"))
        first, second = before + 1, before + 2
        nodes = [model(uri="/new"), model(uri="/other"), model(id=first, uri="/changed")]
        ids = store.put_nodes(Artifact, nodes, UpdateOptions())
        assert ids == [first, second, first]
        assert stored(store, Artifact, first).uri == "/changed"

    def test_two_of_the_same_external_id_in_one_call_are_refused(self, store: Store) -> None:
        declare_types(store)
        nodes = [model(external_id="x"), model(external_id="x")]
        with pytest.raises(AlreadyExistsError, match="'x'"):
            store.put_nodes(Artifact, nodes, UpdateOptions())
        assert store.list_nodes(Artifact) == []

    def test_no_nodes_are_no_ids(self, store: Store) -> None:
        """And no error."""
        assert store.put_nodes(Execution, [], UpdateOptions()) == []

    @_KINDS
    def test_a_node_without_a_type_is_refused(self, store: Store, kind: type[NodeT]) -> None:
        """It cannot be made."""
        with pytest.raises(InvalidArgumentError, match="type_id"):
            put_node(store, kind, WRITES[kind](name="n"))

    @_KINDS
    def test_a_node_of_a_type_that_is_not_there_is_refused(
        self, store: Store, kind: type[NodeT]
    ) -> None:
        """There is nothing of that id."""
        with pytest.raises(NotFoundError, match="99"):
            put_node(store, kind, WRITES[kind](type_id=99, name="n"))

    @_KINDS
    def test_a_type_of_another_kind_is_not_found(self, store: Store, kind: type[NodeT]) -> None:
        """Though it is there."""
        declare_types(store)
        [other, _] = [type_id for k, type_id in TYPE_IDS.items() if k is not kind]
        with pytest.raises(NotFoundError, match=str(other)):
            put_node(store, kind, WRITES[kind](type_id=other, name="n"))

    def test_a_property_that_is_not_declared_is_refused(self, store: Store) -> None:
        """The error names it, the type, and the way out."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match=r"'Model'.*'size'.*custom property"):
            put_node(store, Artifact, model(properties={"size": 1}))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("int", 1.0),
            ("int", "1"),
            ("int", True),
            ("double", 1),
            ("double", "1.0"),
            ("string", 1),
            ("string", StructValue(b"")),
            ("boolean", 1),
        ],
    )
    def test_a_value_of_another_type_is_refused(
        self, store: Store, name: str, value: PropertyValue
    ) -> None:
        """Also a whole number for a DOUBLE, which tracking takes."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match=name):
            put_node(store, Artifact, model(properties={name: value}))

    @_KINDS
    def test_a_name_is_of_one_node_of_a_type(self, store: Store, kind: type[NodeT]) -> None:
        """The error names it."""
        declare_types(store)
        put_node(store, kind, new(kind, "n"))
        with pytest.raises(AlreadyExistsError, match="'n'"):
            put_node(store, kind, new(kind, "n"))

    def test_a_name_may_be_that_of_a_node_of_another_type(self, store: Store) -> None:
        """It belongs to the type."""
        declare_types(store)
        put_node(store, Artifact, model(name="n"))
        put_node(store, Artifact, ArtifactWrite(type_id=1, name="n"))
        assert len(store.list_nodes(Artifact)) == 2

    def test_an_empty_name_is_a_name(self, store: Store) -> None:
        """There is one of each type, where there may be many without."""
        declare_types(store)
        for node in (model(), model(), model(name="")):
            put_node(store, Artifact, node)
        with pytest.raises(AlreadyExistsError):
            put_node(store, Artifact, model(name=""))

    @_KINDS
    def test_an_external_id_is_of_one_node_of_a_kind(self, store: Store, kind: type[NodeT]) -> None:
        """Whatever its type."""
        declare_types(store)
        put_node(store, kind, new(kind, "a", external_id="x"))
        with pytest.raises(AlreadyExistsError, match="'x'"):
            put_node(store, kind, new(kind, "b", external_id="x"))

    def test_an_external_id_may_be_that_of_another_kind(self, store: Store) -> None:
        """Each kind has its own."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x"))
        put_node(store, Execution, training(external_id="x"))
        put_node(store, Context, study(external_id="x"))

    def test_two_of_the_same_name_in_one_call_are_refused(self, store: Store) -> None:
        """And neither is made."""
        declare_types(store)
        given = [model(name="n"), model(name="n")]
        with pytest.raises(AlreadyExistsError):
            store.put_nodes(Artifact, given, UpdateOptions())
        assert store.list_nodes(Artifact) == []

    @pytest.mark.parametrize("name", [None, ""])
    def test_a_context_has_a_name(self, store: Store, name: str | None) -> None:
        """It cannot be made without."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match="name"):
            put_node(store, Context, ContextWrite(type_id=STUDY_ID, name=name))

    def test_a_call_happens_as_a_whole_or_not_at_all(self, store: Store) -> None:
        """One bad node keeps all from being made."""
        declare_types(store)
        with pytest.raises(NotFoundError):
            store.put_nodes(Artifact, [model(), ArtifactWrite(type_id=99)], UpdateOptions())
        assert store.list_nodes(Artifact) == []

    @pytest.mark.parametrize(
        "node",
        [
            model(uri="\0"),
            model(name="\0"),
            model(external_id="\0"),
            model(custom_properties={"\0": 1}),
            model(custom_properties={"x": "\ud800"}),
        ],
        ids=["uri", "name", "external id", "property", "value"],
    )
    def test_text_that_no_store_can_hold_is_refused(
        self, store: Store, node: ArtifactWrite
    ) -> None:
        """Wherever it is."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError):
            put_node(store, Artifact, node)

    def test_a_mask_means_nothing_for_a_node_that_is_made(self, store: Store) -> None:
        """All of it is written."""
        declare_types(store)
        found = stored(store, Artifact, put_node(store, Artifact, model(name="n", uri="/u"), "uri"))
        assert (found.name, found.uri) == ("n", "/u")
