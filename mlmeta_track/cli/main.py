"""The ``mlmeta-track`` command: its group, what all commands share, and the commands of plugins."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

import mlmeta_track
from mlmeta_track.cli.loading import begin
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
    """The group of commands; what is wrong becomes one line and exit status 2."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked_plugins = False

    def main(self, args: Sequence[str] | None = None, *more: Any, **others: Any) -> Any:
        if args is None:  # those of the process
            begin()
        return super().main(args, *more, **others)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _in_one_line():
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


class _WrongUsageError(click.ClickException):
    exit_code = 2


# A group that is named without a command; earlier releases of click raise nothing then.
_SHOWS_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())


@contextlib.contextmanager
def _in_one_line() -> Iterator[None]:
    """Say what was typed wrong, and where help is, without click's two lines on usage before it."""
    try:
        yield
    except click.UsageError as error:
        if isinstance(error, _SHOWS_HELP):
            raise
        command = "mlmeta-track" if error.ctx is None else error.ctx.command_path
        message = f"{error.format_message().rstrip('.')}. See: {command} --help"
        raise _WrongUsageError(message) from error


def _loaded(place: str) -> click.Command:
    module, _, name = place.partition(":")
    command: click.Command = getattr(import_module(f"mlmeta_track.cli.{module}"), name)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mlmeta_track.__version__, prog_name="mlmeta-track")
def main() -> None:
    """Record what ML pipelines did, and ask which data made what."""
