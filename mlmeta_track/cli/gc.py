"""``mlmeta-track gc``, ``archive`` and ``restore``: what a store need not keep for ever."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.policies import (
    counted,
    local_folder,
    policy_of,
    policy_options,
    show_plan,
)
from mlmeta_track.cli.progress import progress
from mlmeta_track.errors import SettingsError
from mlmeta_track.retention.collecting import Collected, Taken, archive_plan, carry_out
from mlmeta_track.retention.files import Files
from mlmeta_track.retention.plan import Plan, make_plan
from mlmeta_track.store.base import Store
from mlmeta_track.store.maintenance import Archive, Gone, Maintenance
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.fingerprints import fingerprint_path
from mlmeta_track.tracking.payloads import root_of

_GC_EXAMPLE = """\b
Examples:
  mlmeta-track gc --older-than 90d
  mlmeta-track gc --older-than 90d --keep-last 10 --archive old.db --yes
  mlmeta-track gc --state FAILED --contexts "name = 'Demo'" --yes
"""
_ARCHIVE_EXAMPLE = """\b
Example:
  mlmeta-track archive old.db --older-than 90d
"""
_RESTORE_EXAMPLE = """\b
Example:
  mlmeta-track restore old.db --store sqlite:///metadata.db
"""
_FILE = click.Path(dir_okay=False, path_type=Path)
_ASK, _DELETE = "ask", "delete"


@click.command(epilog=_GC_EXAMPLE)
@policy_options
@click.option("--yes", is_flag=True, help="Do it. Without this, it is only shown.")
@click.option("--archive", "archive_file", type=_FILE, help="A file that keeps what goes.")
@click.option("--payloads", is_flag=True, help="Delete the payloads of what goes, too.")
@click.option(
    "--files",
    type=click.Choice([_ASK, _DELETE]),
    help="Delete the data files of what goes, too: after a question, or without one.",
)
@click.option(
    "--show",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many lines are shown of each.",
)
@store_option
def gc(  # noqa: PLR0913 - one argument an option
    *,
    yes: bool,
    archive_file: Path | None,
    payloads: bool,
    files: str | None,
    show: int,
    store: str | None,
    **options: Any,
) -> None:
    """Delete old records; what living ones were made from stays as a tombstone.

    Shows what would go; --yes lets it go. What is RUNNING never goes, nor what is younger than
    the grace time.
    """
    policy = policy_of(options)
    folder = Path(local_folder(root_of(settings.resolve({"store": store})))) if payloads else None
    with _opened(store) as (opened, maintenance):
        with progress("look for what may go"):
            plan = make_plan(maintenance, policy)
        show_plan(opened, plan, show)
        if not yes:
            click.echo("Nothing was changed. Add --yes to do it.")
            return
        if files == _ASK:
            question = "Delete the data files of these artifacts, as far as they are as recorded?"
            click.confirm(question, abort=True)
        fingerprint = fingerprint_path if files is not None else None
        deleted = Files(maintenance, folder, fingerprint, policy.grace)
        taken = deleted if payloads or files is not None else None
        with _archived(maintenance, archive_file) as archive:
            done = _carried_out(maintenance, plan, archive, taken)
        _tell(done)
        if taken is not None:
            _tell_files(deleted)


@click.command(epilog=_ARCHIVE_EXAMPLE)
@click.argument("file", type=_FILE)
@policy_options
@store_option
def archive(*, file: Path, store: str | None, **options: Any) -> None:
    """Write into FILE what gc would delete, and delete nothing.

    FILE becomes a store of ML Metadata's own on SQLite. An archive of the same store is added to.
    """
    policy = policy_of(options)
    with _opened(store) as (_, maintenance):
        with progress("look for what may go"):
            plan = make_plan(maintenance, policy)
        with _archived(maintenance, file) as opened, progress(f"write {file.name}"):
            assert opened is not None  # noqa: S101 - a file was named
            archive_plan(maintenance, plan, opened)
        click.echo(f"Wrote {_size(plan)} into {file}.")


@click.command(epilog=_RESTORE_EXAMPLE)
@click.argument("file", type=_FILE)
@store_option
def restore(*, file: Path, store: str | None) -> None:
    """Put back into the store what FILE holds, an archive of gc or another SQLite store.

    What the store has already stays as it is, and tombstones live again; so it can be repeated.
    """
    with _opened(store) as (_, maintenance), progress(f"restore {file.name}"):
        done = maintenance.restore(file)
    click.echo(
        f"Put back {counted(done.executions, 'execution')}, {counted(done.artifacts, 'artifact')},"
        f" {counted(done.contexts, 'context')} and {counted(done.events, 'event')};"
        f" {counted(done.revived, 'tombstone')} came back to life."
    )


def _carried_out(
    maintenance: Maintenance, plan: Plan, archive: Archive | None, taken: Taken | None
) -> Collected:
    total = sum(
        map(len, (plan.executions, plan.artifacts, plan.buried_executions, plan.buried_artifacts))
    )
    with progress("delete") as shown:

        def told(gone: Gone) -> None:
            shown.told("delete", shown.done + len(gone.executions) + len(gone.artifacts), total)
            if taken is not None:
                taken(gone)

        return carry_out(maintenance, plan, archive=archive, taken=told)


@contextlib.contextmanager
def _opened(store: str | None) -> Iterator[tuple[Store, Maintenance]]:
    with contextlib.closing(open_to_read(store)) as opened:
        yield opened, opened.maintenance()


@contextlib.contextmanager
def _archived(maintenance: Maintenance, file: Path | None) -> Iterator[Archive | None]:
    if file is None:
        yield None
        return
    if not file.absolute().parent.is_dir():
        message = f"The archive {file} cannot be made: there is no folder {file.parent}. Make it."
        raise SettingsError(message)
    with contextlib.closing(maintenance.open_archive(file)) as opened:
        yield opened


def _size(plan: Plan) -> str:
    n_executions = len(plan.executions) + len(plan.buried_executions)
    n_artifacts = len(plan.artifacts) + len(plan.buried_artifacts)
    contexts = counted(len(plan.contexts), "context")
    return f"{counted(n_executions, 'execution')}, {counted(n_artifacts, 'artifact')}, {contexts}"


def _tell(done: Collected) -> None:
    click.echo(
        f"Deleted {counted(done.executions, 'execution')}, {counted(done.artifacts, 'artifact')},"
        f" {counted(done.events, 'event')} and {counted(done.contexts, 'context')}; made"
        f" {counted(done.buried_executions + done.buried_artifacts, 'tombstone')}."
    )
    if done.orphans:
        click.echo(f"Deleted {counted(done.orphans, 'row')} that belonged to nothing.")
    if done.left:
        click.echo(f"Left {counted(done.left, 'node')} alone that came into use meanwhile.")


def _tell_files(done: Files) -> None:
    click.echo(
        f"Deleted {counted(done.n_payloads, 'payload')} and {counted(done.n_files, 'data file')},"
        f" {done.n_bytes:,} bytes."
    )
