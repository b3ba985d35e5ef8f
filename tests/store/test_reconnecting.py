"""A database server that goes away, hangs, or has others in the way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import ArtifactWrite, UpdateOptions
from mlmeta_track.errors import AbortedError, AlreadyExistsError, MlmetaTrackError, UnavailableError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.testing.store_cases.build import demo, end_of_step, start_of_step
from tests.servers import DatabaseServer, free_port
from tests.store.meddling import (
    Background,
    impede,
    kill,
    kill_all,
    postgresql_trigger,
    rival,
    tries,
    waiting_connection,
)


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
    """A store that has written, and has a connection."""
    store = open_store(url)
    store.put(start_of_step())
    yield store
    store.close()


def elapsed(begin: float) -> float:
    return time.monotonic() - begin


# Away


def ask_for_ever(session: Session) -> None:
    """Ask until no answer comes: a signal takes a moment to arrive."""
    while True:
        session.cursor.execute("SELECT 1")


def test_a_server_that_was_restarted_is_connected_to_anew(
    server: DatabaseServer, store: Store
) -> None:
    with server.stopped():
        pass
    assert len(store.list_nodes(Execution)) == 1
    store.put(end_of_step())
    assert len(store.list_nodes(Artifact)) == 2


def test_a_server_that_is_down_is_one_clear_error_and_is_found_again(
    server: DatabaseServer, store: Store
) -> None:
    place = f"127.0.0.1:{server.url.port}"
    with server.stopped():
        for call in (
            lambda: store.list_nodes(Execution),
            lambda: store.put(end_of_step()),
            lambda: open_store(server.new_url()),
        ):
            begin = time.monotonic()
            with pytest.raises(UnavailableError, match=f"{place}.*server runs, and try again"):
                call()
            assert elapsed(begin) < 5
    store.put(end_of_step())


def test_a_port_where_nothing_listens_is_one_clear_error(server: DatabaseServer) -> None:
    port = free_port()
    url = make_url(server.new_url()).set(port=port).render_as_string(hide_password=False)
    with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}") as raised:
        open_store(url)
    assert "secret" not in str(raised.value)


def test_a_server_that_accepts_and_never_answers_is_waited_for_a_stated_time(
    server: DatabaseServer,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        url = make_url(server.new_url()).set(port=port).update_query_dict({"connect_timeout": "2"})
        begin = time.monotonic()
        with pytest.raises(UnavailableError, match=f"127.0.0.1:{port}"):
            open_store(url.render_as_string(hide_password=False))
        assert 1.5 < elapsed(begin) < 6


def test_a_server_that_stops_answering_is_waited_for_a_stated_time(
    server: DatabaseServer, url: str
) -> None:
    store = open_store(f"{url}?read_timeout=1&connect_timeout=2")
    begin = time.monotonic()
    with (
        pytest.raises(UnavailableError, match=f"127.0.0.1:{server.url.port}"),
        store._database.read() as session,  # type: ignore[attr-defined]
        server.frozen(url),
    ):
        ask_for_ever(session)
    assert elapsed(begin) < 6
    assert len(store.list_nodes(Execution)) == 1
    store.close()


def test_a_silent_connection_is_given_up_for_another(postgresql: DatabaseServer) -> None:
    url = postgresql.new_url()
    store = open_store(f"{url}?read_timeout=1")
    store.put(start_of_step())
    with postgresql.frozen(url):
        begin = time.monotonic()
        assert len(store.list_nodes(Execution)) == 1
        assert elapsed(begin) < 6
    store.close()


# Killed


def test_a_connection_that_was_killed_while_idle_is_replaced(
    server: DatabaseServer, url: str, store: Store
) -> None:
    kill_all(server, url)
    assert len(store.list_nodes(Execution)) == 1
    kill_all(server, url)
    store.put(end_of_step())
    assert len(store.list_nodes(Artifact)) == 2


def rename(store: Store, *ids: int) -> None:
    """Update artifacts one after the other, in one transaction."""
    writes = [ArtifactWrite(id=i, uri=f"/new/{i}", external_id=f"x{i}") for i in ids]
    store.put_nodes(Artifact, writes, UpdateOptions(mask=("uri",)))


def test_a_connection_that_is_killed_in_a_transaction_is_replaced_and_the_work_done_again(
    server: DatabaseServer, url: str, store: Store
) -> None:
    with rival(url) as other:
        other.touch_artifact(1)
        writing = Background(lambda: rename(store, 1))
        kill(server, waiting_connection(server, url))
        other.end()
        writing.join()
    assert [a.uri for a in store.list_nodes(Artifact)] == ["/new/1"]


def test_a_connection_that_is_killed_while_committing_is_not_tried_again(
    postgresql: DatabaseServer,
) -> None:
    url = postgresql.new_url()
    store = open_store(url)
    postgresql.run(
        *postgresql_trigger("PERFORM pg_terminate_backend(pg_backend_pid())", 1),
        "CREATE CONSTRAINT TRIGGER impeding AFTER INSERT ON context DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION impeding()",
        url=url,
    )
    with pytest.raises(UnavailableError, match="terminating connection"):
        store.put(Batch(contexts=(demo(),)))
    assert tries(postgresql, url) == 1
    store.put(Batch(contexts=(demo(),)))
    assert len(store.list_nodes(Context)) == 1
    store.close()


# In the way

PASSING = {
    "postgresql": {"serialization": "40001", "deadlock": "40P01", "lock": "55P03"},
    "mariadb": {"serialization": "1020", "deadlock": "1213", "lock": "1205"},
}


def code_of(server: DatabaseServer, error: str) -> str:
    return PASSING["postgresql" if server.is_postgresql else "mariadb"][error]


@pytest.mark.parametrize("error", ["serialization", "deadlock", "lock"])
def test_a_passing_error_is_tried_again(
    server: DatabaseServer, url: str, store: Store, error: str
) -> None:
    impede(server, url, code_of(server, error), times=3)
    store.put(Batch(contexts=(demo(name="new"),)))
    assert tries(server, url) == 4
    assert [c.name for c in store.list_nodes(Context)] == ["Demo", "run 1", "new"]


def test_an_error_that_does_not_pass_is_one_clear_error_after_some_tries(
    server: DatabaseServer, url: str, store: Store
) -> None:
    impede(server, url, code_of(server, "deadlock"), times=1000)
    begin = time.monotonic()
    with pytest.raises(AbortedError, match=r"impeded.*Another writer was in the way; try again"):
        store.put(Batch(contexts=(demo(name="new"),)))
    assert tries(server, url) == 6
    assert elapsed(begin) < 5


def test_what_somebody_wrote_at_the_same_moment_is_found_by_the_next_try(
    server: DatabaseServer, url: str, store: Store
) -> None:
    impede(server, url, "23505" if server.is_postgresql else "1062", times=1)
    store.put(Batch(contexts=(demo(name="new"),)))
    assert tries(server, url) == 2


def test_a_deadlock_with_somebody_who_takes_no_turns_is_tried_again(
    server: DatabaseServer, url: str, store: Store
) -> None:
    store.put(end_of_step())
    with rival(url) as other:
        other.write_much()
        other.touch_artifact(2)
        writing = Background(lambda: rename(store, 1, 2))
        waiting_connection(server, url)
        other.touch_artifact(1)  # now each waits for the other; it is the rival that is let go on
        other.end()
        writing.join()
    assert [a.uri for a in store.list_nodes(Artifact)] == ["/new/1", "/new/2"]


def test_a_lock_that_is_held_too_long_aborts(url: str) -> None:
    store = open_store(f"{url}?timeout=1")
    with rival(url) as other:
        other.touch_artifact(1)
        begin = time.monotonic()
        with pytest.raises(AbortedError, match=r"127\.0\.0\.1.*in the way; try again"):
            rename(store, 1)
        assert elapsed(begin) < 6
        assert len(store.list_nodes(Artifact)) == 1  # a reader does not wait
    rename(store, 1)
    store.close()


def test_a_lock_that_outlasts_one_wait_is_waited_for_once_more(url: str) -> None:
    store = open_store(f"{url}?timeout=1")
    with rival(url) as other:
        other.touch_artifact(1)
        writing = Background(lambda: rename(store, 1))
        time.sleep(1.5)
        other.end()
        writing.join()
    assert [a.uri for a in store.list_nodes(Artifact)] == ["/new/1"]
    store.close()


def test_writers_take_turns_and_readers_do_not_wait(server: DatabaseServer, url: str) -> None:
    first, second = open_store(url), open_store(f"{url}?timeout=1")
    with first._database.write():  # type: ignore[attr-defined]
        with pytest.raises(AbortedError):
            second.put(end_of_step())
        begin = time.monotonic()
        assert len(second.list_nodes(Execution)) == 1
        assert open_store(url).get_by_name(Context, "Experiment", "Demo") is not None
        assert elapsed(begin) < 2
    second.put(end_of_step())
    first.close()
    second.close()


def test_a_unique_key_that_stays_taken_is_an_error(
    server: DatabaseServer, url: str, store: Store
) -> None:
    impede(server, url, "23505" if server.is_postgresql else "1062", times=1000)
    with pytest.raises(AlreadyExistsError, match="identity exists already"):
        store.put(Batch(contexts=(demo(name="new"),)))


# Forked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_after_a_fork_the_child_uses_connections_of_its_own(url: str) -> None:
    script = """
        import os, sys
        from mlmeta_track.domain.nodes import Execution
        from mlmeta_track.store.connect import open_store
        from mlmeta_track.testing.store_cases.build import start_of_step
        store = open_store(sys.argv[1])
        store.put(start_of_step("parent 1"))
        children = []
        for number in range(4):
            child = os.fork()
            if child == 0:
                for again in range(3):
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
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script), url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("16\n", "", 0)


def test_all_errors_are_of_this_library(server: DatabaseServer, url: str, store: Store) -> None:
    drop = "DROP TABLE Attribution"
    server.run(drop, url=url)
    with pytest.raises(MlmetaTrackError, match=r"(?i)attribution"):
        store.put(end_of_step())
