"""Statistics, schemas and anomalies are described from their protos alone, without TFDV."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import pytest
from mlmeta_track_tfdv.describe import MOST_NAMES, describe

from mlmeta_track.domain.types import PropertyType

anomalies_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.anomalies_pb2")
schema_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.schema_pb2")
statistics_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.statistics_pb2")


def statistics(*examples: int, features: int = 2) -> Any:
    made = statistics_pb2.DatasetFeatureStatisticsList()
    for count in examples:
        dataset = made.datasets.add(num_examples=count)
        for i in range(features):
            dataset.features.add().path.step.append(f"feature {i}")
    return made


def test_types_are_exactly_those_of_tfx() -> None:
    split = {"span": PropertyType.INT, "split_names": PropertyType.STRING}
    types = [
        (d.type.name, dict(d.type.properties), d.type.base_type)
        for d in map(describe, (statistics(), schema_pb2.Schema(), anomalies_pb2.Anomalies()))
        if d is not None
    ]
    assert types == [
        ("ExampleStatistics", split, "mlmd.Statistics"),
        ("Schema", {}, None),
        ("ExampleAnomalies", split, None),
    ]


def test_statistics_tell_their_examples_and_features() -> None:
    described = describe(statistics(15_002, features=18))
    assert described is not None
    assert described.custom_properties == {"examples": 15_002, "features": 18}
    assert described.uri is None


def test_sliced_statistics_tell_those_of_all_examples() -> None:
    described = describe(statistics(10, 4, 6))
    assert described is not None
    assert described.custom_properties == {"examples": 10, "features": 2, "slices": 3}


def test_empty_statistics_have_no_examples() -> None:
    described = describe(statistics())
    assert described is not None
    assert described.custom_properties == {"examples": 0, "features": 0}


def test_anomalies_tell_their_features() -> None:
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["tips"].short_description = "Column dropped"
    anomalies.anomaly_info["företag"].short_description = "New values"
    anomalies.dataset_anomaly_info.short_description = "Too few examples"
    described = describe(anomalies)
    assert described is not None
    assert described.custom_properties == {
        "anomalies": 3,
        "anomalous_features": '["företag", "tips"]',
    }


def test_no_anomalies_are_told_as_none() -> None:
    described = describe(anomalies_pb2.Anomalies())
    assert described is not None
    assert described.custom_properties == {"anomalies": 0}


def test_of_many_anomalies_the_first_are_named() -> None:
    anomalies = anomalies_pb2.Anomalies()
    for i in range(MOST_NAMES + 1):
        anomalies.anomaly_info[f"f{i:04}"].severity = 2
    described = describe(anomalies)
    assert described is not None
    assert described.custom_properties["anomalies"] == MOST_NAMES + 1
    assert "f0099" in str(described.custom_properties["anomalous_features"])
    assert "f0100" not in str(described.custom_properties["anomalous_features"])


def test_the_fingerprint_is_that_of_the_content() -> None:
    names = [f"f{i}" for i in range(8)]
    fingerprints = set()
    for _ in range(20):
        random.shuffle(names)
        anomalies = anomalies_pb2.Anomalies()
        for name in names:
            anomalies.anomaly_info[name].description = f"about {name}"
        described = describe(anomalies)
        assert described is not None
        fingerprints.add(described.fingerprint)
    assert len(fingerprints) == 1


def test_empty_protos_of_different_kinds_differ() -> None:
    described = [describe(statistics()), describe(schema_pb2.Schema())]
    assert len({d.fingerprint for d in described if d is not None}) == 2


@pytest.mark.parametrize(
    "value", [statistics_pb2, schema_pb2.Feature(), object(), [1], {}, object, 3.5]
)
def test_other_values_are_none_of_ours(value: object) -> None:
    assert describe(value) is None


def test_loading_the_plugin_imports_nothing_of_tensorflow() -> None:
    code = (
        "import sys, mlmeta_track_tfdv.plugin\n"
        "heavy = 'tensorflow', 'tensorflow_metadata', 'google.protobuf', 'pandas', 'sqlalchemy'\n"
        "assert not set(heavy) & set(sys.modules), sorted(set(heavy) & set(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
