"""``mlmeta-track plugins``: which plugins are installed, in use, or left out, and why."""

from __future__ import annotations

from dataclasses import dataclass

import click

from mlmeta_track.cli.output import json_option, print_json, print_table
from mlmeta_track.plugins import hooks
from mlmeta_track.plugins.discovery import entry_points
from mlmeta_track.plugins.manager import ENTRY_POINT_GROUP

_EXAMPLE = """\b
Examples:
  mlmeta-track plugins
  mlmeta-track plugins --json
"""


@dataclass(frozen=True, slots=True)
class _Plugin:
    name: str
    distribution: str
    state: str
    hooks: tuple[str, ...]


@click.command(epilog=_EXAMPLE)
@json_option
def plugins(*, as_json: bool) -> None:
    """List the installed plugins: from where, whether in use, and what they do."""
    in_use = set(hooks.names())
    found = []
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        name = entry_point.name
        state = (
            "in use" if name in in_use else hooks.left_out.get(name, "not wanted (load_plugins)")
        )
        source = entry_point.dist
        distribution = f"{source.name} {source.version}" if source is not None else ""
        found.append(_Plugin(name, distribution, state, tuple(hooks.hooks_of(name))))
    found.sort(key=lambda plugin: plugin.name)
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "distribution", "state", "hooks"),
        [(p.name, p.distribution, p.state, ", ".join(p.hooks)) for p in found],
    )
