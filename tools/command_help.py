"""Write docs/command-help.md: what every command says to ``--help``.

    .venv/bin/python tools/command_help.py

A test compares the page with what the commands say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from mlmeta_track.cli.main import main

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command-help.md"
WIDTH = 80

_HEAD = """\
# What the commands say

Each command's `--help`, as it is printed; [Commands](commands.md) says more. This page
is made by `tools/command_help.py`.
"""


def page() -> str:
    """Return the page as it should be."""
    parts = [_HEAD]
    parts += [
        f"## `{name} --help`\n\n```{{code-block}} text\n{text}\n```\n"
        for name, text in _helps(main, "mlmeta-track")
    ]
    return "\n".join(parts)


def _helps(
    command: click.Command, name: str, above: click.Context | None = None
) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2] if above else name,
        parent=above,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    lines = command.get_help(context).splitlines()
    yield name, "\n".join(line.rstrip() for line in lines)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from _helps(found, f"{name} {below}", context)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
