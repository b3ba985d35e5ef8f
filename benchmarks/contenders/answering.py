"""A contender's side of the conversation with ``harness/processes.py``; standard library only.

Commands come one a line: ``versions``, ``run N``, ``rows``.  Each is answered with a line of JSON.
What the contender's library prints goes to standard error, so that it cannot get between.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol


class Work(Protocol):
    """What a contender can do."""

    def versions(self) -> dict[str, str]:
        """Return the versions of what it stands on."""

    def do(self, number: int) -> float | None:
        """Do one piece of work, which has a number that no other has.

        Returns:
            The seconds that it took, if not all of the time that passed counts.
        """

    def rows(self) -> dict[str, int]:
        """Return how many rows its store has, by table."""


def answer(work: Work) -> None:
    """Answer until nobody asks any more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    done = 0
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command == "run":
            count = int(argument)
            reply: dict[str, Any] = {"seconds": _timed(work.do, range(done, done + count))}
            done += count
        else:
            reply = work.rows() if command == "rows" else dict(work.versions())
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def _timed(do: Callable[[int], float | None], numbers: range) -> list[float]:
    """Return the seconds that each piece of work took."""
    taken = []
    moment = time.perf_counter()
    for number in numbers:
        counted = do(number)
        before, moment = moment, time.perf_counter()
        taken.append(moment - before if counted is None else counted)
    return taken


def must_be(found: list[int], expected: str) -> None:
    """Raise an error if the ids that were found are not those of a JSON list."""
    if found != json.loads(expected):
        message = f"found {found}, and not {expected}"
        raise ValueError(message)


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table of a SQLite database has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    counts = {}
    for (table,) in tables:
        (count,) = connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()  # noqa: S608
        counts[table] = int(count)
    return counts
