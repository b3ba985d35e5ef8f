from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mlmeta_track.errors import ResourceExhaustedError, UnavailableError
from mlmeta_track.tracking.delivery import segments
from tests.tracking.delivery.waiting import items_of, new_spool, steps


def test_what_waits_is_in_files_of_the_process(tmp_path: Path) -> None:
    first, second = new_spool(tmp_path), new_spool(tmp_path)
    first.append(steps(1))
    second.append(steps(1))
    assert len(first.waiting()) == len(second.waiting()) == 1
    assert len(first.all_waiting()) == 2


def test_the_folder_says_whose_it_is(tmp_path: Path) -> None:
    new_spool(tmp_path / "deep" / "folder").append(steps(1))
    text = (tmp_path / "deep" / "folder" / "STORE").read_text()
    assert text == "sqlite:////somewhere.db\n"


def test_a_new_segment_begins_when_one_is_large_or_has_landed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlmeta_track.tracking.delivery.spool._SEGMENT_BYTES", 100)
    spool = new_spool(tmp_path)
    spool.append(steps(1))
    spool.append(steps(1, 1))
    assert len(spool.waiting()) == 2
    monkeypatch.undo()
    for path in spool.waiting():
        path.unlink()
    spool.append(steps(1, 2))
    [path] = spool.waiting()
    assert len(segments.read(path).records) == 2


def test_names_keep_their_order_if_the_clock_is_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = new_spool(tmp_path)
    monkeypatch.setattr("mlmeta_track.tracking.delivery.spool._SEGMENT_BYTES", 1)
    for number in range(3):
        monkeypatch.setattr("time.time_ns", lambda n=number: 10**18 - n * 3600 * 10**9)
        spool.append(steps(1, number))
    ids = [
        record.batch.execution.external_id
        for path in spool.waiting()
        for record in segments.read(path).records
        if record.batch.execution
    ]
    assert ids == ["e0", "e0", "e1", "e1", "e2", "e2"]


def test_a_full_spool_says_so_and_how_it_goes_on(tmp_path: Path) -> None:
    spool = new_spool(tmp_path, limit_mb=0.01)
    said = r"full.*0\.01 MiB.*mlmeta-track sync"
    with pytest.raises(ResourceExhaustedError, match=said):  # noqa: PT012 - some time it is full
        for number in range(100):
            spool.append(steps(1, number))
    size = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert size < 0.011 * 2**20
    for path in spool.waiting():
        path.unlink()
    spool.append(steps(1))


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"file.*cannot be written.*setting spool_dir"):
        new_spool(tmp_path / "file").append(steps(1))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_files_of_its_own_and_hinders_nobody(tmp_path: Path) -> None:
    script = """
        import os, sys, threading
        from pathlib import Path
        from tests.tracking.delivery.waiting import new_spool, steps
        spool = new_spool(Path(sys.argv[1]))
        stop = threading.Event()
        def work():
            while not stop.is_set():
                spool.append(steps(1))
        thread = threading.Thread(target=work)
        thread.start()
        children = []
        for number in range(20):
            child = os.fork()
            if child == 0:
                spool.forget()
                spool.append(steps(2))
                assert len(spool.waiting()) == 1
                os._exit(0)
            children.append(child)
        stop.set()
        thread.join()
        assert {os.waitpid(child, 0)[1] for child in children} == {0}
        spool.append(steps(1))
    """
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        # From 3.12 on, Python warns of a fork beside any thread; that is the script's own here.
        [
            sys.executable,
            "-Wignore:This process:DeprecationWarning",
            "-c",
            textwrap.dedent(script),
            tmp_path,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        timeout=60,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    parts = [segments.read(path) for path in segments.segments(tmp_path)]
    assert len(parts) == 21
    assert [part.damage for part in parts] == [()] * 21


def test_nothing_is_written_of_what_cannot_be_encoded(tmp_path: Path) -> None:
    spool = new_spool(tmp_path)
    with pytest.raises(AttributeError):
        spool.append([*steps(1), *items_of(None)])  # type: ignore[arg-type]
    assert spool.waiting() == []
