"""The contenders' processes, each in its own environment, and the conversation with them.

A contender reads one command a line and answers each with one line of JSON; the other side of the
conversation is ``contenders/answering.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from harness.contender import Contender

if TYPE_CHECKING:
    from typing_extensions import Self

BENCHMARKS = Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent

_SHOWN_CHARACTERS = 2_000

# Which interpreter each peer has: the variable that names it, and where `make bench` makes it.
_ENVIRONMENTS = {
    "mlmd": ("MLMETA_TEST_MLMD_PYTHON", ROOT / "build/envs/mlmd/bin/python"),
    "mlflow": ("MLMETA_TEST_MLFLOW_PYTHON", ROOT / "build/envs/mlflow/bin/python"),
}


class BenchmarkError(Exception):
    """The benchmark cannot run, or what was written is not what should have been."""


def interpreter(group: str) -> Path:
    """Return the Python that the contenders of a group run on.

    Raises:
        BenchmarkError: The peer's environment is not there.
    """
    if group not in _ENVIRONMENTS:
        return Path(sys.executable)
    variable, default = _ENVIRONMENTS[group]
    path = Path(os.environ.get(variable) or default)
    if path.is_file():
        return path
    message = (
        f"there is no environment for the peer {group!r}: {path} does not exist. Run `make bench`,"
        f" which makes it, or name its Python in {variable}, or leave peers out: --only ours,floor"
    )
    raise BenchmarkError(message)


class Process:
    """One contender at work; a ``with`` block in which it lives."""

    def __init__(self, contender: Contender, folder: Path) -> None:
        """Start the contender, with a folder of its own to write to."""
        self.contender = contender
        self._folder = folder
        self._folder.mkdir(parents=True)
        self._messages = (folder / "messages.txt").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [
                str(interpreter(contender.group)),
                str(BENCHMARKS / "contenders" / contender.program),
                *contender.arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            cwd=folder,
            env=environment(contender.group),
            text=True,
            encoding="utf-8",
        )

    def versions(self) -> dict[str, str]:
        """Return the versions of what the contender stands on; waits until it is ready."""
        return {name: str(version) for name, version in self._ask("versions").items()}

    def seconds(self, work: int) -> list[float]:
        """Let the contender work and return the seconds that each piece took."""
        return [float(seconds) for seconds in self._ask(f"run {work}")["seconds"]]

    def rows(self) -> dict[str, int]:
        """Return how many rows the contender's store has, by table."""
        return {table: int(count) for table, count in self._ask("rows").items()}

    def __enter__(self) -> Self:
        """Have it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it: it ends by itself when nobody speaks to it any more."""
        try:
            self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._messages.close()

    def _ask(self, command: str) -> dict[str, Any]:
        try:
            _pipe(self._process.stdin).write(command + "\n")
            _pipe(self._process.stdin).flush()
            answer = _pipe(self._process.stdout).readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise BenchmarkError(self._failure(command))
        answered: dict[str, Any] = json.loads(answer)
        return answered

    def _failure(self, command: str) -> str:
        self._process.wait()
        self._messages.seek(0)
        said = self._messages.read()[-_SHOWN_CHARACTERS:].strip() or "nothing"
        return (
            f"{self.contender.name} ended at {command!r} with exit code {self._process.returncode}."
            f" It said:\n{said}"
        )


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - both were asked for
    return pipe


def environment(group: str) -> Mapping[str, str]:
    """Return a contender's environment variables: no settings of ours, no reports to anybody."""
    ours = group not in _ENVIRONMENTS
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLMETA_TRACK_", "MLFLOW_")) and (ours or name != "PYTHONPATH")
    }
    return {
        **kept,
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
