"""``mlmeta-track completion``: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from mlmeta_track.errors import InvalidArgumentError

_PROGRAM, _VARIABLE = "mlmeta-track", "_MLMETA_TRACK_COMPLETE"
_EXAMPLE = """\b
Examples:
  mlmeta-track completion bash >> ~/.bashrc
  mlmeta-track completion zsh >> ~/.zshrc
  mlmeta-track completion fish > ~/.config/fish/completions/mlmeta-track.fish
"""


@click.command(epilog=_EXAMPLE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print what SHELL has to read so that it completes commands and options."""
    kind = get_completion_class(shell)
    if kind is None:
        message = f"Nothing is known of the shell {shell!r}."
        raise InvalidArgumentError(message)
    made = kind(context.find_root().command, {}, _PROGRAM, _VARIABLE)
    click.echo(made.source_template % made.source_vars())
