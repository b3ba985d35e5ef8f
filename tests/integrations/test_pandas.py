"""Data frames are data, recognised by content."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from mlmeta_track_pandas import describe as described
from mlmeta_track_pandas import plugin

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store

pd: Any = pytest.importorskip("pandas")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Have the plugin in use, installed or not."""
    is_ours = "pandas" not in hooks.names()
    if is_ours:
        hooks.register(plugin, "pandas")
    yield
    if is_ours:
        hooks.unregister(plugin)


def frame(**columns: object) -> Any:
    return pd.DataFrame(columns or {"fare": [7.25, 12.0], "company": ["Blue", None]})


def fingerprint(value: Any) -> str | None:
    description = described.describe(value)
    assert description is not None
    return description.fingerprint


def test_a_frame_is_a_dataset_that_tells_its_size() -> None:
    description = described.describe(frame())
    assert description is not None
    assert description.type.name == "DataSet"
    assert description.type.base_type == "mlmd.Dataset"
    assert description.uri is None
    assert description.custom_properties == {"rows": 2, "columns": 2}


def test_equal_frames_have_equal_fingerprints() -> None:
    assert fingerprint(frame()) == fingerprint(frame().copy())


@pytest.mark.parametrize(
    "other",
    [
        frame(a=[2, 1]),
        frame(a=[1.0, 2.0]),
        frame(a=["1", "2"]),
        frame(b=[1, 2]),
        frame(a=[1, 2], b=[1, 2]),
        frame(a=[1, 2, 3]),
        frame(a=[1, 2]).set_index(pd.Index([5, 6])),
        frame(a=[1, 2]).rename_axis("row"),
    ],
    ids=["order", "number", "text", "name", "column", "row", "index", "index name"],
)
def test_whatever_differs_shows(other: Any) -> None:
    assert fingerprint(other) != fingerprint(frame(a=[1, 2]))


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "import pandas as pd; from mlmeta_track_pandas.describe import fingerprint\n"
        "print(fingerprint(pd.DataFrame({'fare': [7.25, 12.0], 'company': ['Blue', None]})))"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    assert answer.stdout.strip() == fingerprint(frame())


def test_a_large_frame_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(described, "MOST_CELLS", 100)
    large = frame(a=range(1_000))
    sampled = fingerprint(large)
    assert sampled is not None
    assert sampled.startswith("sampled-")
    assert fingerprint(large.iloc[:-1]) != sampled
    changed = large.copy()
    changed.iloc[-1, 0] = 0
    assert fingerprint(changed) != sampled
    assert fingerprint(large.copy()) == sampled


def test_cells_that_cannot_be_hashed_leave_the_fingerprint_out() -> None:
    assert fingerprint(frame(a=[[1], [2]])) is None


@pytest.mark.parametrize(
    "odd",
    [
        pd.DataFrame(),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([[1, 2]], columns=["x", "x"]),
        frame(a=["x", None, 3]),
        frame(**{"\ud800": [1]}),
        frame(a=pd.Categorical(["x", "y"]), b=pd.to_datetime(["2026-01-01", None])),
    ],
)
def test_odd_frames_have_fingerprints(odd: Any) -> None:
    assert fingerprint(odd) is not None


def test_a_step_takes_and_returns_frames(store: Store) -> None:
    @mt.step
    def clean(raw: Any) -> Any:
        return raw.dropna()

    @mt.step
    def count(data: Any) -> int:
        return len(data)

    assert count(clean(frame())) == 1
    raw, cleaned = store.list_nodes(Artifact)
    assert [raw.custom_properties["rows"], cleaned.custom_properties["rows"]] == [2, 1]
    graph = mt.lineage(raw).downstream()
    assert [execution.type for execution in graph.executions] == ["clean", "count"]


def test_loading_the_plugin_imports_no_pandas() -> None:
    code = "import sys, mlmeta_track_pandas.plugin; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
