from __future__ import annotations

from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.selection import Selection
from mlmeta_track.store.base import Store
from mlmeta_track.transfer.taking import take_all


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    (tmp_path / "in.csv").write_text("in")
    with mt.experiment("Demo"), mt.run("train.py today"), mt.step("outer") as outer:
        outer.input("in.csv", name="data")
        with mt.step("inner") as inner:
            inner.log_params({"rate": 0.5})
            inner.log_metrics({"loss": 2})
            (tmp_path / "out.bin").write_text("out")
            inner.output("out.bin", name="model <&\"'>")
    with pytest.raises(ValueError, match="no"), mt.step("fails"):
        raise ValueError("no \x00 & <b>")
    return store


@pytest.fixture
def selection(filled: Store) -> Selection:
    return take_all(filled)
