"""Kedro: a run of a pipeline is a run, its nodes are steps, its data sets artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.framework.hooks.manager import (
    _create_hook_manager,
    _register_hooks_entry_points,
)
from kedro.io import DataCatalog, MemoryDataset, SharedMemoryDataCatalog, Version
from kedro.pipeline import Pipeline, node
from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner
from kedro_datasets.pandas import CSVDataset

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.store.base import Store

RUNNERS = [SequentialRunner, ThreadRunner, ParallelRunner]


def clean(raw: pd.DataFrame, least: float) -> pd.DataFrame:
    """Leave out what is too small."""
    return raw[raw["fare"] >= least]


@mt.step
def count(cleaned: pd.DataFrame) -> int:
    """Count, as a step of the user's own."""
    return len(cleaned)


def summarise(cleaned: pd.DataFrame, options: dict[str, Any]) -> dict[str, Any]:
    """Return what no plugin knows."""
    return {"rows": count(cleaned), **options}


def write(summary: dict[str, Any]) -> pd.DataFrame:
    """Return the summary as a table."""
    return pd.DataFrame([summary])


PIPELINE = Pipeline(
    [
        node(clean, ["raw", "params:least"], "cleaned", name="clean"),
        node(summarise, ["cleaned", "params:options"], "summary"),
        node(write, "summary", "table", name="write", namespace=None),
    ]
)


class Project:
    """What Kedro's session does with a pipeline, without a project around it."""

    def __init__(self, folder: Path, **datasets: Any) -> None:
        self.raw, self.table = folder / "raw.csv", folder / "table.csv"
        pd.DataFrame({"fare": [1.0, 2.0, 3.0]}).to_csv(self.raw, index=False)
        self._datasets = {
            "raw": CSVDataset(filepath=str(self.raw)),
            "table": CSVDataset(filepath=str(self.table), save_args={"index": False}),
            "params:least": MemoryDataset(2.0),
            "params:options": MemoryDataset({"unit": {"name": "USD"}}),
            **datasets,
        }
        self.hooks = _create_hook_manager()
        _register_hooks_entry_points(self.hooks, ())

    def run(self, pipeline: Pipeline, runner: Any, run_id: str = "2026-11-25T10.00.00Z") -> None:
        is_shared = isinstance(runner, ParallelRunner)
        catalog = (SharedMemoryDataCatalog if is_shared else DataCatalog)(self._datasets)
        about = {
            "run_params": {"run_id": run_id, "pipeline_names": ["fares"]},
            "pipeline": pipeline,
            "catalog": catalog,
        }
        self.hooks.hook.before_pipeline_run(**about)
        try:
            runner.run(pipeline, catalog, hook_manager=self.hooks, run_id=run_id)
        except Exception as error:
            self.hooks.hook.on_pipeline_error(error=error, **about)
            raise
        self.hooks.hook.after_pipeline_run(run_result={}, **about)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def executions(store: Store) -> dict[str, Execution]:
    found = {one.type: one for one in store.list_nodes(Execution)}
    assert len(found) == len(store.list_nodes(Execution))
    return found


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner.__name__)
def test_nodes_are_steps_of_a_run_of_the_pipelines_name(
    store: Store, project: Project, runner: Callable[[], Any]
) -> None:
    project.run(PIPELINE, runner())
    found = executions(store)
    assert set(found) == {"clean", "summarise", "count", "write"}
    (run,) = store.get_by_type(Context, "Run")
    assert run.name == "fares 2026-11-25T10.00.00Z"
    assert len(store.get_by_context(Execution, run.id or 0)) == 4
    assert {one.last_known_state for one in found.values()} == {ExecutionState.COMPLETE}
    assert found["clean"].custom_properties["least"] == 2.0
    assert found["summarise"].custom_properties["options.unit.name"] == "USD"
    parent = found["count"].custom_properties["mlmeta_parent_execution"]
    assert parent == found["summarise"].external_id


@pytest.mark.parametrize("runner", RUNNERS, ids=lambda runner: runner.__name__)
def test_data_sets_lead_from_the_table_to_the_raw_file(
    store: Store, project: Project, runner: Callable[[], Any]
) -> None:
    project.run(PIPELINE, runner())
    graph = mt.lineage(project.table).upstream()
    assert [one.type for one in graph.executions] == ["clean", "summarise", "write"]
    sets = {one.custom_properties["kedro_dataset"]: one for one in graph.artifacts}
    assert set(sets) == {"raw", "cleaned", "summary", "table"}
    assert sets["raw"].uri == str(project.raw)
    assert sets["table"].uri == str(project.table)
    assert sets["table"].custom_properties["kedro_type"] == "CSVDataset"
    assert sets["cleaned"].custom_properties["rows"] == 2


def test_a_second_run_reads_the_same_artifact(store: Store, project: Project) -> None:
    for run_id in ("first", "second"):
        project.run(PIPELINE, SequentialRunner(), run_id)
    assert len(store.get_artifacts_by_uri(str(project.raw))) == 1
    assert len(store.get_artifacts_by_uri(str(project.table))) == 2
    assert {one.name for one in store.get_by_type(Context, "Run")} == {
        "fares first",
        "fares second",
    }


def test_a_node_that_raises_is_failed(store: Store, project: Project) -> None:
    def broken(raw: pd.DataFrame) -> pd.DataFrame:
        raise ValueError("no fares")

    pipeline = Pipeline([node(broken, "raw", "table")])
    with pytest.raises(ValueError, match="no fares"):
        project.run(pipeline, SequentialRunner())
    failed = executions(store)["broken"]
    assert failed.last_known_state is ExecutionState.FAILED
    assert failed.custom_properties["mlmeta_error_message"] == "no fares"


def test_a_node_whose_output_cannot_be_saved_is_failed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    project = Project(tmp_path, table=CSVDataset(filepath=str(tmp_path / "file" / "table.csv")))
    pipeline = Pipeline([node(lambda raw: raw, "raw", "table", name="copy")])
    with pytest.raises(Exception, match="Failed while saving"):
        project.run(pipeline, SequentialRunner())
    assert executions(store)["copy"].last_known_state is ExecutionState.FAILED


def test_a_generator_is_a_step_until_its_end(store: Store, tmp_path: Path) -> None:
    def chunks(raw: pd.DataFrame) -> Iterator[pd.DataFrame]:
        for _ in range(2):
            count(raw)
            yield raw

    project = Project(
        tmp_path, table=CSVDataset(filepath=str(tmp_path / "table.csv"), save_args={"mode": "a"})
    )
    project.run(Pipeline([node(chunks, "raw", "table")]), SequentialRunner())
    (step,) = store.get_by_type(Execution, "chunks")
    parents = [one.custom_properties for one in store.get_by_type(Execution, "count")]
    assert [one["mlmeta_parent_execution"] for one in parents] == [step.external_id] * 2
    assert step.last_known_state is ExecutionState.COMPLETE
    assert len(mt.lineage(tmp_path / "table.csv").upstream().artifacts) == 2


def test_a_version_is_the_file_that_it_lies_in(store: Store, tmp_path: Path) -> None:
    versioned = CSVDataset(filepath=str(tmp_path / "table.csv"), version=Version(None, "v1"))
    project = Project(tmp_path, table=versioned)
    project.run(Pipeline([node(lambda raw: raw, "raw", "table", name="copy")]), SequentialRunner())
    uris = {one.uri for one in store.list_nodes(Artifact)}
    assert str(tmp_path / "table.csv" / "v1" / "table.csv") in uris


def test_nothing_is_recorded_where_recording_is_disabled(
    tmp_path: Path, project: Project, store_url: str
) -> None:
    mt.init(store_url, disabled=True)
    project.run(PIPELINE, SequentialRunner())
    assert project.table.exists()
    assert not list(tmp_path.glob("*.db"))
