from __future__ import annotations

import pytest
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from mlmeta_track.validation import anomalies, schemas, statistics
from mlmeta_track.validation.statistics import Bar

SCHEMA = """
feature { name: "fare" type: FLOAT presence { min_fraction: 1 min_count: 1 }
  shape { dim { size: 1 } } float_domain { min: 0 } }
feature { name: "payment" type: BYTES domain: "payment" value_count { min: 1 max: 3 }
  presence { min_count: 1 } not_in_environment: "SERVING" }
feature { name: "trip" type: STRUCT struct_domain { feature { name: "miles" type: INT
  int_domain { min: 0 max: 9 is_categorical: true } } } }
feature { name: "old" type: INT deprecated: true presence { min_fraction: 0.25 } }
feature { name: "text" type: BYTES natural_language_domain {} lifecycle_stage: PLANNED
  drift_comparator { infinity_norm { threshold: 0.01 } } }
string_domain { name: "payment" value: "Cash" value: "Card" }
"""
STATISTICS = """
datasets { name: "train" num_examples: 10
  features { name: "fare" type: FLOAT num_stats { common_stats { num_non_missing: 8 num_missing: 2 }
    mean: 2.5 std_dev: 1 num_zeros: 1 min: 0 median: 2 max: 9
    histograms { type: STANDARD buckets { low_value: 0 high_value: 5 sample_count: 6 }
      buckets { low_value: 5 high_value: inf sample_count: 2 } }
    histograms { type: QUANTILES buckets { low_value: 0 high_value: 9 sample_count: 8 } } } }
  features { path { step: "trip" step: "payment" } type: STRING string_stats {
    common_stats { num_non_missing: 10 } unique: 2 avg_length: 4
    rank_histogram { buckets { label: "Cash" sample_count: 7 }
      buckets { label: "Card" sample_count: 3 } } } }
  features { name: "empty" type: BYTES }
}
"""
ANOMALIES = """
anomaly_info { key: "b" value { path { step: "b" } severity: WARNING
  description: "d" short_description: "s"
  reason { type: ENUM_TYPE_UNEXPECTED_STRING_VALUES } } }
anomaly_info { key: "a" value { severity: WARNING } }
anomaly_info { key: "z" value { severity: ERROR description: "gone" } }
"""


@pytest.fixture
def rows() -> dict[str, schemas.SchemaFeature]:
    message = text_format.Parse(SCHEMA, schema_pb2.Schema())
    return {row.name: row for row in schemas.table(message)}


@pytest.mark.parametrize(
    ("name", "demand", "expected"),
    [
        ("fare", "presence", "required"),
        ("fare", "valency", "single"),
        ("fare", "domain", "[0, ...]"),
        ("payment", "valency", "[1, 3]"),
        ("payment", "presence", "optional"),
        ("payment", "values", ("Cash", "Card")),
        ("payment", "environments", "not in SERVING"),
        ("trip", "type", "STRUCT"),
        ("trip.miles", "domain", "[0, 9] categorical"),
        ("old", "stage", "DEPRECATED"),
        ("old", "presence", "in at least 0.25 of the examples"),
        ("text", "domain", "NATURAL_LANGUAGE"),
        ("text", "stage", "PLANNED"),
        ("text", "comparators", "drift: infinity_norm 0.01"),
    ],
)
def test_a_schema_says_what_it_demands(
    rows: dict[str, schemas.SchemaFeature], name: str, demand: str, expected: object
) -> None:
    assert getattr(rows[name], demand) == expected


def test_an_empty_schema_demands_nothing() -> None:
    assert schemas.table(schema_pb2.Schema()) == ()


@pytest.fixture
def table() -> statistics.DatasetStatistics:
    message = text_format.Parse(STATISTICS, statistics_pb2.DatasetFeatureStatisticsList())
    [only] = statistics.tables(message)
    return only


def test_numbers_have_moments_and_the_bars_of_equal_widths(
    table: statistics.DatasetStatistics,
) -> None:
    fare = table.features[0]
    assert (fare.mean, fare.minimum, fare.maximum, fare.zeros) == (2.5, 0, 9, 1)
    assert fare.bars == (Bar(6, low=0, high=5),)  # a bar without an end cannot be drawn


def test_the_missing_share_is_of_all_examples(table: statistics.DatasetStatistics) -> None:
    assert table.features[0].missing_share == 0.2


def test_texts_have_their_most_frequent_values(table: statistics.DatasetStatistics) -> None:
    payment = table.features[1]
    assert (payment.name, payment.unique) == ("trip.payment", 2)
    assert [(bar.label, bar.count) for bar in payment.bars] == [("Cash", 7), ("Card", 3)]


def test_a_feature_without_statistics_is_in_the_table(table: statistics.DatasetStatistics) -> None:
    empty = table.features[2]
    assert (empty.type, empty.count, empty.missing_share) == ("BYTES", 0, 0.0)


def test_anomalies_come_worst_first() -> None:
    message = text_format.Parse(ANOMALIES, anomalies_pb2.Anomalies())
    assert [row.feature for row in anomalies.table(message)] == ["z", "a", "b"]
    assert anomalies.table(message)[2].reasons == ("ENUM_TYPE_UNEXPECTED_STRING_VALUES",)


def test_missing_data_is_an_error_of_the_whole_data_set() -> None:
    [row] = anomalies.table(anomalies_pb2.Anomalies(data_missing=True))
    assert (row.feature, row.severity) == ("(the whole data set)", "ERROR")
