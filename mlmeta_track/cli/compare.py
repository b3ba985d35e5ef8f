"""``mlmeta-track compare``: what differs between two runs, steps or artifacts."""

from __future__ import annotations

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.output import json_option, print_table
from mlmeta_track.cli.progress import progress
from mlmeta_track.domain.comparison import shown, title
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.comparing import compare_in
from mlmeta_track.tracking.payloads import Payloads

_EXAMPLE = """\b
Examples:
  mlmeta-track compare run:3 run:7
  mlmeta-track compare last-week/schema.pbtxt schema.pbtxt
  mlmeta-track compare --json execution:12 execution:31
"""


@click.command(epilog=_EXAMPLE)
@click.argument("a")
@click.argument("b")
@json_option
@store_option
def compare(*, a: str, b: str, as_json: bool, store: str | None) -> None:
    """Show what differs between A and B: two runs, two executions or two artifacts.

    Each is a run's name, run:3, execution:3, artifact:3, a path or a URI.
    """
    opened = open_to_read(store)
    with progress("compare"):
        comparison = compare_in(opened, a, b, Payloads(settings.resolve({"store": store})))
    if as_json:
        click.echo(comparison.to_json())
        return
    if not comparison:
        click.echo(f"{title(comparison.a)} and {title(comparison.b)} do not differ.")
        return
    print_table(
        ("section", "name", title(comparison.a), title(comparison.b)),
        [(one.section, one.name, shown(one.a), shown(one.b)) for one in comparison.differences],
    )
