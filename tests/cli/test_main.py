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


@pytest.mark.parametrize(
    ("arguments", "wrong", "help_of"),
    [
        ("--bogus", "--bogus", ""),
        ("bogus", "bogus", ""),
        ("sync extra", "extra", " sync"),
        ("sync --store", "--store", ""),  # click does not tell which command it was
        ("sweep --host-timeout soon", "'soon'", " sweep"),
        ("sweep --host-timeout 5", "60", " sweep"),
        ("gc --state GONE", "'GONE'", " gc"),
        ("gc --keep-last few", "'few'", " gc"),
        ("gc --files maybe", "'maybe'", " gc"),
        ("archive --older-than 1d", "FILE", " archive"),
        ("restore .", "'.'", " restore"),
        ("db vacuum extra", "extra", " db vacuum"),
        ("db bogus", "bogus", " db"),
        ("doctor extra", "'extra'", " doctor"),
    ],
)
def test_what_is_typed_wrong_is_named_in_one_line_with_status_2(
    arguments: str, wrong: str, help_of: str
) -> None:
    result = CliRunner().invoke(main, arguments.split(), prog_name="mlmeta-track")
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert wrong in result.output
    assert result.output.endswith(f". See: mlmeta-track{help_of} --help\n")


def test_a_group_without_a_command_shows_its_help() -> None:
    assert "vacuum" in CliRunner().invoke(main, ["db"]).output


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
