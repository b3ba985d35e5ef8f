"""Pipelines that run elsewhere: a service tells their state, and only the user asks it."""

from __future__ import annotations

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.leases import under_way

# There is no such service here, so this one stands for it; it does as Beam's own runners do.
RUNNER = """
from apache_beam.runners.runner import PipelineResult, PipelineRunner


class Result(PipelineResult):
    asked = 0

    def __init__(self, final, raises):
        super().__init__("RUNNING")
        self.final, self.raises = final, raises

    @property
    def state(self):
        self.asked += 1
        return self.final

    def wait_until_finish(self, duration=None):
        if self.raises:
            raise RuntimeError("the job failed")
        return "RUNNING" if duration else self.final

    def metrics(self):
        raise NotImplementedError


class Runner(PipelineRunner):
    final, raises = "DONE", False

    def is_fnapi_compatible(self):
        return True

    def run_pipeline(self, pipeline, options):
        return Result(self.final, self.raises)
"""


@pytest.fixture
def remote(tfdv: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    (tmp_path / "remote_runner.py").write_text(RUNNER)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("remote_runner").Runner()
    del sys.modules["remote_runner"]


def built(tfdv: Any, runner: Any) -> Any:
    """Build a pipeline over data in a bucket, which nothing here can reach."""
    beam: Any = importlib.import_module("apache_beam")
    pipeline = beam.Pipeline(runner=runner)
    source = beam.io.ReadFromTFRecord("gs://bucket/train-*.tfrecord", validate=False)
    statistics = pipeline | source | tfdv.GenerateStatistics()
    _ = statistics | tfdv.WriteStatisticsToTFRecord("gs://bucket/stats", sharded_output=True)
    _ = statistics | "Copy" >> tfdv.WriteStatisticsToBinaryFile("gs://key:hunter2@bucket/stats.pb")
    return pipeline


def only(store: Store) -> Execution:
    (execution,) = store.list_nodes(Execution)
    return execution


def test_a_job_that_nobody_waits_for_stays_running_and_is_not_asked(
    tracked: Store, tfdv: Any, remote: Any
) -> None:
    result = built(tfdv, remote).run()
    assert only(tracked).last_known_state is ExecutionState.RUNNING
    assert result.wait_until_finish(duration=5) == "RUNNING"
    assert only(tracked).last_known_state is ExecutionState.RUNNING
    assert result.asked == 0


def test_the_end_of_this_process_says_nothing_of_a_job_elsewhere(
    tracked: Store, tfdv: Any, remote: Any
) -> None:
    built(tfdv, remote).run()
    assert "mlmeta_process" not in only(tracked).custom_properties  # so that no sweep judges it
    under_way.break_off_all("process exit", "The process ended.")
    assert only(tracked).last_known_state is ExecutionState.RUNNING


def test_a_result_of_a_class_inside_a_function_is_waited_for_as_well(
    tracked: Store, tfdv: Any, remote: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules["remote_runner"]
    base: Any = module.Result

    class Local(base):  # type: ignore[misc]
        """Inherits how one waits."""

    monkeypatch.setattr(module, "Result", Local)
    result = built(tfdv, remote).run()
    assert type(result) is Local
    assert result.wait_until_finish() == "DONE"
    assert only(tracked).last_known_state is ExecutionState.COMPLETE
    mt.untrack("tfdv")
    assert "wait_until_finish" not in vars(Local)
    mt.autotrack("tfdv")


@pytest.mark.parametrize(
    ("final", "state"),
    [
        ("DONE", ExecutionState.COMPLETE),
        ("DRAINED", ExecutionState.COMPLETE),
        ("FAILED", ExecutionState.FAILED),
        ("CANCELLED", ExecutionState.CANCELED),
        ("UPDATED", ExecutionState.CANCELED),
    ],
)
def test_a_job_ends_as_its_service_says(
    tracked: Store, tfdv: Any, remote: Any, final: str, state: ExecutionState
) -> None:
    remote.final = final
    result = built(tfdv, remote).run()
    assert result.wait_until_finish() == final
    execution = only(tracked)
    assert execution.last_known_state is state
    assert execution.custom_properties["pipeline_state"] == final
    events = tracked.get_events_by_execution_ids([execution.id])
    outputs = [event for event in events if event.type is EventType.OUTPUT]
    assert len(outputs) == (2 if state is ExecutionState.COMPLETE else 0)
    assert result.asked == 0


def test_what_lies_in_a_bucket_is_recorded_by_its_place(
    tracked: Store, tfdv: Any, remote: Any
) -> None:
    with built(tfdv, remote):
        pass
    uris = {artifact.id: artifact.uri for artifact in tracked.list_nodes(Artifact)}
    events = tracked.get_events_by_execution_ids([only(tracked).id])
    assert [(event.type, event.path, uris[event.artifact_id]) for event in events] == [
        (EventType.INPUT, ("examples",), "gs://bucket/train-*.tfrecord"),
        (EventType.OUTPUT, ("statistics",), "gs://bucket/stats"),
        (EventType.OUTPUT, ("statistics", 1), "gs://key:(left out)@bucket/stats.pb"),
    ]


@pytest.mark.parametrize(
    ("final", "state"),
    [("FAILED", ExecutionState.FAILED), ("RUNNING", ExecutionState.RUNNING)],
    ids=["failed", "lost sight of"],
)
def test_an_error_while_waiting_fails_the_job_only_if_its_service_says_so(
    tracked: Store, tfdv: Any, remote: Any, final: str, state: ExecutionState
) -> None:
    remote.final, remote.raises = final, True
    with pytest.raises(RuntimeError, match="the job failed"), built(tfdv, remote):
        pass
    assert only(tracked).last_known_state is state


def test_nothing_changes_for_the_user_where_the_store_is_out_of_reach(
    tracked: Store, tfdv: Any, remote: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a_file").touch()
    mt.init(f"sqlite:///{tmp_path / 'a_file' / 'metadata.db'}")
    with built(tfdv, remote) as pipeline:
        pass
    assert pipeline.result.final == "DONE"
    warnings = [one for one in caplog.records if one.name.startswith("mlmeta_track")]
    assert [one.levelno for one in warnings] == [logging.WARNING]


def test_nothing_is_recorded_where_recording_is_disabled(
    tracked: Store, store_url: str, tfdv: Any, remote: Any
) -> None:
    mt.init(store_url, disabled=True)
    with built(tfdv, remote):
        pass
    assert list(tracked.list_nodes(Execution)) == []


def test_a_transform_of_the_users_that_derives_from_tfdvs_is_one_of_tfdvs(
    tracked: Store, tfdv: Any, remote: Any
) -> None:
    beam: Any = importlib.import_module("apache_beam")

    class Statistics(tfdv.GenerateStatistics):  # type: ignore[misc]
        pass

    class Composite(beam.PTransform):  # type: ignore[misc]
        def expand(self, data: Any) -> Any:
            return data | Statistics(tfdv.StatsOptions(num_top_values=7))

    with beam.Pipeline(runner=remote) as pipeline:
        _ = pipeline | beam.io.ReadFromTFRecord("gs://bucket/x", validate=False) | Composite()
    execution = only(tracked)
    assert execution.type == "tfdv.GenerateStatistics"
    assert execution.custom_properties["label"] == "Composite/Statistics"
