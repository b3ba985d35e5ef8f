"""One step as MLflow records it on SQLite: a run with a dataset, a parameter and a tag.

MLflow has no typed artifacts and no events, so this is the nearest that it has, and less than what
the others write.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing

import mlflow
from answering import answer, count_rows
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset

FILE = "mlflow.db"
COUNTED = ("runs", "datasets", "inputs", "params", "tags")

for name in ("mlflow", "alembic"):
    logging.getLogger(name).setLevel(logging.ERROR)


class Mlflow:
    """Steps recorded with the defaults of MLflow."""

    def __init__(self) -> None:
        """Open a new store."""
        mlflow.set_tracking_uri(f"sqlite:///{FILE}")
        mlflow.set_experiment("Demo")

    @staticmethod
    def do(number: int) -> None:
        """Record a run whose dataset no other has."""
        with mlflow.start_run():
            source = HTTPDatasetSource(f"https://example.com/data-{number}.csv")
            # With a digest of its own the source is not looked at.
            dataset = MetaDataset(source, name="Chicago Taxi dataset", digest=f"{number:08}")
            mlflow.log_input(dataset, context="train")
            mlflow.log_param("version", 1)
            mlflow.set_tag("schema", f"s3://bucket/schema-{number}.pbtxt")

    @staticmethod
    def rows() -> dict[str, int]:
        """Return how many rows the store has, by table; of the tags only our own."""
        with closing(sqlite3.connect(FILE)) as connection:
            rows = {table: count_rows(connection)[table] for table in COUNTED}
            query = "SELECT COUNT(*) FROM tags WHERE key = 'schema'"
            (rows["tags"],) = connection.execute(query).fetchone()
        return rows

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"mlflow": mlflow.__version__, "sqlite": sqlite3.sqlite_version}


if __name__ == "__main__":
    answer(Mlflow())
