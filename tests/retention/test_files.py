"""Files that go with their records, and those that stay."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from mlmeta_track.retention.files import Files
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.maintenance import Gone
from mlmeta_track.testing.store_cases.build import made, put_artifact

HOUR = timedelta(hours=1)


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def write(path: Path, text: str = "text", age: timedelta = 2 * HOUR) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - age.total_seconds()
    os.utime(path, (then, then))
    return path


def content(path: str) -> str:
    return Path(path).read_text()


def delete(
    store: Store, *uris: object, payloads: Path | None = None, recorded: str | None = "text"
) -> Files:
    files = Files(store.maintenance(), payloads, content if recorded is not None else None, HOUR)
    files(Gone(uris=tuple((str(uri), recorded) for uri in uris)))
    return files


def test_a_payload_goes_with_its_folders(store: Store, tmp_path: Path) -> None:
    payload = write(tmp_path / "kept" / "Schema" / "ab" / "abcd" / "schema.pbtxt")
    done = delete(store, payload, payloads=tmp_path / "kept", recorded=None)
    assert (done.n_payloads, done.n_files, done.n_bytes) == (1, 0, 4)
    assert list((tmp_path / "kept" / "Schema").iterdir()) == []


def test_a_payload_that_another_artifact_refers_to_stays(store: Store, tmp_path: Path) -> None:
    payload = write(tmp_path / "kept" / "Schema" / "ab" / "abcd" / "schema.pbtxt")
    put_artifact(store, made("other", uri=str(payload)))
    assert delete(store, payload, payloads=tmp_path / "kept").n_payloads == 0
    assert payload.exists()


def test_a_payload_that_was_just_taken_up_again_stays(store: Store, tmp_path: Path) -> None:
    payload = write(tmp_path / "kept" / "Schema" / "ab" / "abcd" / "x", age=timedelta(0))
    assert delete(store, payload, payloads=tmp_path / "kept").n_payloads == 0
    assert [path.name for path in payload.parent.iterdir()] == ["x"]


def test_nothing_outside_the_folder_goes_as_a_payload(store: Store, tmp_path: Path) -> None:
    outside = write(tmp_path / "data.csv")
    inside = tmp_path / "kept"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    for uri in (outside, inside / ".." / "data.csv", inside / "link", f"file://{outside}"):
        assert delete(store, uri, payloads=inside, recorded=None).n_payloads == 0
    assert outside.exists()


def test_a_data_file_goes_that_is_as_recorded(store: Store, tmp_path: Path) -> None:
    data = write(tmp_path / "data.csv")
    assert delete(store, data).n_files == 1
    assert not data.exists()


def test_a_data_file_stays_that_somebody_has_changed(store: Store, tmp_path: Path) -> None:
    data = write(tmp_path / "data.csv", "other")
    assert delete(store, data).n_files == 0
    assert data.exists()


def test_data_files_stay_unless_they_are_asked_for(store: Store, tmp_path: Path) -> None:
    data = write(tmp_path / "data.csv")
    assert delete(store, data, payloads=tmp_path / "kept", recorded=None).n_files == 0
    assert data.exists()


def test_folders_and_what_is_not_there_are_left_alone(store: Store, tmp_path: Path) -> None:
    done = delete(store, tmp_path, tmp_path / "none", "gs://bucket/x", "a\0b")
    assert (done.n_files, done.n_payloads) == (0, 0)
