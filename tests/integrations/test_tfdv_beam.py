"""Beam pipelines with TFDV's transforms: recorded when they run, and otherwise left as they are."""

from __future__ import annotations

import bz2
import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlmeta_track_tfdv import options

import mlmeta_track as mt
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.store.base import Store

IN, OUT = EventType.INPUT, EventType.OUTPUT
FN_API = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
COLUMNS = ("fare", "trip_miles", "payment_type")
MODES = {
    "in_memory": [f"--runner={FN_API}", "--direct_running_mode=in_memory"],
    "multi_threading": [
        f"--runner={FN_API}",
        "--direct_running_mode=multi_threading",
        "--direct_num_workers=1",  # With more, TFDV itself adds up in another order each time.
    ],
    "bundles": ["--runner=BundleBasedDirectRunner"],
}
QUICK = MODES["in_memory"]
LATER = MODES["bundles"]  # It goes on after `run` has returned.


@pytest.fixture(scope="session")
def beam(tfdv: Any) -> Any:
    return importlib.import_module("apache_beam")


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 200 rows."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    lines = [f"{i / 4},{i % 7},{'Cash' if i % 3 else 'Card'}" for i in range(200)]
    path.write_text("\n".join([",".join(COLUMNS), *lines, ""]))
    return path


def read(path: str | Path) -> Any:
    """Read a CSV file as batches, as TFX does."""
    tfxio: Any = importlib.import_module("tfx_bsl.tfxio.csv_tfxio")
    source = tfxio.CsvTFXIO(str(path), column_names=list(COLUMNS), skip_header_lines=1)
    return "Read" >> source.BeamSource()


def batch(size: int = 2) -> Any:
    pa: Any = importlib.import_module("pyarrow")
    values = [pa.array([[float(i)] for i in range(size)]), pa.array([[b"a"]] * size)]
    return pa.RecordBatch.from_arrays(values, ["x", "y"])


def statistics_of(beam: Any, tfdv: Any, pipeline: Any, size: int = 2) -> Any:
    """Make statistics of a batch that lies nowhere."""
    data = pipeline | "Data" >> beam.Create([batch(size)])
    return data | "Statistics" >> tfdv.GenerateStatistics()


def pipeline_of(beam: Any, flags: list[str], **more: Any) -> Any:
    module: Any = importlib.import_module("apache_beam.options.pipeline_options")
    return beam.Pipeline(options=module.PipelineOptions(flags, **more))


def executions(store: Store) -> list[Execution]:
    return list(store.list_nodes(Execution))


def only(store: Store) -> Execution:
    (execution,) = executions(store)
    return execution


def events(store: Store, execution: Execution) -> list[tuple[EventType, EventPath, str]]:
    uris = {a.id: Path(str(a.uri)).name for a in store.list_nodes(Artifact)}
    found = store.get_events_by_execution_ids([execution.id])
    return [(event.type, event.path, uris[event.artifact_id]) for event in found]


# A pipeline that runs.


def usual(beam: Any, tfdv: Any, flags: list[str], rows: Path, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    with pipeline_of(beam, flags) as pipeline:
        statistics = pipeline | read(rows) | "Statistics" >> tfdv.GenerateStatistics()
        record, binary = str(folder / "stats.tfrecord"), str(folder / "stats.pb")
        _ = statistics | "Record" >> tfdv.WriteStatisticsToTFRecord(record)
        _ = statistics | "Binary" >> tfdv.WriteStatisticsToBinaryFile(binary)
    assert pipeline.result.state == "DONE"
    return {path.name: features(tfdv, path) for path in folder.iterdir()}


def features(tfdv: Any, path: Path) -> list[bytes]:
    """Return the statistics in a file, feature by feature: threads add them in any order."""
    with mt.suppress():
        load = tfdv.load_stats_binary if path.suffix == ".pb" else tfdv.load_statistics
        (dataset,) = load(str(path)).datasets
    parts = [feature.SerializeToString(deterministic=True) for feature in dataset.features]
    del dataset.features[:]
    return [dataset.SerializeToString(deterministic=True), *sorted(parts)]


@pytest.mark.parametrize("mode", MODES)
def test_a_pipeline_is_recorded_and_writes_the_same(
    tracked: Store, beam: Any, tfdv: Any, rows: Path, mode: str
) -> None:
    flags = MODES[mode]
    with mt.suppress():
        untracked = usual(beam, tfdv, flags, rows, Path("untracked"))
    assert executions(tracked) == []
    assert usual(beam, tfdv, flags, rows, Path("tracked")) == untracked
    execution = only(tracked)
    facts = execution.custom_properties
    assert (execution.type, facts["label"]) == ("tfdv.GenerateStatistics", "Statistics")
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert facts["pipeline_state"] == "DONE"
    assert facts["runner"] == flags[0].partition("=")[2].rpartition(".")[2]
    assert json.loads(str(facts["pipeline_options"])).items() >= {"runner": flags[0][9:]}.items()
    assert facts["tfx.DataValidation.num_instances"] == 200
    assert tfdv.StatsOptions.from_json(str(facts["stats_options"])).num_top_values == 20
    assert events(tracked, execution) == [
        (IN, ("examples",), "rows.csv"),
        (OUT, ("statistics",), "stats.tfrecord"),
        (OUT, ("statistics", 1), "stats.pb"),
    ]
    for made in tracked.get_by_type(Artifact, "ExampleStatistics"):
        assert made.custom_properties["examples"] == 200
        assert made.custom_properties["features"] == 3


def test_options_are_those_that_were_given_without_secrets(
    tracked: Store, beam: Any, tfdv: Any
) -> None:
    flags = [*QUICK, "--temp_location=s3://me:hunter2@bucket/x"]
    with pipeline_of(beam, flags, job_name="nightly", hub_token="hunter3") as pipeline:  # noqa: S106
        statistics_of(beam, tfdv, pipeline)
    told = str(only(tracked).custom_properties["pipeline_options"])
    assert "hunter" not in told
    given = json.loads(told)
    assert given.pop("experiments") == ["beam_fn_api"]  # as Beam itself adds, and
    given.pop("save_main_session", None)  # since 2.65
    assert given == {
        "runner": FN_API,
        "direct_running_mode": "in_memory",
        "temp_location": "s3://me:(left out)@bucket/x",
        "job_name": "nightly",
        "hub_token": "(left out)",
    }


def test_names_and_urls_that_hold_secrets_are_known() -> None:
    told = options.pipeline_options(
        SimpleNamespace(
            _flags=["--api-key", "1", "--pwd=1", "--ssh_key=1", "--aws_access_key_id=1"],
            _all_options={
                "dataflow_kms_key": "projects/x",
                "index": "https://hunter2@host/simple",
                "temp_location": "abfss://container@account/x",
                "sdk_container_image": "http://me:hunter3@host/image",
            },
        )
    )
    assert json.loads(str(told)) == {
        "api-key": options.LEFT_OUT,
        "pwd": options.LEFT_OUT,
        "ssh_key": options.LEFT_OUT,
        "aws_access_key_id": options.LEFT_OUT,
        "dataflow_kms_key": "projects/x",
        "index": f"https://{options.LEFT_OUT}@host/simple",
        "temp_location": "abfss://container@account/x",
        "sdk_container_image": f"http://me:{options.LEFT_OUT}@host/image",
    }


def test_what_was_written_leads_back_to_the_data_when_it_is_loaded(
    tracked: Store, beam: Any, tfdv: Any, rows: Path, tmp_path: Path
) -> None:
    usual(beam, tfdv, QUICK, rows, tmp_path / "out")
    tfdv.infer_schema(tfdv.load_statistics(str(tmp_path / "out" / "stats.tfrecord")))
    (schema,) = tracked.get_by_type(Artifact, "Schema")
    graph = mt.lineage(schema).upstream()
    assert {e.type for e in graph.executions} == {"tfdv.infer_schema", "tfdv.GenerateStatistics"}
    assert str(rows) in {artifact.uri for artifact in graph.artifacts}


# One that does not, or not to its end.


def test_a_graph_that_is_never_run_is_not_recorded(tracked: Store, beam: Any, tfdv: Any) -> None:
    statistics_of(beam, tfdv, pipeline_of(beam, QUICK))
    error = ZeroDivisionError()
    with contextlib.suppress(ZeroDivisionError), pipeline_of(beam, QUICK) as pipeline:
        statistics_of(beam, tfdv, pipeline)
        raise error
    assert executions(tracked) == []


def test_a_pipeline_without_tfdv_is_not_recorded(tracked: Store, beam: Any) -> None:
    with pipeline_of(beam, QUICK) as pipeline:
        _ = pipeline | beam.Create([1, 2])
    assert executions(tracked) == []


def _fail(_: object) -> None:
    message = "no such row"
    raise LookupError(message)


def failure(beam: Any, tfdv: Any, flags: list[str]) -> tuple[type, str, list[str], list[str]]:
    try:
        with pipeline_of(beam, flags) as pipeline:
            data = pipeline | beam.Create([batch()]) | "Fail" >> beam.Map(_fail)
            _ = data | tfdv.GenerateStatistics() | tfdv.WriteStatisticsToTFRecord("never")
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame.name for frame in frames if "mlmeta_track" in frame.filename]
        theirs = [frame.name for frame in frames if "mlmeta_track" not in frame.filename]
        return type(error), str(error), theirs, ours
    pytest.fail("the pipeline did not fail")


@pytest.mark.parametrize("flags", [QUICK, LATER], ids=["in_memory", "bundles"])
def test_a_failure_is_beams_own_and_recorded(
    tracked: Store, beam: Any, tfdv: Any, flags: list[str]
) -> None:
    with mt.suppress():
        mt.untrack("tfdv")
        kind, message, frames, _ = failure(beam, tfdv, flags)
    mt.autotrack("tfdv")
    again = failure(beam, tfdv, flags)
    assert again[:3] == (kind, message, frames)
    assert len(again[3]) <= 1
    execution = only(tracked)
    assert execution.last_known_state is ExecutionState.FAILED
    assert "no such row" in str(execution.custom_properties["mlmeta_error_message"])
    assert [event[0] for event in events(tracked, execution)] == []


def test_a_pipeline_runs_until_somebody_has_waited(
    tracked: Store, beam: Any, tfdv: Any, tmp_path: Path
) -> None:
    pipeline = pipeline_of(beam, LATER)
    statistics_of(beam, tfdv, pipeline) | tfdv.WriteStatisticsToTFRecord("stats")
    result = pipeline.run()
    assert type(result).__name__ == "DirectPipelineResult"
    assert only(tracked).last_known_state is ExecutionState.RUNNING
    assert result.wait_until_finish() == "DONE" == result.wait_until_finish()
    execution = only(tracked)
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert events(tracked, execution) == [(OUT, ("statistics",), "stats")]
    (made,) = tracked.list_nodes(Artifact)
    assert made.uri == str(tmp_path / "stats")


def test_a_cancelled_pipeline_is_canceled(tracked: Store, beam: Any, tfdv: Any) -> None:
    pipeline = pipeline_of(beam, LATER)
    statistics_of(beam, tfdv, pipeline) | tfdv.WriteStatisticsToTFRecord("stats")
    pipeline.run().cancel()
    execution = only(tracked)
    assert execution.last_known_state is ExecutionState.CANCELED
    assert execution.custom_properties["pipeline_state"] == "CANCELLED"
    assert events(tracked, execution) == []


def test_what_a_wait_refuses_does_not_end_the_run(tracked: Store, beam: Any, tfdv: Any) -> None:
    pipeline = pipeline_of(beam, LATER)
    statistics_of(beam, tfdv, pipeline)
    result = pipeline.run()
    with pytest.raises(NotImplementedError, match="duration"):
        result.wait_until_finish(duration=5)
    assert only(tracked).last_known_state is ExecutionState.RUNNING
    result.wait_until_finish()
    assert only(tracked).last_known_state is ExecutionState.COMPLETE


# Whose pipelines.


def test_a_pipeline_of_tfdvs_own_is_part_of_the_users_call(
    tracked: Store, tfdv: Any, rows: Path
) -> None:
    tfdv.generate_statistics_from_csv(str(rows))
    assert only(tracked).type == "tfdv.generate_statistics_from_csv"


EXECUTOR = """
def run(build, pipeline):
    with pipeline as running:
        build(running)
"""


def test_what_tfx_runs_is_not_recorded(
    tracked: Store, beam: Any, tfdv: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tfx").mkdir()
    (tmp_path / "tfx" / "executor.py").write_text(EXECUTOR)
    monkeypatch.syspath_prepend(tmp_path)
    executor: Any = importlib.import_module("tfx.executor")
    executor.run(lambda pipeline: statistics_of(beam, tfdv, pipeline), pipeline_of(beam, QUICK))
    for name in ("tfx", "tfx.executor"):
        monkeypatch.delitem(sys.modules, name)
    assert executions(tracked) == []


def test_nothing_of_ours_is_left_behind(tracked: Store, beam: Any, tfdv: Any) -> None:
    with pipeline_of(beam, LATER) as pipeline:
        statistics_of(beam, tfdv, pipeline)
    results = type(pipeline.result)
    wrapped = [beam.Pipeline.run, results.wait_until_finish]
    originals = [function.__wrapped__ for function in wrapped]
    assert vars(results).keys() >= {"cancel", "wait_until_finish"}
    mt.untrack("tfdv")
    assert [beam.Pipeline.run, results.wait_until_finish] == originals
    assert all(type(function).__module__ == "builtins" for function in originals)
    mt.autotrack("tfdv")


def test_the_graph_is_the_same(
    tracked: Store, beam: Any, tfdv: Any, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled: list[bytes] = []
    compress = bz2.compress

    def seen(data: bytes, **how: int) -> bytes:
        pickled.append(data)
        return compress(data, **how)

    monkeypatch.setattr(bz2, "compress", seen)  # by which Beam makes a pickle a part of a graph

    def graph() -> Any:
        pipeline = pipeline_of(beam, QUICK)
        statistics = pipeline | read(rows) | tfdv.GenerateStatistics()
        _ = statistics | tfdv.MergeDatasetFeatureStatisticsList()
        _ = statistics | tfdv.WriteStatisticsToTFRecord("stats.tfrecord")
        _ = statistics | tfdv.WriteStatisticsToRecordsAndBinaryFile("stats.pb", "stats")
        return pipeline.to_runner_api()

    ours = graph()
    assert len(pickled) > 10
    assert not any(b"mlmeta" in one for one in pickled)
    mt.untrack("tfdv")
    untracked, again = graph(), graph()
    mt.autotrack("tfdv")
    assert shape(ours) == shape(untracked)
    assert len(shape(ours)) > 50
    # With cloudpickle, no two graphs of one pipeline are the same bytes.
    assert content(ours) == content(untracked) or content(untracked) != content(again)


def shape(graph: Any) -> list[Any]:
    """Return the transforms of a graph: what they are called, take and give."""
    return [
        (key, one.unique_name, one.spec.urn, dict(one.inputs), dict(one.outputs))
        for key, one in sorted(graph.components.transforms.items())
    ]


def content(graph: Any) -> bytes:
    # Beam tells one transform by its address.
    return re.sub(rb"0x[0-9a-f]+", b"", graph.SerializeToString(deterministic=True))


# Where data comes from and goes to.


def test_each_application_is_an_execution_and_a_merge_takes_from_both(
    tracked: Store, beam: Any, tfdv: Any, rows: Path
) -> None:
    with pipeline_of(beam, QUICK) as pipeline:
        left = statistics_of(beam, tfdv, pipeline, 200)
        right = pipeline | read(rows) | "Others" >> tfdv.GenerateStatistics()
        merged = (left, right) | beam.Flatten() | tfdv.MergeDatasetFeatureStatisticsList()
        _ = merged | tfdv.WriteStatisticsToRecordsAndBinaryFile("stats.pb", "shards")
    first, second, merge = executions(tracked)
    labels = [one.custom_properties["label"] for one in (first, second, merge)]
    assert labels == ["Statistics", "Others", "MergeDatasetFeatureStatisticsList"]
    assert first.custom_properties["other_sources"] == '["Data"]'
    name = "tfx.DataValidation.num_instances"
    assert first.custom_properties[name] == second.custom_properties[name] == 200
    assert name not in merge.custom_properties
    reading = "tfx.CSVToRecordBatch.desired_batch_size"
    assert reading in second.custom_properties
    assert reading not in first.custom_properties.keys() | merge.custom_properties.keys()
    assert events(tracked, first) == [(OUT, ("statistics",), "None")]
    assert events(tracked, second) == [
        (IN, ("examples",), "rows.csv"),
        (OUT, ("statistics",), "None"),
    ]
    assert events(tracked, merge) == [
        (IN, ("statistics",), "None"),
        (IN, ("statistics", 1), "None"),
        (OUT, ("statistics",), "stats.pb"),
        (OUT, ("statistics", 1), "shards"),
    ]
    graph = mt.lineage("shards").upstream()
    assert {one.id for one in graph.executions} == {first.id, second.id, merge.id}
    assert tracked.get_by_type(Artifact, "ExampleStatistics")[-1].custom_properties["files"] == 1


def test_shards_that_are_loaded_by_their_prefix_lead_back_to_the_data(
    tracked: Store, beam: Any, tfdv: Any, rows: Path, tmp_path: Path
) -> None:
    with pipeline_of(beam, QUICK) as pipeline:
        statistics = pipeline | read(rows) | tfdv.GenerateStatistics()
        _ = statistics | tfdv.WriteStatisticsToTFRecord("shards", sharded_output=True)
    (written,) = tracked.get_by_type(Artifact, "ExampleStatistics")
    facts = written.custom_properties
    assert written.uri == str(tmp_path / "shards")
    assert (facts["examples"], facts["features"], facts["files"]) == (200, 3, 1)
    store_url = f"sqlite:///{tmp_path / 'metadata.db'}"
    mt.init(store_url, strict=True)  # nothing is remembered of what this process has made
    tfdv.infer_schema(tfdv.load_sharded_statistics("shards").proto())
    paths = [str(path) for path in Path().glob("shards-*")]
    tfdv.infer_schema(tfdv.load_sharded_statistics(input_paths=paths).proto())
    for schema in tracked.get_by_type(Artifact, "Schema"):
        graph = mt.lineage(schema).upstream()
        assert written.id in {artifact.id for artifact in graph.artifacts}
        assert str(rows) in {artifact.uri for artifact in graph.artifacts}


def test_statistics_from_anywhere_are_an_output_of_their_writer(
    tracked: Store, beam: Any, tfdv: Any, statistics: Any
) -> None:
    with pipeline_of(beam, QUICK) as pipeline:
        _ = pipeline | beam.Create([statistics]) | tfdv.WriteStatisticsToBinaryFile("stats.pb")
    execution = only(tracked)
    assert execution.type == "tfdv.WriteStatisticsToBinaryFile"
    assert events(tracked, execution) == [(OUT, ("statistics",), "stats.pb")]


def test_the_schema_of_the_options_is_an_input(
    tracked: Store, beam: Any, tfdv: Any, statistics: Any
) -> None:
    schema = tfdv.infer_schema(statistics)
    with pipeline_of(beam, QUICK) as pipeline:
        data = pipeline | beam.Create([batch()])
        _ = data | tfdv.GenerateStatistics(tfdv.StatsOptions(schema=schema))
    execution = executions(tracked)[-1]
    assert [event[:2] for event in events(tracked, execution)] == [
        (IN, ("schema",)),
        (OUT, ("statistics",)),
    ]
    assert len(tracked.get_by_type(Artifact, "Schema")) == 1


def test_skew_is_between_two_inputs(tracked: Store, beam: Any, tfdv: Any, tmp_path: Path) -> None:
    tf: Any = importlib.import_module("tensorflow")
    api: Any = importlib.import_module("tensorflow_data_validation.api.validation_api")
    for name, value in (("base", 1), ("test", 2)):
        with tf.io.TFRecordWriter(f"{name}.tfrecord") as writer:
            features = {
                key: tf.train.Feature(int64_list=tf.train.Int64List(value=[one]))
                for key, one in (("id", 7), ("x", value))
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())
    with pipeline_of(beam, QUICK) as pipeline:
        base, test = (
            pipeline
            | f"Read {name}" >> beam.io.ReadFromTFRecord(str(tmp_path / f"{name}.tfrecord"))
            | f"Parse {name}" >> beam.Map(tf.train.Example.FromString)
            for name in ("base", "test")
        )
        found, pairs = (base, test) | tfdv.DetectFeatureSkew(["id"], sample_size=1)
        _ = found | api.WriteFeatureSkewResultsToTFRecord("skew.tfrecord")
        _ = pairs | api.WriteSkewPairsToTFRecord("pairs.tfrecord")
    execution = only(tracked)
    assert events(tracked, execution) == [
        (IN, ("examples_base",), "base.tfrecord"),
        (IN, ("examples_test",), "test.tfrecord"),
        (OUT, ("skew_results",), "skew.tfrecord"),
        (OUT, ("skew_pairs",), "pairs.tfrecord"),
    ]
    assert execution.custom_properties["identifier_features"] == '["id"]'


def sources(beam: Any, tfdv: Any, lines: Callable[[Any], Any]) -> Any:
    graph: Any = importlib.import_module("mlmeta_track_tfdv.beam_graph")
    pipeline = pipeline_of(beam, QUICK)
    _ = lines(pipeline) | beam.Map(lambda _: batch()) | tfdv.GenerateStatistics()
    (applied,) = graph.applied_in(pipeline)
    return applied.sources["examples"], applied.unknown


def test_sources_are_found_where_they_are_certain(
    beam: Any, tfdv: Any, rows: Path, tmp_path: Path
) -> None:
    pattern = str(rows.parent / "*.csv")
    text, files = beam.io.textio, importlib.import_module("apache_beam.io.fileio")
    found = [
        sources(beam, tfdv, lines)
        for lines in (
            lambda p: p | text.ReadFromText(pattern),
            lambda p: p | beam.Create([pattern]) | text.ReadAllFromText(),
            lambda p: p | files.MatchFiles(pattern) | files.ReadMatches(),
            lambda p: p | beam.Create([pattern]) | beam.Map(str.upper),
            lambda p: (
                (p | "1" >> text.ReadFromText(pattern), p | "2" >> beam.Create([1]))
                | beam.Flatten()
            ),
        )
    ]
    assert found == [
        ([pattern], []),
        ([pattern], []),
        ([pattern], []),
        ([], ["Create"]),
        ([pattern], ["2"]),
    ]


# Worker processes.

SCRIPT = """
import sys
import apache_beam as beam
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from tensorflow_data_validation import write_stats_text
from tfx_bsl.tfxio.csv_tfxio import CsvTFXIO

def look(statistics, write=write_stats_text):
    import sys
    import tensorflow_data_validation as tfdv
    assert "mlmeta_track" not in sys.modules
    write(statistics, "in_worker.pbtxt")
    assert tfdv.infer_schema(statistics).feature
    return statistics

def main(rows, flags):
    columns = ["fare", "trip_miles", "payment_type"]
    source = CsvTFXIO(rows, column_names=columns, skip_header_lines=1)
    with beam.Pipeline(options=PipelineOptions(flags)) as pipeline:
        statistics = pipeline | "Read" >> source.BeamSource() | tfdv.GenerateStatistics()
        _ = statistics | beam.Map(look) | tfdv.WriteStatisticsToBinaryFile("stats.pb")
        _ = statistics | "Written" >> beam.Map(tfdv.write_stats_text, "mapped.pbtxt")

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
"""
BLOCK = """
import sys
if any("sdk_worker" in argument for argument in sys.orig_argv):
    class Block:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("mlmeta_track"):
                raise ModuleNotFoundError(name)
    sys.meta_path.insert(0, Block())
    open("a_worker_ran", "w").close()
"""


def test_worker_processes_need_not_have_this_package(
    beam: Any, tfdv: Any, rows: Path, store_url: str, tmp_path: Path
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    flags = [f"--runner={FN_API}", "--direct_running_mode=multi_processing"]
    command = ["-m", "mlmeta_track", "run", "--strict", "script.py", str(rows), *flags]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "MLMETA_TRACK_STORE": store_url, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "a_worker_ran").exists()
    assert (tmp_path / "in_worker.pbtxt").read_text() == (tmp_path / "mapped.pbtxt").read_text()
    untracked = usual(beam, tfdv, QUICK, rows, tmp_path / "untracked")
    assert features(tfdv, tmp_path / "stats.pb") == untracked["stats.pb"]
    mt.init(store_url, strict=True)
    graph = mt.lineage(tmp_path / "stats.pb").upstream()
    assert [one.type for one in graph.executions] == ["tfdv.GenerateStatistics"]
    assert graph.executions[0].last_known_state is ExecutionState.COMPLETE
    assert str(rows) in {artifact.uri for artifact in graph.artifacts}
