"""Database servers that do not let one in, or not do everything; and what was only half created."""

from __future__ import annotations

import itertools
import logging
import os
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, inspect, make_url

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import (
    AbortedError,
    FailedPreconditionError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotAnMlmdStoreError,
    NotFoundError,
    UnavailableError,
)
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.backend import parse
from mlmeta_track.testing.store_cases.build import demo, end_of_step, made, start_of_step
from tests.servers import DatabaseServer

WEAK_PASSWORD = "weak-pass"  # noqa: S105 - of users of servers that live as long as the tests
_numbers = itertools.count()


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(server: DatabaseServer) -> str:
    """The URL of a store with an execution, an artifact, and the context ``Demo``."""
    url = server.new_url()
    store = open_store(url)
    store.put(start_of_step())
    store.close()
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = open_store(url)
    yield store
    store.close()


class Weak:
    """A user of a server who has no right that was not granted."""

    def __init__(self, server: DatabaseServer, name: str) -> None:
        self._server = server
        self._name = name
        self.user = name if server.is_postgresql else f"{name}@'%'"
        by = "PASSWORD" if server.is_postgresql else "IDENTIFIED BY"
        server.run(f"CREATE USER {self.user} {by} '{WEAK_PASSWORD}'")

    def log_in(self, url: str) -> str:
        """Return the URL by which this user opens a store."""
        changed = make_url(url).set(username=self._name, password=WEAK_PASSWORD)
        return changed.render_as_string(hide_password=False)

    def grant(self, url: str, rights: str) -> None:
        """Give the user some rights to a store's tables."""
        if not self._server.is_postgresql:
            self._server.run(f"GRANT {rights} ON {make_url(url).database}.* TO {self.user}")
            return
        self._server.run(
            f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {self.user}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self.user}",
            url=url,
        )


@pytest.fixture
def weak(server: DatabaseServer) -> Weak:
    return Weak(server, f"weak{os.getpid()}_{next(_numbers)}")


def describe(url: str) -> dict[str, Any]:
    """Return the tables and indexes of a database, and the rows that every store has."""
    engine = parse(url).make_engine()
    found = inspect(engine)
    tables = {
        name: (
            [(column["name"], str(column["type"])) for column in found.get_columns(name)],
            sorted(str(index["name"]) for index in found.get_indexes(name)),
        )
        for name in sorted(found.get_table_names())
    }
    engine.dispose()
    return tables


# Credentials


WRONG = "hunter2/%41+é"


@pytest.mark.parametrize("user", ["mlmeta", "nobody"])
def test_wrong_credentials_are_never_shown(
    server: DatabaseServer, caplog: pytest.LogCaptureFixture, user: str
) -> None:
    url = make_url(server.new_url()).set(username=user, password=WRONG)
    check_hidden(url, caplog)


def test_a_wrong_password_among_the_options_is_never_shown(
    postgresql: DatabaseServer, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(postgresql.new_url()).set(password=None)
    check_hidden(url.update_query_dict({"password": WRONG}), caplog)


def check_hidden(url: URL, caplog: pytest.LogCaptureFixture) -> None:
    """Open a store with a wrong password, and look for it in all that comes of it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UnavailableError, match="user and the password are right") as raised:
        open_store(url.render_as_string(hide_password=False))
    seen = [repr(raised.value), *traceback.format_exception(raised.value), *caplog.messages]
    assert "hunter2" not in "".join(seen)


def test_a_store_never_shows_its_password(store: Store) -> None:
    assert "secret" not in f"{store.url} {store!r} {vars(store)}"
    assert "***" in store.url


# Rights


def test_a_user_who_may_not_create_databases_is_told_so(server: DatabaseServer, weak: Weak) -> None:
    right = "CREATEDB" if server.is_postgresql else "CREATE"
    with pytest.raises(FailedPreconditionError, match=right) as raised:
        open_store(weak.log_in(server.new_url()))
    assert WEAK_PASSWORD not in str(raised.value)


def test_a_user_who_may_not_create_tables_is_told_so(server: DatabaseServer, weak: Weak) -> None:
    url = server.new_url()
    database = make_url(url).database
    server.run(f"CREATE DATABASE {database}")
    if not server.is_postgresql:
        server.run(f"GRANT SELECT ON {database}.* TO {weak.user}")
    with pytest.raises(FailedPreconditionError, match=r"right.* CREATE "):
        open_store(weak.log_in(url))
    assert describe(url) == {}


def test_a_user_who_may_only_read_reads(server: DatabaseServer, url: str, weak: Weak) -> None:
    weak.grant(url, "SELECT")
    store = open_store(weak.log_in(url))
    assert len(store.list_nodes(Execution)) == 1
    with pytest.raises(FailedPreconditionError, match="INSERT, UPDATE and DELETE"):
        store.put(end_of_step())
    store.close()


def test_the_rights_that_are_named_are_enough(server: DatabaseServer, url: str, weak: Weak) -> None:
    weak.grant(url, "SELECT, INSERT, UPDATE, DELETE")
    store = open_store(weak.log_in(url))
    store.put(end_of_step())
    assert len(store.list_nodes(Artifact)) == 2
    store.close()


def test_a_server_that_may_not_be_written_to_is_read(
    server: DatabaseServer, url: str, weak: Weak
) -> None:
    weak.grant(url, "SELECT, INSERT, UPDATE, DELETE")
    if server.is_postgresql:
        server.run(f"ALTER ROLE {weak.user} SET default_transaction_read_only = on")
    else:
        server.run("SET GLOBAL read_only = 1")
    try:
        store = open_store(weak.log_in(url))
        assert len(store.list_nodes(Execution)) == 1
        with pytest.raises(UnavailableError, match="It is read-only"):
            store.put(end_of_step())
        store.close()
    finally:
        if not server.is_postgresql:
            server.run("SET GLOBAL read_only = 0")


def test_too_many_connections_are_one_clear_error(
    server: DatabaseServer, url: str, weak: Weak
) -> None:
    weak.grant(url, "SELECT, INSERT, UPDATE, DELETE")
    if server.is_postgresql:
        server.run(f"ALTER ROLE {weak.user} CONNECTION LIMIT 1")
    else:
        server.run(f"GRANT USAGE ON *.* TO {weak.user} WITH MAX_USER_CONNECTIONS 1")
    first = open_store(weak.log_in(url))
    with pytest.raises(UnavailableError, match="no connection left"):
        open_store(weak.log_in(url))
    first.put(end_of_step())
    first.close()


# What is there


def test_nothing_is_created_where_that_is_not_wanted(server: DatabaseServer) -> None:
    url = server.new_url()
    with pytest.raises(NotFoundError):
        open_store(url, create=False)
    question = "SELECT datname FROM pg_database" if server.is_postgresql else "SHOW DATABASES"
    databases = [name for (name,) in server.run(question)]
    assert make_url(url).database not in databases


def test_an_empty_database_becomes_a_store(server: DatabaseServer) -> None:
    url = server.new_url()
    server.run(f"CREATE DATABASE {make_url(url).database}")
    with pytest.raises(NotFoundError):
        open_store(url, create=False)
    store = open_store(url)
    assert [t.id for t in store.get_types(ArtifactType)] == [1, 2, 3, 4]
    store.close()


def test_a_database_of_something_else_is_left_alone(server: DatabaseServer) -> None:
    url = server.new_url()
    server.run(f"CREATE DATABASE {make_url(url).database}")
    server.run("CREATE TABLE orders (id INT)", url=url)
    with pytest.raises(NotAnMlmdStoreError, match="orders"):
        open_store(url)
    assert list(describe(url)) == ["orders"]


def test_half_a_store_is_named(server: DatabaseServer, url: str) -> None:
    server.run("DROP TABLE EventPath", url=url)
    with pytest.raises(FailedPreconditionError, match="no table EventPath"):
        open_store(url)


def test_a_store_whose_version_is_lost_is_not_taken_for_an_unfinished_one(
    server: DatabaseServer, url: str
) -> None:
    server.run("DELETE FROM MLMDEnv", url=url)
    with pytest.raises(FailedPreconditionError, match="0 rows"):
        open_store(url)
    server.run("DROP TABLE MLMDEnv", url=url)
    with pytest.raises(NotAnMlmdStoreError):
        open_store(url)


# Makes a store, and is killed by itself after so many statements that create something.
CREATOR = """
    import os, signal, sys
    from sqlalchemy import Engine, event
    from mlmeta_track.store.connect import open_store
    left = int(sys.argv[2])

    @event.listens_for(Engine, "after_cursor_execute")
    def count(connection, cursor, statement, *_):
        global left
        left -= statement.strip().startswith(("CREATE", "INSERT"))
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    open_store(sys.argv[1])
"""


SIMPLE = ["mlmd.Dataset", "mlmd.Model", "mlmd.Metrics", "mlmd.Statistics"]


@pytest.mark.parametrize("statements", [1, 9, 40, 41])
def test_a_creation_that_was_interrupted_is_finished(
    server: DatabaseServer, statements: int
) -> None:
    url = server.new_url()
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CREATOR), url, str(statements)],
        capture_output=True,
        check=False,
    )
    assert died.returncode == -9, died.stderr
    left = 0 if server.is_postgresql else sum(1 + len(i) for _, i in describe(url).values())
    assert left <= statements + 22  # unique keys are made with their tables
    assert bool(left) is not server.is_postgresql
    store = open_store(url)
    store.put(start_of_step())
    assert [t.name for t in store.get_types(ArtifactType)] == [*SIMPLE, "DataSet"]
    store.close()
    whole = server.new_url()
    open_store(whole).close()
    assert describe(url) == describe(whole)


def test_an_unfinished_store_is_not_finished_by_who_may_not_create(
    mariadb: DatabaseServer,
) -> None:
    url = mariadb.new_url()
    open_store(url).close()
    mariadb.run("DELETE FROM Type", "DROP TABLE MLMDEnv", url=url)
    with pytest.raises(NotAnMlmdStoreError):
        open_store(url, create=False)
    open_store(url).close()


def test_a_store_that_others_are_creating_is_waited_for(mariadb: DatabaseServer) -> None:
    url = mariadb.new_url()
    backend = parse(url)
    engine = backend.make_engine()
    with engine.connect() as connection, backend.creating(connection):
        connection.exec_driver_sql("CREATE TABLE EventPath (event_id INT)")
        with pytest.raises(AbortedError, match=r"another process was creating.* it for too long"):
            open_store(f"{url}?timeout=1")
        connection.exec_driver_sql("DROP TABLE EventPath")
    engine.dispose()
    open_store(url).close()


# Values


@pytest.mark.parametrize("what", ["name", "external_id"])
def test_a_text_that_is_too_long_for_its_column_is_refused(store: Store, what: str) -> None:
    long = "x" * 256
    batch = Batch(contexts=(demo(name=long),)) if what == "name" else Batch(artifacts=(made(long),))
    with pytest.raises(InvalidArgumentError, match=r"too long.*Give a shorter text"):
        store.put(batch)
    assert len(store.list_nodes(Context)) == 2
    assert store.get_by_external_id(Artifact, [long]) == []


@pytest.mark.parametrize("text", ["x\0y", "x\ud800y"])
def test_a_text_that_cannot_be_stored_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        store.put(Batch(contexts=(demo(name=text),)))


@pytest.mark.parametrize("text", ["x" * 100_000, "🚕"])
def test_asking_for_any_text_finds_nothing(store: Store, text: str) -> None:
    assert store.get_by_name(Context, "Experiment", text) is None
    assert store.get_by_external_id(Artifact, [text]) == []
    assert store.get_artifacts_by_uri(text) == []


def test_asking_for_a_lone_surrogate_says_where_it_is(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match=r"lone surrogate.*ud800y") as raised:
        store.get_by_name(Context, "Experiment", "x\ud800y")
    assert len(str(raised.value)) < 200
    assert store.get_by_name(Context, "Experiment", "Demo") is not None


NAMES = ("Demo", "Demo ", "demo", "DEMO", "Démo", "De\u0301mo", "🚕", "🚙", "", " ")


def test_texts_are_the_same_only_to_the_last_byte(store: Store) -> None:
    names = [name for name in NAMES if name]
    for name in names:
        store.put(Batch(contexts=(demo(name=name),)))
        store.put(Batch(artifacts=(made(name, uri=name),)))
    runs = ["run 1"]
    assert sorted(str(c.name) for c in store.list_nodes(Context)) == sorted([*names, *runs])
    for name in names:
        found = store.get_by_name(Context, "Experiment", name)
        assert found is not None
        assert found.name == name
        assert [a.external_id for a in store.get_artifacts_by_uri(name)] == [name]


def test_the_character_set_of_the_database_does_not_matter(server: DatabaseServer) -> None:
    url = server.new_url()
    name = make_url(url).database
    server.run(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII'"
        if server.is_postgresql
        else f"CREATE DATABASE {name} CHARACTER SET latin1"
    )
    store = open_store(url)
    store.put(Batch(contexts=(demo(name="東京 🚕"),)))
    assert store.get_by_name(Context, "Experiment", "東京 🚕") is not None
    store.close()


def test_a_character_that_the_encoding_lacks_is_refused(postgresql: DatabaseServer) -> None:
    url = postgresql.new_url()
    name = make_url(url).database
    postgresql.run(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1'")
    store = open_store(url)
    store.put(Batch(contexts=(demo(name="Zürich"),)))
    with pytest.raises(InvalidArgumentError, match="UTF8 has all"):
        store.put(Batch(contexts=(demo(name="東京"),)))
    with pytest.raises(InvalidArgumentError, match="UTF8 has all"):
        store.get_by_name(Context, "Experiment", "東京")
    store.close()


def test_a_lax_server_cuts_nothing_off(mariadb: DatabaseServer) -> None:
    [(mode,)] = mariadb.run("SELECT @@GLOBAL.sql_mode")
    mariadb.run("SET GLOBAL sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'")
    try:
        store = open_store(mariadb.new_url())
        with pytest.raises(InvalidArgumentError):
            store.put(Batch(contexts=(demo(name="x" * 256),)))
        store.put(Batch(contexts=(demo(name="a\\b'c\"d%"),)))
        assert store.get_by_name(Context, "Experiment", "a\\b'c\"d%") is not None
        store.close()
    finally:
        mariadb.run(f"SET GLOBAL sql_mode = '{mode}'")


def test_every_error_names_the_server(server: DatabaseServer, url: str, store: Store) -> None:
    server.run("DROP TABLE Attribution", url=url)
    with pytest.raises(
        MlmetaTrackError, match=rf"127\.0\.0\.1:{server.url.port}.*(?i:attribution)"
    ):
        store.put(end_of_step())
