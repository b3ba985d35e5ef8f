"""From a file through a data frame into TensorFlow Data Validation, as one chain."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import instrument

with warnings.catch_warnings():
    # Importing TensorFlow and Beam warns of much that is none of ours.
    warnings.simplefilter("ignore")
    tfdv: Any = pytest.importorskip("tensorflow_data_validation")
    pd: Any = pytest.importorskip("pandas")


@pytest.fixture
def tracked(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, while both integrations are on."""
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("tfdv", "pandas")
    yield store
    mt.untrack("tfdv", "pandas")


def test_a_schema_leads_back_to_the_file_that_pandas_read(
    tracked: Store, taxi_csv: Path, tmp_path: Path
) -> None:
    frame = pd.read_csv(taxi_csv, nrows=300)
    schema = tfdv.infer_schema(tfdv.generate_statistics_from_dataframe(frame))
    tfdv.write_schema_text(schema, "schema.pbtxt")

    graph = mt.lineage("schema.pbtxt").upstream()
    assert [execution.type for execution in graph.executions] == [
        "pandas.read_csv",
        "tfdv.generate_statistics_from_dataframe",
        "tfdv.infer_schema",
    ]
    assert [(artifact.type, artifact.uri) for artifact in graph.artifacts] == [
        ("DataSet", str(taxi_csv)),
        ("DataSet", None),
        ("ExampleStatistics", None),
        ("Schema", str(tmp_path / "schema.pbtxt")),
    ]
    # Nothing that TFDV does with frames inside is anybody's call.
    assert len(tracked.list_nodes(Execution)) == 4
