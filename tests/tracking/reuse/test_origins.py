"""Whose code a module is: Python's, a package's, or the user's."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from mlmeta_track.tracking.reuse.origins import version_of


@pytest.fixture(autouse=True)
def forgetful() -> None:
    version_of.cache_clear()


@pytest.mark.parametrize("module", ["os.path", "json", "builtins", "_collections", "math"])
def test_modules_of_python(module: str) -> None:
    assert version_of(module) == "Python"


def test_a_package_counts_with_all_that_it_requires() -> None:
    found = version_of("pytest")
    assert found is not None
    packages = dict(entry.split("==") for entry in found.split(", ") if "==" in entry)
    assert packages["pytest"] == version("pytest")
    assert packages["pluggy"] == version("pluggy")


def test_a_package_whose_modules_are_called_otherwise() -> None:
    assert "hypothesis==" in str(version_of("_hypothesis_pytestplugin"))


def test_this_package_counts_by_its_version() -> None:
    assert "mlmeta-track==" in str(version_of("mlmeta_track.tracking.steps"))


@pytest.mark.parametrize("module", ["__main__", "tests.tracking", "there_is_no_such_module"])
def test_modules_of_the_user(module: str) -> None:
    assert version_of(module) is None


def test_a_module_of_the_user_that_is_called_like_one_of_pythons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = ModuleType("antigravity")
    shadow.__file__ = str(tmp_path / "antigravity.py")
    monkeypatch.setitem(sys.modules, "antigravity", shadow)
    assert version_of("antigravity") is None
