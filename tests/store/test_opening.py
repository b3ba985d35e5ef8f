"""Opening what is there, what is not, and what is something else."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Execution
from mlmeta_track.domain.types import ArtifactType, ExecutionType
from mlmeta_track.errors import (
    FailedPreconditionError,
    NotAnMlmdStoreError,
    NotFoundError,
    SchemaVersionError,
    SettingsError,
    UnavailableError,
)
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import start_of_step


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def made(path: Path) -> Path:
    """The path of a store that was made and closed."""
    open_store(f"sqlite:///{path}").close()
    return path


def change(path: Path, *statements: str) -> None:
    """Change a file behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def ask(path: Path, query: str) -> object:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchone()[0]


def test_a_relative_path_is_meant_where_the_store_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///metadata.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.close()
    store.put(start_of_step())
    store.close()
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["metadata.db"]


def test_a_new_file_gets_a_write_ahead_log(made: Path) -> None:
    assert ask(made, "PRAGMA journal_mode") == "wal"


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    open_store(f"sqlite:///{path}").close()
    assert ask(path, "SELECT schema_version FROM MLMDEnv") == 10


def test_a_file_of_somebody_else_keeps_its_journal(made: Path) -> None:
    change(made, "PRAGMA journal_mode = DELETE")
    store = open_store(f"sqlite:///{made}")
    store.put(start_of_step())
    store.close()
    assert ask(made, "PRAGMA journal_mode") == "delete"


@pytest.mark.parametrize("form", ["sqlite:///file:{}?uri=true", "sqlite:///file://{}?uri=true"])
def test_a_file_uri_is_a_store(path: Path, form: str) -> None:
    store = open_store(form.format(path))
    store.put(start_of_step())
    store.close()
    assert ask(path, "SELECT count(*) FROM Execution") == 1


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_memory_has_several_names(url: str, tmp_path: Path) -> None:
    store = open_store(url)
    store.put(start_of_step())
    assert len(store.list_nodes(Execution)) == 1
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("metadata.db", "is not a URL"),
        ("sqlite:/metadata.db", "is not a URL"),
        ("sqlite://metadata.db", "sqlite:///relative"),
        ("sqlite://user@/metadata.db", "sqlite:///relative"),
        ("sqlite+aiosqlite:///metadata.db", "sqlite:///relative"),
        ("oracle://host/db", "no store for oracle"),
        ("sqlite:///metadata.db?mode=ro", "uri=true"),
        ("sqlite:///metadata.db?timeout=soon", "timeout"),
    ],
)
def test_a_url_that_means_nothing_is_refused(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        open_store(url)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"no folder .*missing\. Make it"):
        open_store(f"sqlite:///{tmp_path / 'missing' / 'metadata.db'}")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="is a folder"):
        open_store(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    "contents", [b"xy", b"a,b\n1,2\n" * 1000, b"SQLite format 3\0" + b"\1" * 500]
)
def test_a_file_of_another_kind_is_named_and_left_alone(path: Path, contents: bytes) -> None:
    path.write_bytes(contents)
    with pytest.raises(NotAnMlmdStoreError, match=r"metadata\.db.*another path"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == contents


def test_a_database_of_something_else_is_named_and_left_alone(path: Path) -> None:
    change(path, "CREATE TABLE songs (title TEXT)")
    before = path.read_bytes()
    with pytest.raises(NotAnMlmdStoreError, match=r"metadata\.db.*songs.*another path"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (7, r"version 7.*version 10.*mlmeta-track db upgrade"),
        (11, r"version 11.*version 10.*newer"),
    ],
)
def test_another_schema_version_is_named(made: Path, version: int, says: str) -> None:
    with closing(sqlite3.connect(made)) as connection, connection:
        connection.execute("UPDATE MLMDEnv SET schema_version = ?", [version])
    with pytest.raises(SchemaVersionError, match=says):
        open_store(f"sqlite:///{made}")


def test_the_first_schema_had_no_version(path: Path) -> None:
    change(path, "CREATE TABLE Type (id INTEGER PRIMARY KEY, name TEXT, is_artifact_type INT)")
    with pytest.raises(SchemaVersionError, match="version 0"):
        open_store(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM MLMDEnv", "0 rows"),
        ("INSERT INTO MLMDEnv VALUES (9)", "2 rows"),
        ("DROP TABLE EventPath", "no table EventPath"),
    ],
)
def test_half_a_store_is_named(made: Path, statement: str, says: str) -> None:
    change(made, statement)
    with pytest.raises(FailedPreconditionError, match=rf"metadata\.db.*{says}.*copy"):
        open_store(f"sqlite:///{made}")


def test_tables_of_others_beside_ours_do_no_harm(made: Path) -> None:
    change(made, "CREATE TABLE songs (title TEXT)")
    store = open_store(f"sqlite:///{made}")
    store.put(start_of_step())
    store.close()


def test_missing_simple_types_come_back_with_the_first_write(made: Path) -> None:
    change(made, "DELETE FROM Type WHERE id IN (2, 5)")
    store = open_store(f"sqlite:///{made}")
    assert len(store.get_types(ArtifactType)) == 3
    store.put(start_of_step())
    assert "mlmd.Model" in {t.name for t in store.get_types(ArtifactType)}
    assert "mlmd.Train" in {t.name for t in store.get_types(ExecutionType)}
    store.close()


def test_nothing_is_created_where_that_is_not_wanted(path: Path, made: Path) -> None:
    missing = path.with_name("missing.db")
    with pytest.raises(NotFoundError, match=r"missing\.db does not exist"):
        open_store(f"sqlite:///{missing}", create=False)
    assert not missing.exists()
    empty = path.with_name("empty.db")
    empty.touch()
    with pytest.raises(NotFoundError, match=r"empty\.db does not exist"):
        open_store(f"sqlite:///{empty}", create=False)
    assert empty.stat().st_size == 0
    open_store(f"sqlite:///{made}", create=False).close()
