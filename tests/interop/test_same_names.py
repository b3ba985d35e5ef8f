"""The look-alike has the wheel's modules, names and signatures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .names_side import MODULES

# What the wheel has and the look-alike does not: its binding to C++, and gRPC's experimental form.
LEFT_OUT = {"pywrap", "metadata_store_serialized", "simple_types_pb2", "MetadataStoreService"}
PARTS = ["codes", "errors", "functions", "made", "methods", "numbers", "order", "servicer"]


def described(python: str, package: str) -> dict[str, Any]:
    script = str(Path(__file__).with_name("names_side.py"))
    done = subprocess.run([python, script, package], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return described(sys.executable, "mlmeta_track.mlmd")


@pytest.fixture(scope="module")
def theirs(wheel_python: str) -> dict[str, Any]:
    return described(wheel_python, "ml_metadata")


@pytest.mark.parametrize("module", MODULES, ids=lambda name: name or "the package")
def test_every_name_of_the_module_is_there(
    ours: dict[str, Any], theirs: dict[str, Any], module: str
) -> None:
    missing = set(theirs["modules"][module]) - set(ours["modules"][module])

    assert missing <= LEFT_OUT


@pytest.mark.parametrize("part", PARTS)
def test_the_wheel_s_are_ours(ours: dict[str, Any], theirs: dict[str, Any], part: str) -> None:
    assert ours[part] == theirs[part]


def test_the_version_is_that_of_the_wheel(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["version"] == theirs["version"]
