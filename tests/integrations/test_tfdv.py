"""TFDV's calls are recorded by themselves: each once, with what it used and made, and unchanged."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlmeta_track_pandas import plugin as pandas_plugin
from mlmeta_track_tfdv import plugin as tfdv_plugin

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.testing.integration_suite import IntegrationSuite, Sample
from mlmeta_track.tracking import instrument

with warnings.catch_warnings():
    # Importing TensorFlow and Beam warns of much that is none of ours.
    warnings.simplefilter("ignore")
    tfdv: Any = pytest.importorskip("tensorflow_data_validation")
    pd: Any = pytest.importorskip("pandas")

ROWS = 300


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Have both plugins in use, installed or not."""
    ours = {"tfdv": tfdv_plugin, "pandas": pandas_plugin}
    added = {name: plugin for name, plugin in ours.items() if name not in hooks.names()}
    for name, plugin in added.items():
        hooks.register(plugin, name)
    yield
    for plugin in added.values():
        hooks.unregister(plugin)


@pytest.fixture(scope="module")
def csv(taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first rows of the taxi data: TFDV's pipelines need a while for all."""
    path = tmp_path_factory.mktemp("data") / "taxi.csv"
    with taxi_csv.open(encoding="utf-8") as lines:
        path.write_text("".join(itertools.islice(lines, ROWS + 1)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def frame(csv: Path) -> Any:
    return pd.read_csv(csv)


@pytest.fixture(scope="module")
def statistics(frame: Any) -> Any:
    """Statistics that were made untracked, and so come from nowhere."""
    return tfdv.generate_statistics_from_dataframe(frame)


@pytest.fixture(scope="module")
def schema(statistics: Any) -> Any:
    return tfdv.infer_schema(statistics)


def copy(proto: Any) -> Any:
    """Another object of the same content, as protos are passed around."""
    return type(proto).FromString(proto.SerializeToString())


@pytest.fixture
def tracked(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, while ``autotrack("tfdv")`` is on."""
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("tfdv")
    yield store
    mt.untrack("tfdv")


class TestConformance(IntegrationSuite):
    plugin = "mlmeta_track_tfdv.plugin"
    name = "tfdv"
    heavy = (
        "tensorflow",
        "apache_beam",
        "google.protobuf",
        "tensorflow_metadata",
        "pandas",
        "mlmeta_track_tfdv.instrumentor",  # it waits for the library
    )

    @pytest.fixture
    def sample(self, statistics: Any) -> Sample:
        return Sample("infer_schema", (statistics,), {"max_string_domain_size": 10})

    @pytest.fixture
    def failing(self) -> Sample:
        return Sample("infer_schema", ("these are no statistics",))

    def same(self, first: Any, second: Any) -> bool:
        return bool(
            first.SerializeToString(deterministic=True)
            == second.SerializeToString(deterministic=True)
        )


def only(store: Store, type_name: str) -> Execution:
    """The one execution of that type."""
    (execution,) = store.get_by_type(Execution, type_name)
    return execution


def events(
    store: Store, execution: Execution
) -> list[tuple[EventType, tuple[str | int, ...], str]]:
    """The events of an execution: kind, path, and the artifact's type."""
    found = store.get_events_by_execution_ids([execution.id])
    types = {a.id: a.type for a in store.list_nodes(Artifact)}
    return [(event.type, event.path, types[event.artifact_id]) for event in found]


def types(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def test_csv_to_anomalies_is_one_chain(tracked: Store, csv: Path, tmp_path: Path) -> None:
    statistics = tfdv.generate_statistics_from_csv(str(csv), delimiter=",")
    schema = tfdv.infer_schema(statistics, max_string_domain_size=20)
    tfdv.write_schema_text(schema, "schema.pbtxt")
    anomalies = tfdv.validate_statistics(statistics, tfdv.load_schema_text("schema.pbtxt"))
    tfdv.write_anomalies_text(anomalies, "anomalies.pbtxt")

    assert types(tracked) == [
        "tfdv.generate_statistics_from_csv",
        "tfdv.infer_schema",
        "tfdv.write_schema_text",
        "tfdv.load_schema_text",
        "tfdv.validate_statistics",
        "tfdv.write_anomalies_text",
    ]
    assert {e.last_known_state for e in tracked.list_nodes(Execution)} == {ExecutionState.COMPLETE}
    assert [(a.type, a.uri) for a in tracked.list_nodes(Artifact)] == [
        ("DataSet", str(csv)),
        ("ExampleStatistics", None),
        ("Schema", str(tmp_path / "schema.pbtxt")),
        ("ExampleAnomalies", str(tmp_path / "anomalies.pbtxt")),
    ]
    upstream = mt.lineage("anomalies.pbtxt").upstream()
    assert [execution.type for execution in upstream.executions] == [
        "tfdv.generate_statistics_from_csv",
        "tfdv.infer_schema",
        "tfdv.validate_statistics",
    ]
    generated = only(tracked, "tfdv.generate_statistics_from_csv")
    assert generated.custom_properties["delimiter"] == ","
    assert generated.properties == {"state": "COMPLETED"}
    assert only(tracked, "tfdv.infer_schema").custom_properties["max_string_domain_size"] == 20
    assert tracked.list_nodes(Artifact)[1].custom_properties["examples"] == ROWS


def test_events_have_the_keys_of_tfx(tracked: Store, frame: Any) -> None:
    statistics = tfdv.generate_statistics_from_dataframe(frame)
    schema = tfdv.infer_schema(statistics)
    # Others, because MLMD holds one event of a kind between an artifact and an execution.
    previous, serving = (tfdv.generate_statistics_from_dataframe(frame[n:]) for n in (1, 2))
    tfdv.validate_statistics(
        copy(statistics), schema, previous_statistics=previous, serving_statistics=serving
    )
    generated = tracked.get_by_type(Execution, "tfdv.generate_statistics_from_dataframe")
    assert events(tracked, generated[0]) == [
        (EventType.INPUT, ("examples",), "DataSet"),
        (EventType.OUTPUT, ("statistics",), "ExampleStatistics"),
    ]
    assert events(tracked, only(tracked, "tfdv.validate_statistics")) == [
        (EventType.INPUT, ("statistics",), "ExampleStatistics"),
        (EventType.INPUT, ("schema",), "Schema"),
        (EventType.INPUT, ("previous_statistics",), "ExampleStatistics"),
        (EventType.INPUT, ("serving_statistics",), "ExampleStatistics"),
        (EventType.OUTPUT, ("anomalies",), "ExampleAnomalies"),
    ]
    assert len(tracked.get_by_type(Artifact, "ExampleStatistics")) == 3


def test_a_frame_is_an_example_set(tracked: Store, frame: Any) -> None:
    tfdv.generate_statistics_from_dataframe(frame)
    (data,) = tracked.get_by_type(Artifact, "DataSet")
    assert data.custom_properties["rows"] == ROWS
    assert data.uri is None


def test_tfrecords_are_examples(tracked: Store, tmp_path: Path) -> None:
    tf: Any = pytest.importorskip("tensorflow")
    feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[1]))
    example = tf.train.Example(features=tf.train.Features(feature={"fare": feature}))
    with tf.io.TFRecordWriter("examples.tfrecord") as writer:
        writer.write(example.SerializeToString())
    tfdv.generate_statistics_from_tfrecord("examples.tfrecord", output_path="statistics.tfrecord")
    assert [(a.type, a.uri) for a in tracked.list_nodes(Artifact)] == [
        ("DataSet", str(tmp_path / "examples.tfrecord")),
        ("ExampleStatistics", str(tmp_path / "statistics.tfrecord")),
    ]
    assert types(tracked) == ["tfdv.generate_statistics_from_tfrecord"]
    tfdv.load_statistics("statistics.tfrecord")
    assert len(tracked.list_nodes(Artifact)) == 2


@pytest.mark.parametrize("kind", ["stats", "schema", "anomalies"])
def test_what_is_written_and_loaded_is_the_same_artifact(
    tracked: Store, statistics: Any, schema: Any, kind: str, tmp_path: Path
) -> None:
    made = {
        "stats": statistics,
        "schema": schema,
        "anomalies": tfdv.validate_statistics(statistics, schema),
    }[kind]
    getattr(tfdv, f"write_{kind}_text")(copy(made), "file.pbtxt")
    loaded = getattr(tfdv, f"load_{kind}_text")("file.pbtxt")
    assert loaded == made
    (artifact,) = tracked.get_artifacts_by_uri(str(tmp_path / "file.pbtxt"))
    for verb in ("write", "load"):
        execution = only(tracked, f"tfdv.{verb}_{kind}_text")
        (event,) = tracked.get_events_by_execution_ids([execution.id])
        assert event.artifact_id == artifact.id
        assert event.path == ("statistics" if kind == "stats" else kind,)


def test_a_copy_in_a_second_file_is_a_second_artifact(tracked: Store, schema: Any) -> None:
    tfdv.write_schema_text(schema, "first.pbtxt")
    tfdv.write_schema_text(schema, "second.pbtxt")
    names = [Path(a.uri or "").name for a in tracked.get_by_type(Artifact, "Schema")]
    assert names == ["first.pbtxt", "second.pbtxt"]
    upstream = mt.lineage("second.pbtxt").upstream()
    assert [Path(a.uri or "").name for a in upstream.artifacts] == names


def test_two_validations_that_find_nothing_are_two_anomalies(
    tracked: Store, statistics: Any, schema: Any
) -> None:
    tfdv.validate_statistics(statistics, schema)
    tfdv.validate_statistics(statistics, schema)
    first, second = tracked.get_by_type(Artifact, "ExampleAnomalies")
    assert first.fingerprint == second.fingerprint


def test_a_schema_that_was_edited_is_another_artifact(
    tracked: Store, statistics: Any, schema: Any
) -> None:
    edited = copy(schema)
    tfdv.validate_statistics(statistics, edited)
    tfdv.get_feature(edited, "tips").presence.min_fraction = 0.5
    tfdv.validate_statistics(statistics, edited)
    assert len(tracked.get_by_type(Artifact, "Schema")) == 2


def test_statistics_that_infer_schema_thins_out_are_recorded_before_and_after(
    tracked: Store, statistics: Any
) -> None:
    odd = copy(statistics)
    odd.datasets[0].features.add().path.step.append("nothing is known of it")
    features = len(odd.datasets[0].features)
    tfdv.infer_schema(odd)
    assert len(odd.datasets[0].features) == features - 1
    before, after = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert before.custom_properties["features"] == features
    assert after.custom_properties["features"] == features - 1
    assert events(tracked, only(tracked, "tfdv.infer_schema")) == [
        (EventType.INPUT, ("statistics",), "ExampleStatistics"),
        (EventType.OUTPUT, ("statistics",), "ExampleStatistics"),
        (EventType.OUTPUT, ("schema",), "Schema"),
    ]


def test_a_missing_file_is_tfdvs_own_error(tracked: Store) -> None:
    with pytest.raises(OSError, match="missing"):
        tfdv.load_statistics("missing.pb")
    execution = only(tracked, "tfdv.load_statistics")
    assert execution.last_known_state is ExecutionState.FAILED
    assert execution.properties == {"state": "FAILED"}
    assert "missing.pb" in str(execution.custom_properties["mlmeta_error_message"])
    assert not tracked.list_nodes(Artifact)


def test_nothing_is_printed_that_tfdv_does_not_print(
    store: Store,
    schema: Any,
    statistics: Any,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tfdv.validate_statistics(statistics, tfdv.infer_schema(statistics))
    untracked = capfd.readouterr()
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("tfdv")
    tfdv.validate_statistics(statistics, tfdv.infer_schema(statistics))
    mt.untrack("tfdv")
    assert capfd.readouterr() == untracked
    assert len(store.list_nodes(Execution)) == 2


def test_calls_inside_a_step_are_its_children_and_their_schema_is_its_output(
    tracked: Store, statistics: Any
) -> None:
    @mt.step("Data Validation")
    def validate(given: Any) -> Any:
        return tfdv.infer_schema(given)

    validate(statistics)
    outer, inner = only(tracked, "Data Validation"), only(tracked, "tfdv.infer_schema")
    assert inner.custom_properties["mlmeta_parent_execution"] == outer.external_id
    (schema,) = tracked.get_by_type(Artifact, "Schema")
    makers = {e.execution_id for e in tracked.get_events_by_artifact_ids([schema.id])}
    assert makers == {outer.id, inner.id}


def test_a_schema_that_was_declared_by_path_is_found_when_it_is_loaded(
    tracked: Store, statistics: Any, schema: Any
) -> None:
    class Schema(mt.Artifact):
        name: str
        version: int

    mt.untrack("tfdv")
    with mt.step("Data Validation") as step:
        tfdv.write_schema_text(schema, "schema.pbtxt")
        step.output("schema.pbtxt", Schema(name="Chicago Taxi Schema", version=1))
    mt.autotrack("tfdv")
    tfdv.validate_statistics(statistics, tfdv.load_schema_text("schema.pbtxt"))

    (artifact,) = tracked.get_by_type(Artifact, "Schema")
    assert artifact.properties == {"name": "Chicago Taxi Schema", "version": 1}
    users = {e.execution_id for e in tracked.get_events_by_artifact_ids([artifact.id])}
    assert [e.type for e in tracked.get_by_id(Execution, users)] == [
        "Data Validation",
        "tfdv.load_schema_text",
        "tfdv.validate_statistics",
    ]
