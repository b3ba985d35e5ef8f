"""One step, recorded by mlmeta_track: decorated, or in a ``with`` block."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from answering import answer, count_rows

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.connect import open_store

FILE = Path("metadata.db")


class DataSet(mt.Artifact):
    """The walkthrough's input."""

    name: str
    split: str
    version: int


class Schema(mt.Artifact):
    """The walkthrough's output."""

    name: str
    version: int


@mt.step("Data Validation")
def validate(
    train: Annotated[str, mt.Input(DataSet, name="Chicago Taxi dataset", split="train", version=1)],
    schema: Annotated[str, mt.Output(Schema, name="Chicago Taxi Schema", version=1)],
) -> None:
    """Do nothing: what is measured is the recording."""


def validate_in_block(train: str, schema: str) -> None:
    """Record the same in a ``with`` block."""
    with mt.step("Data Validation") as step:
        step.input(train, DataSet(name="Chicago Taxi dataset", split="train", version=1))
        step.output(schema, Schema(name="Chicago Taxi Schema", version=1))


class Ours:
    """Steps recorded with the defaults of the library, except that a lost record is an error."""

    def __init__(self, variant: str, place: str) -> None:
        """Open a new store.

        Args:
            variant: ``decorator`` or ``block``.
            place: ``file``; ``file, rollback``, a file in the journal mode of a store that
                somebody else made; or ``memory``.
        """
        self._validate = validate if variant == "decorator" else validate_in_block
        self._in_memory = place == "memory"
        url = "sqlite://" if self._in_memory else f"sqlite:///{FILE}"
        if place == "file, rollback":
            open_store(url).close()
            with closing(sqlite3.connect(FILE)) as connection:
                connection.execute("PRAGMA journal_mode = DELETE")
        mt.init(store=url, strict=True)

    def do(self, number: int) -> None:
        """Record a step with an input and an output that no other has."""
        self._validate(f"s3://bucket/data-{number}.csv", f"s3://bucket/schema-{number}.pbtxt")

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        if self._in_memory:
            return _count_by_asking()
        with closing(sqlite3.connect(FILE)) as connection:
            rows = count_rows(connection)
        # No step's, but the run's: the code's version comes when a thread has found it.
        del rows["ContextProperty"]
        return rows

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {
            "mlmeta_track": mt.__version__,
            "sqlalchemy": version("sqlalchemy"),
            "sqlite": sqlite3.sqlite_version,
        }


def _count_by_asking() -> dict[str, int]:
    """Count the rows of a store in memory, which only its own connection sees."""
    store = mt.get_store()
    artifacts, executions = store.list_nodes(Artifact), store.list_nodes(Execution)
    events = store.get_events_by_execution_ids([one.id for one in executions])
    return {
        "Artifact": len(artifacts),
        "ArtifactProperty": sum(len(a.properties) + len(a.custom_properties) for a in artifacts),
        "Execution": len(executions),
        "ExecutionProperty": sum(len(e.properties) + len(e.custom_properties) for e in executions),
        "Event": len(events),
        "EventPath": sum(len(event.path) for event in events),
        "Association": sum(len(store.get_contexts_of(Execution, e.id)) for e in executions),
        "Attribution": sum(len(store.get_contexts_of(Artifact, a.id)) for a in artifacts),
    }


if __name__ == "__main__":
    answer(Ours(*sys.argv[1:]))
