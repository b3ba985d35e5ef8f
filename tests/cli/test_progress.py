from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmeta_track.cli import compare, db, gc, lineage, progress, sync, transfer
from mlmeta_track.cli.main import main
from mlmeta_track.cli.progress import Progress
from mlmeta_track.store.base import Store

from .conftest import Ask


class Terminal(io.StringIO):
    """A terminal that tells when something was drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = threading.Event()

    def isatty(self) -> bool:
        return True

    def flush(self) -> None:
        self.drawn.set()


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Make errors go to a terminal; called by the test, for pytest has its own until then."""

    def go() -> Terminal:
        stream = Terminal()
        monkeypatch.setattr("sys.stderr", stream)
        return stream

    return go


def test_what_is_done_and_how_much_there_is_are_on_the_line() -> None:
    shown = Progress("import")
    assert shown.line(0.5) == "import  500 ms"
    shown.told("write events", 1_500, 6_000)
    assert shown.line(2) == "write events  [######------------------]  25%  1,500 of 6,000  2.0 s"
    shown.told("read", 7)
    assert shown.line(61) == "read  7  1 min 1 s"


def test_a_line_is_drawn_while_it_lasts_and_then_cleared(
    at_a_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = at_a_terminal()
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0.0)
    with progress.progress("import"):
        assert terminal.drawn.wait(10)
    assert "import" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_what_is_quick_shows_nothing(at_a_terminal: Callable[[], Terminal]) -> None:
    terminal = at_a_terminal()
    with progress.progress("import") as shown:
        shown.told("import", 1, 2)
    assert not terminal.getvalue()


def test_what_fails_leaves_no_line_behind(
    at_a_terminal: Callable[[], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = at_a_terminal()
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0.0)

    def fails() -> None:
        with progress.progress("import"):
            assert terminal.drawn.wait(10)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_programs_that_read_the_errors_get_none_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "DELAY_SECONDS", 0.0)
    before = threading.active_count()
    with progress.progress("import"):
        assert threading.active_count() == before
    assert not capsys.readouterr().err


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What commands say they are at."""
    said: list[str] = []

    class Kept(Progress):
        def told(self, what: str, done: int, total: int = 0) -> None:
            said.append(f"{what} {done}/{total}")
            super().told(what, done, total)

    @contextmanager
    def kept(what: str) -> Iterator[Progress]:
        said.append(what)
        yield Kept(what)

    for module in (compare, db, gc, lineage, sync, transfer):
        monkeypatch.setattr(module, "progress", kept)
    return said


def test_export_and_import_say_how_far_they_are(
    ask: Ask, two_runs: Store, tmp_path: Path, told: list[str]
) -> None:
    assert ask("export", "--output", "all.json").exit_code == 0
    assert told[0] == "read the store"
    assert "read contexts 1/3" in told
    assert told[-1] == "write all.json"
    other = f"sqlite:///{tmp_path}/other.db"
    assert CliRunner().invoke(main, ["import", "all.json", "--store", other]).exit_code == 0
    for part in ("write artifacts 0/3", "write executions 0/3", "write events 0/4"):
        assert part in told


def test_gc_says_how_much_is_deleted(ask: Ask, two_runs: Store, told: list[str]) -> None:
    done = ask("gc", "--keep-last", "1", "--grace", "0s", "--yes")
    assert done.exit_code == 0, done.output
    assert told == ["look for what may go", "delete", "delete 2/2"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("lineage", "execution:1"), "walk"),
        (("impact", "artifact:1"), "walk"),
        (("compare", "execution:1", "execution:2"), "compare"),
        (("db", "upgrade"), "upgrade"),
        (("db", "vacuum"), "vacuum"),
        (("sync",), "write what waits"),
        (("archive", "old.db", "--older-than", "0d"), "look for what may go"),
    ],
)
def test_what_may_take_long_says_what_it_is_at(
    ask: Ask, two_runs: Store, told: list[str], arguments: tuple[str, ...], what: str
) -> None:
    done = ask(*arguments)
    assert done.exit_code == 0, done.output
    assert told[0] == what
