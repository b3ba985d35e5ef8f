"""What users can call, set or hook into is on a page; what is on the pages exists."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.plugins.hookspecs import SPECS
from mlmeta_track.tracking.settings import ENVIRONMENT_PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "mlmeta_track"
DOCS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md")))

HOOKS = [
    (name, function)
    for spec in SPECS
    for name, function in vars(spec).items()
    if inspect.isfunction(function)
]


def _commands(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """All commands of a group by what is written to call them, also those of groups in it."""
    found: dict[str, click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found[before + name] = command
        if isinstance(command, click.Group):
            found.update(_commands(command, f"{before}{name} "))
    return found


COMMANDS = _commands(main)


@pytest.mark.parametrize(("name", "function"), HOOKS, ids=[name for name, _ in HOOKS])
def test_hook_is_documented_with_its_arguments(name: str, function: object) -> None:
    arguments = [a for a in inspect.signature(function).parameters if a != "self"]  # type: ignore[arg-type]
    assert f"### `{name}({', '.join(arguments)})`" in DOCS


def test_documented_hooks_exist() -> None:
    documented = re.findall(r"^### `(\w+)\(", DOCS, re.MULTILINE)
    assert set(documented) == {name for name, _ in HOOKS}


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Settings)])
def test_setting_is_documented_with_its_variable_and_default(name: str) -> None:
    default = getattr(Settings(), name)
    shown = {None: "none", (): "none", False: "`false`"}.get(default, f"`{default}`")
    row = re.search(
        rf"^\| `{name}` \| `{ENVIRONMENT_PREFIX}{name.upper()}` \| (.*?) \|", DOCS, re.MULTILINE
    )
    assert row is not None
    assert row[1] in {shown, "all"}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_is_documented(name: str) -> None:
    assert f"## `mlmeta-track {name}`" in DOCS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_the_command_has_help(name: str) -> None:
    options = [p for p in COMMANDS[name].params if isinstance(p, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_the_command_has_an_example(name: str) -> None:
    assert f"mlmeta-track {name} " in (COMMANDS[name].epilog or "")


@pytest.mark.parametrize("name", mt.__all__)
def test_public_name_is_documented(name: str) -> None:
    assert re.search(rf"\bmt\.{name}\b|\b{name}\(", DOCS)


def test_the_face_has_at_most_25_names() -> None:
    assert len(mt.__all__) <= 25


def _public_definitions() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        yield f"{path.relative_to(ROOT)}", tree
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def test_the_first_line_of_every_docstring_is_one_sentence() -> None:
    wrong = []
    for place, node in _public_definitions():
        docstring = ast.get_docstring(node)  # type: ignore[arg-type]
        if docstring and not docstring.splitlines()[0].endswith((".", ":")):
            wrong.append(place)
    assert wrong == []
