from __future__ import annotations

import contextvars
import logging
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Context, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import surroundings
from mlmeta_track.tracking.tokens import Token, decode, encode


@mt.step("Child")
def child() -> None:
    pass


def only(store: Store, name: str) -> Execution:
    [execution] = store.get_by_type(Execution, name)
    return execution


def parent_of(execution: Execution) -> object:
    return execution.custom_properties.get("mlmeta_parent_execution")


def contexts_of(store: Store, execution: Execution) -> dict[str, str]:
    found = store.get_contexts_of(Execution, execution.id)
    return {context.type: context.name for context in found}


def test_a_token_names_run_experiment_parent_and_store(store: Store, store_url: str) -> None:
    with mt.experiment("Demo"), mt.run("nightly"), mt.step("Train") as step:
        token = decode(mt.context_token())
    assert token == Token("nightly", "Demo", step.external_id, store_url)


def test_where_nothing_is_active_a_token_names_the_run_of_the_process(store: Store) -> None:
    token = decode(mt.context_token())
    child()
    assert token.parent is None
    assert contexts_of(store, only(store, "Child")) == {"Run": token.run}


def test_who_gives_a_token_away_writes_the_facts_of_its_run(store: Store) -> None:
    name = decode(mt.context_token()).run
    [run] = store.get_by_type(Context, "Run")
    assert run.name == name
    assert "mlmeta_command_line" in run.custom_properties


def test_an_attached_step_is_a_child_in_the_same_run_and_experiment(store: Store) -> None:
    with mt.experiment("Demo"), mt.run("nightly"), mt.step("Train") as step:
        token = mt.context_token()
    with mt.attach(token):
        child()
    found = only(store, "Child")
    assert parent_of(found) == step.external_id
    assert contexts_of(store, found) == {"Run": "nightly", "Experiment": "Demo"}


def test_a_token_of_no_step_makes_no_child(store: Store) -> None:
    with mt.run("nightly"):
        token = mt.context_token()
    with mt.step("Other"), mt.attach(token):
        child()
    assert parent_of(only(store, "Child")) is None


def test_after_the_block_all_is_as_before(store: Store) -> None:
    with mt.run("nightly"):
        token = mt.context_token()
    with mt.run("own"), mt.step("Outer") as outer:
        with mt.attach(token):
            pass
        child()
    found = only(store, "Child")
    assert parent_of(found) == outer.external_id
    assert contexts_of(store, found) == {"Run": "own"}


def test_one_block_may_be_open_in_several_threads(store: Store) -> None:
    with mt.run("nightly"):
        attached = mt.attach(mt.context_token())
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with attached:
            inside.set()
            leave.wait(10)
            child()

    thread = threading.Thread(target=contextvars.Context().run, args=(first,))
    thread.start()
    inside.wait(10)
    with attached:
        leave.set()
        thread.join()
    child()
    runs = [contexts_of(store, e)["Run"] for e in store.get_by_type(Execution, "Child")]
    assert runs[0] == "nightly"
    assert runs[1] != "nightly"


def test_a_broken_token_is_one_clear_error(store: Store) -> None:
    with pytest.raises(mt.MlmetaTrackError, match=r"no context token.*mt\.context_token\(\)"):
        mt.attach("nonsense")


def test_without_a_setting_the_tokens_store_is_used_inside_the_block(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    with mt.attach(encode(Token(run="nightly", store=url))):
        child()
        assert mt.get_store().url == url
    assert only(open_store(url), "Child").type == "Child"
    assert mt.get_store().url.endswith("mlmeta.db")


def test_an_own_setting_counts_more_than_the_tokens_store_and_the_log_says_so(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    with caplog.at_level(logging.WARNING), mt.attach(encode(Token(run="nightly", store=other))):
        child()
    assert contexts_of(store, only(store, "Child")) == {"Run": "nightly"}
    assert not (tmp_path / "other.db").exists()
    assert "other.db" in caplog.text


def test_a_store_in_the_environment_is_an_own_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = f"sqlite:///{tmp_path / 'own.db'}"
    monkeypatch.setenv("MLMETA_TRACK_STORE", own)
    with mt.attach(encode(Token(run="nightly", store=f"sqlite:///{tmp_path / 'other.db'}"))):
        child()
    assert contexts_of(open_store(own), only(open_store(own), "Child")) == {"Run": "nightly"}


def test_disabled_there_is_a_token_and_attaching_it_records_nothing(tmp_path: Path) -> None:
    mt.init(disabled=True)
    with mt.attach(mt.context_token()):
        child()
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import mlmeta_track as mt

@mt.step("Child")
def child():
    pass

child()
"""


def run_script(context: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={"MLMETA_TRACK_CONTEXT": context},
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_process_belongs_to_what_its_environment_says(store: Store, tmp_path: Path) -> None:
    with mt.experiment("Demo"), mt.run("nightly"), mt.step("Train") as step:
        assert run_script(mt.context_token()).stderr == ""
    found = only(store, "Child")
    assert parent_of(found) == step.external_id
    assert contexts_of(store, found) == {"Run": "nightly", "Experiment": "Demo"}
    assert not (tmp_path / "mlmeta.db").exists()


def test_a_broken_token_in_the_environment_is_told_once_and_hinders_nothing(
    tmp_path: Path,
) -> None:
    done = run_script("mlmeta1.e30.000000000000")
    assert done.stderr.count("MLMETA_TRACK_CONTEXT") == 1
    assert only(open_store(f"sqlite:///{tmp_path / 'mlmeta.db'}"), "Child").type == "Child"


def test_a_broken_token_is_told_even_if_strict_and_never_raised(
    monkeypatch: pytest.MonkeyPatch, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_CONTEXT", "nonsense")
    monkeypatch.setattr(surroundings, "_told", set())
    mt.init(store_url, strict=True)
    child()
    child()
    assert caplog.text.count("MLMETA_TRACK_CONTEXT") == 1


def test_a_block_of_the_users_counts_more_than_the_environment(
    monkeypatch: pytest.MonkeyPatch, store_url: str
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_CONTEXT", encode(Token("nightly", "Demo", "parent")))
    mt.init(store_url, strict=True)
    with mt.run("own"):
        child()
    found = only(mt.get_store(), "Child")
    assert contexts_of(mt.get_store(), found) == {"Run": "own", "Experiment": "Demo"}
    assert parent_of(found) == "parent"
