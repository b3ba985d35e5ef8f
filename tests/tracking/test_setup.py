from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    SettingsError,
    TypeConflictError,
)


def record() -> None:
    with mt.step("Train"):
        pass


def test_init_creates_the_store(tmp_path: Path) -> None:
    mt.init("sqlite:///made.db")
    assert (tmp_path / "made.db").exists()


def test_without_init_the_default_store_is_in_the_working_directory(tmp_path: Path) -> None:
    record()
    assert (tmp_path / "mlmeta.db").exists()


def test_without_init_the_environment_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", "sqlite:///environment.db")
    record()
    assert (tmp_path / "environment.db").exists()


def test_the_store_in_memory_lives_as_long_as_the_process(store_url: str) -> None:
    mt.init("sqlite://", strict=True)
    record()
    assert len(mt.get_store().list_nodes(Execution)) == 1


@pytest.mark.parametrize("url", ["metadata.db", "mongodb://host", "://", "oracle+x://a"])
def test_an_unknown_store_url_is_named_with_those_that_work(url: str) -> None:
    with pytest.raises(SettingsError, match=r"sqlite:///relative/path\.db") as caught:
        mt.init(url)
    assert url.split(":", maxsplit=1)[0] in str(caught.value)


def test_a_failed_init_leaves_the_earlier_one_in_force(store_url: str) -> None:
    mt.init(store_url, strict=True)
    with pytest.raises(SettingsError):
        mt.init("nonsense")
    record()
    assert mt.get_store().url == store_url


def test_a_store_of_something_else_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE fruit (name TEXT)")
    other.close()
    with pytest.raises(FailedPreconditionError, match=r"other\.db"):
        mt.init("sqlite:///other.db")


def test_surroundings_that_make_no_sense_disable_recording_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", "nonsense")
    record()
    record()
    assert len(caplog.records) == 1
    assert "'nonsense' is not a URL" in caplog.text


def test_without_a_working_directory_the_users_code_runs(
    tmp_path: Path, store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    record()  # the default store would lie there
    assert len(caplog.records) == 1
    mt.init(store_url)
    record()
    assert len(mt.get_store().list_nodes(Execution)) == 1


def test_init_names_an_integration_that_does_not_exist(store_url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="no integration 'nope'"):
        mt.init(store_url, autotrack=["nope"])


def test_a_class_that_contradicts_the_store_is_refused_at_init(store_url: str) -> None:
    class Sample(mt.Artifact):
        version: int

    mt.init(store_url, strict=True)
    with mt.step("Make") as step:
        step.output("s3://sample", Sample(version=1))
    del Sample

    mt.init("sqlite://")

    class Contradiction(mt.Artifact, type_name="Sample"):
        version: str

    with pytest.raises(TypeConflictError, match=r"Sample.*version"):
        mt.init(store_url)
    assert Contradiction is not None


def test_a_class_that_contradicts_the_open_store_is_refused_where_it_is_declared(
    store_url: str,
) -> None:
    class Specimen(mt.Artifact):
        version: int

    mt.init(store_url, strict=True)
    with mt.step("Make") as step:
        step.output("s3://specimen", Specimen(version=1))

    with pytest.raises(TypeConflictError, match=r"Specimen.*version"):

        class Contradiction(mt.Artifact, type_name="Specimen"):
            version: str
