"""Secrets that are planted everywhere are found nowhere; what only looks like one is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Context, Execution
from mlmeta_track.store.connect import open_store
from tests.faults.planted import HARMLESS, SECRETS
from tests.servers import free_port
from tests.serving import COMMAND

FORMATS = ("dot", "graphml", "json", "mermaid", "openlineage", "prov")
ROOT = Path(__file__).resolve().parents[2]


def run(folder: Path, store: str, redact: str = "on") -> subprocess.CompletedProcess[str]:
    """Plant all secrets in a process that records in a folder."""
    folder.mkdir()
    script = changed_code(folder.parent / f"{folder.name}-code")
    texts = {p.text for p in SECRETS if p.where == "environment"}
    environment = dict(text.split("=", 1) for text in texts)
    arguments = [p.text for p in SECRETS if p.where == "argument"]
    return subprocess.run(
        [sys.executable, str(script), store, *arguments],
        cwd=folder,
        env={
            **os.environ,
            **environment,
            "PYTHONPATH": str(ROOT),
            "MLMETA_TRACK_SPOOL_DIR": str(folder / "spool"),
            "MLMETA_TRACK_REDACT": redact,
        },
        capture_output=True,
        text=True,
        check=True,
    )


def changed_code(folder: Path) -> Path:
    """Make a repository whose changes have secrets; return the script in it."""
    folder.mkdir()
    script, config = folder / "script.py", folder / "config.txt"
    script.write_text("from tests.faults.secrets_side import main\n\nmain()\n")
    diffs = [p.text for p in SECRETS if p.where == "diff"]
    config.write_text("\n".join(text[1:] for text in diffs if text.startswith("-")))
    git = ("git", "-C", str(folder), "-c", "user.name=me", "-c", "user.email=me@h.example")
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run([*git, *command], check=True)
    config.write_text("\n".join(text[1:] for text in diffs if text.startswith("+")))
    return script


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was recorded in a database."""
    folder = tmp_path_factory.mktemp("secrets") / "recorded"
    run(folder, "sqlite:///metadata.db")
    return folder


@pytest.fixture(scope="module")
def spooled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run whose store could not be reached."""
    folder = tmp_path_factory.mktemp("secrets") / "spooled"
    run(folder, f"postgresql+psycopg://me:hunter2-store@127.0.0.1:{free_port()}/none")
    return folder


def found_in(folder: Path) -> list[str]:
    """The planted secrets that any file of a folder has, as bytes and as JSON would write them."""
    contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert sum(map(len, contents)) > 10_000
    return [secret for secret in secrets() if any(secret.encode() in text for text in contents)]


def secrets() -> list[str]:
    return [planted.secret for planted in SECRETS] + ["hunter2-store"]


def test_there_are_forty_secrets_and_twenty_harmless() -> None:
    assert len({planted.secret for planted in SECRETS}) == 40
    assert len(HARMLESS) == 20
    assert all(planted.secret in planted.text for planted in SECRETS)


def test_without_redaction_every_secret_is_found(tmp_path: Path) -> None:
    run(tmp_path / "raw", "sqlite:///metadata.db", redact="off")
    hidden = [planted.secret for planted in SECRETS if planted.where == "opaque"]
    assert set(secrets()) - set(found_in(tmp_path / "raw")) == {*hidden, "hunter2-store"}


def test_no_file_of_a_recorded_run_has_a_secret(recorded: Path) -> None:
    assert {"metadata.db", "everything.log"} <= {path.name for path in recorded.iterdir()}
    assert found_in(recorded) == []


def test_no_file_of_a_spooled_run_has_a_secret(spooled: Path) -> None:
    assert [path for path in spooled.rglob("*") if path.parent.parent.name == "spool"] != []
    assert found_in(spooled) == []


def test_every_planted_text_was_captured_with_a_mask(recorded: Path) -> None:
    store = open_store(f"sqlite:///{recorded / 'metadata.db'}")
    [connect] = store.get_by_type(Execution, "connect")
    given = connect.custom_properties
    config = json.loads(str(given["config"]))
    assert {given["dbPassword"], given["secret"], config["client_secret"]} == {"***"}
    [run] = store.get_by_type(Context, "Run")
    assert run.name == "release ***"
    assert '+API_KEY = "***"\n' in str(run.custom_properties["mlmeta_git_diff"]) + "\n"
    assert "--db-password=***" in str(run.custom_properties["mlmeta_command_line"])
    failed = store.get_by_type(Execution, "fail")
    assert len(failed) == len([p for p in SECRETS if p.where == "exception"])
    assert all("***" in str(e.custom_properties["mlmeta_error_message"]) for e in failed)
    assert all("***" in str(e.custom_properties["mlmeta_traceback"]) for e in failed)
    store.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["lineage", "--json", "execution:1"],
        ["steps", "list", "--json"],
        ["artifacts", "list", "--json"],
        ["runs", "list", "--json"],
        ["experiments", "list", "--json"],
        *(["export", "--format", name] for name in FORMATS),
    ],
    ids=lambda arguments: arguments[-1] if arguments[0] == "export" else arguments[0],
)
def test_nothing_that_is_printed_or_exported_has_a_secret(
    recorded: Path, arguments: list[str]
) -> None:
    done = subprocess.run(
        [*COMMAND[:-1], *arguments, "--store", "sqlite:///metadata.db"],
        cwd=recorded,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    assert [secret for secret in secrets() if secret in done.stdout + done.stderr] == []


def test_an_archive_has_no_secret(recorded: Path, tmp_path: Path) -> None:
    command = ["archive", str(tmp_path / "old.db"), "--older-than", "0s", "--grace", "0s"]
    subprocess.run(
        [*COMMAND[:-1], *command, "--store", "sqlite:///metadata.db"], cwd=recorded, check=True
    )
    store = open_store(f"sqlite:///{tmp_path / 'old.db'}")
    assert store.get_by_type(Execution, "connect")
    store.close()
    assert found_in(tmp_path) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_secret_is_kept(recorded: Path, name: str) -> None:
    store = open_store(f"sqlite:///{recorded / 'metadata.db'}")
    [harmless] = store.get_by_type(Execution, "harmless")
    store.close()
    assert harmless.custom_properties[name] == HARMLESS[name]
    assert json.loads(str(harmless.custom_properties["all"]))[name] == HARMLESS[name]
