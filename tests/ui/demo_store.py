"""A store as a user of TFDV has it, written by real steps, without TensorFlow's ten seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

import mlmeta_track as mt


class DataSet(mt.Artifact):
    name: str
    split: str


class ExampleStatistics(mt.Artifact):
    split: str


class Schema(mt.Artifact):
    name: str


class ExampleAnomalies(mt.Artifact):
    split: str


def write_store(folder: Path, url: str) -> None:
    """Validate two weeks of data: in the second the schema is another, and a step fails."""
    mt.init(url, strict=True)
    for week in (1, 2):
        with mt.experiment("Taxi", note="Weekly validation"), mt.run(f"week {week}"):
            _validate(folder, week)
    try:
        with mt.run("week 3"), mt.step("Export") as step:
            step.input(folder / "data-2.csv", DataSet(name="Taxi", split="train"))
            message = "the bucket is gone"
            raise RuntimeError(message)
    except RuntimeError:
        pass
    mt.get_store().close()


def _validate(folder: Path, week: int) -> None:
    data = folder / f"data-{week}.csv"
    data.write_text(f"fare,company\n{week},A\n")
    with mt.step("Statistics") as step:
        step.log_params({"week": week})
        step.input(data, DataSet(name="Taxi", split="train"), name="examples")
        path = folder / f"stats-{week}.pb"
        path.write_bytes(_statistics(week).SerializeToString(deterministic=True))
        step.output(path, ExampleStatistics(split="train"), name="statistics")
    with mt.step("Schema") as step:
        step.input(path, ExampleStatistics(split="train"), name="statistics")
        schema = folder / f"schema-{week}.pbtxt"
        schema.write_text(text_format.MessageToString(_schema(week)))
        step.output(schema, Schema(name="Taxi"), name="schema")
    with mt.step("Validate") as step:
        step.input(path, ExampleStatistics(split="train"), name="statistics")
        step.input(schema, Schema(name="Taxi"), name="schema")
        anomalies = folder / f"anomalies-{week}.pb"
        anomalies.write_bytes(_anomalies(week).SerializeToString(deterministic=True))
        step.output(anomalies, ExampleAnomalies(split="train"), name="anomalies")
        step.log_metrics({"anomalies": week - 1})
    with mt.step("Split") as step:
        step.input(data, DataSet(name="Taxi", split="train"), name="examples")
        for shard in range(6):
            part = folder / f"shard-{week}-{shard}.csv"
            part.write_text(f"{week} {shard}")
            step.output(part, DataSet(name=f"shard {shard}", split="eval"), name="shards")


def _statistics(week: int) -> Any:
    message = statistics_pb2.DatasetFeatureStatisticsList()
    dataset = message.datasets.add(name="train", num_examples=1000 * week)
    fare = dataset.features.add(name="fare", type=statistics_pb2.FeatureNameStatistics.FLOAT)
    fare.num_stats.common_stats.num_non_missing = 900 * week
    fare.num_stats.common_stats.num_missing = 100 * week
    fare.num_stats.mean, fare.num_stats.std_dev = 12.5 * week, 4.0
    fare.num_stats.max, fare.num_stats.median = 90.0, 11.0
    histogram = fare.num_stats.histograms.add()
    for bar in range(10):
        histogram.buckets.add(
            low_value=bar * 9, high_value=bar * 9 + 9, sample_count=1000 / (bar + week)
        )
    company = dataset.features.add(name="company", type=statistics_pb2.FeatureNameStatistics.STRING)
    company.string_stats.common_stats.num_non_missing = 1000 * week
    company.string_stats.unique = 2 + week
    for name in ("Flash Cab", "Taxi Affiliation", "Sun")[: 1 + week]:
        company.string_stats.rank_histogram.buckets.add(label=name, sample_count=100 * len(name))
    return message


def _schema(week: int) -> Any:
    schema = schema_pb2.Schema()
    fare = schema.feature.add(name="fare", type=schema_pb2.FLOAT)
    fare.presence.min_fraction = 1.0 if week == 1 else 0.5
    schema.feature.add(name="company", type=schema_pb2.BYTES, domain="company")
    schema.string_domain.add(
        name="company", value=["Flash Cab", "Taxi Affiliation", "Sun"][: 1 + week]
    )
    return schema


def _anomalies(week: int) -> Any:
    message = anomalies_pb2.Anomalies()
    if week > 1:
        info = message.anomaly_info["fare"]
        info.severity = anomalies_pb2.AnomalyInfo.ERROR
        info.short_description = "Out-of-range values"
        info.description = "Unexpectedly large value: 1000."
    return message
