"""What users see: records that wait while the store is away, and threads that write."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.errors import MlmetaTrackError, UnavailableError
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.delivery import background
from mlmeta_track.tracking.delivery.inspecting import sync
from mlmeta_track.tracking.settings import Settings


class Report(mt.Artifact):
    name: str


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mlmeta-track" / "spool"


class Away:
    """Takes the store of this test's recorder away, and gives it back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_away = False
        self.asked = 0
        for name in ("put", "put_many"):
            monkeypatch.setattr(SqlStore, name, self._guarded(getattr(SqlStore, name)))

    def _guarded(self, original: object) -> object:
        def put(store: SqlStore, given: object) -> object:
            if self.is_away:
                self.asked += 1
                message = "The store is away for this test."
                raise UnavailableError(message)
            return original(store, given)  # type: ignore[operator]

        return put


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    # Else the thread might ask at any time.
    monkeypatch.setattr("mlmeta_track.tracking.delivery.catching_up.FIRST_PAUSE_SECONDS", 60)
    monkeypatch.setattr("mlmeta_track.tracking.delivery.catching_up.LONGEST_PAUSE_SECONDS", 60)
    return Away(monkeypatch)


def ended(url: str) -> dict[str, int]:
    """Return how many executions of each type are complete; there are no others."""
    store = open_store(url)
    found: dict[str, int] = {}
    for execution in store.list_nodes(Execution):
        assert execution.last_known_state is ExecutionState.COMPLETE
        found[execution.type] = found.get(execution.type, 0) + 1
    store.close()
    return found


def ended_or_spooled(url: str) -> dict[str, int]:
    """Return the same with what a busy machine did not get written in time."""
    assert sync(Settings(store=url)).damage == []
    return ended(url)


def record(count: int = 1, name: str = "Train") -> None:
    for number in range(count):
        with mt.step(name):
            mt.log_params({"number": number})


# Away


def test_what_is_recorded_meanwhile_waits_and_lands_when_the_store_is_back(
    store_url: str, away: Away
) -> None:
    mt.init(store_url)
    record(1, "Before")
    away.is_away = True
    record(3, "Meanwhile")
    assert not mt.flush()
    away.is_away = False
    assert mt.flush()
    record(1, "After")
    assert ended(store_url) == {"Before": 1, "Meanwhile": 3, "After": 1}


def test_a_step_that_ends_when_the_store_is_back_does_not_overtake_its_start(
    store_url: str, away: Away
) -> None:
    mt.init(store_url)
    away.is_away = True
    with mt.step("Train"):
        mt.log_params({"at": "start"})
        away.is_away = False
    assert mt.flush()
    assert ended(store_url) == {"Train": 1}


def test_the_store_is_asked_once_and_the_warning_is_one(
    store_url: str, away: Away, caplog: pytest.LogCaptureFixture, spool: Path
) -> None:
    mt.init(store_url)
    away.is_away = True
    record(20)
    time.sleep(0.1)  # for the thread that tries again
    assert away.asked <= 3
    [warning] = [r for r in caplog.records if r.levelno >= logging.WARNING]
    for part in ("record the start of the step 'Train'", "away for this test", str(spool)):
        assert part in warning.getMessage()
    assert "mlmeta-track sync" in warning.getMessage()


def test_threads_meet_the_store_that_is_away_once(store_url: str, away: Away) -> None:
    mt.init(store_url)
    away.is_away = True
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: record(), range(40)))
    assert away.asked <= 3
    away.is_away = False
    assert mt.flush()
    assert ended(store_url) == {"Train": 40}


def test_what_an_earlier_process_left_lands_with_the_next_record(
    store_url: str, away: Away, spool: Path
) -> None:
    mt.init(store_url)
    away.is_away = True
    record(2, "Earlier")
    recorder.current().close()
    assert list(spool.rglob("*.spool"))
    away.is_away = False
    mt.init(store_url)
    deadline = time.monotonic() + 10
    while list(spool.rglob("*.spool")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended(store_url) == {"Earlier": 2}


def test_an_artifact_is_the_same_before_and_behind_the_spool(
    store_url: str, away: Away, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text("x\n1\n")
    mt.init(store_url)
    with mt.step("Read") as step:
        step.input("in.csv")
    away.is_away = True
    with mt.step("Copy") as step:
        step.input("in.csv")
        step.output("out.txt", Report(name="r"))
        (tmp_path / "out.txt").write_text("fine")
    away.is_away = False
    with mt.step("Use") as step:
        step.input("out.txt", Report())
        step.input("in.csv")
    assert mt.flush()
    assert len(mt.get_store().list_nodes(Artifact)) == 2
    assert [e.type for e in mt.lineage("out.txt").upstream().executions] == ["Copy"]


def test_what_can_never_be_written_does_not_wait(
    store_url: str, caplog: pytest.LogCaptureFixture, spool: Path
) -> None:
    mt.init(store_url)
    with mt.step("Train") as step:
        step._artifacts["bad"] = "no artifact"  # type: ignore[assignment]
    assert "Your code goes on without this record" in caplog.text
    assert not list(spool.rglob("*.spool"))


def test_a_full_spool_is_a_loss_that_is_said(
    store_url: str, away: Away, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_SPOOL_MB", "0.02")
    mt.init(store_url)
    away.is_away = True
    record(100)
    warnings = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 2
    assert "waits in the spool" in warnings[0]
    assert "is full" in warnings[1]
    away.is_away = False
    assert mt.flush()
    assert 0 < len(mt.get_store().list_nodes(Execution)) < 100


def test_strict_raises_what_would_wait(store_url: str, away: Away, spool: Path) -> None:
    mt.init(store_url, strict=True)
    away.is_away = True
    with pytest.raises(UnavailableError, match="away for this test"), mt.step("Train"):
        pass
    assert not list(spool.rglob("*.spool"))


def test_a_store_in_memory_has_no_spool(
    away: Away, caplog: pytest.LogCaptureFixture, spool: Path
) -> None:
    mt.init("sqlite://")
    away.is_away = True
    record()
    assert "Your code goes on without this record" in caplog.text
    assert not spool.exists()


# In the background, and with a journal


@pytest.mark.parametrize("write", ["background", "journal"])
def test_what_was_recorded_is_there_after_a_flush(store_url: str, write: str) -> None:
    mt.init(store_url, write=write)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record(10), range(10)))
    assert mt.flush()
    assert ended(store_url) == {"Train": 100}


@pytest.mark.parametrize("write", ["background", "journal"])
def test_who_asks_finds_what_was_recorded_before(store_url: str, write: str) -> None:
    mt.init(store_url, write=write)
    record(3)
    assert len(mt.search_executions("type = 'Train'")) == 3


def test_the_background_writes_by_itself_and_together(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[int] = []
    put_many = SqlStore.put_many

    def counting(store: SqlStore, batches: Sequence[Batch]) -> list[PutResult]:
        groups.append(len(batches))
        return put_many(store, batches)

    monkeypatch.setattr(SqlStore, "put_many", counting)
    mt.init(store_url, write="background")
    record(50)
    deadline = time.monotonic() + 10
    while sum(groups) < 101 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sum(groups) == 100
    assert max(groups) > 5
    assert ended(store_url) == {"Train": 50}


def test_a_batch_that_cannot_be_written_is_lost_alone(
    store_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    mt.init(store_url, write="background")
    record(2)
    with mt.step("Bad") as step:
        step._facts["bad"] = object()  # type: ignore[assignment]
    record(2)
    assert mt.flush()
    assert "Could not record the start of the step" not in caplog.text
    assert "Could not record the end of the step 'Bad'" in caplog.text
    store = mt.get_store()
    assert len(store.get_by_type(Execution, "Train")) == 4


def test_strict_in_the_background_raises_when_it_is_flushed(store_url: str) -> None:
    mt.init(store_url, write="background", strict=True)
    with mt.step("Bad") as step:
        step._facts["bad"] = object()  # type: ignore[assignment]
    with pytest.raises(MlmetaTrackError):
        mt.flush()


def test_the_background_falls_back_to_the_spool_in_order(store_url: str, away: Away) -> None:
    mt.init(store_url, write="background")
    record(1, "Before")
    mt.flush()
    away.is_away = True
    record(30, "Meanwhile")
    assert not mt.flush()
    record(5, "Later")
    away.is_away = False
    assert mt.flush()
    assert ended(store_url) == {"Before": 1, "Meanwhile": 30, "Later": 5}
    found = mt.get_store().get_by_type(Execution, "Meanwhile")
    assert [e.custom_properties["number"] for e in found] == list(range(30))


def test_the_queue_is_bounded_and_who_is_too_fast_helps(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "MOST_WAITING", 10)
    mt.init(store_url, write="background")
    delivery = recorder.current().delivery
    most = 0
    for _ in range(100):
        record()
        most = max(most, len(delivery._background._waiting))  # type: ignore[union-attr]
    assert most <= 10
    assert mt.flush()
    assert ended(store_url) == {"Train": 100}


def test_a_writer_that_hangs_does_not_hold_up_the_end(
    store_url: str, monkeypatch: pytest.MonkeyPatch, spool: Path
) -> None:
    hangs, goes_on = threading.Event(), threading.Event()
    put_many = SqlStore.put_many

    def hanging(store: SqlStore, batches: Sequence[Batch]) -> list[PutResult]:
        hangs.set()
        goes_on.wait(20)
        return put_many(store, batches)

    mt.init(store_url, write="background")
    monkeypatch.setattr(SqlStore, "put_many", hanging)
    record(3)
    assert hangs.wait(10)
    begin = time.monotonic()
    recorder.current().delivery.close(0.3)
    assert time.monotonic() - begin < 3
    assert list(spool.rglob("*.spool"))
    goes_on.set()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(spool.parents[1]))
    mt.init(store_url)
    record(1, "After")
    deadline = time.monotonic() + 10
    while list(spool.rglob("*.spool")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert ended(store_url) == {"Train": 3, "After": 1}


ENDS = {
    "at_exit": "",
    "by_sys_exit": "import sys; sys.exit(3)",
    "by_an_exception": "raise ValueError",
}


@pytest.mark.parametrize("write", ["direct", "background", "journal"])
@pytest.mark.parametrize("end", ENDS)
def test_at_the_end_of_the_program_all_is_written(store_url: str, write: str, end: str) -> None:
    script = f"""
        import mlmeta_track as mt
        mt.init({store_url!r}, write={write!r})
        for number in range(30):
            with mt.step("Train"):
                pass
        {ENDS[end]}
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, check=False
    )
    assert ended_or_spooled(store_url) == {"Train": 30}


def work(number: int) -> int:
    with mt.step("Work"):
        return number


@pytest.mark.parametrize("end", ["pool.close()", "pool.terminate()"])
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_at_the_end_of_a_worker_all_is_written(store_url: str, method: str, end: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method} here")
    script = f"""
        import multiprocessing
        import mlmeta_track as mt
        from tests.tracking.delivery.test_delivering import work
        if __name__ == "__main__":
            mt.init({store_url!r}, write="background")
            with mt.step("Parent"):
                pool = multiprocessing.get_context({method!r}).Pool(2)
                assert pool.map(work, range(20)) == list(range(20))
                {end}
                pool.join()
    """
    main = Path("main.py")
    main.write_text(textwrap.dedent(script))
    root = Path(__file__).resolve().parents[3]
    environment = os.environ | {
        "MLMETA_TRACK_STORE": store_url,
        "MLMETA_TRACK_WRITE": "background",
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        [sys.executable, str(main)], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert ended_or_spooled(store_url) == {"Parent": 1, "Work": 20}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("write", ["direct", "background", "journal"])
def test_a_fork_in_the_middle_leaves_each_process_its_own_records(
    store_url: str, write: str
) -> None:
    script = f"""
        import os, sys
        import mlmeta_track as mt
        mt.init({store_url!r}, write={write!r})
        for number in range(20):
            with mt.step("Before"):
                pass
        with mt.step("Parent"):
            child = os.fork()
            if child == 0:
                with mt.step("Child"):
                    pass
                mt.flush()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    """
    done = subprocess.run(
        # From 3.12 on, Python warns of a fork beside any thread, and that of the heartbeat is one.
        [sys.executable, "-Wignore:This process:DeprecationWarning", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert ended_or_spooled(store_url) == {"Before": 20, "Parent": 1, "Child": 1}
