"""What happens to an open store: read-only, gone, full, locked, forked, called from within."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import AbortedError, InternalError, UnavailableError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.testing.store_cases.build import end_of_step, made, put_artifact, start_of_step


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}")
    store.put(start_of_step())
    yield store
    store.close()


# Read-only


def test_a_read_only_store_can_be_read_and_says_so_when_it_is_written(
    store: Store, path: Path
) -> None:
    # Permissions do not bind root, who runs the tests in CI; SQLite's own mode binds all.
    read_only = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert read_only.list_nodes(Execution) == store.list_nodes(Execution)
    with pytest.raises(UnavailableError, match=r"metadata\.db.*readonly.*another store"):
        read_only.put(end_of_step())
    assert len(read_only.list_nodes(Artifact)) == 1
    read_only.close()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind root")
def test_a_file_without_permission_to_write_is_read_only(store: Store, path: Path) -> None:
    store.close()
    path.chmod(0o444)
    read_only = open_store(f"sqlite:///{path}")
    assert len(read_only.list_nodes(Execution)) == 1
    with pytest.raises(UnavailableError):
        read_only.put(end_of_step())
    read_only.close()


def test_a_read_only_store_that_is_not_there_is_unavailable(path: Path) -> None:
    with pytest.raises(UnavailableError, match="unable to open"):
        open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert not path.exists()


def test_a_read_only_store_with_types_missing_is_read_as_it_is(store: Store, path: Path) -> None:
    store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM Type WHERE id = 1")
    read_only = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert len(read_only.list_nodes(Execution)) == 1
    read_only.close()


# Gone


def test_a_deleted_store_is_noticed_before_the_next_write(store: Store, path: Path) -> None:
    path.unlink()
    with pytest.raises(UnavailableError, match=r"metadata\.db was deleted or replaced"):
        store.put(end_of_step())
    assert not path.exists()


def test_a_replaced_store_is_noticed(store: Store, path: Path) -> None:
    path.rename(path.with_name("moved.db"))
    other = open_store(f"sqlite:///{path}")
    with pytest.raises(UnavailableError, match="deleted or replaced"):
        store.put(end_of_step())
    assert other.list_nodes(Execution) == []
    other.close()


def test_a_deleted_store_can_be_opened_anew(store: Store, path: Path) -> None:
    path.unlink()
    with pytest.raises(UnavailableError):
        store.put(end_of_step())
    store.close()
    store.put(start_of_step("new"))
    assert [e.external_id for e in store.list_nodes(Execution)] == ["new"]


def test_a_store_that_was_put_back_to_an_earlier_state_gets_its_types_again(
    store: Store, path: Path
) -> None:
    put_artifact(store, made("s"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM Type WHERE name = 'Schema'")
        connection.execute("INSERT INTO Type (name, type_kind) VALUES ('Another', 1)")
    put_artifact(store, made("again"))
    [artifact] = store.get_by_external_id(Artifact, ["again"])
    assert artifact.type == "Schema"


# Full


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on file sizes to set")
def test_a_full_disk_is_unavailable_and_loses_nothing_that_was_written(
    store: Store, path: Path
) -> None:
    store.close()
    script = """
        import resource, sys
        from mlmeta_track.errors import UnavailableError
        from mlmeta_track.store.connect import open_store
        from mlmeta_track.testing.store_cases.build import made, put_artifact
        store = open_store(sys.argv[1])
        put_artifact(store, made("before"))
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        try:
            put_artifact(store, made("large", custom_properties={"text": "x" * 2_000_000}))
        except UnavailableError as error:
            print(error)
        put_artifact(store, made("after"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), store.url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "metadata.db" in done.stdout
    assert "disk" in done.stdout
    keys = [artifact.external_id for artifact in store.list_nodes(Artifact)]
    assert keys == ["d", "before", "after"]


# Locked


@pytest.fixture
def locked(store: Store, path: Path) -> Iterator[SqlStore]:
    """A store that waits for a moment only, while another holds the lock."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        impatient = SqlStore(f"sqlite:///{path}?timeout=0.01")
        other.execute("BEGIN IMMEDIATE")
        yield impatient
        impatient.close()


def test_a_lock_that_is_held_too_long_aborts(locked: SqlStore) -> None:
    with pytest.raises(AbortedError, match=r"metadata\.db.*locked.*try again"):
        locked.put(end_of_step())


def test_readers_do_not_wait_for_a_writer(locked: SqlStore) -> None:
    assert len(locked.list_nodes(Execution)) == 1


# Called from within


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///metadata.db"])
def test_a_put_within_a_put_aborts_instead_of_waiting_for_itself(url: str) -> None:
    store = SqlStore(url)
    with store._database.write(), pytest.raises(AbortedError, match="in this thread"):
        store.put(start_of_step())
    store.put(start_of_step())
    store.close()


def test_a_failed_write_leaves_nothing_and_the_store_goes_on(store: Store, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE Attribution RENAME TO Hidden")
    with pytest.raises(InternalError, match="Attribution"):
        store.put(end_of_step())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("ALTER TABLE Hidden RENAME TO Attribution")
    assert [a.external_id for a in store.list_nodes(Artifact)] == ["d"]
    store.put(end_of_step())
    assert [a.external_id for a in store.list_nodes(Artifact)] == ["d", "s"]


def test_an_interrupt_in_the_middle_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlmeta_track.store.sql.write import BatchWriter

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(BatchWriter, "_write_memberships", interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.put(end_of_step())
    assert [a.external_id for a in store.list_nodes(Artifact)] == ["d"]
    store.put(Batch())


# Forked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_the_child_uses_connections_of_its_own(store: Store) -> None:
    script = """
        import os, sys, threading
        from mlmeta_track.domain.nodes import Execution
        from mlmeta_track.store.connect import open_store
        from mlmeta_track.testing.store_cases.build import start_of_step
        store = open_store(sys.argv[1])
        store.put(start_of_step("parent 1"))
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                for again in range(5):
                    store.put(start_of_step(f"child {number} {again}"))
                if number % 2:
                    os._exit(0)
                sys.exit(0)  # runs down like any program, and closes what it inherited
            children.append(child)
        store.put(start_of_step("parent 2"))
        assert {os.waitpid(child, 0)[1] for child in children} == {0}
        store.put(start_of_step("parent 3"))
        print(len(store.list_nodes(Execution)))
        store.close()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), store.url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("24\n", 0), done.stderr
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
