from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import mlmeta_track as mt
from mlmeta_track.errors import FailedPreconditionError
from mlmeta_track.ui import careful
from mlmeta_track.ui.careful import CarefulPayloads

from .conftest import Schema


class Nobody:
    """Reaches nothing, and fails the test if it is asked to."""

    @contextmanager
    def fetched(self, uri: str) -> Iterator[Path]:
        if uri:
            pytest.fail(f"{uri} was asked for")
        yield Path()


@pytest.fixture
def payloads() -> CarefulPayloads:
    return CarefulPayloads(Nobody())


def test_a_file_is_given_as_a_copy_of_the_same_name(
    payloads: CarefulPayloads, tmp_path: Path
) -> None:
    (tmp_path / "schema.pbtxt").write_text("feature {}")
    with payloads.fetched(str(tmp_path / "schema.pbtxt")) as path:
        assert (path.name, path.read_text()) == ("schema.pbtxt", "feature {}")
        assert path.parent != tmp_path
    assert not path.exists()


def test_a_file_is_found_by_its_uri_too(payloads: CarefulPayloads, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("x")
    with payloads.fetched((tmp_path / "a b.txt").as_uri()) as path:
        assert path.read_text() == "x"


def test_a_folder_is_given_with_the_folders_in_it(
    payloads: CarefulPayloads, tmp_path: Path
) -> None:
    (tmp_path / "Split-train").mkdir()
    (tmp_path / "Split-train" / "FeatureStats.pb").write_bytes(b"1")
    with payloads.fetched(str(tmp_path)) as path:
        assert (path / "Split-train" / "FeatureStats.pb").read_bytes() == b"1"


def test_what_is_exchanged_before_it_is_opened_is_not_read(
    payloads: CarefulPayloads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text("feature {}")
    really_open = os.open

    def exchanged(path: Path, *arguments: Any, **others: Any) -> int:
        if path == file and not file.is_symlink():
            file.unlink()
            file.symlink_to("/dev/zero")
        return really_open(path, *arguments, **others)

    monkeypatch.setattr(os, "open", exchanged)
    with pytest.raises(FailedPreconditionError, match="no file"), payloads.fetched(str(file)):
        pass


def test_what_is_exchanged_after_it_was_opened_is_not_seen(
    payloads: CarefulPayloads, tmp_path: Path
) -> None:
    file = tmp_path / "schema.pbtxt"
    file.write_text("feature {}")
    with payloads.fetched(str(file)) as path:
        file.unlink()
        file.symlink_to("/dev/zero")
        assert path.read_text() == "feature {}"


def test_a_pipe_is_not_waited_for(payloads: CarefulPayloads, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (
        pytest.raises(FailedPreconditionError, match="no file"),
        payloads.fetched(str(tmp_path / "pipe")),
    ):
        pass


def test_a_link_to_a_device_in_a_folder_is_not_read(
    payloads: CarefulPayloads, tmp_path: Path
) -> None:
    (tmp_path / "FeatureStats.pb").symlink_to("/dev/zero")
    with pytest.raises(FailedPreconditionError, match="no file"), payloads.fetched(str(tmp_path)):
        pass


def test_a_folder_that_holds_itself_is_not_copied_for_ever(
    payloads: CarefulPayloads, tmp_path: Path
) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    with pytest.raises(FailedPreconditionError, match="no file"), payloads.fetched(str(tmp_path)):
        pass


@pytest.mark.parametrize("sizes", [(11,), (6, 5)])
def test_there_is_room_for_so_much_and_no_more(
    payloads: CarefulPayloads,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sizes: tuple[int, ...],
) -> None:
    monkeypatch.setattr(careful, "LARGEST", 10)
    for number, size in enumerate(sizes):
        (tmp_path / f"{number}").write_bytes(b"x" * size)
    with pytest.raises(FailedPreconditionError, match="too large"), payloads.fetched(str(tmp_path)):
        pass
    (tmp_path / "0").write_bytes(b"")
    (tmp_path / "1").write_bytes(b"x" * 10)
    with payloads.fetched(str(tmp_path)) as path:
        assert (path / "1").stat().st_size == 10


def test_what_is_not_there_is_said_to_be_gone(payloads: CarefulPayloads, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), payloads.fetched(str(tmp_path / "none")):
        pass


def test_nothing_on_the_web_is_asked_for(payloads: CarefulPayloads) -> None:
    with (
        pytest.raises(FailedPreconditionError, match="on the web"),
        payloads.fetched("https://nowhere.invalid/schema.pbtxt"),
    ):
        pass


def test_a_comparison_reads_no_device_either(client: TestClient) -> None:
    for name in ("one", "two"):
        with mt.step("endless") as step:
            step.output("/dev/zero", Schema(name=name))
    query = {"filter": "uri = '/dev/zero'"}
    one, two = (row["id"] for row in client.get("/api/v1/artifacts", params=query).json()["rows"])
    told = client.get("/api/v1/compare", params={"a": f"artifact:{one}", "b": f"artifact:{two}"})
    assert "schema" not in {found["section"] for found in told.json()["differences"]}
