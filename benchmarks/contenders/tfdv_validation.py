"""A validation of the taxi data with TFDV, from the CSV to the anomalies; tracked or not."""

from __future__ import annotations

import itertools
import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import tensorflow_data_validation as tfdv
from answering import answer, count_rows

import mlmeta_track as mt

STORE = Path("metadata.db")
DATA = Path("data.csv")
CHECKED = ("Artifact", "Event", "Execution")


class Validation:
    """The work of a user's script, which says nothing of tracking."""

    def __init__(self, variant: str, taxi: str, rows: str) -> None:
        """Copy the data.

        Args:
            variant: ``tracked`` or ``untracked``.
            taxi: The CSV file.
            rows: How many of its rows are validated.
        """
        with Path(taxi).open(encoding="utf-8") as lines:
            DATA.write_text("".join(itertools.islice(lines, int(rows) + 1)), encoding="utf-8")
        if variant == "tracked":
            mt.init(f"sqlite:///{STORE}", strict=True)
            mt.autotrack()

    def do(self, number: int) -> None:
        """Validate once."""
        statistics = tfdv.generate_statistics_from_csv(str(DATA))
        schema = tfdv.infer_schema(statistics)
        anomalies = tfdv.validate_statistics(statistics, schema)
        tfdv.write_stats_text(statistics, f"statistics-{number}.pbtxt")
        tfdv.write_schema_text(schema, f"schema-{number}.pbtxt")
        tfdv.write_anomalies_text(anomalies, f"anomalies-{number}.pbtxt")

    @staticmethod
    def rows() -> dict[str, int]:
        """Return how many rows the store has, by table; none where nothing is tracked."""
        if not STORE.exists():
            return {}
        with closing(sqlite3.connect(STORE)) as connection:
            counted = count_rows(connection)
        return {table: counted[table] for table in CHECKED}

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {
            "mlmeta_track": mt.__version__,
            "tensorflow-data-validation": tfdv.__version__,
            "apache-beam": version("apache-beam"),
        }


class Getter(Validation):
    """A hundred thousand calls of a getter, which nobody records."""

    def __init__(self, variant: str, taxi: str, rows: str) -> None:
        """Make a schema."""
        super().__init__(variant, taxi, rows)
        paths = [tfdv.FeaturePath([f"feature {i}"]) for i in range(20)]
        with mt.suppress():
            self._schema = tfdv.generate_dummy_schema_with_paths(paths)

    def do(self, number: int) -> None:  # noqa: ARG002 - as for a validation
        """Ask for a feature, the same in every round: TFDV looks through them one by one."""
        for _ in range(100_000):
            tfdv.get_feature(self._schema, "feature 5")


if __name__ == "__main__":
    _, work, *arguments = sys.argv
    answer((Getter if work == "getter" else Validation)(*arguments))
