"""Whatever befalls the store, a walkthrough ends as it would untracked, and says what is wrong."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("resource")  # not on Windows, where there is no fork either

RUN_EACH = Path(__file__).with_name("run_each.py")
TROUBLES = ("read_only", "deleted", "full")
# Not every trouble with every walkthrough: each takes TFDV seconds.
TRACKED = list(itertools.product(TROUBLES, ("with_blocks", "automatic")))
RAISING = [*itertools.product(TROUBLES, ("with_blocks",)), ("read_only", "automatic")]
STRICT = {"MLMETA_TRACK_STRICT": "1"}
ROWS = 500
LOSS = "Your code goes on without this record"
WAITS = "What is recorded waits in the spool"

# An empty store, made in a process of its own: the tests' own process has no folder for it yet.
MAKE_STORE = """
import mlmeta_track as mt
mt.init("sqlite:///metadata.db", strict=True)
with mt.step("before"):
    pass
"""


@dataclass(frozen=True)
class Ended:
    """How one walkthrough ended."""

    code: int
    printed: str
    schema: bytes | None

    @property
    def notices(self) -> list[str]:
        """The lines that say that records wait, or that one was lost."""
        return [line for line in self.printed.splitlines() if LOSS in line or WAITS in line]


class Cases:
    """Walkthroughs to run in folders of their own, by name."""

    def __init__(self, examples: Path, csv: Path, folder: Path) -> None:
        self._examples, self._csv, self._folder = examples, csv, folder
        self._cases: dict[str, dict[str, Any]] = {}
        subprocess.run([sys.executable, "-c", MAKE_STORE], cwd=folder, check=True)

    def add(
        self,
        name: str,
        walkthrough: str,
        *,
        trouble: str | None = None,
        env: dict[str, str] | None = None,
        tracked: bool = True,
    ) -> None:
        folder = self._folder / name
        (folder / walkthrough).mkdir(parents=True)
        shutil.copy(self._folder / "metadata.db", folder)
        store = folder / "metadata.db"
        argv = [
            str(self._examples / f"walkthrough_{walkthrough}.py"),
            str(self._csv),
            str(folder),
        ]
        if walkthrough == "automatic" and tracked:
            run = ["run", "--autotrack", "tfdv", "--store", f"sqlite:///{store}"]
            argv = ["-m", "mlmeta_track", *run, *argv]
        self._cases[name] = {
            "argv": argv,
            "env": {"XDG_STATE_HOME": str(self._folder / "states" / name), **(env or {})},
            "out": str(self._folder / f"{name}.txt"),
            "trouble": trouble,
            "store": str(store),
            "schema": str(folder / walkthrough / "schema.pbtxt"),
        }

    def run(self) -> dict[str, Ended]:
        """Run them all, one after another."""
        path = self._folder / "cases.json"
        path.write_text(json.dumps(list(self._cases.values())), encoding="utf-8")
        command = [sys.executable, str(RUN_EACH), str(path)]
        env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        finished = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
        assert finished.returncode == 0, finished.stderr
        codes = json.loads(finished.stdout)
        return {
            name: ended(code, case)
            for (name, case), code in zip(self._cases.items(), codes, strict=True)
        }


def ended(code: int, case: dict[str, Any]) -> Ended:
    printed = Path(case["out"]).read_text(encoding="utf-8", errors="replace")
    schema = Path(case["schema"])
    return Ended(code, printed, schema.read_bytes() if schema.is_file() else None)


@pytest.fixture(scope="module")
def results(
    examples: Path, taxi_csv: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Ended]:
    """How every walkthrough ended, in every trouble; they share one import of TFDV."""
    folder = tmp_path_factory.mktemp("trouble")
    csv = folder / "taxi.csv"
    with taxi_csv.open(encoding="utf-8") as lines:
        csv.write_text("".join(itertools.islice(lines, ROWS + 1)), encoding="utf-8")
    cases = Cases(examples, csv, folder)
    cases.add("untracked", "automatic", tracked=False)
    for trouble, walkthrough in TRACKED:
        cases.add(f"{trouble}-{walkthrough}", walkthrough, trouble=trouble)
    for trouble, walkthrough in RAISING:
        cases.add(f"{trouble}-{walkthrough}-strict", walkthrough, trouble=trouble, env=STRICT)
    return cases.run()


def test_the_untracked_walkthrough_works(results: dict[str, Ended]) -> None:
    untracked = results["untracked"]
    assert untracked.code == 0
    assert untracked.schema
    assert not untracked.notices


@pytest.mark.parametrize(("trouble", "walkthrough"), TRACKED)
def test_the_walkthrough_ends_as_if_untracked(
    results: dict[str, Ended], trouble: str, walkthrough: str
) -> None:
    tracked = results[f"{trouble}-{walkthrough}"]
    assert tracked.code == 0, tracked.printed
    assert tracked.schema == results["untracked"].schema
    # Where no file may grow large, the spool may be full as well: then that is said, once.
    first, *rest = tracked.notices
    assert WAITS in first, tracked.printed
    assert [LOSS in line for line in rest] == ([True] if trouble == "full" and rest else [])
    assert "Traceback" not in tracked.printed


@pytest.mark.parametrize(("trouble", "walkthrough"), RAISING)
def test_strict_raises_an_error_of_ours(
    results: dict[str, Ended], trouble: str, walkthrough: str
) -> None:
    strict = results[f"{trouble}-{walkthrough}-strict"]
    assert strict.code != 0
    assert not strict.notices
    last = [line for line in strict.printed.splitlines() if line.strip()][-1]
    # The command says it as commands do, if the script has not begun yet.
    assert last.startswith(("mlmeta_track.errors.", "Error: The store")), strict.printed
