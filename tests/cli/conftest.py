from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from click.testing import CliRunner, Result

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.store.base import Store

Ask: TypeAlias = Callable[..., Result]


@pytest.fixture
def ask(store: Store) -> Iterator[Ask]:
    """Run a command on the store of this test."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, [*arguments, "--store", store.url])

    yield run
    store.close()


@pytest.fixture
def two_runs(store: Store, tmp_path: Path) -> Store:
    """Two runs of one experiment: in the second another parameter, and a step that fails."""
    (tmp_path / "in.txt").write_text("in")
    for name, rate in (("first", 0.1), ("second", 0.2)):
        with mt.experiment("Demo", note="tried"), mt.run(name):
            with mt.step("train") as step:
                step.input("in.txt")
                step.log_params({"rate": rate})
                (tmp_path / "out.txt").write_text(f"{rate}")
                step.output("out.txt")
            if name == "second":
                with pytest.raises(ValueError, match="no"), mt.step("check"):
                    raise ValueError("no")
    return store
