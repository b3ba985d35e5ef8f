"""``mlmeta-track config``: the settings in force, and where each comes from."""

from __future__ import annotations

from typing import Any

import click

from mlmeta_track.cli.output import json_option, print_json, print_table
from mlmeta_track.store.connect import shown_url
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.redaction.urls import public_url

_EXAMPLE = """\b
Examples:
  mlmeta-track config
  mlmeta-track config --origin
"""


@click.command(epilog=_EXAMPLE)
@click.option("--origin", is_flag=True, help="Show also where each setting comes from.")
@json_option
def config(*, origin: bool, as_json: bool) -> None:
    """Show the settings that hold in this folder; passwords are left out."""
    found = {
        name: (_shown(name, value), said) for name, (value, said) in settings.origins({}).items()
    }
    if as_json:
        print_json({name: {"value": v, "origin": said} for name, (v, said) in found.items()})
    elif origin:
        rows = [(name, value, said) for name, (value, said) in found.items()]
        print_table(("setting", "value", "origin"), rows)
    else:
        print_table(("setting", "value"), [(name, value) for name, (value, _) in found.items()])


def _shown(name: str, value: Any) -> Any:
    if name == "store":
        return shown_url(value)
    if name == "payloads" and value is not None:
        return public_url(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value
