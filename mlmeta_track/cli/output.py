"""How commands print: tables on a terminal, tab-separated lines for programs, or JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

import click

from mlmeta_track.overview.plain import plain

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")

_COLOURS: Mapping[str, str] = {
    "COMPLETED": "green",
    "CACHED": "cyan",
    "RUNNING": "yellow",
    "FAILED": "red",
    "CANCELED": "magenta",
}
_NARROWEST = 12  # columns (characters) that a cell keeps on a terminal that is too narrow
_GAP = "  "


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their columns' names: aligned on a terminal, else separated by tabs."""
    cells = [[cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        for line in (columns, *cells):
            click.echo("\t".join(line))
        return
    widths = _widths([[name.upper() for name in columns], *cells])
    click.echo(_styled(_line([name.upper() for name in columns], widths), bold=True))
    for line in cells:
        click.echo(_coloured(_line(line, widths)))


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one a line."""
    if not sys.stdout.isatty():
        for name, value in facts.items():
            click.echo(f"{name}\t{cell(value)}")
        return
    width = max(map(_width, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{_styled(_fill(name, width), bold=True)}{_GAP}{_coloured(cell(value))}")


def cell(value: object) -> str:
    """Return a value as text on one line, without characters that steer a terminal."""
    if value is None:
        return ""
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return "".join(_shown(c) for c in text)


def time_text(milliseconds: int | None) -> str:
    """Return a time in UTC, to the second; the number itself where it is no time."""
    if not milliseconds:
        return ""
    try:
        time = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return str(milliseconds)  # Others may write any number.
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_text(milliseconds: float | None) -> str:
    """Return how long something took."""
    if milliseconds is None:
        return ""
    seconds = milliseconds / 1000
    if seconds < 1:
        return f"{milliseconds:.0f} ms"
    minutes, rest = divmod(seconds, 60)
    return f"{seconds:.1f} s" if not minutes else f"{minutes:.0f} min {rest:.0f} s"


def _shown(character: str) -> str:
    if character in "\t\r\n":
        return " "
    # Cc and Cf are control characters and those that turn the direction of writing.
    return (
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in {"Cc", "Cf"}
        else character
    )


def _widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """Return how wide each column is; the widest give way until the lines fit the terminal."""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    filled = (_fill(_cut(text, width), width) for text, width in zip(cells, widths, strict=True))
    return _GAP.join(filled).rstrip()


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    while _width(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def _fill(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return how many columns a terminal takes for a text."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _coloured(line: str) -> str:
    for word, colour in _COLOURS.items():
        if f" {word} " in f" {line} ":
            before, _, after = line.partition(word)
            return f"{before}{_styled(word, fg=colour)}{after}"
    return line


def _styled(text: str, *, fg: str | None = None, bold: bool | None = None) -> str:
    # The convention of no-color.org: any value that is not empty.
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=fg, bold=bold)
