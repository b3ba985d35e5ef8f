from __future__ import annotations

import json
import os
import platform
import shlex
import sys
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import DeclarationError
from mlmeta_track.store.base import Store


def only_run(store: Store) -> Context:
    [run] = store.get_by_type(Context, "Run")
    return run


def test_a_process_that_records_without_a_run_gets_one(store: Store) -> None:
    for _ in range(2):
        with mt.step("a"):
            pass
    assert len(store.get_by_context(Execution, only_run(store).id)) == 2


def test_the_run_holds_what_it_takes_to_run_it_again(store: Store) -> None:
    with mt.step("a"):
        pass
    facts = only_run(store).custom_properties
    assert facts["mlmeta_python"] == platform.python_version()
    assert facts["mlmeta_pid"] == os.getpid()
    assert facts["mlmeta_command_line"] == shlex.join([sys.executable, *sys.argv])
    assert "mlmeta-track" in json.loads(str(facts["mlmeta_packages"]))


def test_the_run_is_a_child_of_the_experiment(store: Store) -> None:
    with mt.experiment("Demo", note="a note"), mt.step("a"):
        pass
    experiment = store.get_by_name(Context, "Experiment", "Demo")
    assert experiment is not None
    assert experiment.properties == {"note": "a note"}
    assert store.get_child_contexts(experiment.id) == [only_run(store)]


def test_steps_belong_to_the_run_and_to_the_experiment(store: Store) -> None:
    with mt.experiment("Demo"), mt.run("first"), mt.step("a"):
        pass
    [execution] = store.get_by_type(Execution, "a")
    contexts = store.get_contexts_of(Execution, execution.id)
    assert {(c.type, c.name) for c in contexts} == {("Experiment", "Demo"), ("Run", "first")}


def test_artifacts_are_attributed_to_both(store: Store) -> None:
    with mt.experiment("Demo"), mt.run("first"), mt.step("a") as step:
        step.input("s3://bucket/in")
        step.output("s3://bucket/out")
    for artifact in store.list_nodes(Artifact):
        assert len(store.get_contexts_of(Artifact, artifact.id)) == 2


def test_an_experiment_without_a_step_is_recorded(store: Store) -> None:
    with mt.experiment("Empty", note="nothing yet"):
        pass
    assert store.get_by_name(Context, "Experiment", "Empty") is not None


def test_a_later_note_takes_the_place_of_the_earlier(store: Store) -> None:
    for note in ("first", "second"):
        with mt.experiment("Demo", note=note):
            pass
    [experiment] = store.get_by_type(Context, "Experiment")
    assert experiment.properties == {"note": "second"}


def test_an_experiment_without_a_note_keeps_the_earlier(store: Store) -> None:
    with mt.experiment("Demo", note="kept"):
        pass
    with mt.experiment("Demo"):
        pass
    [experiment] = store.get_by_type(Context, "Experiment")
    assert experiment.properties == {"note": "kept"}


def test_the_experiment_of_the_settings_is_used(store_url: str) -> None:
    mt.init(store_url, strict=True, experiment="Set")
    with mt.step("a"):
        pass
    experiment = mt.get_store().get_by_name(Context, "Experiment", "Set")
    assert experiment is not None
    assert len(mt.get_store().get_by_context(Execution, experiment.id)) == 1


def test_after_the_block_the_run_is_the_one_before(store: Store) -> None:
    with mt.run("outer"):
        with mt.run("inner"):
            pass
        with mt.step("a"):
            pass
    outer = store.get_by_name(Context, "Run", "outer")
    assert outer is not None
    assert len(store.get_by_context(Execution, outer.id)) == 1


def test_runs_without_names_get_different_ones(store: Store) -> None:
    for _ in range(2):
        with mt.run():
            pass
    assert len(store.get_by_type(Context, "Run")) == 2


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b", None, 7], ids=repr)
def test_a_name_that_cannot_be_stored_is_refused_where_it_is_given(name: Any) -> None:
    with pytest.raises(DeclarationError, match="An experiment's name must have 1 to 255 char"):
        mt.experiment(name)


@pytest.mark.parametrize("argv", [[], [""], [7], ["x" * 5_000]], ids=["none", "empty", "7", "long"])
def test_whatever_is_in_argv_a_run_is_recorded(
    store: Store, argv: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", argv)
    with mt.step("a"):
        pass
    assert only_run(store).name
