"""The cost of one tracked step of the walkthrough's shape, beside its peers and the floor.

One step: an input with three properties, an output with two, one context.  Every step has a new
input and a new output, so that each writes all its rows; their URIs name no file of this machine,
so that nothing is read and hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from harness.comparison import compare
from harness.contender import Contender
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_OURS: Mapping[str, int] = {
    "Artifact": 2,
    "ArtifactProperty": 5,
    "Execution": 1,
    "ExecutionProperty": 3,  # state, mlmeta_process, mlmeta_duration_ms
    "Event": 2,
    "EventPath": 2,
    "Association": 1,
    "Attribution": 2,
}
"""The rows that one step of ours adds; the floor must add just these."""

_MLMD: Mapping[str, int] = {
    "Artifact": 2,
    "ArtifactProperty": 5,
    "Execution": 1,
    "ExecutionProperty": 1,
    "Event": 2,
    "Association": 1,
}
_MLFLOW: Mapping[str, int] = {"runs": 1, "datasets": 1, "inputs": 1, "params": 1, "tags": 1}

_FILE = "file"
_ROLLBACK = "file, rollback"
_MEMORY = "memory"


def _ours(variant: str, label: str, place: str) -> Contender:
    return Contender("ours", label, place, "step_ours.py", (variant, place), _OURS)


def _floor(place: str) -> Contender:
    return Contender("floor", "raw sqlite3, the same rows", place, "step_floor.py", (place,), _OURS)


def _mlmd(variant: str, label: str, place: str, attributions: int) -> Contender:
    adds = {**_MLMD, "Attribution": attributions}
    return Contender("mlmd", label, place, "step_mlmd.py", (variant, place), adds)


def _beside_each_other(place: str) -> tuple[Contender, ...]:
    return (
        _floor(place),
        _ours("decorator", "mlmeta_track, decorator", place),
        _ours("block", "mlmeta_track, with block", place),
    )


def _of_mlmd(place: str) -> tuple[Contender, ...]:
    return (
        _mlmd("two", "ml_metadata, two put_execution", place, 2),
        _mlmd("seven", "ml_metadata, seven calls", place, 1),
        _mlmd("twelve", "ml_metadata, twelve calls", place, 1),
    )


CONTENDERS = (
    *_beside_each_other(_FILE),
    *_of_mlmd(_FILE),
    Contender("mlflow", "MLflow, one run", _FILE, "step_mlflow.py", (), _MLFLOW),
    *_beside_each_other(_ROLLBACK)[:2],
    *_beside_each_other(_MEMORY),
    *_of_mlmd(_MEMORY),
)


def measure(options: Options) -> None:
    """Measure one step of everybody, print the table and write ``step.json``."""
    comparison = compare(CONTENDERS, options)
    report = Report(
        name="step",
        title="One tracked step: an input with three properties, an output with two, one context",
        unit="step",
        floor="raw sqlite3, the same rows",
        ours="mlmeta_track, decorator",
    )
    report.publish(comparison, options)
