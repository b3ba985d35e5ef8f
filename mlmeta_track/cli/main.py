"""The ``mlmeta-track`` command: its group, what all commands share, and the commands of plugins."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

import mlmeta_track
from mlmeta_track.errors import MlmetaTrackError

# By name, so that a command waits for its own imports and for no other's.
_OURS = {
    "archive": "gc:archive",
    "artifacts": "listing:artifacts",
    "compare": "compare:compare",
    "completion": "completion:completion",
    "config": "config:config",
    "db": "db:db",
    "doctor": "doctor:doctor",
    "experiments": "listing:experiments",
    "export": "transfer:export_command",
    "gc": "gc:gc",
    "impact": "lineage:impact",
    "import": "transfer:import_command",
    "lineage": "lineage:lineage",
    "plugins": "plugins:plugins",
    "query": "query:query",
    "restore": "gc:restore",
    "run": "run:run",
    "runs": "listing:runs",
    "serve": "serve:serve",
    "steps": "listing:steps",
    "sweep": "sweep:sweep",
    "sync": "sync:sync",
    "tail": "tail:tail",
    "ui": "ui:ui",
}


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
        if cmd_name in _OURS:
            return _loaded(_OURS[cmd_name])
        return super().get_command(ctx, cmd_name) or self._with_plugins().get(cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted({*_OURS, *self._with_plugins()})

    def _with_plugins(self) -> Mapping[str, click.Command]:
        if not self._asked_plugins:
            self._asked_plugins = True
            plugins = import_module("mlmeta_track.plugins")
            plugins.hooks.call("register_commands", cli=self)
        return self.commands


def _loaded(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command: click.Command = getattr(import_module(f"mlmeta_track.cli.{module}"), name)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mlmeta_track.__version__, prog_name="mlmeta-track")
def main() -> None:
    """Record what ML pipelines did, and ask which data made what."""
