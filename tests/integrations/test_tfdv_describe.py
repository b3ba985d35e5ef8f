"""Statistics, schemas and anomalies are described from their protos alone, without TFDV."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest
from mlmeta_track_tfdv import fingerprint as fingerprints
from mlmeta_track_tfdv.describe import describe
from mlmeta_track_tfdv.facts import MOST_FEATURES, MOST_NAMES, MOST_SHARES

from mlmeta_track.domain.types import PropertyType

anomalies_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.anomalies_pb2")
schema_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.schema_pb2")
statistics_pb2: Any = pytest.importorskip("tensorflow_metadata.proto.v0.statistics_pb2")


def statistics(*examples: int, features: int = 2) -> Any:
    made = statistics_pb2.DatasetFeatureStatisticsList()
    for count in examples:
        dataset = made.datasets.add(num_examples=count, name=f"of {count}")
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
    assert described.custom_properties == {
        "examples": 15_002,
        "features": 18,
        "features_by_type": '{"INT": 18}',
    }
    assert described.uri is None


def test_sliced_statistics_tell_those_of_all_examples() -> None:
    described = describe(statistics(10, 4, 6))
    assert described is not None
    facts = described.custom_properties
    assert (facts["examples"], facts["features"], facts["slices"]) == (10, 2, 3)
    assert facts["slice_names"] == '["of 10", "of 4", "of 6"]'


def test_empty_statistics_have_no_examples() -> None:
    described = describe(statistics())
    assert described is not None
    assert described.custom_properties == {"examples": 0, "features": 0}


def test_statistics_tell_shares_of_missing_values_and_zeros() -> None:
    made = statistics(100, features=0)
    for name, missing, zeros in (("fare", 25, 3), ("tips", 0, 60), ("miles", 75, 5)):
        feature = made.datasets[0].features.add(type=1)
        feature.path.step.append(name)
        common = feature.num_stats.common_stats
        common.num_missing, common.num_non_missing = missing, 100 - missing
        common.tot_num_values, feature.num_stats.num_zeros = 100 - missing, zeros
    described = describe(made)
    assert described is not None
    facts = described.custom_properties
    assert facts["features_by_type"] == '{"FLOAT": 3}'
    assert facts["missing"] == '{"miles": 0.75, "fare": 0.25}'
    assert facts["features_with_missing"] == 2
    assert facts["zeros"] == '{"tips": 0.6, "miles": 0.2}'


def test_of_many_features_the_worst_are_named_and_not_all_looked_at() -> None:
    made = statistics(100, features=0)
    for i in range(MOST_FEATURES + 5):
        feature = made.datasets[0].features.add(name=f"f{i}")
        feature.num_stats.common_stats.num_missing = 1 + i % 90
        feature.num_stats.common_stats.num_non_missing = 99 - i % 90
    described = describe(made)
    assert described is not None
    facts = described.custom_properties
    assert facts["features"] == MOST_FEATURES + 5
    assert facts["features_with_missing"] == MOST_FEATURES
    assert set(json.loads(str(facts["missing"])).values()) == {0.9}
    assert len(json.loads(str(facts["missing"]))) == MOST_SHARES


def test_a_schema_tells_its_features_and_domains() -> None:
    schema = schema_pb2.Schema()
    schema.string_domain.add(name="payment_type").value.extend(["Cash", "Card"])
    schema.feature.add(name="payment_type", type=1, domain="payment_type").presence.min_fraction = 1
    inside = schema.feature.add(name="company", type=1)
    inside.string_domain.value.append("Blue")
    schema.feature.add(name="fare", type=3)
    schema.default_environment.append("TRAINING")
    described = describe(schema)
    assert described is not None
    assert described.custom_properties == {
        "features": 3,
        "string_domains": 1,
        "features_by_type": '{"BYTES": 2, "FLOAT": 1}',
        "domain_sizes": '{"payment_type": 2, "company": 1}',
        "environments": '["TRAINING"]',
        "required_features": 1,
    }


def test_anomalies_tell_their_features() -> None:
    anomalies = anomalies_pb2.Anomalies()
    tips, company = anomalies.anomaly_info["tips"], anomalies.anomaly_info["företag"]
    tips.severity = anomalies_pb2.AnomalyInfo.ERROR
    tips.reason.add(type=anomalies_pb2.AnomalyInfo.SCHEMA_MISSING_COLUMN)
    company.severity = anomalies_pb2.AnomalyInfo.WARNING
    anomalies.dataset_anomaly_info.severity = anomalies_pb2.AnomalyInfo.ERROR
    described = describe(anomalies)
    assert described is not None
    assert described.custom_properties == {
        "anomalies": 3,
        "severities": '{"ERROR": 2, "WARNING": 1}',
        "anomalous_features": '["företag", "tips"]',
        "reasons": '{"tips": ["SCHEMA_MISSING_COLUMN"]}',
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


def changed(message: Any, change: Any) -> Any:
    copy = type(message).FromString(message.SerializeToString())
    change(copy)
    return copy


def test_every_change_of_statistics_shows_in_the_fingerprint() -> None:
    made = statistics(10, 20, features=40)
    made.datasets[0].features[3].num_stats.mean = 0.5
    seen = {fingerprints.fingerprint(made)[0]}
    changes = (
        lambda m: setattr(m.datasets[0], "num_examples", 11),
        lambda m: setattr(m.datasets[1], "name", "other"),
        lambda m: setattr(m.datasets[0].features[3].num_stats, "mean", 0.25),
        lambda m: setattr(m.datasets[0].features[39], "type", 2),
        lambda m: m.datasets[1].cross_features.add(count=1),
        lambda m: m.datasets[1].features.add(),
        lambda m: m.datasets.add(),
    )
    for change in changes:
        seen.add(fingerprints.fingerprint(changed(made, change))[0])
    assert len(seen) == 1 + len(changes)
    assert fingerprints.fingerprint(changed(made, lambda _: None))[0] in seen


def test_every_change_of_a_schema_shows_in_the_fingerprint() -> None:
    made = schema_pb2.Schema()
    made.feature.add(name="x").int_domain.min = 1
    made.string_domain.add(name="long").value.extend(str(i) for i in range(25_000))
    seen = {fingerprints.fingerprint(made)[0]}
    changes = (
        lambda m: setattr(m.feature[0].int_domain, "min", 2),
        lambda m: setattr(m.string_domain[0], "name", "longer"),
        lambda m: m.string_domain[0].value.__setitem__(20_000, "x"),
        lambda m: m.string_domain[0].value.append("x"),
        lambda m: m.default_environment.append("x"),
    )
    for change in changes:
        seen.add(fingerprints.fingerprint(changed(made, change))[0])
    assert len(seen) == 1 + len(changes)


def test_a_very_large_message_is_hashed_in_part_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fingerprints, "MOST_BYTES", 1_000)
    made = statistics(10, features=200)
    found, size = fingerprints.fingerprint(made)
    assert found.startswith("sampled-proto-sha256:")
    assert size < 1_100
    assert fingerprints.fingerprint(made)[0] == found
    # What is hashed comes from everywhere in it.
    last = changed(made, lambda m: setattr(m.datasets[0].features[192], "type", 2))
    assert fingerprints.fingerprint(last)[0] != found


def test_a_message_of_300_megabytes_takes_little_memory_and_time() -> None:
    schema = schema_pb2.Schema()
    domain = schema.string_domain.add(name="long")
    domain.value.extend(f"{i:0300}" for i in range(1_000_000))
    tracemalloc.start()
    started = time.process_time()
    described = describe(schema)
    seconds = time.process_time() - started
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert described is not None
    assert str(described.fingerprint).startswith("sampled-")
    assert described.custom_properties["domain_sizes"] == '{"long": 1000000}'
    assert most < 32 * 2**20
    assert seconds < 10


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
