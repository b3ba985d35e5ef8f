"""The page of what commands say to ``--help`` says what they say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_documented import COMMANDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "command_help.py"))


def test_the_page_is_what_the_commands_say(tool: dict[str, Any]) -> None:
    written = (ROOT / "docs" / "command-help.md").read_text(encoding="utf-8")
    assert written == tool["page"](), "write it anew: .venv/bin/python tools/command_help.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_the_page(tool: dict[str, Any], name: str) -> None:
    page = tool["page"]()
    assert f"## `mlmeta-track {name} --help`" in page
    assert f"Usage: mlmeta-track {name} " in page
