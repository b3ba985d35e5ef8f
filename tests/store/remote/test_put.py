"""Batches over the wire: what happens between looking and writing, and what it costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import (
    FINGERPRINT,
    Artifact,
    Context,
    Execution,
    ExecutionState,
    Node,
    StructValue,
)
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, PropertyType
from mlmeta_track.errors import InternalError, UnavailableError
from mlmeta_track.server import serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    ANYTHING,
    DATASET,
    context,
    demo,
    end_of_step,
    event,
    execution,
    made,
    put_artifact,
    start_of_step,
    used,
)
from mlmeta_track.testing.store_cases.executions import contents
from tests.store.remote.conftest import MeddledStore


def fail(error: Exception) -> None:
    raise error


def bare(store: Store) -> dict[str, Any]:
    """Return everything in a store, to compare it with another's: without times and type ids."""

    def same(found: Any) -> Any:
        if isinstance(found, Node):
            return dataclasses.replace(
                found, type_id=0, create_time_since_epoch=0, last_update_time_since_epoch=0
            )
        return dataclasses.replace(found, id=None)

    everything: dict[str, Any] = {}
    for what, found in contents(store).items():
        by_owner = found if isinstance(found, dict) else {0: found}
        everything[what] = {owner: list(map(same, nodes)) for owner, nodes in by_owner.items()}
    return everything


# What breaks off


def test_a_step_whose_answer_was_lost_is_written_once(served: MeddledStore, store: Store) -> None:
    served.after("put_execution", lambda: fail(UnavailableError("gone")))
    put = store.put(start_of_step())
    assert [e.id for e in served.list_nodes(Execution)] == [put.execution_id]
    assert len(served.get_events_by_artifact_ids([put.artifacts["d"].id])) == 1


@pytest.mark.parametrize(
    "method", ["put_types", "put_execution", "put_parent_contexts", "get_events_by_execution_ids"]
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_batch_that_broke_off_is_completed_when_it_is_put_again(
    served: MeddledStore, store: Store, method: str, when: str
) -> None:
    whole = open_store("sqlite://")
    for batch in (start_of_step(), end_of_step()):
        whole.put(batch)
    if method == "get_events_by_execution_ids":
        store.put(start_of_step())
    getattr(served, when)(method, lambda: fail(InternalError("the disk is on fire")))
    first = start_of_step() if method != "get_events_by_execution_ids" else end_of_step()
    with pytest.raises(InternalError, match="on fire"):
        store.put(first)
    for batch in (start_of_step(), end_of_step()):
        store.put(batch)
    assert bare(served) == bare(whole)
    whole.close()


def test_a_step_that_broke_off_is_not_half_there(served: MeddledStore, store: Store) -> None:
    served.before("put_execution", lambda: fail(InternalError("the disk is on fire")))
    with pytest.raises(InternalError):
        store.put(start_of_step())
    assert served.list_nodes(Execution) == []
    assert served.list_nodes(Artifact) == []
    assert served.list_nodes(Context) == []


# What others do in the meantime


def test_an_artifact_that_another_made_meanwhile_is_used(
    served: MeddledStore, store: Store
) -> None:
    batch = start_of_step()
    other = Batch(artifacts=batch.artifacts)
    served.before("put_execution", lambda: served.put(other))
    put = store.put(batch)
    [artifact] = served.list_nodes(Artifact)
    assert put.artifacts["d"].id == artifact.id
    [run] = served.list_nodes(Execution)
    assert run.external_id == "e"


def test_an_execution_that_landed_meanwhile_is_not_turned_back(
    served: MeddledStore, store: Store
) -> None:
    served.before("put_execution", lambda: served.put(end_of_step()))
    store.put(start_of_step())
    [run] = served.list_nodes(Execution)
    assert run.last_known_state is ExecutionState.COMPLETE
    assert len(served.get_events_by_execution_ids([run.id])) == 2


def test_what_another_gave_an_artifact_meanwhile_stays(served: MeddledStore, store: Store) -> None:
    put_artifact(store, made("d", DATASET, fingerprint="f"))
    theirs = used("u", fingerprint="f", custom_properties={"rows": 1, "theirs": 1})
    ours = used("u", fingerprint="f", custom_properties={"rows": 2, "ours": 2})
    served.before("put_nodes", lambda: served.put(Batch(artifacts=(theirs,))))
    put_artifact(store, ours)
    [artifact] = served.list_nodes(Artifact)
    assert artifact.custom_properties == {FINGERPRINT: "f", "rows": 1, "theirs": 1, "ours": 2}


def test_what_another_gave_a_context_meanwhile_stays(served: MeddledStore, store: Store) -> None:
    store.put(Batch(contexts=(context("run"),)))
    theirs = context("run", custom_properties={"theirs": 1})
    ours = context("run", custom_properties={"ours": 2})
    served.before("put_nodes", lambda: served.put(Batch(contexts=(theirs,))))
    store.put(Batch(contexts=(ours,)))
    [found] = served.list_nodes(Context)
    assert found.custom_properties == {"theirs": 1, "ours": 2}


def test_a_context_that_another_made_meanwhile_gets_what_is_given(
    served: MeddledStore, store: Store
) -> None:
    served.before("put_execution", lambda: served.put(Batch(contexts=(demo("theirs"),))))
    store.put(Batch(execution=execution(), contexts=(demo("ours"),)))
    [found] = served.list_nodes(Context)
    assert found.properties == {"note": "ours"}


def test_a_type_that_another_extended_meanwhile_is_compared_again(
    served: MeddledStore, store: Store
) -> None:
    store.put(Batch(artifacts=(made("a", ArtifactType("T")),)))
    more = ArtifactType("T", {"size": PropertyType.INT})
    served.before("put_types", lambda: served.put(Batch(artifacts=(made("b", more),))))
    store.put(Batch(artifacts=(made("c", more, properties={"size": 3}),)))
    assert len(served.get_by_type(Artifact, "T")) == 3


def between_looks(served: MeddledStore, work: Callable[[], object]) -> None:
    """Have something happen after types were looked for, and before nodes are."""
    types_were_asked = Event()
    served.after("get_type", types_were_asked.set)

    def late() -> None:
        types_were_asked.wait(1)
        work()

    served.before("get_by_external_id", late)


@pytest.mark.parametrize(
    "batch",
    [
        pytest.param(Batch(artifacts=(used("d", DATASET, uri="data.csv"),)), id="what is used"),
        pytest.param(Batch(artifacts=(made("d", DATASET),)), id="what was made"),
        pytest.param(Batch(execution=execution()), id="an execution"),
    ],
)
def test_what_lands_with_its_type_amid_the_look_is_there_once(
    served: MeddledStore, store: Store, batch: Batch
) -> None:
    between_looks(served, lambda: served.put(batch))
    store.put(batch)
    assert len([*served.list_nodes(Artifact), *served.list_nodes(Execution)]) == 1


def test_a_server_with_another_database_gets_the_types_anew() -> None:
    first, second = open_store("sqlite://"), open_store("sqlite://")
    with serving(first) as server:
        store = open_store(f"grpc://{server.address}")
        store.put(start_of_step())
        address = server.address
    second.put(Batch(artifacts=(made("x", ArtifactType("Quite another")),)))
    with serving(second, address):
        store.put(start_of_step())
        store.put(end_of_step())
    assert [a.external_id for a in second.get_by_type(Artifact, "DataSet")] == ["d"]
    assert [a.external_id for a in second.get_by_type(Artifact, "Schema")] == ["s"]
    assert [e.type for e in second.list_nodes(Execution)] == ["Data Validation"]
    assert sorted(c.type for c in second.list_nodes(Context)) == ["Experiment", "Run"]
    for one in (store, first, second):
        one.close()


def test_fifty_writers_that_begin_at_once_make_everything_once(
    served: MeddledStore, store: Store
) -> None:
    with ThreadPoolExecutor(50) as pool:
        puts = list(pool.map(lambda n: store.put(start_of_step(f"e{n}")), range(50)))
    assert len({put.execution_id for put in puts}) == 50
    assert len({put.artifacts["d"].id for put in puts}) == 1
    assert len(served.list_nodes(Artifact)) == 1
    assert len(served.list_nodes(Context)) == 2
    assert len(served.get_types(ArtifactType)) == 4 + 1
    assert len(served.get_types(ExecutionType)) == 5 + 1
    assert len(served.get_types(ContextType)) == 2


# What it costs


def test_a_step_is_few_calls_when_its_types_are_known(served: MeddledStore, store: Store) -> None:
    for batch in (start_of_step("e0"), end_of_step("e0", "s0")):
        store.put(batch)
    served.calls.clear()
    store.put(start_of_step("e1"))
    assert sorted(served.calls) == [
        "get_by_external_id",
        "get_by_external_id",
        "get_by_name",
        "get_parent_contexts",
        "put_execution",
        "put_types",
    ]
    served.calls.clear()
    store.put(end_of_step("e1", "s1"))
    assert served.calls.count("put_execution") == 1
    assert len(served.calls) == 6


# What is found


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "uri",
        "/a b/c.csv",
        "C:\\data\\x.csv",
        'it\'s "quoted"',
        "50% of _all_",
        "line\nbreak",
        "Zürich",
        "x -- no comment",
        "state = LIVE",
    ],
)
def test_any_text_may_be_a_uri_or_a_fingerprint(store: Store, text: str) -> None:
    first = put_artifact(store, made("by uri", DATASET, uri=text))
    second = put_artifact(store, made("by fingerprint", DATASET, fingerprint=text))
    put_artifact(store, made("neither", DATASET, uri=text.swapcase() + "x", fingerprint="other"))
    assert put_artifact(store, used("u", uri=text)) == first
    assert put_artifact(store, used("v", fingerprint=text)) == second
    assert [a.id for a in store.get_artifacts_by_uri(text)] == [first]
    assert [a.id for a in store.get_artifacts_by_fingerprint(text)] == [second]


def test_a_look_alike_is_found_behind_many_that_are_not(store: Store) -> None:
    wanted = put_artifact(
        store, made("w", DATASET, uri="/d", fingerprint="f", properties={"version": 0})
    )
    others = (
        made(f"o{n}", DATASET, uri="/d", fingerprint="f", properties={"version": n})
        for n in range(1, 130)
    )
    store.put(Batch(artifacts=tuple(others)))
    put = used("u", uri="/d", fingerprint="f", properties={"version": 0})
    assert put_artifact(store, put) == wanted


def test_two_new_types_of_a_batch_are_two(store: Store) -> None:
    one, two = ArtifactType("One"), ArtifactType("Two")
    batch = Batch(artifacts=(used("a", one, fingerprint="f"), used("b", two, fingerprint="f")))
    put = store.put(batch)
    assert put.artifacts["a"].id != put.artifacts["b"].id
    assert [a.type for a in store.list_nodes(Artifact)] == ["One", "Two"]


def test_contexts_of_two_versions_of_a_type_get_what_is_theirs(store: Store) -> None:
    one, two = (ContextType("T", {"p": PropertyType.INT}, version=v) for v in ("1", "2"))
    puts = (context("c", one, properties={"p": 1}), context("c", two, properties={"p": 2}))
    store.put(Batch(contexts=puts))
    assert [c.properties for c in store.list_nodes(Context)] == [{"p": 1}, {"p": 2}]


def test_a_struct_may_be_written_in_another_order_when_it_is_put_again(store: Store) -> None:
    fields = [b"\n\x0c\n\x01a\x12\x07\x1a\x05hello", b"\n\x0c\n\x01b\x12\x07\x1a\x05world"]
    one, other = StructValue(fields[0] + fields[1]), StructValue(fields[1] + fields[0])
    first = put_artifact(store, used("a", ANYTHING, fingerprint="f", properties={"struct": one}))
    again = used("b", ANYTHING, fingerprint="f", properties={"struct": other})
    assert put_artifact(store, again) == first


def test_one_type_is_extended_by_two_puts_of_a_batch(store: Store) -> None:
    one = ArtifactType("T", {"x": PropertyType.INT})
    two = ArtifactType("T", {"y": PropertyType.INT}, base_type="mlmd.Model")
    store.put(
        Batch(artifacts=(made("a", one, properties={"x": 1}), made("b", two, properties={"y": 2})))
    )
    found = store.get_type(ArtifactType, "T")
    assert found is not None
    assert found.properties == {"x": PropertyType.INT, "y": PropertyType.INT}
    assert found.base_type == "mlmd.Model"


def test_a_property_that_the_stored_type_declares_may_be_given(store: Store) -> None:
    store.put(Batch(artifacts=(made("a", ArtifactType("T", {"x": PropertyType.INT})),)))
    store.put(Batch(artifacts=(made("b", ArtifactType("T"), properties={"x": 1}),)))
    assert [a.properties for a in store.list_nodes(Artifact)] == [{}, {"x": 1}]


def test_what_was_there_is_put_into_the_contexts_too(store: Store) -> None:
    put_artifact(store, made("d", DATASET, fingerprint="f"))
    batch = Batch(
        execution=execution(),
        artifacts=(used("with", fingerprint="f"), made("alone")),
        events=(event("with", EventType.INPUT),),
        contexts=(context("run"),),
    )
    [context_id] = store.put(batch).contexts.values()
    assert [a.external_id for a in store.get_by_context(Artifact, context_id)] == ["d", "alone"]
    late = dataclasses.replace(batch, contexts=(context("another"),))
    [other_id] = store.put(late).contexts.values()
    assert [a.external_id for a in store.get_by_context(Artifact, other_id)] == ["d", "alone"]
    assert [e.external_id for e in store.get_by_context(Execution, other_id)] == ["e"]
