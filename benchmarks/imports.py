"""What a new process waits for: the import, a step that is declared, the first one recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.comparison import compare
from harness.contender import Contender
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_IMPORT, _FIRST = "import", "first step"
_MOST = 5  # in a round: each is a process
_CONTENDERS = tuple(
    Contender(group, label, place, "imports_of.py", (what,))
    for group, label, place, what in (
        ("floor", "the libraries alone", _IMPORT, "wrapt"),
        ("ours", "mlmeta_track", _IMPORT, "face"),
        ("ours", "mlmeta_track, and a step declared", _IMPORT, "step"),
        ("floor", "the libraries alone", _FIRST, "sqlalchemy"),
        ("ours", "mlmeta_track", _FIRST, "first"),
    )
)


def measure(options: Options) -> None:
    """Measure all, print the table and write ``imports.json``."""
    options = replace(options, work=min(options.work, _MOST))
    comparison = compare(_CONTENDERS, options)
    report = Report(
        name="imports",
        title="A new process: wrapt and pluggy (import) and SQLAlchemy (first step), and ours",
        unit="process",
        floor="the libraries alone",
        ours="mlmeta_track",
    )
    if comparison:
        report.publish(comparison, options)
