"""``mlmeta-track db``: which schema version a store has, and how it comes to another."""

from __future__ import annotations

import contextlib
from types import ModuleType

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.progress import progress
from mlmeta_track.store.connect import check_url
from mlmeta_track.tracking import settings

_EXAMPLE = """\b
Examples:
  mlmeta-track db version --store sqlite:///metadata.db
  mlmeta-track db upgrade --store sqlite:///metadata.db
  mlmeta-track db downgrade 9 --store sqlite:///metadata.db
"""
_VERSION_EXAMPLE = """\b
Example:
  mlmeta-track db version --store sqlite:///metadata.db
"""
_UPGRADE_EXAMPLE = """\b
Example:
  mlmeta-track db upgrade --store sqlite:///metadata.db
"""
_DOWNGRADE_EXAMPLE = """\b
Example:
  mlmeta-track db downgrade 9 --store sqlite:///metadata.db
"""

_VACUUM_EXAMPLE = """\b
Example:
  mlmeta-track db vacuum --store sqlite:///metadata.db
"""


@click.group(epilog=_EXAMPLE)
def db() -> None:
    """Bring a store from one version of ML Metadata's schema to another, and tidy it."""


@db.command(epilog=_VERSION_EXAMPLE)
@store_option
def version(*, store: str | None) -> None:
    """Show which schema version the store has, and whether this library speaks it."""
    spoken = _migrations().SCHEMA_VERSION
    found = _migrations().stored_version(_url(store))
    if found < spoken:
        more = f"; this library speaks version {spoken}: mlmeta-track db upgrade brings it there."
    elif found > spoken:
        more = f"; this library speaks version {spoken}: a newer mlmeta-track may speak that one."
    else:
        more = ", which this library speaks."
    click.echo(f"The store has schema version {found}{more}")


@db.command(epilog=_UPGRADE_EXAMPLE)
@store_option
def upgrade(*, store: str | None) -> None:
    """Bring the store to the schema version that this library speaks; nothing in it is lost."""
    spoken = _migrations().SCHEMA_VERSION
    with progress("upgrade"):
        before = _migrations().upgrade(_url(store))
    if before == spoken:
        click.echo(f"The store has schema version {spoken} already.")
    else:
        click.echo(f"Upgraded the store from schema version {before} to {spoken}.")


@db.command(epilog=_DOWNGRADE_EXAMPLE)
@click.argument("version", type=int)
@click.option("--yes", is_flag=True, help="Do not ask whether what is lost may be lost.")
@store_option
def downgrade(*, version: int, yes: bool, store: str | None) -> None:
    """Bring the store back to schema VERSION, for an older library of ML Metadata.

    What that version has no place for is deleted.
    """
    url = _url(store)
    if not yes and _migrations().stored_version(url) > version:
        lost = f"What schema version {version} has no place for will be deleted from the store."
        click.confirm(f"{lost} Go on?", abort=True)
    with progress("downgrade"):
        before = _migrations().downgrade(url, version)
    if before <= version:
        click.echo(f"The store has schema version {before} already.")
    else:
        click.echo(f"Brought the store back from schema version {before} to {version}.")


@db.command(epilog=_VACUUM_EXAMPLE)
@click.option("--full", is_flag=True, help="On PostgreSQL: give it to the disk, locking tables.")
@store_option
def vacuum(*, full: bool, store: str | None) -> None:
    """Give back the room of what was deleted.

    SQLite lets nobody write meanwhile; PostgreSQL and MySQL do.
    """
    with contextlib.closing(open_to_read(store)) as opened, progress("vacuum"):
        freed = opened.maintenance().vacuum(full=full)
    click.echo(f"The store is {max(freed, 0):,} bytes smaller.")


def _url(store: str | None) -> str:
    url = settings.resolve({"store": store}).store
    check_url(url)
    return url


def _migrations() -> ModuleType:
    from mlmeta_track.store.sql import migrations  # noqa: PLC0415 - it imports SQLAlchemy

    return migrations
