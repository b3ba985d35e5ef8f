"""Arrays in files, and why models are in none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlmeta_track_sklearn import payloads
from sklearn.linear_model import LinearRegression

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution

ARRAYS = {
    "numbers": np.array([[1, 2], [3, 4]]),
    "by column": np.asfortranarray([[1.0, 2.0], [3.0, 4.0]]),
    "none": np.array([], dtype="int8"),
    "texts": np.array(["a", "bc"]),
    "times": np.array(["2020-01-01"], dtype="datetime64[D]"),
    "fields": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
    "other byte order": np.array([1, 2], dtype=">i4"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    array = ARRAYS[name]
    assert payloads.save(array, tmp_path) == "array.npy"
    found = payloads.load(tmp_path / "array.npy")
    assert (found.dtype, found.shape, found.tobytes("A")) == (
        array.dtype,
        array.shape,
        array.tobytes("A"),
    )


@pytest.mark.parametrize(
    "value",
    [np.array([object()]), np.float64(1), [1], LinearRegression()],
    ids=["objects", "scalar", "list", "model"],
)
def test_what_is_no_plain_array_is_not_written(value: Any, tmp_path: Path) -> None:
    assert payloads.save(value, tmp_path) is None


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        payloads.load(tmp_path / "array.npy")


def test_a_cached_step_returns_arrays_but_no_models(tmp_path: Path) -> None:
    @mt.step(cache=True)
    def halves(array: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
        return array[:2], array[2:]

    @mt.step(cache=True)
    def fit(array: np.ndarray[Any, Any]) -> LinearRegression:
        return LinearRegression().fit(array.reshape(-1, 1), array)

    mt.init(f"sqlite:///{tmp_path / 'm.db'}", strict=True, capture="payload")
    array = np.arange(4.0)
    for _ in range(2):
        first, second = halves(array)
        assert (first.tolist(), second.tolist()) == ([0.0, 1.0], [2.0, 3.0])
        fit(array)
    executions = mt.get_store().list_nodes(Execution)
    found = [execution.properties["state"] for execution in executions]
    assert found == ["COMPLETED", "COMPLETED", "CACHED", "COMPLETED"]
    assert "LinearRegression, which is kept nowhere" in str(
        executions[-1].custom_properties["mlmeta_cache"]
    )


def test_an_array_is_loaded_from_its_artifact(tmp_path: Path) -> None:
    mt.init(f"sqlite:///{tmp_path / 'm.db'}", strict=True, capture="payload")
    mt.step(np.arange)(3)
    [artifact] = mt.get_store().list_nodes(Artifact)
    assert mt.load(artifact).tolist() == [0, 1, 2]
