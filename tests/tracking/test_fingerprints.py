"""Where files lie, and what is in them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.tracking import fingerprints
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX has these files and names")


@pytest.mark.parametrize(
    "path",
    ["data.csv", "./x/../data.csv", Path("data.csv"), b"data.csv", "file:data.csv"],
    ids=repr,
)
def test_a_local_path_becomes_absolute(path: str | bytes | Path, tmp_path: Path) -> None:
    assert to_uri(path) == str(tmp_path / "data.csv")


@posix_only
@pytest.mark.parametrize(
    ("uri", "expected"),
    [("file:///a/b%20c", "/a/b c"), ("file:/a/b", "/a/b"), ("file://localhost/a", "/a")],
)
def test_a_file_uri_becomes_a_path(uri: str, expected: str) -> None:
    assert to_uri(uri) == expected


def test_a_drive_in_a_file_uri_is_no_folder(tmp_path: Path) -> None:
    # Elsewhere than on Windows it is a relative path like any other.
    assert to_uri("file:///C:/a") == os.path.abspath("C:/a")  # noqa: PTH100 - as to_uri does


@pytest.mark.parametrize(
    "uri", ["s3://bucket/a b#c?d", "gs://x", "https://host/../a", "my-scheme+x.1://a"]
)
def test_another_uri_stays_as_it_is(uri: str) -> None:
    assert to_uri(uri) == uri


# Files.


@given(st.binary(), st.binary())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_fingerprints_are_equal_if_and_only_if_contents_are(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    folder = tmp_path_factory.mktemp("files")
    found = []
    for name, content in (("first", first), ("second", second)):
        (folder / name).write_bytes(content)
        found.append(fingerprint_path(str(folder / name)))
    assert (found[0] == found[1]) is (first == second)


def test_a_files_fingerprint_is_its_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"content")
    expected = f"sha256:{hashlib.sha256(b'content').hexdigest()}"
    assert fingerprint_path(str(tmp_path / "x")) == expected


@pytest.mark.parametrize("path", ["missing", "s3://bucket/x", "a\0b", "x" * 10_000])
def test_what_is_not_at_hand_has_no_fingerprint(path: str) -> None:
    assert fingerprint_path(path) is None


def test_a_file_that_changes_again_at_once_has_another_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "x"
    found = set()
    for content in (b"1", b"2", b"3"):
        path.write_bytes(content)
        found.add(fingerprint_path(str(path)))
    assert len(found) == 3


def old(path: Path) -> Path:
    """Make a file look as if it had been written long ago."""
    os.utime(path, (1_000_000_000, 1_000_000_000))
    return path


def test_a_file_that_was_left_alone_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_SETTLED_NS", 0)
    (tmp_path / "x").write_bytes(b"content")
    path = str(old(tmp_path / "x"))
    first = fingerprint_path(path)
    monkeypatch.setattr(fingerprints, "_hash_file", lambda *_: pytest.fail("read again"))
    assert fingerprint_path(path) == first


def test_a_file_of_another_size_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"content")
    first = fingerprint_path(str(old(path)))
    path.write_bytes(b"longer content")
    assert fingerprint_path(str(old(path))) != first


def test_a_file_that_took_the_place_of_another_is_read_again(tmp_path: Path) -> None:
    path, other = tmp_path / "x", tmp_path / "other"
    path.write_bytes(b"content")
    other.write_bytes(b"CONTENT")
    first = fingerprint_path(str(old(path)))
    old(other).replace(path)
    assert fingerprint_path(str(path)) != first


def test_a_change_whose_time_was_set_back_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_SETTLED_NS", 0)
    path = tmp_path / "x"
    path.write_bytes(b"content")
    first = fingerprint_path(str(old(path)))
    path.write_bytes(b"CONTENT")
    assert fingerprint_path(str(old(path))) != first


def test_only_so_many_fingerprints_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_REMEMBERED", 2)
    remembered = fingerprints._Remembered()
    for i in range(3):
        remembered.put((i,), str(i))
    assert [remembered.get((i,)) for i in range(3)] == [None, "1", "2"]


# Large files.


def test_a_large_file_is_hashed_whole_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "WHOLE_UP_TO", 100)
    path = tmp_path / "x"
    path.write_bytes(b"content" * 100)
    expected = f"sha256:{hashlib.sha256(b'content' * 100).hexdigest()}"
    assert fingerprint_path(str(path), whole_up_to=sys.maxsize) == expected


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "WHOLE_UP_TO", 100)
    monkeypatch.setattr(fingerprints, "_PART_OF_SAMPLE", 25)


@pytest.mark.parametrize(("size", "prefix"), [(100, "sha256:"), (101, "sampled-sha256:")])
def test_a_file_that_is_too_large_is_sampled(
    tmp_path: Path, small_limits: None, size: int, prefix: str
) -> None:
    (tmp_path / "x").write_bytes(bytes(size))
    assert str(fingerprint_path(str(tmp_path / "x"))).startswith(prefix)


@pytest.mark.parametrize("change", [slice(0, 1), slice(-1, None), slice(1000, 1001)])
def test_a_sampled_file_differs_if_a_sample_does(
    tmp_path: Path, small_limits: None, change: slice
) -> None:
    (tmp_path / "x").write_bytes(bytes(1000))
    first = fingerprint_path(str(tmp_path / "x"))
    content = bytearray(1000)
    content[change] = b"1"
    (tmp_path / "x").write_bytes(content)
    assert fingerprint_path(str(tmp_path / "x")) != first


def test_samples_reach_from_the_first_byte_to_the_last(tmp_path: Path, small_limits: None) -> None:
    (tmp_path / "x").write_bytes(bytes(range(101)))
    expected = hashlib.sha256(b"101")
    for i in range(16):
        start = 97 * i // 15
        expected.update(bytes(range(101))[start : start + 4])
    assert fingerprint_path(str(tmp_path / "x")) == f"sampled-sha256:{expected.hexdigest()}"


# Folders.


def make(folder: Path, files: dict[str, bytes]) -> str | None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return fingerprint_path(str(folder))


FILES = {"a": b"1", "sub/b": b"2", "sub/c/d": b"3"}


def test_two_folders_of_the_same_files_have_the_same_fingerprint(tmp_path: Path) -> None:
    backwards = dict(reversed(FILES.items()))
    assert make(tmp_path / "first", FILES) == make(tmp_path / "second", backwards)


@pytest.mark.parametrize(
    "other",
    [
        {**FILES, "a": b"other"},
        {**FILES, "e": b""},
        {"a": b"1", "sub/b": b"3", "sub/c/d": b"2"},
        {"a": b"1", "sub/b": b"2", "sub/c/e": b"3"},
        {"a": b"1", "b": b"2", "sub/c/d": b"3"},
    ],
)
def test_a_folder_differs_if_a_file_or_name_does(tmp_path: Path, other: dict[str, bytes]) -> None:
    assert make(tmp_path / "first", FILES) != make(tmp_path / "second", other)


def test_a_folders_fingerprint_says_that_it_is_one(tmp_path: Path) -> None:
    assert str(make(tmp_path / "x", FILES)).startswith("folder-sha256:")


def test_a_folder_of_too_many_files_has_no_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprints, "_MOST_FILES", 2)
    assert make(tmp_path / "x", FILES) is None


@posix_only
def test_a_folder_may_hold_names_that_are_no_text(tmp_path: Path) -> None:
    first = make(tmp_path / "first", {os.fsdecode(b"caf\xe9"): b"1"})
    second = make(tmp_path / "second", {os.fsdecode(b"caf\xe8"): b"1"})
    assert first is not None
    assert first != second


def test_a_folder_that_is_too_large_is_sampled(tmp_path: Path, small_limits: None) -> None:
    first = make(tmp_path / "x", {"a": bytes(60), "b": bytes(60), "c": b"c"})
    second = make(tmp_path / "x", {"b": bytes(59) + b"1"})
    third = make(tmp_path / "x", {"c": b"d"})
    assert str(first).startswith("sampled-folder-sha256:")
    assert len({first, second, third}) == 3


def test_of_a_large_folder_no_more_is_read_than_of_a_large_file(
    tmp_path: Path, small_limits: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def limited(path: Path, size: int, whole_up_to: int) -> str:
        limits.append(whole_up_to)
        return ""

    monkeypatch.setattr(fingerprints, "_hash_file", limited)
    make(tmp_path / "x", {f"{i}": bytes(30) for i in range(10)})
    assert limits == [10] * 10


# What must not be read.


@posix_only
@pytest.mark.parametrize("in_folder", [False, True])
def test_a_pipe_is_not_waited_for(tmp_path: Path, in_folder: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fingerprint_path(str(tmp_path if in_folder else tmp_path / "pipe")) is None


@posix_only
def test_a_device_is_not_read() -> None:
    assert fingerprint_path("/dev/zero") is None


@posix_only
def test_what_a_shell_pipes_in_is_left_for_its_reader(tmp_path: Path) -> None:
    code = (
        "import sys; from mlmeta_track.tracking.fingerprints import fingerprint_path;"
        " print(fingerprint_path('/dev/stdin'), sys.stdin.read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="piped in", capture_output=True, text=True, check=True
    )
    assert done.stdout.split(maxsplit=1) == ["None", "piped in\n"]


@posix_only
def test_a_folder_with_a_link_to_nothing_has_no_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing")
    assert fingerprint_path(str(tmp_path)) is None
