"""What others do to a server while a store is open on it: lock, deadlock, kill."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import insert, update

from mlmeta_track.store.sql.backend import parse
from mlmeta_track.store.sql.schema import ARTIFACT, EVENT_PATH
from tests.servers import DatabaseServer

PATIENCE = 20.0


def impede(server: DatabaseServer, url: str, code: str, times: int) -> None:
    """Have the server refuse that many new contexts, with an error of its own.

    Args:
        server: The server.
        url: A store on it.
        code: PostgreSQL's SQLSTATE, or MariaDB's number.
        times: How often; a sequence counts, which no rollback turns back.
    """
    server.run(*_impeding(server, code, times), url=url)


def _impeding(server: DatabaseServer, code: str, times: int) -> list[str]:
    if server.is_postgresql:
        function = postgresql_trigger(f"RAISE EXCEPTION 'impeded' USING ERRCODE = '{code}'", times)
        when, what = "BEFORE INSERT ON context", "EXECUTE FUNCTION impeding()"
        return [*function, f"CREATE TRIGGER impeding {when} FOR EACH ROW {what}"]
    error = f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'impeded'"
    what = f"IF NEXTVAL(tries) <= {times} THEN {error}; END IF"
    trigger = f"CREATE TRIGGER impeding BEFORE INSERT ON Context FOR EACH ROW {what}"
    return ["CREATE SEQUENCE tries", trigger]


def postgresql_trigger(act: str, times: int) -> list[str]:
    """Return the statements of a function for triggers that does something so many times."""
    body = f"BEGIN IF nextval('tries') <= {times} THEN {act}; END IF; RETURN NEW; END"
    return [
        "CREATE SEQUENCE tries",
        f"CREATE FUNCTION impeding() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
    ]


def tries(server: DatabaseServer, url: str) -> int:
    """How often the store tried."""
    question = "SELECT last_value FROM tries" if server.is_postgresql else "SELECT NEXTVAL(tries)"
    [(number,)] = server.run(question, url=url)
    return int(number) if server.is_postgresql else int(number) - 1


def kill_all(server: DatabaseServer, url: str) -> None:
    """Kill every connection to a database."""
    if server.is_postgresql:
        question = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        kill = "SELECT pg_terminate_backend({})"
        found = server.run(f"{question} AND pid <> pg_backend_pid()", url=url)
    else:
        question = "SELECT id FROM information_schema.processlist WHERE db = database()"
        kill = "KILL {}"
        found = server.run(f"{question} AND id <> connection_id()", url=url)
    server.run(*(kill.format(number) for (number,) in found))


class Rival:
    """A transaction of somebody who takes no turns."""

    def __init__(self, url: str) -> None:
        self._engine = parse(url).make_engine()
        self._connection = self._engine.connect()
        self._connection.exec_driver_sql("BEGIN")

    def touch_artifact(self, node_id: int) -> None:
        self._connection.execute(
            update(ARTIFACT).where(ARTIFACT.c.id == node_id).values(uri="rival")
        )

    def write_much(self) -> None:
        """Make it the heavier of two, whom MariaDB lets win a deadlock."""
        rows = [{"event_id": number, "is_index_step": False} for number in range(1000, 1100)]
        self._connection.execute(insert(EVENT_PATH), rows)

    def end(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


@contextlib.contextmanager
def rival(url: str) -> Iterator[Rival]:
    """A transaction that is rolled back at the end."""
    other = Rival(url)
    try:
        yield other
    finally:
        other.close()


class Background:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._error: BaseException | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._call()
        except BaseException as error:
            self._error = error

    def join(self) -> None:
        """Wait for its end, and raise what it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "it does not come to an end"
        if self._error is not None:
            raise self._error


def waiting_connection(server: DatabaseServer, url: str) -> int:
    """Wait until a connection to a database waits for a lock, and return its number."""
    question = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        if server.is_postgresql
        else "SELECT trx_mysql_thread_id FROM information_schema.innodb_trx"
        " WHERE trx_state = 'LOCK WAIT'"
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = server.run(question, url=url)
        if found:
            return int(found[0][0])
        time.sleep(0.05)
    raise AssertionError(question)


def kill(server: DatabaseServer, number: int) -> None:
    """Kill one connection."""
    server.run(
        f"SELECT pg_terminate_backend({number})" if server.is_postgresql else f"KILL {number}"
    )
