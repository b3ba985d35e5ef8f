"""A store on a server of the real ``ml-metadata``: what tracking needs of it, it gets there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy
from mlmeta_track.domain.nodes import FINGERPRINT, Artifact, Execution, ExecutionState
from mlmeta_track.domain.writes import UpdateOptions
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    DATASET,
    end_of_step,
    execution,
    made,
    put_artifact,
    put_step,
    start_of_step,
    used,
)
from mlmeta_track.testing.store_cases.calls_build import declare_types, model
from mlmeta_track.testing.store_cases.concurrency import ConcurrencyCases
from mlmeta_track.testing.store_cases.executions import ExecutionCases
from mlmeta_track.testing.store_cases.lineage import (
    LineageCases,
    artifact_id,
    execution_id,
    keys,
)
from mlmeta_track.testing.store_cases.reading import ReadingCases
from mlmeta_track.testing.store_cases.resolving import ResolvingCases
from mlmeta_track.testing.store_cases.types import TypeCases


@pytest.fixture(scope="module")
def wheel_server(wheel_python: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server's address and its process."""
    script = Path(__file__).parent / "wheel_server.py"
    with subprocess.Popen(
        [wheel_python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def url(wheel_server: tuple[str, subprocess.Popen[str]]) -> str:
    """The URL of a new store."""
    address, process = wheel_server
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("begin anew\n")
    process.stdin.flush()
    assert process.stdout.readline() == "begin anew\n"
    return f"grpc://{address}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def second_store(url: str) -> Iterator[Store]:
    second = open_store(url)
    yield second
    second.close()


def identities(events: Iterable[Event]) -> set[tuple[int, int, int]]:
    return {(event.execution_id, event.artifact_id, event.type) for event in events}


class TestTrackingOnMlMetadata(
    TypeCases, ExecutionCases, ResolvingCases, LineageCases, ReadingCases, ConcurrencyCases
):
    """What the suite asks of batches, types and reading.

    Events come without their ids and in an order of the database's own, and ML Metadata changes a
    custom property together with the declared one of its name: less is asked of these.
    """

    def test_a_declared_and_a_custom_property_may_share_a_name(self, store: Store) -> None:
        put = execution(properties={"state": "a"}, custom_properties={"state": "b"})
        store.put(Batch(execution=put))
        later = execution(state=ExecutionState.FAILED, properties={"state": "c"})
        store.put(Batch(execution=later))
        [run] = store.list_nodes(Execution)
        assert (run.properties, run.custom_properties) == ({"state": "c"}, {"state": "c"})

    def test_upstream_of_an_artifact(self, chain: Store) -> None:
        graph = chain.get_lineage(artifact_ids=[artifact_id(chain, "d")])
        assert keys(graph) == (["a", "b", "c", "d"], ["zero", "one", "two", "three"])
        assert graph.direction is Direction.UPSTREAM
        assert len(identities(graph.events)) == len(graph.events) == 7

    def test_several_starts_make_one_graph(self, chain: Store) -> None:
        graph = chain.get_lineage(
            artifact_ids=[artifact_id(chain, "x"), artifact_id(chain, "b")],
            execution_ids=[execution_id(chain, "two")],
        )
        assert keys(graph) == (["a", "b", "x"], ["zero", "one", "two", "other"])
        assert len(identities(graph.events)) == len(graph.events)

    def test_events_come_in_the_order_of_their_ids(self, store: Store) -> None:
        put_step(store, "one", outputs=("a", "b"))
        put_step(store, "two", inputs=("a", "b"))
        artifacts = [a.id for a in store.list_nodes(Artifact)]
        executions = [e.id for e in store.list_nodes(Execution)]
        by_artifact = store.get_events_by_artifact_ids([*reversed(artifacts), *artifacts, 999])
        by_execution = store.get_events_by_execution_ids(reversed(executions))
        assert len(by_artifact) == len(by_execution) == 4
        assert identities(by_artifact) == identities(by_execution)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "uri",
        "name",
        "artifact_id",
        "/a b/c.csv",
        "C:\\x.csv",
        'it\'s "so"',
        "x\ny",
        "東京",
    ],
)
def test_any_text_may_be_a_uri_or_a_fingerprint(store: Store, text: str) -> None:
    first = put_artifact(store, made("by uri", DATASET, uri=text))
    second = put_artifact(store, made("by fingerprint", DATASET, fingerprint=text))
    put_artifact(store, made("neither", DATASET, uri=f"{text}x", fingerprint="other"))
    assert put_artifact(store, used("u", uri=text)) == first
    assert put_artifact(store, used("v", fingerprint=text)) == second
    assert [a.id for a in store.get_artifacts_by_uri(text)] == [first]
    assert [a.id for a in store.get_artifacts_by_fingerprint(text)] == [second]


@pytest.mark.parametrize("order_by", list(OrderBy))
@pytest.mark.parametrize("ascending", [True, False])
def test_a_list_of_several_pages_is_whole(store: Store, order_by: OrderBy, ascending: bool) -> None:
    declare_types(store)
    # In one call, so that all have one time: ML Metadata itself never ends such a list.
    store.put_nodes(Artifact, [model() for _ in range(250)], UpdateOptions())
    page = store.list_page(Artifact, ListQuery(order_by=order_by, ascending=ascending))
    assert [a.id for a in page.nodes] == sorted(range(1, 251), reverse=not ascending)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("type = 'Model' AND properties.int = 3", [3]),
        ("properties.int > 1.5 AND (uri = '/1' OR name IS NULL)", [2, 3]),
        ("properties.int IN (1, 2.0, 'x')", [1, 2]),
        ("properties.int BETWEEN 2 AND 3", [2, 3]),
        ("properties.string LIKE 's%' AND properties.boolean", [4]),
        ("custom_properties.`my prop` = 'x'", [4]),
        ("name IS NULL OR id = 4", [1, 2, 3, 4]),
    ],
)
def test_what_this_library_means_by_a_filter_is_found(
    store: Store, text: str, ids: list[int]
) -> None:
    declare_types(store)
    nodes = [model(properties={"int": number}) for number in (1, 2, 3)]
    more = {"string": "s", "boolean": True}
    nodes.append(model(name="more", properties=more, custom_properties={"my prop": "x"}))
    store.put_nodes(Artifact, nodes, UpdateOptions())
    query = ListQuery(filter=text, joins=Joins.OUTER)
    assert [a.id for a in store.list_page(Artifact, query).nodes] == ids


def test_what_was_found_gets_what_it_lacks_and_keeps_what_others_gave_it(store: Store) -> None:
    put_artifact(store, made("d", DATASET, fingerprint="f", custom_properties={"a.b": 1}))
    more = used("u", uri="/d", fingerprint="f", custom_properties={"a.b": 2, "c.d": 3})
    store.put(Batch(artifacts=(more,)))
    [artifact] = store.list_nodes(Artifact)
    assert artifact.uri == "/d"
    assert artifact.custom_properties == {FINGERPRINT: "f", "a.b": 1, "c.d": 3}


class Table(mt.Artifact):
    """Some data."""

    split: str


@mt.step
def clean(source: Annotated[str, mt.Input(Table, split="raw")], target: str) -> int:
    mt.log_output(target, Table(split="clean"))
    return len(Path(source).read_text())


def test_a_step_is_recorded_and_its_lineage_asked(url: str, store: Store, tmp_path: Path) -> None:
    for name in ("raw", "clean"):
        (tmp_path / f"{name}.csv").write_text(name)
    mt.init(url, experiment="Demo", strict=True)
    for _ in range(2):
        assert clean(str(tmp_path / "raw.csv"), str(tmp_path / "clean.csv")) == 3
    upstream = mt.lineage(tmp_path / "clean.csv").upstream()
    assert [a.properties["split"] for a in upstream.artifacts] == ["raw", "clean"]
    assert [e.type for e in store.list_nodes(Execution)] == ["clean", "clean"]
    assert [a.properties["split"] for a in store.get_by_type(Artifact, "Table")] == [
        "raw",
        "clean",
        "clean",
    ]


def test_both_batches_of_a_step_may_be_put_twice(store: Store) -> None:
    first = [store.put(start_of_step()), store.put(end_of_step())]
    assert [store.put(start_of_step()), store.put(end_of_step())] == first
