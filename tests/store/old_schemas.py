"""What a store's tables look like and what is in it, whatever the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, inspect

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.domain.types import ExecutionType
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    ANYTHING,
    context,
    demo,
    execution,
    made,
    used,
)
from mlmeta_track.testing.store_cases.build import (
    event as event_put,
)
from tests.interop.test_same_contents import dump
from tests.servers import DatabaseServer

DATABASES = ("sqlite", "postgresql", "mariadb")


def new_url(request: pytest.FixtureRequest, database: str, folder: Path) -> str:
    """The URL of a database of that kind that does not exist yet."""
    if database == "sqlite":
        return f"sqlite:///{folder / 'metadata.db'}"
    server: DatabaseServer = request.getfixturevalue(database)
    return server.new_url()


def run(url: str, *statements: str) -> list[Any]:
    """Run statements behind the store's back, and return the rows of the last one."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            found = [connection.exec_driver_sql(statement) for statement in statements][-1]
            return [tuple(row) for row in found] if found.returns_rows else []
    finally:
        engine.dispose()


def fill(url: str) -> None:
    """Make a store in which every table has rows, with values of all kinds."""
    values = {"int": 7, "double": 0.5, "string": "Zürich", "boolean": True}
    parent = demo()
    child = context("run 1", properties={}, custom_properties={"note": "noted"})
    store = open_store(url)
    store.put(
        Batch(
            execution=execution(
                "e", ExecutionState.COMPLETE, ExecutionType("E", version="3", description="ran")
            ),
            artifacts=(
                made("a", ANYTHING, uri="/a", properties=values, custom_properties=values),
                used("b", uri="/b", custom_properties={"only": False}),
            ),
            contexts=(parent, child),
            events=(
                event_put("a", EventType.DECLARED_OUTPUT, "out", 3, "deep"),
                event_put("b", EventType.INPUT),
            ),
            parents=((child.key, parent.key),),
        )
    )
    store.close()


def contents(url: str) -> dict[str, Any]:
    """All that a store has, as it is read."""
    store = open_store(url, create=False)
    found = dump(store)
    store.close()
    return found


def left_of(found: dict[str, Any], version: int) -> dict[str, Any]:
    """What is left of a store's contents that were brought to an older version and back."""
    nodes = ("artifacts", "executions", "contexts")
    for kind in nodes:
        for node in found[kind]:
            _strip(node, kind, version)
    for kind in ("artifact types", "execution types", "context types"):
        for declared in found[kind]:
            declared.update({"version": None, "description": None} if version < 6 else {})
    if version < 6:
        found["parents"] = {child: [] for child in found["parents"]}
    if version < 4:
        found["attributed"] = {context: [] for context in found["attributed"]}
        found["associated"] = {context: [] for context in found["associated"]}
    if version < 3:
        found["contexts"] = []
        found["attributed"] = found["associated"] = found["parents"] = {}
    if version < 2:
        found["context types"] = []
    return found


def _strip(node: dict[str, Any], kind: str, version: int) -> None:
    if version < 10:
        for properties in ("properties", "custom"):
            kept = node[properties].items()
            node[properties] = {n: v for n, v in kept if v[0] not in {"bool_value", "proto_value"}}
    if version < 9:
        node["external_id"] = None
    if version < 5:
        node.update(created=0, updated=0)
        if kind != "contexts":
            node.update(name=None, state=None)


def describe(url: str) -> dict[str, Any]:
    """The tables of a database with their columns, keys and indexes, in no order."""
    if url.startswith("sqlite"):
        return _describe_file(url.removeprefix("sqlite:///"))
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            found = inspect(connection)
            return {table: _describe_table(found, table) for table in found.get_table_names()}
    finally:
        engine.dispose()


def _describe_table(found: Any, table: str) -> dict[str, Any]:
    columns = found.get_columns(table)
    return {
        "columns": {c["name"]: (repr(c["type"]), c["nullable"], c["default"]) for c in columns},
        "key": found.get_pk_constraint(table)["constrained_columns"],
        "unique": {u["name"]: u["column_names"] for u in found.get_unique_constraints(table)},
        "indexes": {
            i["name"]: (i["unique"], i.get("expressions") or i["column_names"])
            for i in found.get_indexes(table)
        },
    }


def _describe_file(path: str) -> dict[str, Any]:
    """Describe a file by SQLite's own words: SQLAlchemy does not know all of MLMD's types."""
    with closing(sqlite3.connect(path)) as connection:

        def ask(query: str) -> list[Any]:
            return connection.execute(query).fetchall()

        tables = dict(ask("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        return {
            table: {
                "columns": ask(f"PRAGMA table_info('{table}')"),
                # Name, unique, origin and partial.
                "indexes": sorted(
                    (*row[1:], str(ask(f"PRAGMA index_xinfo('{row[1]}')")))
                    for row in ask(f"PRAGMA index_list('{table}')")
                ),
                "counts ids": "AUTOINCREMENT" in sql,
            }
            for table, sql in tables.items()
        }


class Interrupted(Exception):  # noqa: N818 - it is no error
    """The process would have ended here."""


_ASKING = ("SELECT", "SHOW", "PRAGMA", "BEGIN", "DESCRIBE", "SET", "START", "COMMIT", "ROLLBACK")


@contextmanager
def interrupted_after(changes: int) -> Iterator[None]:
    """Let that many statements change something, and end with the next one."""
    left = [changes]

    def count(*arguments: Any) -> None:
        statement: str = arguments[2]
        if statement.lstrip().upper().startswith(_ASKING):
            return
        if not left[0]:
            raise Interrupted(statement)
        left[0] -= 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", count)
