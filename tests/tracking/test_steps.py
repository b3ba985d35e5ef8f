from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import capture, recorder
from mlmeta_track.tracking.steps import Step


class DataSet(mt.Artifact):
    name: str
    split: str
    version: int


class Report(mt.Artifact):
    name: str


def only(store: Store, step: str) -> Execution:
    [execution] = store.get_by_type(Execution, step)
    return execution


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("x\n1\n")
    return path


def test_a_step_is_running_inside_and_complete_after(store: Store) -> None:
    with mt.step("Train"):
        inside = only(store, "Train")
    after = only(store, "Train")
    assert (inside.last_known_state, inside.properties) == (
        ExecutionState.RUNNING,
        {"state": "RUNNING"},
    )
    assert (after.last_known_state, after.properties) == (
        ExecutionState.COMPLETE,
        {"state": "COMPLETED"},
    )
    assert float(str(after.custom_properties["mlmeta_duration_ms"])) >= 0


def test_declared_input_and_output_are_recorded(store: Store, data: Path, tmp_path: Path) -> None:
    with mt.step("Clean") as step:
        step.input(data, DataSet(name="Numbers", split="train", version=1))
        (tmp_path / "report.txt").write_text("fine")
        step.output("report.txt", Report(name="Fine"))
    events = store.get_events_by_execution_ids([only(store, "Clean").id])
    assert [(e.type, e.path) for e in events] == [
        (EventType.DECLARED_INPUT, ("DataSet",)),
        (EventType.DECLARED_OUTPUT, ("Report",)),
    ]
    [dataset] = store.get_by_type(Artifact, "DataSet")
    assert dataset.uri == str(data)
    assert dataset.properties == {"name": "Numbers", "split": "train", "version": 1}
    [report] = store.get_by_type(Artifact, "Report")
    assert report.uri == str(tmp_path / "report.txt")
    assert report.fingerprint


def test_a_path_without_a_type_is_a_data_set(store: Store, data: Path) -> None:
    with mt.step("Clean") as step:
        step.input(data)
    [dataset] = store.list_nodes(Artifact)
    assert dataset.type == "DataSet"


def test_the_values_come_back_as_they_were_given(store: Store, data: Path) -> None:
    thing = object()
    with mt.step("Clean") as step:
        assert step.input(data) is data
        assert step.output(thing) is thing


def test_an_output_is_looked_at_when_the_step_ends(store: Store, tmp_path: Path) -> None:
    with mt.step("Write") as step:
        step.output("late.txt")
        (tmp_path / "late.txt").write_text("late")
    [artifact] = store.list_nodes(Artifact)
    assert artifact.fingerprint


def test_one_file_used_twice_is_one_artifact(store: Store, data: Path) -> None:
    for _ in range(2):
        with mt.step("Clean") as step:
            step.input(data, DataSet(split="train"))
    assert len(store.list_nodes(Artifact)) == 1


def test_a_file_that_changed_is_another_artifact(store: Store, data: Path) -> None:
    for text in ("x\n1\n", "x\n2\n"):
        data.write_text(text)
        with mt.step("Clean") as step:
            step.input(data)
    assert len(store.list_nodes(Artifact)) == 2


def test_what_one_step_made_is_what_the_next_uses(store: Store, tmp_path: Path) -> None:
    with mt.step("Make") as step:
        (tmp_path / "m.txt").write_text("m")
        step.output("m.txt", Report(name="m"))
    with mt.step("Use") as step:
        step.input("m.txt", Report())
    assert len(store.list_nodes(Artifact)) == 1
    assert [e.type for e in mt.lineage("m.txt").downstream().executions] == ["Use"]


def test_two_outputs_of_equal_content_are_two_artifacts(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("m")
    for _ in range(2):
        with mt.step("Make") as step:
            step.output("m.txt")
    assert len(store.list_nodes(Artifact)) == 2


def test_an_object_is_known_from_step_to_step(store: Store) -> None:
    class Thing:
        pass

    thing = Thing()
    with mt.step("Make") as step:
        step.output(thing)
    with mt.step("Use") as step:
        step.input(thing)
    [artifact] = store.list_nodes(Artifact)
    assert artifact.type.endswith("Thing")
    assert len(store.get_events_by_artifact_ids([artifact.id])) == 2


def test_inputs_of_one_type_get_an_index(store: Store) -> None:
    with mt.step("Join") as step:
        step.input("s3://a")
        step.input("s3://b")
        step.input("s3://c", name="third")
    events = store.get_events_by_execution_ids([only(store, "Join").id])
    assert [e.path for e in events] == [("DataSet",), ("DataSet", 1), ("third",)]


def test_parameters_and_metrics_have_their_own_names(store: Store) -> None:
    with mt.step("Train") as step:
        step.log_params({"rate": 0.1, "layers": [1, 2], "name": "n", "quick": True})
        step.log_metrics({"loss": 0.5, "epoch": 3})
    facts = only(store, "Train").custom_properties
    assert facts["rate"] == 0.1
    assert facts["layers"] == "[1, 2]"
    assert facts["quick"] is True
    assert (facts["loss"], facts["epoch"]) == (0.5, 3)
    assert json.loads(str(facts["mlmeta_metrics"])) == ["epoch", "loss"]


def test_a_metric_that_is_no_number_is_refused_and_the_others_are_kept(store_url: str) -> None:
    mt.init(store_url)
    with mt.step("Train") as step:
        step.log_metrics({"bad": float("nan"), "good": 1.0})
    facts = only(mt.get_store(), "Train").custom_properties
    assert "bad" not in facts
    assert facts["good"] == 1.0


def test_module_level_functions_act_on_the_current_step(store: Store, data: Path) -> None:
    with mt.step("Outer"), mt.step("Inner"):
        mt.log_input(data)
        mt.log_output("s3://out")
        mt.log_params({"p": 1})
        mt.log_metrics({"m": 2})
    inner = only(store, "Inner")
    assert (inner.custom_properties["p"], inner.custom_properties["m"]) == (1, 2)
    assert len(store.get_events_by_execution_ids([inner.id])) == 2
    assert "p" not in only(store, "Outer").custom_properties


def test_outside_of_a_step_they_are_refused(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="log_params was called outside of a step"):
        mt.log_params({"p": 1})


def test_outside_of_a_step_the_value_comes_back_and_a_warning_is_logged(
    store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(store_url)
    assert mt.log_input("data.csv") == "data.csv"
    assert "outside of a step" in caplog.text


def test_a_step_inside_a_step_knows_its_parent(store: Store) -> None:
    with mt.step("Outer"), mt.step("Inner"):
        pass
    outer, inner = only(store, "Outer"), only(store, "Inner")
    assert inner.custom_properties["mlmeta_parent_execution"] == outer.external_id
    assert "mlmeta_parent_execution" not in outer.custom_properties


def test_what_an_inner_step_made_and_the_outer_declares_is_one(
    store: Store, tmp_path: Path
) -> None:
    with mt.step("Outer") as outer:
        with mt.step("Inner") as inner:
            (tmp_path / "m.txt").write_text("m")
            inner.output("m.txt", Report(name="m"))
        outer.output("m.txt", Report(name="m"))
    [artifact] = store.list_nodes(Artifact)
    assert len(store.get_events_by_artifact_ids([artifact.id])) == 2


def test_an_input_that_the_outer_step_writes_over_is_another_artifact(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "m.txt").write_text("old")
    with mt.step("Outer") as outer:
        with mt.step("Inner") as inner:
            inner.input("m.txt")
        (tmp_path / "m.txt").write_text("new")
        outer.output("m.txt")
    assert len(store.list_nodes(Artifact)) == 2


def test_a_step_that_raises_is_failed_and_the_error_goes_on(store: Store) -> None:
    error = ValueError("no")
    with pytest.raises(ValueError, match="no") as caught, mt.step("Train"):
        raise error
    assert caught.value is error
    execution = only(store, "Train")
    assert execution.last_known_state is ExecutionState.FAILED
    assert execution.properties == {"state": "FAILED"}
    assert execution.custom_properties["mlmeta_error_message"] == "no"


def test_an_interrupted_step_is_canceled(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), mt.step("Train"):
        raise KeyboardInterrupt
    assert only(store, "Train").last_known_state is ExecutionState.CANCELED


def test_an_output_that_a_failed_step_never_wrote_is_not_recorded(store: Store) -> None:
    def work() -> None:
        with mt.step("Train") as step:
            step.output("never.txt")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        work()
    assert store.list_nodes(Artifact) == []


def test_plugins_see_the_step_before_and_after(store: Store) -> None:
    seen: list[Any] = []

    class Watcher:
        @hookimpl
        def before_step(self, step: Any) -> None:
            step.log_params({"added": 1})
            seen.append(("before", step.name))

        @hookimpl
        def after_step(self, step: Any, error: BaseException | None) -> None:
            seen.append(("after", step.name, error))

    watcher = Watcher()
    hooks.register(watcher)
    try:
        with mt.step("Train"):
            pass
    finally:
        hooks.unregister(watcher)
    assert seen == [("before", "Train"), ("after", "Train", None)]
    assert only(store, "Train").custom_properties["added"] == 1


def test_what_the_start_could_not_write_the_end_does(
    store_url: str, tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "later"
    mt.init(f"sqlite:///{folder / 'metadata.db'}")
    with mt.step("Train") as step:
        step.log_params({"p": 1})
        step.input(data, DataSet(split="train"))
        folder.mkdir()
    store = mt.get_store()
    execution = only(store, "Train")
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert execution.custom_properties["p"] == 1
    assert len(store.get_events_by_execution_ids([execution.id])) == 1


def test_a_lost_record_costs_one_warning_and_no_result(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(f"sqlite:///{tmp_path / 'missing' / 'metadata.db'}")
    for _ in range(3):
        with mt.step("Train"):
            pass
    assert [r.levelno for r in caplog.records] == [logging.WARNING]


def test_strict_raises_the_lost_record(tmp_path: Path) -> None:
    with pytest.raises(mt.MlmetaTrackError):
        mt.init(f"sqlite:///{tmp_path / 'missing' / 'metadata.db'}", strict=True)


def test_strict_never_hides_the_users_error(store: Store, tmp_path: Path) -> None:
    def work() -> None:
        with mt.step("Train"):
            (tmp_path / "metadata.db").unlink()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()


def test_a_disabled_step_takes_everything_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_DISABLED", "1")
    with mt.experiment("Demo"), mt.run(), mt.step("Train") as step:
        assert step.input("data.csv") == "data.csv"
        assert step.output("out.csv") == "out.csv"
        step.log_params({"p": 1})
        mt.log_metrics({"m": 1})
    assert list(tmp_path.iterdir()) == []


class Text:
    """An in-memory value that is written to files in another form."""

    def __init__(self, words: str) -> None:
        self.words = words


TEXT = ArtifactType("Text")


@pytest.fixture
def text_plugin() -> Iterator[None]:
    class Plugin:
        @hookimpl
        def describe_artifact(self, value: object) -> Description | None:
            if not isinstance(value, Text):
                return None
            return Description(TEXT, fingerprint=f"words:{value.words}")

    plugin = Plugin()
    hooks.register(plugin)
    yield
    hooks.unregister(plugin)


class TextFile(mt.Artifact, type_name="Text"):
    language: str


def write(text: Text, path: str, step: Step) -> None:
    description = capture.describe(text)
    assert description is not None
    used = step.use(text, ("text",), description=description)
    step.start()
    Path(path).write_text(f"<{text.words}>")
    step.place(used, path, ("path",))
    step.finish()


@pytest.mark.usefixtures("text_plugin")
class TestInMemoryValuesAndTheirFiles:
    def make(self, words: str) -> Text:
        text = Text(words)
        with mt.step("Make") as step:
            step.output(text, name="text")
        return text

    def write(self, text: Text, path: str) -> None:
        write(text, path, Step("Write", recorder.current()))

    def load(self, path: str) -> None:
        text = Text(Path(path).read_text()[1:-1])
        step = Step("Load", recorder.current())
        description = capture.describe(text)
        assert description is not None
        step.use(text, ("text",), description=capture.at_path(description, path))
        step.start()
        step.finish()

    def test_writing_gives_the_artifact_its_uri(self, store: Store, tmp_path: Path) -> None:
        self.write(self.make("la"), "a.txt")
        [artifact] = store.get_by_type(Artifact, "Text")
        assert artifact.uri == str(tmp_path / "a.txt")

    def test_a_second_file_is_a_copy_with_lineage(self, store: Store) -> None:
        text = self.make("la")
        self.write(text, "a.txt")
        self.write(text, "b.txt")
        assert len(store.get_by_type(Artifact, "Text")) == 2
        steps = [e.type for e in mt.lineage("b.txt").upstream().executions]
        assert steps == ["Make", "Write"]

    def test_loading_finds_what_was_written(self, store: Store) -> None:
        self.write(self.make("la"), "a.txt")
        self.load("a.txt")
        assert len(store.get_by_type(Artifact, "Text")) == 1

    def test_loading_in_another_process_finds_what_was_written(self, store: Store) -> None:
        self.write(self.make("la"), "a.txt")
        mt.init(store.url, strict=True)
        self.load("a.txt")
        assert len(mt.get_store().get_by_type(Artifact, "Text")) == 1

    def test_loading_finds_what_was_declared_by_its_path(self, store: Store) -> None:
        with mt.step("Make") as step:
            Path("a.txt").write_text("<la>")
            step.output("a.txt", TextFile(language="en"))
        self.load("a.txt")
        assert len(store.get_by_type(Artifact, "Text")) == 1

    def test_declaring_by_path_finds_what_was_written(self, store: Store) -> None:
        self.write(self.make("la"), "a.txt")
        with mt.step("Use") as step:
            step.input("a.txt", TextFile(language="en"))
        [artifact] = store.get_by_type(Artifact, "Text")
        assert artifact.properties == {"language": "en"}

    def test_what_is_declared_outside_completes_what_was_made_inside(self, store: Store) -> None:
        with mt.step("Outer") as outer:
            self.write(self.make("la"), "a.txt")
            outer.output("a.txt", TextFile(language="en"))
        [artifact] = store.get_by_type(Artifact, "Text")
        assert artifact.properties == {"language": "en"}
        assert len(store.get_events_by_artifact_ids([artifact.id])) == 3
