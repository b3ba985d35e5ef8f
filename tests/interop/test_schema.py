"""A store that we create is the same as one that the real wheel creates."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.store.connect import open_store


def describe(path: Path) -> dict[str, Any]:
    """Return all that SQLite knows of a file's tables and indexes, and the rows of a new store."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(query: str) -> list[Any]:
            return connection.execute(query).fetchall()

        master = ask("SELECT type, name, tbl_name, sql FROM sqlite_master")
        tables = [name for kind, name, _, _ in master if kind == "table"]
        indexes = {name: sql for kind, name, _, sql in master if kind == "index"}
        return {
            "tables in order": tables,
            "columns": {table: ask(f"PRAGMA table_info('{table}')") for table in tables},
            "autoincrement": {n for _, n, _, sql in master if "AUTOINCREMENT" in (sql or "")},
            # Name, unique, origin (CREATE INDEX, UNIQUE, PRIMARY KEY) and partial.
            "indexes of tables": {
                table: sorted(row[1:] for row in ask(f"PRAGMA index_list('{table}')"))
                for table in tables
            },
            "indexed columns": {name: ask(f"PRAGMA index_xinfo('{name}')") for name in indexes},
            "conditions": {
                name: sql.partition("WHERE")[2].strip().replace("`", "")
                for name, sql in indexes.items()
                if sql
            },
            "other": [row for row in master if row[0] not in {"table", "index"}],
            "user_version": ask("PRAGMA user_version"),
            "page_size": ask("PRAGMA page_size"),
            "encoding": ask("PRAGMA encoding"),
            "Type": ask("SELECT * FROM Type"),
            "MLMDEnv": ask("SELECT * FROM MLMDEnv"),
            "sqlite_sequence": ask("SELECT * FROM sqlite_sequence"),
        }


@pytest.fixture
def ours(tmp_path: Path) -> dict[str, Any]:
    open_store(f"sqlite:///{tmp_path / 'ours.db'}").close()
    return describe(tmp_path / "ours.db")


def test_a_new_store_is_the_one_that_the_wheel_makes(
    tmp_path: Path, ours: dict[str, Any], wheel: Callable[..., Any]
) -> None:
    wheel("create", tmp_path / "theirs.db")
    assert ours == describe(tmp_path / "theirs.db")


def test_it_has_fifteen_tables_and_twenty_four_named_indexes(ours: dict[str, Any]) -> None:
    assert len([t for t in ours["tables in order"] if not t.startswith("sqlite_")]) == 15
    assert len(ours["conditions"]) == 24
    assert ours["MLMDEnv"] == [(10,)]
