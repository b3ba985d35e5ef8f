"""What is recorded of TFDV's calls: inputs, outputs, parameters, edits, and facts worth asking."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlmeta_track_tfdv.shards import whole

import mlmeta_track as mt
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.steps import EDIT

IN, OUT = EventType.INPUT, EventType.OUTPUT


def only(store: Store, type_name: str) -> Execution:
    (execution,) = store.get_by_type(Execution, type_name)
    return execution


def events(store: Store, type_name: str) -> list[tuple[EventType, EventPath, str]]:
    found = store.get_events_by_execution_ids([only(store, type_name).id])
    types = {a.id: a.type for a in store.list_nodes(Artifact)}
    return [(event.type, event.path, types[event.artifact_id]) for event in found]


def upstream(what: Any) -> list[str]:
    return [execution.type for execution in mt.lineage(what).upstream().executions]


def proto(module: str, kind: str, **fields: Any) -> Any:
    return getattr(importlib.import_module(f"tensorflow_metadata.proto.v0.{module}_pb2"), kind)(
        **fields
    )


def copy(message: Any) -> Any:
    return type(message).FromString(message.SerializeToString())


def anomalous(store: Store) -> Artifact:
    """The anomalies that were found last."""
    return store.get_by_type(Artifact, "ExampleAnomalies")[-1]


# Options.


def test_options_are_json_from_which_tfdv_makes_them_again(
    tracked: Store, tfdv: Any, taxi_frame: Any, schema: Any
) -> None:
    options = tfdv.StatsOptions(schema=schema, sample_rate=0.5, feature_allowlist=["fare", "tips"])
    tfdv.generate_statistics_from_dataframe(taxi_frame, options)
    execution = only(tracked, "tfdv.generate_statistics_from_dataframe")
    told = str(execution.custom_properties["stats_options"])
    again = tfdv.StatsOptions.from_json(told)
    assert (again.sample_rate, again.feature_allowlist) == (0.5, ["fare", "tips"])
    assert "schema_json" not in json.loads(told)
    assert options.schema is schema


def test_the_schema_in_the_options_is_an_input(
    tracked: Store, tfdv: Any, taxi_frame: Any, statistics: Any
) -> None:
    schema = tfdv.infer_schema(statistics)
    tfdv.generate_statistics_from_dataframe(taxi_frame, tfdv.StatsOptions(schema=schema))
    assert events(tracked, "tfdv.generate_statistics_from_dataframe") == [
        (IN, ("examples",), "DataSet"),
        (IN, ("schema",), "Schema"),
        (OUT, ("statistics",), "ExampleStatistics"),
    ]
    assert len(tracked.get_by_type(Artifact, "Schema")) == 1


def slicer(batch: Any) -> Any:
    """A function of the user's, which no JSON can hold."""
    yield "all", batch


def test_options_with_functions_are_told_field_by_field(
    tracked: Store, tfdv: Any, taxi_frame: Any
) -> None:
    options = tfdv.StatsOptions(
        experimental_slice_functions=[slicer, lambda batch: [("x", batch)]],
        sample_rate=0.9,
    )
    tfdv.generate_statistics_from_dataframe(taxi_frame, options)
    execution = only(tracked, "tfdv.generate_statistics_from_dataframe")
    told = json.loads(str(execution.custom_properties["stats_options"]))
    first, second = told["slice_functions"]
    assert first == f"{__name__}.slicer"
    assert second.endswith("<lambda>")
    assert told["sample_rate"] == 0.9


def test_long_options_stay_json(tracked: Store, tfdv: Any, taxi_frame: Any) -> None:
    options = tfdv.StatsOptions(feature_allowlist=[f"feature {i}" for i in range(5_000)] + ["fare"])
    tfdv.generate_statistics_from_dataframe(taxi_frame, options)
    execution = only(tracked, "tfdv.generate_statistics_from_dataframe")
    told = json.loads(str(execution.custom_properties["stats_options"]))
    assert told["feature_allowlist"][-1] == "(4981 more)"


def test_secrets_in_options_of_a_pipeline_are_left_out(
    tracked: Store, tfdv: Any, taxi_rows: Path
) -> None:
    beam: Any = importlib.import_module("apache_beam.options.pipeline_options")
    options = beam.PipelineOptions(
        [
            "--runner=BundleBasedDirectRunner",
            "--database=postgresql://me:hunter2@host/db",
            "--api_key",
            "hunter3",
            "--no_op",
        ],
        job_name="validate",
        service_token="hunter4",  # noqa: S106 - it is to be left out
    )
    with pytest.MonkeyPatch.context() as patched:
        # Beam itself would say that it does not know these.
        patched.setattr(beam._LOGGER, "disabled", True)
        tfdv.generate_statistics_from_csv(str(taxi_rows / "eval.csv"), pipeline_options=options)
    execution = only(tracked, "tfdv.generate_statistics_from_csv")
    text = str(execution.custom_properties["pipeline_options"])
    assert "hunter" not in text
    assert json.loads(text) == {
        "runner": "BundleBasedDirectRunner",
        "database": "postgresql://me:(left out)@host/db",
        "api_key": "(left out)",
        "no_op": True,
        "job_name": "validate",
        "service_token": "(left out)",
    }


# Data and files.


def test_a_pattern_of_files_is_one_input_and_each_file_another(
    tracked: Store, tfdv: Any, taxi_rows: Path, tmp_path: Path
) -> None:
    pattern = str(taxi_rows / "*.csv")
    statistics = tfdv.generate_statistics_from_csv(pattern, output_path="statistics.tfrecord")
    assert events(tracked, "tfdv.generate_statistics_from_csv") == [
        (IN, ("examples",), "DataSet"),
        (IN, ("examples", 0), "DataSet"),
        (IN, ("examples", 1), "DataSet"),
        (OUT, ("statistics",), "ExampleStatistics"),
    ]
    whole, eval_, train = tracked.get_by_type(Artifact, "DataSet")
    assert (whole.uri, whole.custom_properties["files"]) == (pattern, 2)
    sizes = [data.custom_properties["file_bytes"] for data in (eval_, train, whole)]
    assert sizes[0] == (taxi_rows / "eval.csv").stat().st_size
    assert sizes[2] == int(str(sizes[0])) + int(str(sizes[1]))
    (made,) = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert made.uri == str(tmp_path / "statistics.tfrecord")
    assert made.custom_properties["examples"] == 400 == statistics.datasets[0].num_examples
    assert made.custom_properties["file_bytes"] == Path("statistics.tfrecord").stat().st_size
    found = mt.lineage(taxi_rows / "eval.csv").downstream()
    assert [execution.type for execution in found.executions] == [
        "tfdv.generate_statistics_from_csv"
    ]


def test_a_temporary_file_of_tfdvs_is_no_uri(tracked: Store, tfdv: Any, taxi_rows: Path) -> None:
    tfdv.generate_statistics_from_csv(str(taxi_rows / "eval.csv"))
    (made,) = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert made.uri is None


def test_a_path_that_is_no_text_is_recorded_too(tracked: Store, tfdv: Any, schema: Any) -> None:
    tfdv.write_schema_text(schema, Path("schema.pbtxt"))
    tfdv.load_schema_text(Path("schema.pbtxt"))
    assert [Path(str(a.uri)).name for a in tracked.list_nodes(Artifact)] == ["schema.pbtxt"]


def test_statistics_in_a_binary_file_and_in_a_record_are_found(
    tracked: Store, tfdv: Any, statistics: Any, taxi_rows: Path
) -> None:
    made = tfdv.generate_statistics_from_csv(
        str(taxi_rows / "eval.csv"), output_path="statistics.tfrecord"
    )
    Path("FeatureStats.pb").write_bytes(made.SerializeToString())
    util: Any = importlib.import_module("tensorflow_data_validation.utils.stats_util")
    assert util.load_stats_tfrecord("statistics.tfrecord") == made
    assert tfdv.load_stats_binary("FeatureStats.pb") == made
    (artifact,) = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert Path(str(artifact.uri)).name == "statistics.tfrecord"
    del statistics


def test_sharded_statistics_are_found_by_prefix_and_made_of_their_files(
    tracked: Store, tfdv: Any, statistics: Any, tmp_path: Path
) -> None:
    tf: Any = importlib.import_module("tensorflow")
    io: Any = importlib.import_module("tensorflow_data_validation.utils.artifacts_io_impl")
    provider = io.get_io_provider("tfrecords")
    paths = [f"stats-0000{i}-of-00002{provider.file_suffix()}" for i in range(2)]
    for path in paths:
        with tf.io.TFRecordWriter(path, "GZIP" if path.endswith("gz") else None) as writer:
            writer.write(statistics.SerializeToString())
        statistics.datasets[0].features.add(name="one more", type=1)
    view = tfdv.load_sharded_statistics("stats", io_provider=provider)
    assert type(view) is tfdv.DatasetListView
    assert events(tracked, "tfdv.load_sharded_statistics") == [
        (IN, ("statistics",), "ExampleStatistics")
    ]
    (loaded,) = tracked.list_nodes(Artifact)
    assert loaded.uri == str(tmp_path / "stats")
    found = []
    for some in (paths, paths[:1]):
        tfdv.load_sharded_statistics(input_paths=some, io_provider=provider)
        last = tracked.get_by_type(Execution, "tfdv.load_sharded_statistics")[-1]
        found.append(tracked.get_events_by_execution_ids([last.id]))
    every, one = ([(e.type, e.path) for e in events] for events in found)
    assert every == [(IN, ("shards", 0)), (IN, ("shards", 1)), (IN, ("statistics",))]
    assert found[0][2].artifact_id == loaded.id
    assert one == [(IN, ("shards", 0)), (OUT, ("statistics",))]


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        (["x-00001-of-00002", "x-00000-of-00002"], "x"),
        (("a/b-of-c-0-of-1.tfrecord",), "a/b-of-c"),
        (["x-00000-of-00002"], None),
        (["x-00000-of-00001", "y-00000-of-00001"], None),
        (["x-00000-of-00002", "x-00000-of-00002"], None),
        (["x-00000-of-00001", "x"], None),
        ([], None),
        (iter(["x-00000-of-00001"]), None),
        (None, None),
    ],
)
def test_files_are_statistics_as_a_whole_if_their_names_say_that_none_is_missing(
    paths: Any, prefix: str | None
) -> None:
    assert whole(paths) == prefix


# The functions, one by one.


def test_updating_a_schema_makes_a_new_one(
    tracked: Store, tfdv: Any, statistics: Any, schema: Any
) -> None:
    tfdv.update_schema(schema, statistics, max_string_domain_size=3)
    assert events(tracked, "tfdv.update_schema") == [
        (IN, ("schema",), "Schema"),
        (IN, ("statistics",), "ExampleStatistics"),
        (OUT, ("schema",), "Schema"),
    ]
    execution = only(tracked, "tfdv.update_schema")
    assert execution.custom_properties["max_string_domain_size"] == 3


def test_a_slice_of_statistics_comes_from_the_whole(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    statistics.datasets.add(name="night", num_examples=7)
    tfdv.get_slice_stats(statistics, "night")
    assert events(tracked, "tfdv.get_slice_stats") == [
        (IN, ("statistics",), "ExampleStatistics"),
        (OUT, ("statistics",), "ExampleStatistics"),
    ]
    whole, one = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert (whole.custom_properties["slices"], one.custom_properties["examples"]) == (2, 7)
    assert only(tracked, "tfdv.get_slice_stats").custom_properties["slice_key"] == "night"


def test_slices_are_validated_once(tracked: Store, tfdv: Any, statistics: Any, schema: Any) -> None:
    for made in (statistics, other := copy(statistics)):
        made.datasets[0].name = "All Examples"
        made.datasets.add().CopyFrom(made.datasets[0])
        made.datasets[-1].name = "night"
    other.datasets[0].num_examples += 1
    tfdv.validate_corresponding_slices(statistics, schema, previous_statistics=other)
    assert [event[:2] for event in events(tracked, "tfdv.validate_corresponding_slices")] == [
        (IN, ("statistics",)),
        (IN, ("schema",)),
        (IN, ("previous_statistics",)),
        (OUT, ("anomalies",)),
    ]
    assert len(tracked.list_nodes(Execution)) == 1


def test_custom_validations_are_parameters(
    tracked: Store, tfdv: Any, statistics: Any, schema: Any
) -> None:
    protos = importlib.import_module(
        "tensorflow_data_validation.anomalies.proto.custom_validation_config_pb2"
    )
    config = protos.CustomValidationConfig()
    config.feature_validations.add().feature_path.step.append("tips")
    config.feature_validations[0].validations.add(
        sql_expression="feature.num_stats.num_zeros < 3", severity=2, description="no zeros"
    )
    tfdv.validate_statistics(statistics, schema, custom_validation_config=config)
    execution = only(tracked, "tfdv.validate_statistics")
    told = str(execution.custom_properties["custom_validation_config"])
    assert told.startswith("CustomValidationConfig ")
    assert "num_zeros < 3" in told


def test_a_dummy_schema_comes_from_paths(tracked: Store, tfdv: Any) -> None:
    tfdv.generate_dummy_schema_with_paths([tfdv.FeaturePath(["a", "b"]), tfdv.FeaturePath(["c"])])
    (schema,) = tracked.list_nodes(Artifact)
    assert schema.custom_properties["features"] == 2
    execution = only(tracked, "tfdv.generate_dummy_schema_with_paths")
    assert json.loads(str(execution.custom_properties["paths"])) == ["a.b", "c"]


def transformation(schema: Any, statistics: Any) -> Any:
    del statistics
    return schema


def test_transformations_of_a_schema_are_named(tracked: Store, tfdv: Any, statistics: Any) -> None:
    tfdv.infer_schema(statistics, schema_transformations=[transformation])
    execution = only(tracked, "tfdv.infer_schema")
    told = json.loads(str(execution.custom_properties["schema_transformations"]))
    assert told == [f"{__name__}.transformation"]


def test_validated_examples_are_statistics_with_or_without_samples(
    tracked: Store, tfdv: Any, taxi_rows: Path, schema: Any
) -> None:
    lines = (taxi_rows / "eval.csv").read_text().splitlines(keepends=True)
    Path("rows.csv").write_text("".join(lines[:4]))
    options = tfdv.StatsOptions(schema=copy(schema))
    tfdv.get_feature(options.schema, "fare").float_domain.max = 0.0
    result = tfdv.validate_examples_in_csv("rows.csv", options, num_sampled_examples=2)
    assert isinstance(result, tuple)
    assert events(tracked, "tfdv.validate_examples_in_csv") == [
        (IN, ("examples",), "DataSet"),
        (IN, ("schema",), "Schema"),
        (OUT, ("statistics",), "ExampleStatistics"),
    ]
    execution = only(tracked, "tfdv.validate_examples_in_csv")
    assert execution.custom_properties["num_sampled_examples"] == 2
    (statistics,) = tracked.get_by_type(Artifact, "ExampleStatistics")
    assert statistics.fingerprint is not None


# Edits.


def test_setting_a_domain_makes_a_new_version_of_the_schema(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    schema = tfdv.infer_schema(statistics)
    tfdv.set_domain(schema, "tips", proto("schema", "FloatDomain", min=0.0, max=1_000.0))
    tfdv.validate_statistics(statistics, schema)
    assert events(tracked, "tfdv.set_domain") == [
        (IN, ("schema",), "Schema"),
        (OUT, ("schema",), "Schema"),
    ]
    execution = only(tracked, "tfdv.set_domain")
    assert execution.custom_properties["feature_path"] == "tips"
    assert str(execution.custom_properties["domain"]).startswith("FloatDomain min: 0")
    assert upstream(anomalous(tracked)) == [
        "tfdv.infer_schema",
        "tfdv.set_domain",
        "tfdv.validate_statistics",
    ]


def test_a_long_domain_is_told_by_its_size(tracked: Store, tfdv: Any, schema: Any) -> None:
    domain = proto("schema", "StringDomain", value=[str(i) for i in range(1_000)])
    tfdv.set_domain(schema, "company", domain)
    execution = only(tracked, "tfdv.set_domain")
    assert execution.custom_properties["domain"] == "StringDomain (1000 values)"


def test_an_edit_without_a_call_is_an_execution_of_its_own(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    schema = tfdv.infer_schema(statistics)
    tfdv.get_feature(schema, "tips").presence.min_fraction = 0.5
    tfdv.get_domain(schema, "payment_type").value.append("Bitcoin")
    tfdv.write_schema_text(schema, "schema.pbtxt")
    assert upstream("schema.pbtxt") == ["tfdv.infer_schema", EDIT]
    assert only(tracked, EDIT).last_known_state is ExecutionState.COMPLETE
    assert len(tracked.get_by_type(Artifact, "Schema")) == 2


def test_a_copy_that_was_edited_is_not_guessed_to_come_from_anywhere(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    schema = copy(tfdv.infer_schema(statistics))
    tfdv.get_feature(schema, "tips").presence.min_fraction = 0.5
    tfdv.write_schema_text(schema, "schema.pbtxt")
    assert upstream("schema.pbtxt") == []


def test_a_schema_in_options_that_is_edited_is_followed(
    tracked: Store, tfdv: Any, statistics: Any, taxi_frame: Any
) -> None:
    options = tfdv.StatsOptions(schema=tfdv.infer_schema(statistics))
    tfdv.get_feature(options.schema, "tips").presence.min_fraction = 0.5
    tfdv.generate_statistics_from_dataframe(taxi_frame, options)
    made = tracked.get_by_type(Artifact, "ExampleStatistics")[-1]
    assert upstream(made) == [
        "tfdv.infer_schema",
        EDIT,
        "tfdv.generate_statistics_from_dataframe",
    ]


# Facts.


def test_facts_answer_questions_without_tensorflow(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    schema = tfdv.infer_schema(statistics)
    tfdv.get_feature(schema, "fare").float_domain.max = 1.0
    tfdv.validate_statistics(statistics, schema)
    facts = [artifact.custom_properties for artifact in tracked.list_nodes(Artifact)]
    made = next(f for f in facts if "examples" in f)
    assert (made["examples"], made["features"]) == (300, 18)
    by_type = json.loads(str(made["features_by_type"]))
    assert by_type.keys() == {"FLOAT", "INT", "STRING"}
    assert sum(by_type.values()) == 18
    assert "company" in json.loads(str(made["missing"]))
    assert json.loads(str(made["zeros"]))["tips"] > 0.1
    inferred = next(f for f in facts if "string_domains" in f)
    assert json.loads(str(inferred["domain_sizes"]))["payment_type"] >= 2
    found = facts[-1]
    assert found["anomalies"] == 1
    assert json.loads(str(found["severities"])) == {"ERROR": 1}
    assert list(json.loads(str(found["reasons"]))) == ["fare"]


# Bad input.


@pytest.mark.parametrize(
    ("function", "args", "error"),
    [
        ("generate_statistics_from_csv", ("missing.csv",), ValueError),
        ("generate_statistics_from_csv", (7,), Exception),
        ("generate_statistics_from_tfrecord", ("missing.tfrecord",), Exception),
        ("generate_statistics_from_dataframe", ("no frame",), TypeError),
        ("infer_schema", (None,), TypeError),
        ("update_schema", ("no schema", "no statistics"), TypeError),
        ("set_domain", ("no schema", "tips", "no domain"), TypeError),
        ("write_schema_text", ("no schema", "out.pbtxt"), TypeError),
        ("load_schema_text", ("missing.pbtxt",), Exception),
        ("load_stats_binary", ("missing.pb",), Exception),
        ("load_sharded_statistics", ("missing",), ValueError),
        ("validate_examples_in_csv", ("missing.csv", None), AttributeError),
    ],
    ids=repr,
)
def test_bad_input_fails_with_tfdvs_own_error(
    tracked: Store, tfdv: Any, function: str, args: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        getattr(tfdv, function)(*args)
    with mt.suppress(), pytest.raises(type(raised.value)) as untracked:
        getattr(tfdv, function)(*args)
    if "0x" not in str(untracked.value):  # where it names an object by its address
        assert str(raised.value) == str(untracked.value)
    (execution,) = tracked.list_nodes(Execution)
    assert execution.last_known_state is ExecutionState.FAILED
    assert type(raised.value).__name__ in str(execution.custom_properties["mlmeta_error_type"])


def test_examples_without_a_schema_fail(tracked: Store, tfdv: Any, taxi_rows: Path) -> None:
    with pytest.raises(ValueError, match="must include a schema"):
        tfdv.validate_examples_in_csv(str(taxi_rows / "eval.csv"), tfdv.StatsOptions())
    execution = only(tracked, "tfdv.validate_examples_in_csv")
    assert execution.last_known_state is ExecutionState.FAILED


# The whole story.

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run_plainly(url: str, script: str, *arguments: str | Path) -> None:
    command = ["run", "--strict", str(EXAMPLES / script), *map(str, arguments)]
    subprocess.run(
        [sys.executable, "-m", "mlmeta_track", *command],
        env={**os.environ, "MLMETA_TRACK_STORE": url},
        check=True,
        capture_output=True,
    )


@pytest.mark.timeout(900)  # two processes that import TensorFlow, on a machine that others use too
def test_the_second_scripts_anomalies_lead_to_the_first_scripts_csv(
    taxi_rows: Path, taxi_csv: Path, store_url: str, tmp_path: Path
) -> None:
    train, evaluation, new = taxi_rows / "train.csv", taxi_rows / "eval.csv", tmp_path / "new.csv"
    header, *lines = taxi_csv.read_text(encoding="utf-8").splitlines(keepends=True)
    new.write_text(header + "".join(lines[400:500]), encoding="utf-8")
    run_plainly(store_url, "taxi_schema.py", train, evaluation, "made")
    run_plainly(store_url, "taxi_new_data.py", new, "made")

    mt.init(store_url, strict=True)
    graph = mt.lineage("made/new_anomalies.pbtxt").upstream()
    assert sorted(execution.type for execution in graph.executions) == [
        EDIT,
        "tfdv.generate_statistics_from_csv",
        "tfdv.generate_statistics_from_csv",
        "tfdv.infer_schema",
        "tfdv.set_domain",
        "tfdv.validate_statistics",
    ]
    uris = {Path(str(artifact.uri)).name for artifact in graph.artifacts if artifact.uri}
    assert uris == {"train.csv", "new.csv", "train.pbtxt", "schema.pbtxt", "new_anomalies.pbtxt"}
    assert mt.lineage(train).downstream().artifacts[-1].type == "ExampleAnomalies"
    # What the first script found in its evaluation data is there as well, and leads no further.
    first = mt.lineage("made/anomalies.pbtxt").upstream()
    assert str(evaluation) in {artifact.uri for artifact in first.artifacts}
    assert str(new) not in {artifact.uri for artifact in first.artifacts}
