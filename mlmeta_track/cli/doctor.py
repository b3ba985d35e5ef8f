"""``mlmeta-track doctor``: whether what is recorded arrives, and what is in its way."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version

import click

import mlmeta_track
from mlmeta_track.cli import redactions
from mlmeta_track.cli.options import store_option
from mlmeta_track.errors import MlmetaTrackError, NotFoundError
from mlmeta_track.plugins import hooks
from mlmeta_track.store.connect import check_url, open_store
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.delivery import inspecting
from mlmeta_track.tracking.delivery.inspecting import Waiting
from mlmeta_track.tracking.delivery.places import spool_root, store_place

_EXAMPLE = """\b
Examples:
  mlmeta-track doctor --store sqlite:///metadata.db
  mlmeta-track doctor --show-redactions -- python train.py --token abc
"""
# What the library, its extras and its integrations stand on.
_PACKAGES = (
    *("sqlalchemy", "pluggy", "wrapt", "click", "lark"),
    *("grpcio", "protobuf", "psycopg", "pymysql"),
    *("pandas", "scikit-learn", "tensorflow-data-validation", "apache-beam"),
)


@click.command(epilog=_EXAMPLE)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--show-redactions",
    is_flag=True,
    help="Show instead what would be left out as secret: of the environment, of COMMAND, of the"
    " settings, and of what the store has; names and counts, no values.",
)
@store_option
def doctor(*, command: tuple[str, ...], show_redactions: bool, store: str | None) -> None:
    """Tell whether the store takes records, what waits for it, and which plugins are in use.

    Exits with 1 if something needs looking after: the store is away, records are damaged or were
    refused, a plugin was left out, or the store has what should have been left out.
    """
    found = settings.resolve({"store": store})
    check_url(found.store)
    if show_redactions:
        sys.exit(int(redactions.show(found, command)))
    if command:
        message = f"unexpected {command[0]!r}: a command is looked at with --show-redactions only"
        raise click.UsageError(message)
    problems = [*_tell_store(found.store), *_tell_spool(found), *_tell_plugins()]
    _tell_versions()
    if problems:
        sys.exit(1)


def _tell_store(url: str) -> Iterator[str]:
    click.echo(f"Store: {store_place(url) or 'in memory'}")
    if store_place(url) is None:
        click.echo("  it ends with the process that records")
        return
    try:
        opened = open_store(url, create=False)
        opened.close()
    except NotFoundError:
        click.echo("  does not exist yet: the first record creates it")
    except MlmetaTrackError as error:
        click.echo(f"  cannot be used: {error}")
        yield "store"
    else:
        click.echo(f"  can be read{_schema_version(url)}")


def _schema_version(url: str) -> str:
    if url.startswith("grpc"):
        return ", through a server of ML Metadata"
    from mlmeta_track.store.sql import migrations  # noqa: PLC0415 - it imports SQLAlchemy

    return f", schema version {migrations.stored_version(url)}"


def _tell_spool(found: settings.Settings) -> Iterator[str]:
    own, others = inspecting.inspect(found)
    click.echo(f"Spool: {spool_root(found) if own is None else own.folder}")
    if own is not None:
        yield from _tell_waiting(own)
    for waiting in others:
        click.echo(f"Spool of {waiting.store}: {waiting.folder}")
        yield from _tell_waiting(waiting)


def _tell_waiting(waiting: Waiting) -> Iterator[str]:
    if waiting.since is None:
        click.echo("  nothing waits")
    else:
        since = datetime.fromtimestamp(waiting.since, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
        records = "1 record waits" if waiting.records == 1 else f"{waiting.records} records wait"
        click.echo(
            f"  {records} ({waiting.size:,} bytes) since {since} UTC; they are written by:"
            " mlmeta-track sync"
        )
    for place in waiting.damage:
        click.echo(f"  damaged: {place}")
    for path in waiting.set_aside:
        click.echo(f"  set aside, delete it when you have looked at it: {path}")
    if not waiting.is_sound:
        yield "spool"


def _tell_plugins() -> Iterator[str]:
    click.echo(f"Plugins: {', '.join(hooks.names()) or 'none'}")
    for name, reason in sorted(hooks.left_out.items()):
        click.echo(f"  left out: {name}: {reason}")
        yield name


def _tell_versions() -> None:
    click.echo(f"Versions: mlmeta-track {mlmeta_track.__version__}, {_python()}")
    for name in _PACKAGES:
        try:
            click.echo(f"  {name} {version(name)}")
        except PackageNotFoundError:
            continue


def _python() -> str:
    return f"Python {platform.python_version()} on {platform.platform(terse=True)}"
