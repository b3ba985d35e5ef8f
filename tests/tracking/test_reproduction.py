from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Context, PropertyValue
from mlmeta_track.errors import SettingsError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import reproduction
from mlmeta_track.tracking.reproduction import code, process
from mlmeta_track.tracking.reproduction.installed import installed


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *command], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a script with one commit, on the branch `trial`."""
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "script.py").write_text("first = 1\n")
    for command in (["init", "-qb", "trial"], ["add", "."], ["commit", "-qm", "Start"]):
        git(folder, *command)
    monkeypatch.setattr("sys.argv", [str(folder / "script.py")])
    return folder


def run_facts(store: Store) -> dict[str, PropertyValue]:
    [run] = store.get_by_type(Context, "Run")
    return dict(run.custom_properties)


def facts_with(name: str) -> dict[str, PropertyValue]:
    """Record steps until the run has a fact, which on a busy machine may take several."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with mt.step("a"):
            time.sleep(0.01)
        found = run_facts(mt.get_store())
        if name in found:
            return found
    raise AssertionError(name)


# What is known at once


def test_the_process_is_described() -> None:
    found = reproduction.facts()
    assert found["mlmeta_command_line"] == shlex.join([sys.executable, *sys.argv])
    assert found["mlmeta_python"] == platform.python_version()
    assert found["mlmeta_pid"] == os.getpid()
    assert found["mlmeta_working_directory"] == str(Path.cwd())


def test_all_installed_packages_are_there_with_their_versions() -> None:
    packages = json.loads(str(reproduction.facts()["mlmeta_packages"]))
    for name in ("mlmeta-track", "sqlalchemy", "pluggy", "pytest-timeout"):
        assert packages[name] == version(name)


def test_packages_that_change_results_come_first() -> None:
    assert next(iter(installed())) == "mlmeta-track"


def test_the_package_that_is_imported_is_the_first_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, number in (("a", "1.0"), ("b", "2.0")):
        (tmp_path / folder / f"Some_Thing-{number}.dist-info").mkdir(parents=True)
        (tmp_path / folder / "old.thing-0.1-py3.11.egg-info").touch()
    paths: list[Any] = [None, 7, "missing", str(tmp_path / "a"), str(tmp_path / "b")]
    monkeypatch.setattr("sys.path", paths)
    assert installed() == {"old-thing": "0.1", "some-thing": "1.0"}


def test_of_the_environment_only_allowed_values_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("PRIVATE_THING", "nobody's business")
    found = reproduction.facts()
    assert json.loads(str(found["mlmeta_environment"]))["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert "PRIVATE_THING" in json.loads(str(found["mlmeta_environment_names"]))
    assert "nobody's business" not in str(found)


def test_lists_are_bounded_and_say_what_had_no_room() -> None:
    names = [f"name {number:06}" for number in range(10_000)]
    found = process.listed("some_names", names)
    kept = json.loads(str(found["some_names"]))
    assert len(str(found["some_names"])) <= process.LONGEST_LIST
    assert found["some_names_omitted"] == 10_000 - len(kept)
    assert kept == names[: len(kept)]


def test_a_table_that_is_too_long_says_how_much_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = {f"package-{number:06}": "1.0" for number in range(10_000)}
    monkeypatch.setattr(process, "installed", lambda: many)
    packages = json.loads(str(reproduction.facts()["mlmeta_packages"]))
    assert packages["..."] == f"{10_000 - len(packages) + 1} more"


# What git knows


def test_commit_branch_and_a_clean_work_tree(repository: Path) -> None:
    assert reproduction.code_facts(with_diff=False) == {
        "mlmeta_git_commit": git(repository, "rev-parse", "HEAD"),
        "mlmeta_git_branch": "trial",
        "mlmeta_git_dirty": False,
    }


@pytest.mark.parametrize("is_staged", [False, True], ids=["changed", "staged"])
def test_a_changed_work_tree_is_dirty(repository: Path, is_staged: bool) -> None:
    (repository / "script.py").write_text("first = 2\n")
    if is_staged:
        git(repository, "add", ".")
    assert reproduction.code_facts(with_diff=False)["mlmeta_git_dirty"] is True


def test_a_file_that_git_does_not_track_makes_nothing_dirty(repository: Path) -> None:
    (repository / "notes.txt").write_text("mine")
    found = reproduction.code_facts(with_diff=False)
    assert found["mlmeta_git_dirty"] is False
    assert "mlmeta_git_untracked" not in found


def test_a_commit_that_is_checked_out_is_on_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert reproduction.code_facts(with_diff=False)["mlmeta_git_branch"] == "HEAD"


def test_a_repository_without_a_commit_has_a_branch(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "new")
    found = reproduction.code_facts(with_diff=True)
    assert "mlmeta_git_commit" not in found
    assert "mlmeta_git_diff" not in found
    assert found["mlmeta_git_branch"] == "new"


def test_the_diff_and_the_untracked_files_on_request(repository: Path) -> None:
    (repository / "script.py").write_text("first = 2\n")
    (repository / ".gitignore").write_text("ignored.txt\n")
    for name in ("ignored.txt", "a name.txt", "ünknown.txt"):
        (repository / name).touch()
    found = reproduction.code_facts(with_diff=True)
    assert "-first = 1\n+first = 2\n" in str(found["mlmeta_git_diff"])
    untracked = json.loads(str(found["mlmeta_git_untracked"]))
    assert untracked == [".gitignore", "a name.txt", "ünknown.txt"]
    assert "mlmeta_git_diff_is_cut" not in found


def test_the_diff_of_a_clean_work_tree_is_empty(repository: Path) -> None:
    assert reproduction.code_facts(with_diff=True)["mlmeta_git_diff"] == ""


def test_a_long_diff_is_cut(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code, "LONGEST_DIFF", 1_000)
    (repository / "script.py").write_text("".join(f"line {n}\n" for n in range(100_000)))
    found = reproduction.code_facts(with_diff=True)
    assert len(str(found["mlmeta_git_diff"])) == 1_000
    assert found["mlmeta_git_diff_is_cut"] is True


def test_a_diff_in_any_encoding_can_be_stored(repository: Path, store: Store) -> None:
    (repository / "script.py").write_bytes(b"first = '\xfc\x1b\xff'\n")
    mt.init(store.url, strict=True, code="diff")
    assert "+first" in str(facts_with("mlmeta_git_diff")["mlmeta_git_diff"])


def test_without_a_repository_nothing_is_said_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [str(tmp_path / "script.py")])
    assert reproduction.code_facts(with_diff=True) == {}


def test_without_git_nothing_is_said_of_it(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert reproduction.code_facts(with_diff=True) == {}


SLOW_GIT = """#!/bin/sh
sleep {seconds}
exec {git} "$@"
"""


def slow_git(folder: Path, seconds: float) -> str:
    """Put a git before the real one that takes its time, and return the path to it."""
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout
    program = folder / "git"
    program.write_text(SLOW_GIT.format(seconds=seconds, git=real.strip()))
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_a_git_that_takes_too_long_is_not_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "GIT_SECONDS", 0.1)
    monkeypatch.setenv("PATH", slow_git(tmp_path, 0.6))
    assert reproduction.code_facts(with_diff=True) == {}


# In a run


def test_what_the_setting_cannot_be_is_said() -> None:
    with pytest.raises(SettingsError, match="code cannot be 'all': it must be commit or diff"):
        mt.init("sqlite://", code="all")


def test_the_code_of_a_run_is_in_the_store_with_its_first_steps(
    store: Store, repository: Path
) -> None:
    found = facts_with("mlmeta_git_commit")
    assert found["mlmeta_git_commit"] == git(repository, "rev-parse", "HEAD")


def test_a_slow_git_keeps_nobody_waiting_and_is_heard_later(
    store: Store, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", slow_git(tmp_path, 0.7))
    started = time.monotonic()
    with mt.step("a"):
        pass
    assert time.monotonic() - started < 0.5
    first = run_facts(store)
    assert "mlmeta_git_commit" not in first
    assert facts_with("mlmeta_git_commit") == {
        **first,
        "mlmeta_git_commit": git(repository, "rev-parse", "HEAD"),
        "mlmeta_git_branch": "trial",
        "mlmeta_git_dirty": False,
    }


def test_a_short_program_waits_for_git_at_its_end(
    store_url: str, repository: Path, tmp_path: Path
) -> None:
    program = f"import mlmeta_track as mt\nmt.init({store_url!r})\nwith mt.step('a'):\n    pass\n"
    (repository / "script.py").write_text(program)
    environment = os.environ | {"PATH": slow_git(tmp_path, 0.7)}
    command = [sys.executable, str(repository / "script.py")]
    subprocess.run(command, env=environment, check=True, timeout=60)
    with closing(open_store(store_url, create=False)) as store:
        assert run_facts(store)["mlmeta_git_dirty"] is True


def test_facts_are_written_once(
    store: Store, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts_with("mlmeta_git_commit")
    [before] = store.get_by_type(Context, "Run")
    monkeypatch.setattr("sys.argv", ["another.py"])
    for _ in range(3):
        with mt.step("a"):
            pass
    assert store.get_by_type(Context, "Run") == [before]
