"""A store that we create on a server is the one that the wheel creates, but for what we chose."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.store.connect import open_store
from tests.servers import DatabaseServer

from .conftest import Wheel
from .places import place

POSTGRESQL = {
    "columns": "SELECT table_name, column_name, ordinal_position, data_type,"
    " character_maximum_length, is_nullable, column_default"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "keys": "SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "sequences": "SELECT 'sequences', sequencename, data_type::text, start_value FROM pg_sequences",
    "triggers": "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal",
}
MARIADB = {
    "tables": "SELECT table_name, 'table', engine, table_collation FROM information_schema.tables"
    " WHERE table_schema = database()",
    "columns": "SELECT table_name, column_name, ordinal_position, column_type, is_nullable,"
    " column_default, extra, column_key FROM information_schema.columns"
    " WHERE table_schema = database()",
    "collations": "SELECT table_name, column_name, collation_name FROM information_schema.columns"
    " WHERE table_schema = database()",
    "indexes": "SELECT table_name, concat(index_name, '/', seq_in_index), column_name, non_unique,"
    " sub_part FROM information_schema.statistics WHERE table_schema = database()",
    "triggers": "SELECT event_object_table, trigger_name FROM information_schema.triggers"
    " WHERE trigger_schema = database()",
}
HELD = {
    "Type": "SELECT id, name, version, type_kind, description, external_id FROM {} ORDER BY id",
    "MLMDEnv": "SELECT schema_version FROM {}",
    "TypeProperty": "SELECT type_id FROM {}",
}

WIDE = "whole numbers have 64 bits in ML Metadata's messages, and on SQLite"
EXACT = "texts are the same only to the last character, as on the other databases"
SHORT = "an index on whole texts refuses those of more than about 2,700 bytes"
PROPERTIES = ("Artifact", "Execution", "Context")
CHOSEN = {
    "postgresql": {
        **{("columns", f"{kind}Property".lower(), "int_value"): WIDE for kind in PROPERTIES},
        ("indexes", "artifact", "idx_artifact_uri"): SHORT,
        **{
            ("indexes", f"{kind}Property".lower(), f"idx_{kind}_property_string".lower()): SHORT
            for kind in PROPERTIES
        },
    },
    "mariadb": {
        **{("columns", f"{kind}Property", "int_value"): WIDE for kind in PROPERTIES},
        ("tables", "*", "table"): EXACT,
        ("collations", "*", "*"): EXACT,
    },
}
"""All differences: what is described, the table, the name of what differs; and why."""


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def ours(server: DatabaseServer) -> str:
    url = server.new_url()
    open_store(url).close()
    return url


@pytest.fixture
def theirs(server: DatabaseServer, wheel: Wheel) -> str:
    url = server.new_url()
    wheel("create", place(url))
    return url


def describe(server: DatabaseServer, url: str) -> dict[tuple[str, str, str], Any]:
    """Return all that a server knows of a store, by what it is, its table and its name."""
    questions = POSTGRESQL if server.is_postgresql else MARIADB
    return {
        (what, table, name): tuple(rest)
        for what, question in questions.items()
        for table, name, *rest in server.run(question, url=url)
    }


def test_the_schemas_differ_in_what_was_chosen_and_in_nothing_else(
    server: DatabaseServer, ours: str, theirs: str
) -> None:
    found, expected = describe(server, ours), describe(server, theirs)
    assert found.keys() == expected.keys()
    different = {key for key in found if found[key] != expected[key]}
    chosen = CHOSEN["postgresql" if server.is_postgresql else "mariadb"]
    general = {
        key: key if key in chosen else next((g for g in _wider(key) if g in chosen), None)
        for key in different
    }
    assert [key for key, reason in general.items() if reason is None] == []
    assert set(general.values()) == set(chosen), "what is listed differs indeed"


def _wider(key: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    what, _, name = key
    return [(what, "*", name), (what, "*", "*")]


def test_a_new_store_has_the_same_rows(server: DatabaseServer, ours: str, theirs: str) -> None:
    for table, question in HELD.items():
        spelled = question.format(table.lower() if server.is_postgresql else table)
        assert server.run(spelled, url=ours) == server.run(spelled, url=theirs)


def test_there_are_as_many_as_the_wheel_counts(server: DatabaseServer, ours: str) -> None:
    found = describe(server, ours)
    tables = {table for what, table, _ in found if what == "columns"}
    assert len(tables) == 15
    indexes = [key for key in found if key[0] == "indexes"]
    assert len(indexes) == (48 if server.is_postgresql else 82)
    assert all(table.islower() is server.is_postgresql for table in tables)
