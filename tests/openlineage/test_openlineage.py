from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde
from tensorflow_metadata.proto.v0 import statistics_pb2

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.domain.selection import Selection
from mlmeta_track.exporters import live
from mlmeta_track.exporters.openlineage import events_module, lines, steps
from mlmeta_track.store.base import Store
from mlmeta_track.transfer.taking import take_all

from .conftest import Collector


@pytest.fixture
def selection(store: Store, tmp_path: Path) -> Selection:
    (tmp_path / "in.csv").write_text("in")
    with mt.experiment("Demo"), mt.run("train.py today"), mt.step("outer") as outer:
        outer.input("in.csv", name="data")
        with mt.step("inner") as inner:
            inner.log_params({"rate": 0.5})
            inner.log_metrics({"loss": 2})
            (tmp_path / "out.bin").write_text("out")
            inner.output("out.bin", name="model")
    with pytest.raises(ValueError, match="no"), mt.step("fails"):
        raise ValueError("no")
    return take_all(store)


@pytest.fixture
def events(selection: Selection) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(selection)]


def of(events: list[dict[str, Any]], job: str, kind: str) -> dict[str, Any]:
    [found] = [e for e in events if e["job"]["name"] == job and e["eventType"] == kind]
    return found


def test_every_step_starts_and_ends(events: list[dict[str, Any]]) -> None:
    assert [(e["job"]["name"], e["eventType"]) for e in events] == [
        ("outer", "START"),
        ("outer", "COMPLETE"),
        ("inner", "START"),
        ("inner", "COMPLETE"),
        ("fails", "START"),
        ("fails", "FAIL"),
    ]


def test_the_events_are_of_openlineages_own_classes(selection: Selection) -> None:
    made = events_module()
    for step in steps(selection):
        event = made.event(step)
        assert isinstance(event, RunEvent)
        assert json.loads(Serde.to_json(event))["schemaURL"].startswith("https://openlineage.io/")


def test_they_tell_the_same_lineage_as_the_store(
    events: list[dict[str, Any]], selection: Selection
) -> None:
    told = {
        (e["job"]["name"], side, d["name"])
        for e in events
        for side in ("inputs", "outputs")
        for d in e[side]
    }
    executions = {x.id: x.type for x in selection.executions}
    artifacts = {a.id: a.uri for a in selection.artifacts}
    assert told == {
        (
            executions[e.execution_id],
            "inputs" if e.type.is_input else "outputs",
            artifacts[e.artifact_id],
        )
        for e in selection.events
    }


def test_run_ids_are_the_executions_own(events: list[dict[str, Any]], selection: Selection) -> None:
    told = {uuid.UUID(e["run"]["runId"]) for e in events}
    assert told == {uuid.UUID(str(x.external_id)) for x in selection.executions}


def test_a_step_in_a_step_names_its_parent(events: list[dict[str, Any]]) -> None:
    outer, inner = of(events, "outer", "START"), of(events, "inner", "COMPLETE")
    parent = inner["run"]["facets"]["parent"]
    assert parent["run"]["runId"] == outer["run"]["runId"]
    assert outer["run"]["facets"]["parent"]["job"]["name"] == "train.py"


def test_a_failure_tells_its_message_and_traceback(events: list[dict[str, Any]]) -> None:
    error = of(events, "fails", "FAIL")["run"]["facets"]["errorMessage"]
    assert error["message"] == "no"
    assert "ValueError: no" in error["stackTrace"]


def test_parameters_and_metrics_are_facets(events: list[dict[str, Any]]) -> None:
    facets = of(events, "inner", "COMPLETE")["run"]["facets"]
    assert facets["executionParameters"]["parameters"][0]["value"] == "0.5"
    assert facets["mlmetaTrack_execution"]["metrics"] == {"loss": 2.0}


def test_data_sets_carry_their_version_and_our_facts(events: list[dict[str, Any]]) -> None:
    [data] = of(events, "outer", "START")["inputs"]
    assert data["namespace"] == "file"
    assert data["facets"]["version"]["datasetVersion"].startswith("sha256:")
    assert data["facets"]["mlmetaTrack_artifact"]["artifactType"] == "DataSet"
    assert data["facets"]["storage"]["fileFormat"] == "csv"


def test_statistics_become_columns_and_their_quality(store: Store, tmp_path: Path) -> None:
    class ExampleStatistics(mt.Artifact):
        split: str

    message = text_format.Parse(
        'datasets { num_examples: 10 features { name: "fare" type: FLOAT num_stats {'
        " common_stats { num_non_missing: 8 num_missing: 2 } mean: 2.5 min: 1 max: 9 } } }",
        statistics_pb2.DatasetFeatureStatisticsList(),
    )
    (tmp_path / "in.csv").write_text("in")
    with mt.step("Statistics") as step:
        step.input("in.csv")
        (tmp_path / "stats.pb").write_bytes(message.SerializeToString())
        step.output("stats.pb", ExampleStatistics(split="train"))

    def read(artifact: Artifact) -> Any:
        return message if artifact.type == "ExampleStatistics" else None

    events = [json.loads(line) for line in lines(take_all(store), read)]
    [data] = of(events, "Statistics", "COMPLETE")["inputs"]
    assert data["facets"]["schema"]["fields"] == [{"name": "fare", "type": "FLOAT", "fields": []}]
    quality = data["inputFacets"]["dataQualityMetrics"]
    assert quality["rowCount"] == 10
    assert quality["columnMetrics"]["fare"]["nullCount"] == 2
    assert quality["columnMetrics"]["fare"]["sum"] == 20.0


@pytest.fixture
def sending(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Collector]:
    monkeypatch.setenv("OPENLINEAGE_URL", collector.url)
    mt.init(f"sqlite:///{tmp_path}/live.db", strict=True, export=["openlineage"])
    yield collector
    live.close()


def test_a_collector_gets_the_events_live_and_in_order(sending: Collector) -> None:
    with mt.run("train.py now"), mt.step("outer") as outer:
        outer.input(Path(__file__), name="data")
        with mt.step("inner"):
            pass
    live.close()
    assert [(e["job"]["name"], e["eventType"]) for e in sending.events] == [
        ("outer", "START"),
        ("inner", "START"),
        ("inner", "COMPLETE"),
        ("outer", "COMPLETE"),
    ]
    assert [d["namespace"] for d in sending.events[-1]["inputs"]] == ["file"]
    assert sending.events[1]["run"]["facets"]["parent"]["job"]["name"] == "outer"


def test_live_and_exported_events_name_the_same_runs_and_data(sending: Collector) -> None:
    with mt.step("once") as step:
        step.input(Path(__file__), name="data")
    live.close()
    exported = [json.loads(line) for line in lines(take_all(mt.get_store()))]

    def told(events: list[dict[str, Any]]) -> list[object]:
        return [
            (e["eventType"], e["run"]["runId"], [(d["namespace"], d["name"]) for d in e["inputs"]])
            for e in events
        ]

    assert told(sending.events)[-1] == told(exported)[-1]


def test_the_file_transport_works_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "events.jsonl"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(log))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    mt.init(f"sqlite:///{tmp_path}/live.db", strict=True, export=["openlineage"])
    with mt.step("once"):
        pass
    live.close()
    assert [json.loads(line)["eventType"] for line in log.read_text().splitlines()] == [
        "START",
        "COMPLETE",
    ]


def test_a_collector_that_is_not_there_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    mt.init(f"sqlite:///{tmp_path}/live.db", strict=True, export=["openlineage"])
    with mt.step("once"):
        pass
    live.close()
    said = [r.message for r in caplog.records if r.name == "mlmeta_track.openlineage"]
    assert len(said) == 1
    assert "could not be sent" in said[0]
    assert len(mt.search_executions()) == 1


def test_nothing_is_sent_unless_it_is_asked_for(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", collector.url)
    mt.init(f"sqlite:///{tmp_path}/live.db", strict=True)
    with mt.step("once"):
        pass
    live.close()
    assert collector.events == []
