"""Full disks, rights that are taken away, files replaced, clocks set back: the results are right.

And a clear word is said, and nothing is lost that could be kept.
"""

from __future__ import annotations

import ctypes.util
import shutil
import sys
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery.inspecting import sync
from mlmeta_track.tracking.settings import Settings
from tests.faults.surroundings import STEPS, run_pipeline

pytest.importorskip("resource")  # not on Windows

WRITES = ["direct", "background", "journal"]


def ended(url: str) -> int:
    """Return how many steps are complete; there are no others."""
    store = open_store(url)
    executions = store.get_by_type(Execution, "Double")
    assert {e.last_known_state for e in executions} <= {ExecutionState.COMPLETE}
    numbers = {e.custom_properties["number"] for e in executions}
    assert len(numbers) == len(executions)
    store.close()
    return len(executions)


@pytest.mark.parametrize("write", WRITES)
def test_without_trouble_all_is_there_and_nothing_is_said(store_url: str, write: str) -> None:
    assert run_pipeline(store_url, "", write=write).log == ""
    assert ended(store_url) == STEPS


# Full

FULL = """
import resource
from pathlib import Path
mt.flush()
size = {size}
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
"""


@pytest.mark.parametrize("write", ["direct", "background"])
def test_when_the_stores_disk_is_full_what_is_recorded_waits(store_url: str, write: str) -> None:
    # A store is never so small; the spool of ten steps is.
    ended_so = run_pipeline(store_url, FULL.format(size=100_000), write=write)
    assert ended_so.is_right
    [warning] = ended_so.warnings
    assert "disk" in warning
    assert "waits in the spool" in warning
    assert sync(Settings(store=store_url)).landed > 0
    assert ended(store_url) == STEPS


def test_when_every_disk_is_full_the_loss_is_said(store_url: str) -> None:
    ended_so = run_pipeline(store_url, FULL.format(size=100))
    assert ended_so.is_right
    [warning] = [line for line in ended_so.warnings if "without this record" in line]
    assert "cannot be written" in warning
    assert sync(Settings(store=store_url)).landed == 0
    assert ended(store_url) >= STEPS // 2


# Read-only

READ_ONLY = """
import ctypes, os, sys
from pathlib import Path
mt.flush()
store = Path({path!r})
for file in store.parent.glob(store.name + "*"):
    file.chmod(0o444)
store.parent.chmod(0o555)
if sys.platform == "linux" and os.geteuid() == 0:
    # Root may write where nobody may, unless it gives up that right (CAP_DAC_OVERRIDE).
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    data[0] &= ~(1 << 1)
    assert libc.capset(header, data) == 0
mt.init({url!r}, write={write!r})
"""


@pytest.mark.parametrize("write", WRITES)
def test_in_a_read_only_folder_what_is_recorded_waits(tmp_path: Path, write: str) -> None:
    folder = tmp_path / "store"
    folder.mkdir()
    url = f"sqlite:///{folder / 'metadata.db'}"
    midway = READ_ONLY.format(path=str(folder / "metadata.db"), url=url, write=write)
    ended_so = run_pipeline(url, midway, write=write)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    assert ended_so.is_right
    if write != "journal":  # where all of it waits in any case
        [warning] = ended_so.warnings
        assert "waits in the spool" in warning
        assert "readonly" in warning or "unable to open" in warning
    assert sync(Settings(store=url)).landed > 0
    assert ended(url) == STEPS


# Replaced, truncated

REPLACED = """
from pathlib import Path
mt.flush()
store = Path({path!r})
for file in store.parent.glob(store.name + "*"):
    file.rename(str(file).replace("metadata.db", "moved.db"))
"""


@pytest.mark.parametrize("write", ["direct", "background"])
def test_when_the_store_is_moved_away_what_is_recorded_waits_for_one_there(
    tmp_path: Path, store_url: str, write: str
) -> None:
    path = tmp_path / "metadata.db"
    ended_so = run_pipeline(store_url, REPLACED.format(path=str(path)), write=write)
    assert ended_so.is_right
    [warning] = ended_so.warnings
    assert "deleted or replaced" in warning
    assert "waits in the spool" in warning
    assert ended(f"sqlite:///{tmp_path / 'moved.db'}") == STEPS // 2
    sync(Settings(store=store_url))
    assert ended(store_url) == STEPS - STEPS // 2


TRUNCATED = """
import os
mt.flush()
mt.get_store().close()
for name in ({path!r} + "-wal", {path!r} + "-shm"):
    if os.path.exists(name):
        os.unlink(name)
os.truncate({path!r}, {size})
"""


@pytest.mark.parametrize("write", ["direct", "background"])
def test_when_the_store_is_truncated_what_is_recorded_waits(
    tmp_path: Path, store_url: str, write: str
) -> None:
    path = tmp_path / "metadata.db"
    open_store(store_url).close()
    shutil.copy(path, tmp_path / "copy.db")
    ended_so = run_pipeline(store_url, TRUNCATED.format(path=str(path), size=5_000), write=write)
    assert ended_so.is_right
    [warning] = ended_so.warnings
    assert "metadata.db" in warning
    assert "waits in the spool" in warning
    path.unlink()
    shutil.copy(tmp_path / "copy.db", path)
    sync(Settings(store=store_url))
    assert ended(store_url) == STEPS - STEPS // 2


# The clock

SET_BACK = """
import time
for name, unit in (("time", 1), ("time_ns", 10**9)):
    def set_back(real=getattr(time, name), unit=unit):
        return real() - 3600 * unit
    setattr(time, name, set_back)
"""


@pytest.mark.parametrize("write", WRITES)
def test_when_the_clock_is_set_back_by_an_hour_all_is_there(store_url: str, write: str) -> None:
    ended_so = run_pipeline(store_url, SET_BACK, write=write)
    assert (ended_so.is_right, ended_so.log) == (True, "")
    assert ended(store_url) == STEPS
    store = open_store(store_url)
    executions = store.get_by_type(Execution, "Double")
    assert [e.custom_properties["number"] for e in executions] == list(range(STEPS))
    durations = [float(str(e.custom_properties["mlmeta_duration_ms"])) for e in executions]
    assert 0 <= min(durations) <= max(durations) < 10_000
    store.close()


def faketime() -> str | None:
    """Return the library that shows a program another time, if it is installed."""
    places = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    return ctypes.util.find_library("faketime") or next(map(str, places), None)


@pytest.mark.skipif(faketime() is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("write", WRITES)
def test_when_the_systems_clock_is_set_back_by_an_hour_all_is_there(
    store_url: str, tmp_path: Path, write: str
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    environment = {
        "LD_PRELOAD": faketime() or "",
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    midway = f"""
        import pathlib, time
        before = time.time()
        pathlib.Path({str(clock)!r}).write_text("-1h")
        assert time.time() < before - 3000
    """
    ended_so = run_pipeline(store_url, midway, write=write, environment=environment)
    assert (ended_so.is_right, ended_so.log) == (True, "")
    assert ended(store_url) == STEPS


if sys.platform != "win32":
    FORKED = """
    import os
    with mt.step("Around") as around:
        child = os.fork()
        inside = double(100 + bool(child))
        if child == 0:
            mt.flush()
            os._exit(inside != 200)
        assert os.waitpid(child, 0)[1] == 0
    """

    @pytest.mark.parametrize("write", WRITES)
    def test_a_fork_in_the_middle_of_a_step_harms_nobody(store_url: str, write: str) -> None:
        ended_so = run_pipeline(store_url, FORKED, write=write)
        assert (ended_so.is_right, ended_so.log) == (True, "")
        assert ended(store_url) == STEPS + 2
        store = open_store(store_url)
        [around] = store.get_by_type(Execution, "Around")
        inside = [
            e.custom_properties["mlmeta_parent_execution"]
            for e in store.get_by_type(Execution, "Double")
            if int(str(e.custom_properties["number"])) >= 100
        ]
        assert inside == [around.external_id] * 2
        store.close()
