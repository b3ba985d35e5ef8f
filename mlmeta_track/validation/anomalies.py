"""Anomalies as a table: one row a finding, the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SEVERITIES: Mapping[int, str] = {0: "UNKNOWN", 1: "WARNING", 2: "ERROR"}
_DATASET = "(the whole data set)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """One finding: the feature, how bad it is, and what is wrong, in short and at length."""

    feature: str
    severity: str
    short_description: str
    description: str
    reasons: tuple[str, ...] = ()


def table(message: Any) -> tuple[Anomaly, ...]:
    """Return one row for each feature that an ``Anomalies`` message has findings of.

    Errors come before warnings, and among these features in the order of their names.
    """
    rows = list(_rows(message))
    order = {"ERROR": 0, "WARNING": 1}
    return tuple(sorted(rows, key=lambda row: (order.get(row.severity, 2), row.feature)))


def _rows(message: Any) -> Iterator[Anomaly]:
    for name, info in message.anomaly_info.items():
        yield _row(".".join(info.path.step) or name, info)
    if message.HasField("dataset_anomaly_info"):
        yield _row(_DATASET, message.dataset_anomaly_info)
    if message.data_missing:
        text = "There is no data."
        yield Anomaly(feature=_DATASET, severity="ERROR", short_description=text, description=text)


def _row(feature: str, info: Any) -> Anomaly:
    return Anomaly(
        feature=feature,
        severity=_SEVERITIES.get(info.severity, str(info.severity)),
        short_description=info.short_description,
        description=info.description,
        reasons=tuple(_reason(reason) for reason in info.reason),
    )


def _reason(reason: Any) -> str:
    field = reason.DESCRIPTOR.fields_by_name["type"]
    value = field.enum_type.values_by_number.get(reason.type)
    return str(reason.type) if value is None else str(value.name)
