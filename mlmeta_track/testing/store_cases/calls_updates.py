"""``put_nodes``: nodes that are updated, whole or by a field mask."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    ExecutionWrite,
    NodeWrite,
    UpdateOptions,
)
from mlmeta_track.errors import FailedPreconditionError, InternalError, InvalidArgumentError
from mlmeta_track.store.base import NodeT, Store
from mlmeta_track.testing.store_cases.calls_build import (
    TRAINING_ID,
    WRITES,
    as_read,
    declare_types,
    let_time_pass,
    model,
    new,
    put_node,
    stored,
    study,
    training,
)

_KINDS = pytest.mark.parametrize("kind", [Artifact, Execution, Context])


def _full_model(store: Store) -> Artifact:
    """Make an artifact that has everything, and wait so that an update has another time."""
    declare_types(store)
    node = model(
        uri="/m",
        name="m",
        external_id="x",
        state=ArtifactState.LIVE,
        properties={"int": 1, "string": "s"},
        custom_properties={"one": 1, "two": "2"},
    )
    found = stored(store, Artifact, put_node(store, Artifact, node))
    let_time_pass()
    return found


def _was_updated(node: Artifact | Execution | Context) -> bool:
    return node.last_update_time_since_epoch > node.create_time_since_epoch


class CallsUpdateCases:
    """What a store does with nodes that have an id."""

    def test_an_update_replaces_the_whole_artifact(self, store: Store) -> None:
        """What is not given is gone; the name and the type stay."""
        before = _full_model(store)
        put_node(store, Artifact, ArtifactWrite(id=before.id, properties={"double": 0.5}))
        after = stored(store, Artifact, before.id)
        assert after == Artifact(
            id=before.id,
            type="Model",
            type_id=before.type_id,
            name="m",
            properties={"double": 0.5},
            create_time_since_epoch=before.create_time_since_epoch,
            last_update_time_since_epoch=after.last_update_time_since_epoch,
        )
        assert _was_updated(after)

    def test_an_update_changes_an_execution(self, store: Store) -> None:
        """Its state and its properties."""
        declare_types(store)
        node_id = put_node(store, Execution, training(custom_properties={"p": 1}))
        given = ExecutionWrite(id=node_id, last_known_state=ExecutionState.COMPLETE)
        put_node(store, Execution, given)
        found = stored(store, Execution, node_id)
        assert found.last_known_state is ExecutionState.COMPLETE
        assert found.custom_properties == {}

    def test_an_update_does_not_rename_an_artifact(self, store: Store) -> None:
        """Nor an execution; ML Metadata keeps quiet about it."""
        before = _full_model(store)
        put_node(store, Artifact, as_read(before, name="other"))
        assert stored(store, Artifact, before.id).name == "m"

    def test_an_update_renames_a_context(self, store: Store) -> None:
        """Its name must be given each time."""
        declare_types(store)
        node_id = put_node(store, Context, study("old"))
        put_node(store, Context, ContextWrite(id=node_id, name="new"))
        assert stored(store, Context, node_id).name == "new"
        with pytest.raises(InvalidArgumentError, match="name"):
            put_node(store, Context, ContextWrite(id=node_id))

    def test_a_custom_property_may_change_its_type(self, store: Store) -> None:
        """There is no more than one value afterwards."""
        before = _full_model(store)
        put_node(store, Artifact, as_read(before, custom_properties={"one": "1"}))
        assert stored(store, Artifact, before.id).custom_properties == {"one": "1"}

    def test_a_declared_and_a_custom_property_of_one_name_are_two(self, store: Store) -> None:
        """Changing one leaves the other, unlike in ML Metadata."""
        declare_types(store)
        node = model(properties={"int": 1}, custom_properties={"int": 2})
        before = stored(store, Artifact, put_node(store, Artifact, node))
        put_node(store, Artifact, as_read(before, properties={"int": 7}))
        put_node(
            store,
            Artifact,
            ArtifactWrite(id=before.id, custom_properties={"int": 8}),
            "custom_properties.int",
        )
        after = stored(store, Artifact, before.id)
        assert (after.properties, after.custom_properties) == ({"int": 7}, {"int": 8})

    @_KINDS
    def test_a_node_that_is_not_there_cannot_be_updated(
        self, store: Store, kind: type[NodeT]
    ) -> None:
        """The error names the id."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match="99"):
            put_node(store, kind, WRITES[kind](id=99, name="n"))

    def test_a_node_keeps_its_type(self, store: Store) -> None:
        """Another type is refused, also one that is not there."""
        before = _full_model(store)
        for type_id in (TRAINING_ID, 1, 99):
            with pytest.raises(InvalidArgumentError, match="keeps its type"):
                put_node(store, Artifact, as_read(before, type_id=type_id))

    def test_an_update_checks_properties(self, store: Store) -> None:
        """As making a node does."""
        before = _full_model(store)
        for properties in ({"nothing": 1}, {"int": "1"}, {"double": 1}):
            with pytest.raises(InvalidArgumentError):
                put_node(store, Artifact, as_read(before, properties=properties))
        assert stored(store, Artifact, before.id) == before

    @_KINDS
    def test_an_update_to_an_external_id_that_is_taken_is_an_internal_error(
        self, store: Store, kind: type[NodeT]
    ) -> None:
        """As in ML Metadata."""
        declare_types(store)
        put_node(store, kind, new(kind, "a", external_id="x"))
        node_id = put_node(store, kind, new(kind, "b"))
        with pytest.raises(InternalError, match="'x'"):
            put_node(store, kind, WRITES[kind](id=node_id, name="b", external_id="x"))

    def test_an_update_to_a_name_that_is_taken_is_an_internal_error(self, store: Store) -> None:
        """As in ML Metadata."""
        declare_types(store)
        put_node(store, Context, study("a"))
        node_id = put_node(store, Context, study("b"))
        with pytest.raises(InternalError, match="'a'"):
            put_node(store, Context, ContextWrite(id=node_id, name="a"))

    def test_external_ids_may_move_within_a_call(self, store: Store) -> None:
        """One after the other."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x"))
        put_node(store, Artifact, model())
        given = [ArtifactWrite(id=1, external_id="y"), ArtifactWrite(id=2, external_id="x")]
        store.put_nodes(Artifact, given, UpdateOptions())
        assert [a.external_id for a in store.list_nodes(Artifact)] == ["y", "x"]

    # Times

    @_KINDS
    def test_the_time_stays_if_nothing_changes(self, store: Store, kind: type[NodeT]) -> None:
        """What was read is put again."""
        declare_types(store)
        given = new(kind, "n", external_id="x", properties={"int": 1}, custom_properties={"c": 2})
        before = stored(store, kind, put_node(store, kind, given))
        let_time_pass()
        put_node(store, kind, as_read(before))
        assert stored(store, kind, before.id) == before

    @_KINDS
    @pytest.mark.parametrize(
        "changed",
        [
            {"properties": {"int": 2}},
            {"properties": {}},
            {"custom_properties": {"c": 2, "d": 3}},
            {"external_id": "y"},
            {"external_id": None},
        ],
    )
    def test_the_time_moves_with_any_change(
        self, store: Store, kind: type[NodeT], changed: dict[str, object]
    ) -> None:
        """Of a property or a field."""
        declare_types(store)
        given = new(kind, "n", external_id="x", properties={"int": 1}, custom_properties={"c": 2})
        before = stored(store, kind, put_node(store, kind, given))
        let_time_pass()
        put_node(store, kind, as_read(before, **changed))
        assert _was_updated(stored(store, kind, before.id))

    def test_a_node_without_what_is_never_written_counts_as_changed(self, store: Store) -> None:
        """Its own name or that of its type, as in ML Metadata."""
        for left_out in ({"type": None}, {"name": None}):
            before = stored(store, Artifact, _another(store))
            let_time_pass()
            put_node(store, Artifact, as_read(before, **left_out))
            assert _was_updated(stored(store, Artifact, before.id))

    # Masks

    def test_a_mask_says_which_fields_are_updated(self, store: Store) -> None:
        """All else is left."""
        before = _full_model(store)
        given = ArtifactWrite(id=before.id, uri="/new", state=ArtifactState.DELETED)
        put_node(store, Artifact, given, "uri")
        after = stored(store, Artifact, before.id)
        assert (after.uri, after.state, after.external_id) == ("/new", ArtifactState.LIVE, "x")
        assert after.properties == before.properties
        assert after.custom_properties == before.custom_properties

    def test_a_field_in_the_mask_that_is_not_given_is_cleared(self, store: Store) -> None:
        """One that is not in it stays."""
        before = _full_model(store)
        put_node(store, Artifact, ArtifactWrite(id=before.id), "state", "external_id")
        after = stored(store, Artifact, before.id)
        assert (after.uri, after.state, after.external_id) == ("/m", None, None)

    def test_a_mask_may_name_one_property(self, store: Store) -> None:
        """It is set, made or deleted; the others stay."""
        before = _full_model(store)
        given = ArtifactWrite(
            id=before.id,
            properties={"int": 2, "string": "not in the mask"},
            custom_properties={"new": 3, "two": "not in the mask"},
        )
        mask = ("properties.int", "custom_properties.one", "custom_properties.new")
        put_node(store, Artifact, given, *mask)
        after = stored(store, Artifact, before.id)
        assert after.properties == {"int": 2, "string": "s"}
        assert after.custom_properties == {"two": "2", "new": 3}

    def test_a_mask_may_name_all_properties(self, store: Store) -> None:
        """They become those that are given."""
        before = _full_model(store)
        given = ArtifactWrite(id=before.id, properties={"double": 0.5})
        put_node(store, Artifact, given, "properties")
        after = stored(store, Artifact, before.id)
        assert after.properties == {"double": 0.5}
        assert after.custom_properties == before.custom_properties

    def test_properties_outside_the_mask_are_not_checked(self, store: Store) -> None:
        """Those in it are."""
        before = _full_model(store)
        given = ArtifactWrite(id=before.id, properties={"nothing": 1, "int": "1"})
        put_node(store, Artifact, given, "uri")
        for mask in ("properties", "properties.nothing", "properties.int"):
            with pytest.raises(InvalidArgumentError):
                put_node(store, Artifact, given, mask)

    def test_paths_that_are_no_fields_change_nothing(self, store: Store) -> None:
        """They are no error."""
        before = _full_model(store)
        given = as_read(before, uri="/new", properties={})
        put_node(store, Artifact, given, "nothing", "name", "id", "properties.nothing")
        after = stored(store, Artifact, before.id)
        assert (after.uri, after.name) == (before.uri, before.name)
        assert after.properties == before.properties

    def test_a_masked_context_needs_no_name(self, store: Store) -> None:
        """Unless the name is in the mask."""
        declare_types(store)
        node_id = put_node(store, Context, study("old"))
        put_node(store, Context, ContextWrite(id=node_id, external_id="x"), "external_id")
        assert stored(store, Context, node_id).external_id == "x"
        put_node(store, Context, ContextWrite(id=node_id, name="new"), "name")
        assert stored(store, Context, node_id).name == "new"
        with pytest.raises(InvalidArgumentError, match="name"):
            put_node(store, Context, ContextWrite(id=node_id), "name")

    # Nodes that others have updated

    def test_an_update_of_what_was_updated_since_is_refused(self, store: Store) -> None:
        """If the caller asks for that."""
        before = _full_model(store)
        put_node(store, Artifact, as_read(before, uri="/mine"))
        with pytest.raises(FailedPreconditionError, match="Read it again"):
            _put_unless_updated(store, as_read(before, uri="/yours"))
        assert stored(store, Artifact, before.id).uri == "/mine"

    def test_an_update_of_what_was_just_read_is_not_refused(self, store: Store) -> None:
        """And whoever read it before sees that it was updated, however quick that was."""
        declare_types(store)
        before = stored(store, Artifact, put_node(store, Artifact, model()))
        _put_unless_updated(store, as_read(before, uri="/mine"))
        assert stored(store, Artifact, before.id).uri == "/mine"
        with pytest.raises(FailedPreconditionError):
            _put_unless_updated(store, as_read(before, uri="/yours"))


def _another(store: Store) -> int:
    if not store.list_nodes(Artifact):
        declare_types(store)
    number = len(store.list_nodes(Artifact))
    return put_node(store, Artifact, model(name=f"n{number}", uri="/u"))


def _put_unless_updated(store: Store, node: NodeWrite) -> None:
    options = UpdateOptions(abort_if_latest_updated_time_changed=True)
    store.put_nodes(Artifact, [node], options)
