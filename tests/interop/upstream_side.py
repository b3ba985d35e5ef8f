"""Runs the tests that ship inside the ``ml-metadata`` wheel, unmodified, and prints which passed.

This runs in a process of its own, under any Python: it uses ``unittest`` alone, and gives the tests
what their files take from pytest.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
import sys
import types
import unittest
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

UPSTREAM = "ml_metadata"


class Alias(MetaPathFinder, Loader):
    """Gives the modules of one package under the name of another."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        if name != UPSTREAM and not name.startswith(f"{UPSTREAM}."):
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self._package + spec.name.removeprefix(UPSTREAM))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        # It has run already, under its own name, which it goes on with.
        for spec in self._specs.values():
            if spec is not None and spec.name == module.__name__:
                module.__spec__ = spec


def stand_in_for_pytest(*, also_unfit: bool) -> types.ModuleType:
    """What the files use of pytest, for where it is not installed."""

    def expect_failure(*, reason: str, run: bool) -> Callable[[Any], Any]:
        return (lambda test: test) if also_unfit else unittest.skip(reason)

    pytest: Any = types.ModuleType("pytest")
    pytest.fixture = lambda **_: lambda function: function
    pytest.mark = types.SimpleNamespace(
        usefixtures=lambda *_: lambda kind: kind, xfail=expect_failure
    )
    found: types.ModuleType = pytest
    return found


class Names(unittest.TestResult):
    """Which tests passed, and what the others said."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []
        self.failed: dict[str, str] = {}
        self.left_out: list[str] = []

    @staticmethod
    def _name(test: Any) -> str:
        return f"{type(test).__name__}.{getattr(test, '_testMethodName', test)}"

    def addSuccess(self, test: Any) -> None:  # noqa: N802 - unittest's name
        super().addSuccess(test)
        self.passed.append(self._name(test))

    def addFailure(self, test: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        super().addFailure(test, err)
        self.failed[self._name(test)] = self.failures[-1][1]

    def addError(self, test: Any, err: Any) -> None:  # noqa: N802 - unittest's name
        super().addError(test, err)
        self.failed[self._name(test)] = self.errors[-1][1]

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802 - unittest's name
        super().addSkip(test, reason)
        self.left_out.append(self._name(test))


def load(path: Path) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def share_database(module: Any, config: bytes) -> None:
    """Have all tests of a file open one database, instead of a store in memory for each."""
    if not hasattr(module, "_get_metadata_store"):
        return  # The file opens no stores.

    def get_metadata_store(*_: Any, **__: Any) -> Any:
        message = module.metadata_store_pb2.ConnectionConfig.FromString(config)
        return module.mlmd.MetadataStore(message)

    module._get_metadata_store = get_metadata_store


def run(asked: dict[str, Any]) -> dict[str, Any]:
    if asked["alias"] is not None:
        sys.meta_path.insert(0, Alias(asked["alias"]))
    sys.modules["pytest"] = stand_in_for_pytest(also_unfit=asked["also_unfit"])
    names = Names()
    for file in asked["files"]:
        module: Any = load(Path(file))
        for test_case in vars(module).values():
            if isinstance(test_case, type) and issubclass(test_case, unittest.TestCase):
                test_case.cli_args = asked["cli_args"]  # type: ignore[attr-defined]
        if asked["config"] is not None:
            share_database(module, base64.b64decode(asked["config"]))
        tests = unittest.defaultTestLoader.loadTestsFromModule(module)
        only = asked["only"]
        for test in _flat(tests):
            if only is None or test._testMethodName in only:
                test.run(names)
    return {"passed": names.passed, "failed": names.failed, "left_out": names.left_out}


def _flat(tests: Any) -> list[Any]:
    if isinstance(tests, unittest.TestSuite):
        return [test for suite in tests for test in _flat(suite)]
    return [tests]


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))  # noqa: T201 - its answer
