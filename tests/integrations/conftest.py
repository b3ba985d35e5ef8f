"""What the tests of integrations share: the real data, and what TFDV makes of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import instrument

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def taxi_csv() -> Path:
    """The Chicago Taxi data, whole."""
    default = ROOT / "build" / "data" / "taxi" / "data.csv"
    path = Path(os.environ.get("MLMETA_TEST_TAXI_CSV", default)).resolve()
    if not path.is_file():
        pytest.skip(f"{path} is not there: run `make test`, which fetches it")
    return path


# TensorFlow Data Validation, imported when a test first asks for it: that takes ten seconds.


@pytest.fixture(scope="session")
def tfdv() -> Any:
    """The library."""
    with warnings.catch_warnings():
        # Importing TensorFlow and Beam warns of much that is none of ours.
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow_data_validation")


@pytest.fixture(scope="session")
def taxi_rows(taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the first 300 rows of the taxi data, and with 100 others, as CSV files."""
    folder = tmp_path_factory.mktemp("taxi")
    with taxi_csv.open(encoding="utf-8") as lines:
        header = next(lines)
        for name, rows in (("train", 300), ("eval", 100)):
            text = header + "".join(islice(lines, rows))
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def taxi_frame(tfdv: Any, taxi_rows: Path) -> Any:
    """The 300 rows as a data frame."""
    return import_module("pandas").read_csv(taxi_rows / "train.csv")


@pytest.fixture(scope="session")
def made_statistics(tfdv: Any, taxi_frame: Any) -> bytes:
    """Statistics of the 300 rows, made untracked."""
    made: bytes = tfdv.generate_statistics_from_dataframe(taxi_frame).SerializeToString()
    return made


@pytest.fixture
def statistics(tfdv: Any, made_statistics: bytes) -> Any:
    """These statistics, as an object of this test's own."""
    kind = import_module("tensorflow_metadata.proto.v0.statistics_pb2").DatasetFeatureStatisticsList
    return kind.FromString(made_statistics)


@pytest.fixture
def schema(tfdv: Any, statistics: Any) -> Any:
    """The schema that TFDV infers from the statistics, untracked."""
    with mt.suppress():
        return tfdv.infer_schema(statistics)


@pytest.fixture
def tracked(store: Store, tfdv: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, while ``autotrack("tfdv")`` is on."""
    ours = {
        name: import_module(f"mlmeta_track_{name}.plugin")
        for name in ("tfdv", "pandas")
        if name not in hooks.names()
    }
    for name, plugin in ours.items():
        hooks.register(plugin, name)
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("tfdv")
    yield store
    mt.untrack("tfdv")
    for plugin in ours.values():
        hooks.unregister(plugin)
