"""The list of hooks is what a plugin's author reads: short, said in words, and complete."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from mlmeta_track.plugins import Hooks, hookimpl
from mlmeta_track.plugins.hookspecs import PROJECT, SPECS


def specified() -> dict[str, Callable[..., Any]]:
    return {
        name: function
        for group in SPECS
        for name, function in vars(group).items()
        if hasattr(function, f"{PROJECT}_spec")
    }


HOOKS = specified()


def test_the_hooks_are_those_that_the_library_calls() -> None:
    assert list(HOOKS) == [
        "instrumentors",
        "find_context",
        "describe_artifact",
        "fingerprint",
        "save_payload",
        "load_payload",
        "before_step",
        "after_step",
        "export_formats",
        "batch_recorded",
        "register_commands",
    ]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_it_is_for(name: str) -> None:
    assert str(inspect.getdoc(HOOKS[name])).splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", HOOKS)
def test_a_plugin_may_take_none_of_a_hooks_arguments(name: str) -> None:
    plugin = type("Plugin", (), {})()
    asked = []
    setattr(plugin, name, hookimpl(lambda: asked.append(name)))
    hooks = Hooks()
    hooks.restrict([])
    hooks.register(plugin)
    arguments = dict.fromkeys(list(inspect.signature(HOOKS[name]).parameters)[1:])
    hooks.call(name, **arguments)
    assert asked == [name]


def test_the_hooks_can_be_imported_without_what_they_serve() -> None:
    code = (
        "import sys, mlmeta_track.plugins\n"
        "heavy = {'click', 'sqlalchemy', 'pandas', 'tensorflow', 'grpc', 'importlib.metadata'}\n"
        "print(sorted((heavy - {'importlib.metadata'}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
