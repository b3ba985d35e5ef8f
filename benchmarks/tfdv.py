"""What tracking adds to a validation with TensorFlow Data Validation, from a CSV to the files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.comparison import compare
from harness.contender import Contender
from harness.processes import ROOT, BenchmarkError
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_ADDS: Mapping[str, int] = {"Artifact": 3, "Event": 10, "Execution": 6}
"""Statistics, schema and anomalies; six calls with seven inputs and three outputs."""

_ROUNDS, _FEW = 11, 2
_ALL_ROWS, _FEW_ROWS = 15_002, 200
_PATIENCE = 10  # times as much as for one step: a validation takes seconds
_UNTRACKED, _TRACKED = "untracked", "tracked"


def measure(options: Options) -> None:
    """Measure a validation and a getter, tracked and not; print the table, write ``tfdv.json``."""
    if not {"ours", "floor"} & {*options.groups}:
        return  # No peer records TFDV by itself.
    rows = _FEW_ROWS if options.rounds <= _FEW else _ALL_ROWS
    options = replace(
        options,
        rounds=min(options.rounds, _ROUNDS),
        work=1,
        patience=options.patience * _PATIENCE,
    )
    report = Report(
        name="tfdv",
        title="A validation with TFDV: statistics from a CSV, schema, anomalies, three files",
        unit="validation",
        floor=_UNTRACKED,
        ours=_TRACKED,
    )
    report.publish(compare(_contenders(rows), options), options)


def _contenders(rows: int) -> tuple[Contender, ...]:
    taxi = Path(os.environ.get("MLMETA_TEST_TAXI_CSV") or ROOT / "build/data/taxi/data.csv")
    if not taxi.is_file():
        message = f"{taxi} is not there. Run `make bench`, which fetches it"
        raise BenchmarkError(message)
    places = {"validation": f"taxi data, {rows} rows", "getter": "100,000 times get_feature"}
    return tuple(
        Contender(
            "ours" if variant == _TRACKED else "floor",
            variant,
            place,
            "tfdv_validation.py",
            (work, variant, str(taxi.resolve()), str(rows)),
            _ADDS if (work, variant) == ("validation", _TRACKED) else {},
        )
        for work, place in places.items()
        for variant in (_UNTRACKED, _TRACKED)
    )
