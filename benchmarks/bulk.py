"""Many artifacts put in one call, through our look-alike, beside ml_metadata and the floor."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.comparison import compare
from harness.contender import Contender
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_MANY, _FEW = 10_000, 100
_ROUNDS = 9
_QUICK = 2
_FLOOR = "raw sqlite3, executemany"
_OURS = "mlmeta_track, look-alike"


def measure(options: Options) -> None:
    """Measure ``put_artifacts`` of many, print the table and write ``bulk.json``."""
    count = _FEW if options.rounds <= _QUICK else _MANY
    options = replace(options, rounds=min(options.rounds, _ROUNDS), work=1)
    adds = {"Artifact": count, "ArtifactProperty": 3 * count}
    contenders = [
        Contender(group, label, "file", f"bulk_{group}.py", (str(count),), adds)
        for group, label in (("floor", _FLOOR), ("ours", _OURS), ("mlmd", "ml_metadata"))
    ]
    report = Report(
        name="bulk",
        title=f"put_artifacts of {count} artifacts with three properties",
        unit="call",
        floor=_FLOOR,
        ours=_OURS,
    )
    comparison = compare(contenders, options)
    if comparison:
        report.publish(comparison, options)
