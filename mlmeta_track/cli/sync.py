"""``mlmeta-track sync``: what waits in the spool is written to the store."""

from __future__ import annotations

import contextlib
import sys

import click

from mlmeta_track.cli.options import store_option
from mlmeta_track.cli.progress import progress
from mlmeta_track.errors import NotFoundError, UnavailableError
from mlmeta_track.store.connect import check_url, open_store
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.delivery import inspecting
from mlmeta_track.tracking.delivery.replaying import Replayed

_EXAMPLE = """\b
Example:
  mlmeta-track sync --store sqlite:///metadata.db
"""


@click.command(epilog=_EXAMPLE)
@store_option
def sync(*, store: str | None) -> None:
    """Write what waits in the spool, because the store was away, to the store.

    Exits with 1 if a part of it is damaged or was refused, with 2 if the store is still away.
    """
    found = settings.resolve({"store": store})
    check_url(found.store)
    with progress("write what waits"):
        done = inspecting.sync(found)
    if done == Replayed():
        _look_at(found.store)
    records = "1 record" if done.landed == 1 else f"{done.landed} records"
    nothing = not (done.landed or done.damage or done.refused)
    click.echo("Nothing waits for the store." if nothing else f"Wrote {records} to the store.")
    for place in done.damage:
        click.echo(f"A part is damaged and was left out: {place}", err=True)
    for place in done.refused:
        click.echo(f"The store refused a record, which is kept in {place}", err=True)
    if done.damage or done.refused:
        sys.exit(1)


def _look_at(url: str) -> None:
    """Refuse what is no store: that nothing waits for it must not sound as if all were well."""
    # One that is away, or is not there yet, may be the right one.
    with contextlib.suppress(NotFoundError, UnavailableError):
        open_store(url, create=False).close()
