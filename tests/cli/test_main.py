from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.plugins import hookimpl, hooks


def test_the_version_is_told() -> None:
    assert mt.__version__ in CliRunner().invoke(main, ["--version"]).output


def test_help_lists_the_commands() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    assert "lineage" in output
    assert "run" in output


def test_python_m_is_the_command() -> None:
    command = [sys.executable, "-m", "mlmeta_track", "--version"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def plugin_command() -> object:
    class Plugin:
        @hookimpl
        def register_commands(self, cli: click.Group) -> None:
            cli.add_command(click.Command("greet", callback=lambda: click.echo("hello")))

    plugin = Plugin()
    hooks.register(plugin)
    yield plugin
    hooks.unregister(plugin)
    main.commands.pop("greet", None)


def test_a_plugin_adds_a_command(plugin_command: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "_asked_plugins", False)
    assert CliRunner().invoke(main, ["greet"]).output == "hello\n"
