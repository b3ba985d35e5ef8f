"""Data named by paths and patterns is described within bounds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import DATASET
from mlmeta_track.tracking import files
from mlmeta_track.tracking.files import MOST_LISTED, describe
from mlmeta_track.tracking.fingerprints import fingerprint_path


def parts(folder: Path, count: int, content: str = "x,y\n1,2\n") -> str:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        (folder / f"part-{i:05}.csv").write_text(content)
    return str(folder / "part-*.csv")


def described(path: Any) -> list[tuple[Any, Description]]:
    return list(describe(path, DATASET))


def pattern(path: str) -> Description:
    return described(path)[0][1]


def test_a_file_tells_its_size(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("12345")
    [(place, found)] = described(path)
    assert place == ()
    assert found.uri == str(path)
    assert found.fingerprint is not None
    assert found.fingerprint.startswith("sha256:")
    assert found.custom_properties == {"file_bytes": 5}


@pytest.mark.parametrize("path", ["missing.csv", "gs://bucket/data-*.csv", "s3://bucket/data.csv"])
def test_what_is_not_on_this_machine_is_its_uri(path: str) -> None:
    [(place, found)] = described(path)
    assert (place, found.fingerprint, dict(found.custom_properties)) == ((), None, {})
    assert str(found.uri).endswith(path)


def test_a_pattern_is_one_artifact_and_each_of_its_first_files_another(tmp_path: Path) -> None:
    path = parts(tmp_path, 3)
    (place, whole), *single = described(path)
    assert (place, whole.uri) == ((), path)
    assert whole.custom_properties == {"files": 3, "file_bytes": 24}
    assert str(whole.fingerprint).startswith("files-sha256:")
    assert [place for place, _ in single] == [(0,), (1,), (2,)]
    assert [Path(str(found.uri)).name for _, found in single] == [
        f"part-0000{i}.csv" for i in range(3)
    ]
    assert all(str(found.fingerprint).startswith("sha256:") for _, found in single)


def test_a_small_patterns_fingerprint_is_that_of_its_contents(tmp_path: Path) -> None:
    first, copy = parts(tmp_path / "a", 3), parts(tmp_path / "b", 3)
    os.utime(tmp_path / "b" / "part-00001.csv", (1, 1))
    assert pattern(first).fingerprint == pattern(copy).fingerprint
    (tmp_path / "b" / "part-00001.csv").write_text("x,y\n1,3\n")
    assert pattern(first).fingerprint != pattern(copy).fingerprint


def test_a_large_patterns_fingerprint_is_sampled_and_says_so(tmp_path: Path) -> None:
    path = parts(tmp_path, MOST_LISTED + 1)
    before = pattern(path)
    assert str(before.fingerprint).startswith("sampled-files-sha256:")
    assert pattern(path).fingerprint == before.fingerprint
    os.utime(tmp_path / "part-00020.csv", (1, 1))
    assert pattern(path).fingerprint != before.fingerprint
    assert len(described(path)) == 1 + MOST_LISTED


def test_files_that_would_take_long_to_read_are_known_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "WHOLE_UP_TO", 20)
    (_, whole), *single = described(parts(tmp_path, 3))
    assert str(whole.fingerprint).startswith("sampled-files-sha256:")
    assert [found.fingerprint is None for _, found in single] == [False, False, True]


def test_ten_thousand_files_are_listed_and_few_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = parts(tmp_path, 10_000)
    read: list[str] = []

    def reading(path: str) -> str | None:
        read.append(path)
        return fingerprint_path(path)

    monkeypatch.setattr(files, "fingerprint_path", reading)
    (_, whole), *single = described(path)
    assert whole.custom_properties == {"files": 10_000, "file_bytes": 80_000}
    assert len(single) == len(read) == MOST_LISTED


def test_of_still_more_files_only_so_many_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MOST_MATCHES", 5)
    whole = pattern(parts(tmp_path, 7))
    assert whole.fingerprint is None
    assert whole.custom_properties == {"files": 5, "file_bytes": 40, "files_not_counted": True}


def test_folders_and_dead_links_are_no_files_of_a_pattern(tmp_path: Path) -> None:
    path = parts(tmp_path, 2)
    (tmp_path / "part-folder.csv").mkdir()
    (tmp_path / "part-link.csv").symlink_to(tmp_path / "nowhere")
    assert pattern(path).custom_properties["files"] == 2


def test_a_pattern_that_matches_nothing_is_its_uri(tmp_path: Path) -> None:
    [(_, found)] = described(str(tmp_path / "part-*.csv"))
    assert found.fingerprint is None
    assert found.custom_properties == {"files": 0, "file_bytes": 0}


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data[1].csv"
    path.write_text("x")
    [(place, found)] = described(path)
    assert (place, found.custom_properties["file_bytes"]) == ((), 1)
