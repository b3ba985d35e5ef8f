"""What type checkers see of the library: decorated functions keep their types."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("mypy")
from mypy import api

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def mypy(*paths: Path) -> tuple[str, int]:
    """Check files as the project is checked; return what was said, and the exit code."""
    options = ["--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary"]
    said, broken, code = api.run([*options, *map(str, paths)])
    assert broken == ""
    return said, code


@pytest.mark.parametrize("name", ["accepted.py", "accepted_mlmd.py"])
def test_what_is_right_is_accepted_with_the_right_types(name: str) -> None:
    assert mypy(HERE / name) == ("", 0)


HEAD = """
from collections.abc import AsyncIterator, Iterator
from typing import Annotated
import mlmeta_track as mt

class DataSet(mt.Artifact):
    version: int

@mt.step
def work(x: int, *, y: str = "") -> str:
    return y

@mt.step("Later")
async def later(x: int) -> str:
    return ""

class Trainer:
    @mt.step
    def train(self, x: int) -> str:
        return ""

"""

REFUSED = {
    "work('x')": "arg-type",
    "work()": "call-arg",
    "work(1, 'y')": "call-arg",
    "work(1, z=1)": "call-arg",
    "n: int = work(1)": "assignment",
    "Trainer().train('x')": "arg-type",
    "Trainer.train(1)": "arg-type",
    "s: str = later(1)": "assignment",
    "mt.step(3)": "call-overload",
    "mt.step('x', inputs={'x': DataSet})": "dict-item",
    "mt.step('x', outputs={'x': mt.Input(DataSet)})": "dict-item",
    "mt.Input(str)": "arg-type",
    "DataSet(version=[1])": "arg-type",
    "DataSet().version = 'x'": "assignment",
    "mt.log_metrics({'loss': 'low'})": "dict-item",
    "with mt.step('x') as s: s.nothing()": "attr-defined",
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What mypy has against each wrong use, as the code of its error."""
    path = tmp_path_factory.mktemp("typing") / "refused.py"
    path.write_text(HEAD + "\n".join(REFUSED))
    said, _ = mypy(path)
    first = HEAD.count("\n") + 1
    found = re.findall(r"refused\.py:(\d+): error: .*\[([a-z-]+)\]$", said, re.MULTILINE)
    uses = list(REFUSED)
    return {uses[int(line) - first]: code for line, code in found}


@pytest.mark.parametrize("use", REFUSED)
def test_what_is_wrong_is_refused(refusals: dict[str, str], use: str) -> None:
    assert refusals.get(use) == REFUSED[use]


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "mlmeta_track" / "py.typed").is_file()
