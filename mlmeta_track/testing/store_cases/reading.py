"""Reading nodes and events."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import NodeT, Store
from mlmeta_track.testing.store_cases.build import (
    context,
    demo,
    end_of_step,
    execution,
    made,
    put_artifact,
    put_step,
    start_of_step,
)


class ReadingCases:
    """What a store gives back."""

    @pytest.mark.parametrize("kind", [Artifact, Execution, Context])
    def test_an_empty_store_has_no_nodes(self, store: Store, kind: type[NodeT]) -> None:
        """Every way of asking gives an empty answer."""
        assert store.list_nodes(kind) == []
        assert store.get_by_id(kind, [1, 2]) == []
        assert store.get_by_external_id(kind, ["x"]) == []
        assert store.get_by_type(kind, "Schema") == []
        assert store.get_by_name(kind, "Schema", "x") is None

    def test_an_empty_store_has_no_edges(self, store: Store) -> None:
        """Every way of asking gives an empty answer."""
        assert store.get_by_context(Artifact, 1) == []
        assert store.get_contexts_of(Execution, 1) == []
        assert store.get_parent_contexts(1) == []
        assert store.get_child_contexts(1) == []
        assert store.get_artifacts_by_uri("/x") == []
        assert store.get_artifacts_by_fingerprint("x") == []
        assert store.get_events_by_artifact_ids([1]) == []
        assert store.get_events_by_execution_ids([1]) == []

    def test_ids_come_in_ascending_order_once_and_unknown_ones_are_left_out(
        self, store: Store
    ) -> None:
        """Whatever was asked for."""
        one, two = put_artifact(store, made("a")), put_artifact(store, made("b"))
        asked = [two, one, two, 999, -1, 0, 2**63, 2**100]
        assert [a.id for a in store.get_by_id(Artifact, asked)] == [one, two]
        assert store.get_by_id(Artifact, []) == []

    def test_thousands_of_ids_may_be_asked_for(self, store: Store) -> None:
        """More than a database takes as parameters."""
        store.put(Batch(artifacts=tuple(made(f"a{i}") for i in range(1500))))
        ids = [artifact.id for artifact in store.list_nodes(Artifact)]
        assert len(ids) == 1500
        assert [a.id for a in store.get_by_id(Artifact, range(40_000))] == ids
        keys = [f"a{i}" for i in range(1500)]
        assert [a.id for a in store.get_by_external_id(Artifact, keys)] == ids
        assert store.get_events_by_artifact_ids(range(40_000)) == []

    def test_nodes_by_external_id(self, store: Store) -> None:
        """Of each kind."""
        store.put(start_of_step())
        assert [e.external_id for e in store.get_by_external_id(Execution, ["e", "x"])] == ["e"]
        assert [a.external_id for a in store.get_by_external_id(Artifact, ["d", "e"])] == ["d"]
        assert store.get_by_external_id(Context, ["e", ""]) == []

    def test_nodes_by_type(self, store: Store) -> None:
        """Kind, name and version count."""
        store.put(end_of_step())
        put_artifact(store, made("v", ArtifactType("Schema", version="2")))
        assert [a.external_id for a in store.get_by_type(Artifact, "Schema")] == ["s"]
        assert [a.external_id for a in store.get_by_type(Artifact, "Schema", "2")] == ["v"]
        assert store.get_by_type(Execution, "Schema") == []
        assert [c.name for c in store.get_by_type(Context, "Experiment")] == ["Demo"]

    def test_a_node_by_its_name(self, store: Store) -> None:
        """A name belongs to a type."""
        store.put(Batch(contexts=(demo(), context("Demo"))))
        found = store.get_by_name(Context, "Experiment", "Demo")
        assert found is not None
        assert found.type == "Experiment"
        assert store.get_by_name(Context, "Experiment", "demo") is None
        assert store.get_by_name(Context, "Experiment", "Demo", "2") is None

    def test_artifacts_by_uri(self, store: Store) -> None:
        """The URI must be exactly that; one without a URI reads as None."""
        first = put_artifact(store, made("a", uri="/d/x.csv"))
        put_artifact(store, made("b", uri="/d/x.csv2"))
        put_artifact(store, made("c"))
        assert [a.id for a in store.get_artifacts_by_uri("/d/x.csv")] == [first]
        assert [a.uri for a in store.list_nodes(Artifact)] == ["/d/x.csv", "/d/x.csv2", None]

    def test_of_many_artifacts_at_one_uri_the_newest_are_read(self, store: Store) -> None:
        """So many, in the order of their ids."""
        ids = [put_artifact(store, made(name, uri="/d/x.csv")) for name in "abc"]
        put_artifact(store, made("d", uri="/d/y.csv"))
        for most in range(5):
            found = store.get_artifacts_by_uri("/d/x.csv", most=most)
            assert [a.id for a in found] == ids[max(0, 3 - most) :]

    def test_a_list_may_begin_at_either_end(self, store: Store) -> None:
        """And be limited."""
        for name in "abc":
            put_artifact(store, made(name))
        keys = [a.external_id for a in store.list_nodes(Artifact)]
        assert keys == ["a", "b", "c"]
        assert [a.external_id for a in store.list_nodes(Artifact, limit=2)] == ["a", "b"]
        newest = store.list_nodes(Artifact, limit=2, newest_first=True)
        assert [a.external_id for a in newest] == ["c", "b"]
        everything = store.list_nodes(Artifact, newest_first=True)
        assert [a.external_id for a in everything] == ["c", "b", "a"]
        assert store.list_nodes(Artifact, limit=0) == []
        with pytest.raises(InvalidArgumentError):
            store.list_nodes(Artifact, limit=-1)

    def test_events_come_in_the_order_of_their_ids(self, store: Store) -> None:
        """By artifacts and by executions, each once."""
        put_step(store, "one", outputs=("a", "b"))
        put_step(store, "two", inputs=("a", "b"))
        artifacts = [a.id for a in store.list_nodes(Artifact)]
        executions = [e.id for e in store.list_nodes(Execution)]
        by_artifact = store.get_events_by_artifact_ids([*reversed(artifacts), *artifacts, 999])
        by_execution = store.get_events_by_execution_ids(reversed(executions))
        assert by_artifact == by_execution
        assert [e.id for e in by_artifact] == sorted(e.id or 0 for e in by_artifact)
        assert [e.type for e in by_artifact] == [EventType.OUTPUT] * 2 + [EventType.INPUT] * 2

    def test_a_path_keeps_its_order_and_its_kinds_of_steps(self, store: Store) -> None:
        """Keys are text and indexes are numbers, also where they look alike."""
        path = ("data", 0, "0", 12, "", "é")
        batch = end_of_step()
        [only] = batch.events
        store.put(
            Batch(
                execution=execution(),
                artifacts=batch.artifacts,
                events=(
                    type(only)(artifact="s", type=only.type, path=path, milliseconds_since_epoch=1),
                ),
            )
        )
        [run] = store.list_nodes(Execution)
        [found] = store.get_events_by_execution_ids([run.id])
        assert found.path == path

    def test_text_that_no_store_can_hold_is_not_found_or_refused(self, store: Store) -> None:
        """A driver's error never comes out."""
        with pytest.raises(InvalidArgumentError):
            store.get_artifacts_by_uri("\ud800")
        assert store.get_artifacts_by_uri("nul\0") == []
