"""What protos of TFDV say that is worth asking later, told without TensorFlow.

All of it is bounded: of more features than ``MOST_FEATURES`` the first ones are looked at, and of
longer lists the first items are named.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, TypeAlias

from mlmeta_track.domain.nodes import PropertyValue

MOST_FEATURES = 2_000
"""Of more features only so many are looked at."""
MOST_NAMES = 100
"""Of more features with anomalies, domains or slices only so many are named."""
MOST_SHARES = 20
"""Of more features with missing values or zeros only those with the largest shares are named."""
LEAST_ZEROS = 0.1
"""A smaller share of zeros is not worth a look."""

_LONGEST_NAME = 255

Facts: TypeAlias = "dict[str, PropertyValue]"


def of_statistics(statistics: Any) -> Facts:
    """Count examples and features; with slices, those of the largest, which is all examples."""
    datasets = statistics.datasets
    if len(datasets) == 0:
        return {"examples": 0, "features": 0}
    largest = max(islice(datasets, MOST_FEATURES), key=lambda dataset: dataset.num_examples)
    features = list(islice(largest.features, MOST_FEATURES))
    missing, zeros = _shares(features)
    facts: dict[str, PropertyValue] = {
        "examples": int(largest.num_examples),
        "features": len(largest.features),
        **_told("features_by_type", _by_type(features)),
        **_told("missing", _largest(missing)),
        **_told("zeros", _largest({k: v for k, v in zeros.items() if v >= LEAST_ZEROS})),
    }
    if missing:
        facts["features_with_missing"] = len(missing)
    if len(datasets) > 1:
        facts["slices"] = len(datasets)
        facts["slice_names"] = _json([one.name for one in islice(datasets, MOST_NAMES)])
    return facts


def of_schema(schema: Any) -> Facts:
    """Count features and their types, and the values of the domains."""
    features = list(islice(schema.feature, MOST_FEATURES))
    domains = {domain.name: len(domain.value) for domain in schema.string_domain[:MOST_NAMES]}
    inside = [f for f in features if f.WhichOneof("domain_info") == "string_domain"]
    domains |= {f.name: len(f.string_domain.value) for f in inside[:MOST_NAMES]}
    required = sum(feature.presence.min_fraction >= 1 for feature in features)
    facts: dict[str, PropertyValue] = {
        "features": len(schema.feature),
        "string_domains": len(schema.string_domain),
        **_told("features_by_type", _by_type(features)),
        **_told("domain_sizes", domains),
        **_told("environments", list(schema.default_environment[:MOST_NAMES])),
    }
    return facts | ({"required_features": required} if required else {})


def of_anomalies(anomalies: Any) -> Facts:
    """Count anomalies, those of the data set as a whole included, and name features and reasons."""
    found = anomalies.anomaly_info
    names = sorted(found)
    every = [found[name] for name in names[:MOST_FEATURES]]
    if anomalies.HasField("dataset_anomaly_info"):
        every.append(anomalies.dataset_anomaly_info)
    facts: dict[str, PropertyValue] = {
        "anomalies": len(names) + anomalies.HasField("dataset_anomaly_info"),
        **_told("severities", _counted(_name(info, "severity") for info in every)),
        **_told("anomalous_features", names[:MOST_NAMES]),
    }
    reasons = {name: _reasons(found[name]) for name in names[:MOST_NAMES]}
    return facts | _told("reasons", {name: given for name, given in reasons.items() if given})


def _reasons(info: Any) -> list[str]:
    return [_name(reason, "type") for reason in info.reason[:MOST_NAMES]]


def _shares(features: Iterable[Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of missing values and of zeros, by feature, where there are any."""
    missing: dict[str, float] = {}
    zeros: dict[str, float] = {}
    for feature in features:
        kind = feature.WhichOneof("stats")
        if kind is None:
            continue
        stats = getattr(feature, kind)
        common = stats.common_stats
        present, absent = int(common.num_non_missing), int(common.num_missing)
        if absent:
            missing[_feature_name(feature)] = round(absent / (present + absent), 4)
        values = int(common.tot_num_values) or present
        if kind == "num_stats" and stats.num_zeros and values:
            zeros[_feature_name(feature)] = round(int(stats.num_zeros) / values, 4)
    return missing, zeros


def _feature_name(feature: Any) -> str:
    return feature.name or ".".join(feature.path.step)


def _by_type(features: Iterable[Any]) -> Mapping[str, int]:
    return _counted(_name(feature, "type") for feature in features)


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))


def _name(message: Any, field: str) -> str:
    """Return the name of an enum's value; its number if this version knows no name for it."""
    number = getattr(message, field)
    known = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number.get(number)
    return str(number) if known is None else known.name


def _largest(shares: Mapping[str, float]) -> Mapping[str, float]:
    ordered = sorted(shares.items(), key=lambda share: (-share[1], share[0]))
    return dict(ordered[:MOST_SHARES])


def _told(name: str, facts: Mapping[str, Any] | list[str]) -> Facts:
    """Return facts as one property, or as none if there are none."""
    return {name: _json(facts)} if facts else {}


def _json(facts: Mapping[str, Any] | list[str]) -> str:
    if isinstance(facts, Mapping):
        plain: Any = {name[:_LONGEST_NAME]: fact for name, fact in facts.items()}
    else:
        plain = [name[:_LONGEST_NAME] for name in facts]
    return json.dumps(plain, ensure_ascii=False)
