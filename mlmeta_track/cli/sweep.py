"""``mlmeta-track sweep``: what dead processes left RUNNING becomes FAILED."""

from __future__ import annotations

import contextlib
import math

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.delivery import inspecting
from mlmeta_track.tracking.leases.sweeping import (
    HOST_TIMEOUT_SECONDS,
    SHORTEST_HOST_TIMEOUT_SECONDS,
    Abandoned,
    find_abandoned,
    mark,
)

_EXAMPLE = """\b
Examples:
  mlmeta-track sweep --dry-run --store sqlite:///metadata.db
  mlmeta-track sweep --host-timeout 3600 --store postgresql+psycopg://me@db.example.org/metadata
"""


def _a_number(_: click.Context, __: click.Parameter, value: float) -> float:
    if math.isnan(value):
        message = "nan is not a number of seconds."
        raise click.BadParameter(message)
    return value


@click.command(epilog=_EXAMPLE)
@click.option("--dry-run", is_flag=True, help="Show what would be marked, and change nothing.")
@click.option(
    "--host-timeout",
    type=click.FloatRange(min=SHORTEST_HOST_TIMEOUT_SECONDS, max=1e9),
    callback=_a_number,
    metavar="SECONDS",
    default=HOST_TIMEOUT_SECONDS,
    show_default=True,
    help="How long nothing was heard of a process on another machine when it counts as dead.",
)
@store_option
def sweep(*, dry_run: bool, host_timeout: float, store: str | None) -> None:
    """Mark executions as FAILED that are RUNNING though the process that ran them is dead.

    Processes of this machine are looked for; of those elsewhere, the last heartbeat counts. First,
    what waits in the spool of this machine is written, for it may be how they ended.
    """
    count = 0
    with contextlib.closing(open_to_read(store)) as opened:
        _bring(settings.resolve({"store": store}), dry_run=dry_run)
        for abandoned in find_abandoned(opened, host_timeout):
            if dry_run or mark(opened, abandoned):
                count += 1
                click.echo(_line(abandoned))
    steps = "1 step" if count == 1 else f"{count} steps"
    click.echo(f"{steps} would be marked as FAILED." if dry_run else f"Marked {steps} as FAILED.")


def _bring(found: settings.Settings, *, dry_run: bool) -> None:
    """Write what waits in the spool; in a dry run, say that it waits."""
    waiting, _ = inspecting.inspect(found)
    if waiting is None or not waiting.records:
        return
    if dry_run:
        records = "1 record waits" if waiting.records == 1 else f"{waiting.records} records wait"
        click.echo(f"{records} in the spool, and may say how some of these ended.")
        return
    done = inspecting.sync(found)
    records = "1 record" if done.landed == 1 else f"{done.landed} records"
    click.echo(f"Wrote {records} that waited in the spool.")
    for place in (*done.damage, *done.refused):
        click.echo(f"A part was left out: {place}", err=True)


def _line(abandoned: Abandoned) -> str:
    execution = abandoned.execution
    return f"{execution.type}  [execution {execution.id}]  {abandoned.why}"
