"""The ``mlmeta-track`` command: its group, what all commands share, and the commands of plugins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

import mlmeta_track
from mlmeta_track.cli.compare import compare
from mlmeta_track.cli.completion import completion
from mlmeta_track.cli.config import config
from mlmeta_track.cli.db import db
from mlmeta_track.cli.doctor import doctor
from mlmeta_track.cli.gc import archive, gc, restore
from mlmeta_track.cli.lineage import impact, lineage
from mlmeta_track.cli.listing import artifacts, experiments, runs, steps
from mlmeta_track.cli.plugins import plugins
from mlmeta_track.cli.query import query
from mlmeta_track.cli.run import run
from mlmeta_track.cli.serve import serve
from mlmeta_track.cli.sweep import sweep
from mlmeta_track.cli.sync import sync
from mlmeta_track.cli.tail import tail
from mlmeta_track.cli.transfer import export_command, import_command
from mlmeta_track.cli.ui import ui
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.plugins import hooks


class _Group(click.Group):
    """The group of commands; an error of ours becomes one line and exit status 2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked_plugins = False

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except MlmetaTrackError as error:
            click.echo(f"Error: {error}", err=True)
            sys.exit(2)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # Our own commands first: they must not wait for plugins to be loaded.
        return super().get_command(ctx, cmd_name) or self._with_plugins().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(self._with_plugins())

    def _with_plugins(self) -> Mapping[str, click.Command]:
        if not self._asked_plugins:
            self._asked_plugins = True
            hooks.call("register_commands", cli=self)
        return self.commands


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mlmeta_track.__version__, prog_name="mlmeta-track")
def main() -> None:
    """Record what ML pipelines did, and ask which data made what."""


for _command in (
    archive,
    artifacts,
    compare,
    completion,
    config,
    db,
    doctor,
    experiments,
    export_command,
    gc,
    impact,
    import_command,
    lineage,
    plugins,
    query,
    restore,
    run,
    runs,
    serve,
    steps,
    sweep,
    sync,
    tail,
    ui,
):
    main.add_command(_command)
