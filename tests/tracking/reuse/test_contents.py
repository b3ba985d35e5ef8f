"""What lies at a path, all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.tracking import fingerprints
from mlmeta_track.tracking.reuse import contents
from mlmeta_track.tracking.reuse.contents import content_at, file_at
from mlmeta_track.tracking.reuse.unknown import UnknownContentError


@pytest.mark.parametrize("text", ["", "not/there", "a\0b", "x" * 10_000, "no*match", "a b\nc"])
def test_texts_that_name_nothing(text: str) -> None:
    assert content_at(text) is None
    assert file_at(text) is None


def test_large_files_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "WHOLE_UP_TO", 10)
    path = tmp_path / "large"
    path.write_bytes(b"0" * 10_000)
    before = content_at(path)
    path.write_bytes(b"0" * 4_321 + b"1" + b"0" * 5_678)
    assert before is not None
    assert before.startswith("sha256:")
    assert content_at(path) != before


def test_a_pattern_is_all_that_fits_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1")
    before = content_at("*.csv")
    (tmp_path / "b.txt").write_text("1")
    assert content_at("*.csv") == before
    (tmp_path / "b.csv").write_text("1")
    assert content_at("*.csv") != before


def test_a_pattern_that_fits_too_much_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_MATCHES", 1)
    for name in "ab":
        (tmp_path / f"{name}.csv").touch()
    with pytest.raises(UnknownContentError, match="fits more than 1 files"):
        content_at("*.csv")


def test_a_folder_is_no_file_that_code_names(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert file_at("data") is None
    assert content_at("data") is not None


def test_a_path_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "x").write_text("1")
    assert content_at("~/x") == content_at(tmp_path / "x") == file_at("~/x")


def test_a_file_uri_is_a_path(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    assert content_at((tmp_path / "x").as_uri()) == content_at(tmp_path / "x")


@pytest.mark.parametrize("look", [content_at, file_at])
def test_a_uri_is_unknown_and_not_repeated(look: object) -> None:
    with pytest.raises(UnknownContentError) as raised:
        look("https://user:hunter2@example.org/x")  # type: ignore[operator]
    assert "hunter2" not in str(raised.value)


def test_a_link_that_leads_nowhere_is_unknown(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(UnknownContentError, match="cannot be read"):
        content_at("link")
