"""What Beam tells of a pipeline's run: the runner, the options that were given, and counters."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from types import SimpleNamespace
from typing import Any

from mlmeta_track_tfdv import options
from mlmeta_track_tfdv.beam_graph import Applied

MOST_COUNTERS = 100
"""Of more counters only so many are recorded, the first by name."""

_LOCAL_RUNNERS = frozenset(
    (
        *("DirectRunner", "SwitchingDirectRunner", "BundleBasedDirectRunner"),
        *("FnApiRunner", "InteractiveRunner", "PrismRunner"),
    )
)
_COUNTED = "tfx."
_LONGEST_NAME = 255
_OPTIONS = "apache_beam.options.pipeline_options"


def about(pipeline: Any) -> dict[str, Any]:
    """Return a pipeline's runner and its options, secrets left out."""
    given = vars(pipeline._options)  # noqa: SLF001 - where Beam has them
    values, usual = given.get("_all_options") or {}, _defaults()
    changed = {k: v for k, v in values.items() if not _is_usual(v, usual.get(k))}
    told = SimpleNamespace(_flags=given.get("_flags"), _all_options=changed)
    facts = {
        "runner": type(pipeline.runner).__name__,
        "pipeline_options": options.pipeline_options(told),
    }
    return {name: value for name, value in facts.items() if value is not None}


def runs_here(pipeline: Any) -> bool:
    """Tell whether a pipeline's work ends with this process; services go on by themselves."""
    return type(pipeline.runner).__name__ in _LOCAL_RUNNERS


def _defaults() -> dict[str, Any]:
    """Return what Beam's options are if nobody gives them."""
    # Beam adds them to the options that were given, as soon as it looks at those.
    module: Any = sys.modules[_OPTIONS]
    usual: dict[str, Any] = {}
    for kind in module.PipelineOptions.__subclasses__():
        if kind.__module__ == _OPTIONS:
            parser = module._BeamArgumentParser(allow_abbrev=False)  # noqa: SLF001 - as Beam does
            kind._add_argparse_args(parser)  # noqa: SLF001
            usual |= {action.dest: action.default for action in parser._actions}  # noqa: SLF001
    return usual


def _is_usual(value: Any, default: Any) -> bool:
    """Tell whether an option is what it is by default; objects of the user's are not asked."""
    is_plain = type(value) in (str, int, float, bool, list, dict)
    return value is default or (is_plain and type(value) is type(default) and value == default)


def counters(result: Any) -> Mapping[tuple[str, str], int]:
    """Return the counters of TFDV and its readers, by name and the step that counted."""
    if result is None:
        return {}
    try:
        found = result.metrics().query()["counters"]
    except Exception:  # noqa: BLE001 - not every runner counts, and services may be out of reach
        return {}
    values: dict[tuple[str, str], int] = {}
    for counter in found:
        metric = counter.key.metric
        value = counter.attempted if counter.committed is None else counter.committed
        if metric.namespace.startswith(_COUNTED) and value is not None:
            key = (f"{metric.namespace}.{metric.name}"[:_LONGEST_NAME], str(counter.key.step))
            values[key] = values.get(key, 0) + int(value)
    return values


def counted(
    values: Mapping[tuple[str, str], int], applied: Applied, every: Sequence[Applied]
) -> dict[str, float]:
    """Return what was counted in a transform, and in what its data came through.

    What was counted beside that belongs to whatever reads through the nearest step: to all that
    read examples where that is not known, for some runners have names of their own for steps.
    """
    sums: dict[str, float] = {}
    for (name, step), value in sorted(values.items()):
        inside = [one for one in every if f"{step}/".startswith(f"{one.label}/")]
        if applied in (inside or _nearest(step, every)):
            sums[name] = sums.get(name, 0) + value
    return dict(list(sums.items())[:MOST_COUNTERS])


def _nearest(step: str, every: Sequence[Applied]) -> list[Applied]:
    distances = {one: _shared(step, one.upstream) for one in every if one.row.reads}
    most = max(distances.values(), default=0)
    return [one for one, shared in distances.items() if shared == most]


def _shared(step: str, labels: Iterable[str]) -> int:
    """Return how many parts of its label a step shares with one of these, at most."""
    parts = step.split("/")
    return max((_same(parts, label.split("/")) for label in labels), default=0)


def _same(parts: Sequence[str], others: Sequence[str]) -> int:
    pairs = zip(parts, others, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
