from __future__ import annotations

import copy
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from mlmeta_track.domain.comparison import Difference
from mlmeta_track.validation.differences import differences


@pytest.fixture
def schema() -> Any:
    return text_format.Parse(
        'feature { name: "a" type: INT presence { min_fraction: 1 } }'
        'feature { name: "b" type: BYTES domain: "d" }'
        'string_domain { name: "d" value: "x" value: "y" }',
        schema_pb2.Schema(),
    )


@pytest.fixture
def stats() -> Any:
    return text_format.Parse(
        'datasets { name: "one" num_examples: 4 features { name: "a" type: INT'
        " num_stats { common_stats { num_non_missing: 4 } mean: 1.5 } } }",
        statistics_pb2.DatasetFeatureStatisticsList(),
    )


def test_equal_schemas_do_not_differ(schema: Any) -> None:
    assert differences("Schema", schema, copy.deepcopy(schema)) == ()


def test_values_that_a_domain_gains_and_loses_are_named(schema: Any) -> None:
    other = copy.deepcopy(schema)
    other.string_domain[0].value[:] = ["y", "z"]
    assert differences("Schema", schema, other) == (
        Difference("schema", "b: values", "'x'", "'z'"),
    )


def test_a_demand_that_is_relaxed_is_named(schema: Any) -> None:
    other = copy.deepcopy(schema)
    other.feature[0].presence.min_fraction = 0.5
    assert differences("Schema", schema, other) == (
        Difference("schema", "a: presence", "required", "in at least 0.5 of the examples"),
    )


def test_features_that_only_one_schema_has_are_named(schema: Any) -> None:
    other = copy.deepcopy(schema)
    del other.feature[0]
    other.feature.add(name="c", type=schema_pb2.FLOAT)
    assert differences("Schema", schema, other) == (
        Difference("schema", "a", "INT", None),
        Difference("schema", "c", None, "FLOAT"),
    )


def test_statistics_differ_by_fact(stats: Any) -> None:
    other = copy.deepcopy(stats)
    other.datasets[0].num_examples = 5
    other.datasets[0].features[0].num_stats.mean = 2.5
    assert differences("ExampleStatistics", stats, other) == (
        Difference("statistics", "examples", 4, 5),
        Difference("statistics", "a: mean", 1.5, 2.5),
    )


def test_single_tables_are_compared_whatever_they_are_called(stats: Any) -> None:
    other = copy.deepcopy(stats)
    other.datasets[0].name = "two"
    assert differences("ExampleStatistics", stats, other) == ()


def test_slices_are_compared_by_name(stats: Any) -> None:
    other = copy.deepcopy(stats)
    other.datasets.add(name="slice", num_examples=2)
    assert differences("ExampleStatistics", stats, other) == (
        Difference("statistics", "slice", None, "2 examples"),
    )


def test_noise_in_the_last_digits_is_no_difference(stats: Any) -> None:
    other = copy.deepcopy(stats)
    other.datasets[0].features[0].num_stats.mean *= 1 + 1e-9
    assert differences("ExampleStatistics", stats, other) == ()


def test_an_anomaly_that_went_away_is_named() -> None:
    one = text_format.Parse(
        'anomaly_info { key: "a" value { severity: ERROR description: "gone" } }',
        anomalies_pb2.Anomalies(),
    )
    assert differences("ExampleAnomalies", one, anomalies_pb2.Anomalies()) == (
        Difference("anomalies", "a", "ERROR: gone", None),
    )


def test_other_types_have_no_differences_inside() -> None:
    assert differences("DataSet", object(), object()) == ()
