from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, PropertyType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    UpdateOptions,
)
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.transfer.putting import put
from mlmeta_track.transfer.taking import take_all, take_around


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    (tmp_path / "in.txt").write_text("in")
    with mt.experiment("Demo", note="n"), mt.run("r"), mt.step("train") as step:
        step.input("in.txt", name="data")
        step.log_params({"rate": 0.5, "name": "x"})
        (tmp_path / "out.txt").write_text("out")
        step.output("out.txt", name="model")
    return store


@pytest.fixture
def other(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/other.db")


def contents(store: Store) -> dict[str, list[str]]:
    """All that a store holds, without ids and times."""
    executions = store.list_nodes(Execution)
    events = store.get_events_by_execution_ids([execution.id for execution in executions])
    nodes = [*store.list_nodes(Artifact), *executions, *store.list_nodes(Context)]
    return {
        "nodes": sorted(repr((n.type, n.name, n.properties, n.custom_properties)) for n in nodes),
        "events": sorted(
            repr((e.type, e.path, name(store, Artifact, e.artifact_id)))
            + name(store, Execution, e.execution_id)
            for e in events
        ),
        "groups": sorted(
            repr((c.name, [m.external_id for m in store.get_by_context(Execution, c.id)]))
            + repr([parent.name for parent in store.get_parent_contexts(c.id)])
            for c in store.list_nodes(Context)
        ),
    }


def name(store: Store, kind: type[Artifact | Execution], number: int) -> str:
    nodes: list[Any] = store.get_by_id(kind, [number])
    return str(nodes[0].external_id)


def test_the_other_store_holds_the_same(filled: Store, other: Store) -> None:
    counted = put(other, take_all(filled))
    assert (counted.new, counted.known) == (5, 0)
    assert contents(other) == contents(filled)


def test_putting_the_same_again_changes_nothing(filled: Store, other: Store) -> None:
    put(other, take_all(filled))
    before = contents(other)
    counted = put(other, take_all(filled))
    assert (counted.new, counted.known) == (0, 5)
    assert contents(other) == before


def test_an_interrupted_put_is_made_whole_by_another(
    filled: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(other, "put_links", lambda *_: (_ for _ in ()).throw(OSError("gone")))
        with pytest.raises(OSError, match="gone"):
            put(other, take_all(filled))
    put(other, take_all(filled))
    assert contents(other) == contents(filled)


def test_nodes_without_external_ids_come_to_be_once(store: Store, other: Store) -> None:
    [kind] = store.put_types(
        [ArtifactType("Data", {"n": PropertyType.INT})], can_add_fields=False, can_omit_fields=False
    )
    [step] = store.put_types([ExecutionType("Step")], can_add_fields=False, can_omit_fields=False)
    [a] = store.put_nodes(Artifact, [ArtifactWrite(type_id=kind, uri="/a")], UpdateOptions())
    [e] = store.put_nodes(Execution, [ExecutionWrite(type_id=step)], UpdateOptions())
    store.put_events([EventWrite(artifact_id=a, execution_id=e, type=EventType.INPUT)])
    for expected in ((2, 0), (0, 2)):
        counted = put(other, take_all(store))
        assert (counted.new, counted.known) == expected
    assert len(other.get_events_by_artifact_ids([1])) == 1


def test_named_nodes_of_a_type_with_a_version_meet(store: Store, other: Store) -> None:
    made = ContextType("Pipeline", version="2")
    for one in (store, other):
        [kind] = one.put_types([made], can_add_fields=False, can_omit_fields=False)
        one.put_nodes(Context, [ContextWrite(type_id=kind, name="taxi")], UpdateOptions())
    counted = put(other, take_all(store))
    assert (counted.new, counted.known) == (0, 1)


def test_contexts_of_one_name_meet(filled: Store, other: Store, tmp_path: Path) -> None:
    put(other, take_all(filled))
    mt.init(f"sqlite:///{tmp_path}/third.db", strict=True)
    with mt.experiment("Demo"), mt.run("another"), mt.step("train"):
        pass
    put(other, take_all(mt.get_store()))
    [demo] = [c for c in other.list_nodes(Context) if c.name == "Demo"]
    assert {run.name for run in other.get_child_contexts(demo.id)} == {"r", "another"}


def test_only_what_is_around_a_node_is_taken(filled: Store) -> None:
    with mt.run("elsewhere"), mt.step("aside"):
        pass
    asked = mt.lineage("out.txt")
    taken = take_around(filled, [asked.upstream(), asked.downstream()])
    assert [e.type for e in taken.executions] == ["train"]
    assert {c.name for c in taken.contexts} == {"Demo", "r"}
    assert {t.name for t in taken.execution_types} == {"train"}
