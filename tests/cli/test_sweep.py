from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlmeta_track.cli.main import main
from mlmeta_track.domain.batch import Batch, ExecutionPut
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.domain.types import ExecutionType, PropertyType
from mlmeta_track.store.connect import open_store
from tests.tracking.delivery.waiting import wait_for
from tests.tracking.leases.victims import killed, victim


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["sweep", "--store", url, *arguments])


def state(url: str) -> ExecutionState | None:
    with closing(open_store(url, create=False)) as store:
        [execution] = store.list_nodes(Execution)
    return execution.last_known_state


def test_what_a_killed_process_left_is_named_and_marked(store_url: str) -> None:
    pid = killed(store_url)
    result = run(store_url)
    assert result.exit_code == 0
    named, counted = result.output.splitlines()
    assert named.startswith(f"Train  [execution 1]  Process {pid} on ")
    assert counted == "Marked 1 step as FAILED."
    assert state(store_url) is ExecutionState.FAILED
    assert run(store_url).output == "Marked 0 steps as FAILED.\n"


def test_a_dry_run_changes_nothing(store_url: str) -> None:
    killed(store_url)
    result = run(store_url, "--dry-run")
    assert result.output.splitlines()[-1] == "1 step would be marked as FAILED."
    assert state(store_url) is ExecutionState.RUNNING


@pytest.fixture
def ended(store_url: str) -> None:
    """A step of a killed process, the end of which waits in the spool."""
    killed(store_url)
    with closing(open_store(store_url)) as store:
        [step] = store.list_nodes(Execution)
    kind = ExecutionType("Train", {"state": PropertyType.STRING})
    put = ExecutionPut(external_id=step.external_id or "", type=kind, state=ExecutionState.COMPLETE)
    wait_for(store_url, Batch(execution=put))


def test_what_waits_in_the_spool_is_written_first(store_url: str, ended: None) -> None:
    told = ["Wrote 1 record that waited in the spool.", "Marked 0 steps as FAILED."]
    assert run(store_url).output.splitlines() == told
    assert state(store_url) is ExecutionState.COMPLETE


def test_a_dry_run_writes_nothing_that_waits_and_says_so(store_url: str, ended: None) -> None:
    first, *_ = run(store_url, "--dry-run").output.splitlines()
    assert first == "1 record waits in the spool, and may say how some of these ended."
    assert state(store_url) is ExecutionState.RUNNING


def test_what_is_alive_is_left_alone(store_url: str) -> None:
    with victim(store_url):
        assert run(store_url, "--host-timeout", "60").output == "Marked 0 steps as FAILED.\n"
        assert state(store_url) is ExecutionState.RUNNING


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host-timeout", "1"], "--host-timeout"),
        (["--host-timeout", "nan"], "--host-timeout"),
        (["--host-timeout", "soon"], "--host-timeout"),
        (["--store", "nonsense"], "nonsense"),
        (["--store", "sqlite:///missing.db"], "missing.db"),
        (["execution:1"], "execution:1"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_status_2(
    store_url: str, arguments: list[str], said: str, tmp_path: Path
) -> None:
    result = run(store_url, *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert list(tmp_path.iterdir()) == []
