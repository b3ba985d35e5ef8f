"""What a decorated function costs while tracking is disabled, beside a wrapper of wrapt's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.comparison import compare
from harness.contender import Contender
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_BARE, _DISABLED = "wrapt.FunctionWrapper, passing through", "mt.step, tracking disabled"
_CONTENDERS = (
    Contender("floor", _BARE, "10,000 calls", "calls_of.py", ("bare",)),
    Contender("ours", _DISABLED, "10,000 calls", "calls_of.py", ("disabled",)),
)


def measure(options: Options) -> None:
    """Measure both, print the table and write ``calls.json``."""
    comparison = compare(_CONTENDERS, options)
    report = Report(
        name="calls",
        title="A decorated function that is not tracked",
        unit="10,000 calls",
        floor=_BARE,
        ours=_DISABLED,
    )
    if comparison:
        report.publish(comparison, options)
