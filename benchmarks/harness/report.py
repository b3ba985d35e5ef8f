"""A comparison as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness import machine
from harness.comparison import Measured, ratio
from harness.options import Options

_NONE = "-"


@dataclass(frozen=True)
class Report:
    """How a comparison is shown.

    Args:
        name: The measurement's name, and that of its JSON file.
        title: What was measured, for people.
        unit: What one piece of work is called.
        floor: The label of the contender that does only what must be done.
        ours: The label of our contender that others are compared with.
    """

    name: str
    title: str
    unit: str
    floor: str
    ours: str

    def publish(self, comparison: Sequence[Measured], options: Options) -> None:
        """Print the table and write ``NAME.json`` into the output folder."""
        print(self.table(comparison))
        write(self.content(comparison, options), self.name, options)

    def table(self, comparison: Sequence[Measured]) -> str:
        """Return the comparison as lines of text in columns."""
        ratios = ("÷ floor", "÷ ours")
        head = ("who", "where", f"typical {self.unit}", *ratios, f"mean {self.unit}", *ratios)
        rows = [head, *(self._row(one, comparison) for one in comparison)]
        lines = aligned(rows, words=2)
        facts = ", ".join(f"{name} {value}" for name, value in machine.facts().items())
        return "\n".join(
            ["", self.title, f"({facts})", "", lines[0], "-" * len(lines[0]), *lines[1:]]
        )

    def content(self, comparison: Sequence[Measured], options: Options) -> dict[str, Any]:
        """Return the comparison as JSON can hold it; times in seconds."""
        return {
            "measurement": self.name,
            "title": self.title,
            "unit": f"seconds a {self.unit}",
            "machine": machine.facts(),
            "rounds": len(comparison[0].rounds),
            "work_per_round": options.work,
            "contenders": [self._entry(one, comparison) for one in comparison],
        }

    def _entry(self, one: Measured, comparison: Sequence[Measured]) -> dict[str, Any]:
        entry = asdict(one.contender)
        return {
            **{key: entry[key] for key in ("group", "label", "place")},
            "versions": dict(one.versions),
            "mean": one.mean,
            "typical": one.typical,
            "rounds": [asdict(seconds) for seconds in one.rounds],
            "times_the_floor": self._times(self.floor, one, comparison),
            "times_ours": self._times(self.ours, one, comparison),
            "rows_added_by_each": entry["adds"],  # checked: the benchmark fails if they differ
        }

    def _row(self, one: Measured, comparison: Sequence[Measured]) -> tuple[str, ...]:
        floor = self._times(self.floor, one, comparison)
        ours = self._times(self.ours, one, comparison)
        cells = [one.contender.label, one.contender.place]
        for way, seconds in (("typical", one.typical), ("mean", one.mean)):
            cells += [time_text(seconds), _ratio(floor, way), _ratio(ours, way)]
        return tuple(cells)

    @staticmethod
    def _times(
        label: str, one: Measured, comparison: Sequence[Measured]
    ) -> dict[str, float] | None:
        """Return how many times as long it takes as the contender of that label in its place."""
        place = one.contender.place
        for other in comparison:
            if (other.contender.label, other.contender.place) == (label, place):
                return asdict(ratio(one, other))
        return None


def write(content: Mapping[str, Any], name: str, options: Options) -> None:
    """Write ``NAME.json`` into the output folder, and say so."""
    path = options.output / f"{name}.json"
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nbench: written to {_shown(path)}; docs/performance.md says how to read it")


def aligned(rows: Sequence[Sequence[str]], *, words: int) -> list[str]:
    """Return rows as lines of columns: the first few are words, the others numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [_line(row, widths, words) for row in rows]


def _line(row: Sequence[str], widths: Sequence[int], words: int) -> str:
    cells = [
        cell.ljust(width) if column < words else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def _ratio(times: Mapping[str, float] | None, way: str) -> str:
    return f"{times[way]:.2f}" if times else _NONE


_MILLISECOND = 1e-3


def time_text(seconds: float) -> str:
    """Return a time as people read it."""
    if seconds < _MILLISECOND:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.2f} ms"


def _shown(path: Path) -> Path:
    """Return the path as short as it can be said from here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path
