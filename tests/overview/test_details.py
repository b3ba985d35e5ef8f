from __future__ import annotations

import json
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution, StructValue
from mlmeta_track.overview import details
from mlmeta_track.overview.plain import plain
from mlmeta_track.store.base import Store


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    (tmp_path / "in.txt").write_text("in")
    with mt.experiment("Demo"), mt.run("the run"), mt.step("outer") as outer:
        outer.input("in.txt", name="source")
        with mt.step("inner") as inner:
            (tmp_path / "out.txt").write_text("out")
            inner.output("out.txt", name="target")
    return store


def execution(store: Store, type_name: str) -> Execution:
    [found] = store.get_by_type(Execution, type_name)
    return found


def test_a_run_has_its_steps_and_who_called_them(filled: Store) -> None:
    run = filled.get_by_name(Context, "Run", "the run")
    assert run is not None
    shown = details.run_details(filled, run)
    outer = execution(filled, "outer").id
    assert [(s.step.type, s.parent) for s in shown.steps] == [("outer", None), ("inner", outer)]
    assert [e.name for e in shown.experiments] == ["Demo"]
    assert not shown.more


def test_a_step_has_its_inputs_by_path(filled: Store) -> None:
    shown = details.step_details(filled, execution(filled, "outer"))
    assert [(link.path, link.artifact.name) for link in shown.inputs] == [("source", "in.txt")]
    assert not shown.outputs


def test_a_step_knows_the_step_that_it_was_called_in(filled: Store) -> None:
    parent = details.step_details(filled, execution(filled, "inner")).parent
    assert parent is not None
    assert parent.type == "outer"


def test_an_artifact_has_its_makers_and_users(filled: Store) -> None:
    by_name = {str(a.uri).rsplit("/", 1)[-1]: a for a in filled.list_nodes(Artifact)}
    made, used = by_name["out.txt"], by_name["in.txt"]
    assert [k.step.type for k in details.artifact_details(filled, made).producers] == ["inner"]
    assert [k.step.type for k in details.artifact_details(filled, used).consumers] == ["outer"]


def test_artifacts_at_one_place_are_versions(filled: Store, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("other")
    with mt.step("again") as step:
        step.input("in.txt")
    newest = filled.list_nodes(Artifact)[-1]
    assert len(details.artifact_details(filled, newest).versions) == 2


def test_an_experiment_has_its_runs_below_it(filled: Store) -> None:
    experiment = filled.get_by_name(Context, "Experiment", "Demo")
    assert experiment is not None
    shown = details.context_details(filled, experiment)
    assert [child.name for child in shown.children] == ["the run"]


def test_everything_becomes_json(filled: Store) -> None:
    shown = details.step_details(filled, execution(filled, "inner"))
    assert json.loads(json.dumps(plain(shown)))["outputs"][0]["path"] == "target"


def test_bytes_of_a_property_become_text() -> None:
    node = Artifact(id=1, type="T", type_id=1, properties={"s": StructValue(b"\x01")})
    assert json.loads(json.dumps(plain(node)))["properties"] == {"s": "AQ=="}


def test_of_very_many_links_the_newest_are_told(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "MOST", 2)
    for number in range(3):
        with mt.step(f"reader {number}") as step:
            step.input("in.txt", name="source")
    [used] = [a for a in filled.list_nodes(Artifact) if str(a.uri).endswith("in.txt")]
    shown = details.artifact_details(filled, used)
    assert [k.step.type for k in shown.consumers] == ["reader 1", "reader 2"]
    assert shown.more
    assert not details.step_details(filled, execution(filled, "reader 2")).more


def test_of_very_many_contexts_below_the_newest_are_told(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "MOST", 1)
    with mt.experiment("Demo"), mt.run("another run"):
        pass
    [experiment] = filled.get_by_type(Context, "Experiment")
    shown = details.context_details(filled, experiment)
    assert [(c.name, shown.more) for c in shown.children] == [("another run", True)]


def test_of_very_many_versions_the_newest_are_told(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        with mt.step("writer") as step:
            (tmp_path / "out.txt").write_text(str(number))
            step.output("out.txt", name="target")
    versions = [a for a in filled.list_nodes(Artifact) if str(a.uri).endswith("out.txt")]
    monkeypatch.setattr(details, "MOST", 2)
    shown = details.artifact_details(filled, versions[0])
    assert [v.id for v in shown.versions] == [a.id for a in versions[-2:]]
    assert shown.more
    monkeypatch.setattr(details, "MOST", 4)
    assert not details.artifact_details(filled, versions[0]).more
