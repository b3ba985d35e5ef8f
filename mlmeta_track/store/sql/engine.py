"""One database: its connections, its transactions, and its errors in our terms."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from mlmeta_track.errors import (
    AbortedError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotFoundError,
)
from mlmeta_track.store.sql.backend import Backend, parse
from mlmeta_track.store.sql.opening import check_schema, is_empty, is_unfinished
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.schema import (
    add_simple_types,
    create_schema,
    finish_schema,
    missing_simple_types,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from mlmeta_track.store.sql.connections import Connections

ResultT = TypeVar("ResultT")
_ATTEMPTS = 6
_PAUSE_SECONDS = 0.01
_PAUSE_FOR_FORK_SECONDS = 2.0
_SHOWN = 40


class PassingError(Exception):
    """A transaction failed in a way that may not happen again; ``meaning`` says how to users."""

    def __init__(self, meaning: MlmetaTrackError) -> None:
        """Keep the error."""
        super().__init__(str(meaning))
        self.meaning = meaning


@dataclass
class _Progress:
    """How far a transaction has come."""

    connected: bool = False
    committing: bool = False


@dataclass(eq=False)
class _Opened:
    """A database as long as it is open."""

    engine: Engine
    connections: Connections

    def close(self) -> None:
        """Close all connections, those in use when they are given back."""
        self.connections.close()
        self.engine.dispose()


class Database:
    """A database that is opened when it is made, and again by the first call after ``close``.

    Every use is a ``read()`` or a ``write()``: one transaction, committed at the end, rolled back
    if the block raises.  Errors of SQLAlchemy and of the driver come out as ours.
    """

    def __init__(self, url: str, *, on_open: Callable[[], None], create: bool) -> None:
        """Open the database.

        Args:
            url: Where it is.
            on_open: Called whenever it was opened anew, so that what was remembered of it is
                forgotten.
            create: Whether to create the store if there is none.
        """
        self._backend = parse(url)
        self._url = url if url.startswith("sqlite") else self._backend.url
        self._on_open = on_open
        self._may_create = create
        self._opened: _Opened | None = None
        self._identity: tuple[int, int] | None = None
        self._paused: list[Any] = []
        self._lacks_simple_types = False
        self._new_locks()
        _databases.add(self)
        with self.read():
            pass

    @property
    def url(self) -> str:
        """The database's URL, without a password."""
        return self._url

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Begin a transaction that sees one state of the database."""
        turn = self._turn if self._backend.in_memory else _NO_TURN
        with turn, self._transaction(writing=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Begin a transaction that is the only one to write until the block ends."""
        with self._turn, self._transaction(writing=True) as session:
            yield session

    @contextmanager
    def outside(self) -> Iterator[Session]:
        """Give a connection that is in no transaction, for what no transaction can have."""
        with self._turn, self._our_errors(may_pass=False):
            opened = self._opened or self._open()
            self._check_place()
            connection = opened.connections.take()
            cursor = connection.cursor()
            try:
                yield Session(opened.engine.dialect, cursor)
            finally:
                cursor.close()
                opened.connections.give_back(connection)

    @property
    def identity(self) -> tuple[int, int] | None:
        """Tell a file from all others; None for what is no file."""
        return self._identity

    def writing(self, work: Callable[[Session], ResultT]) -> ResultT:
        """Do some work in a transaction as of ``write()``, again if others were in the way.

        Raises:
            AbortedError: They were in the way each time.
        """

        def write() -> ResultT:
            with self.write() as session:
                return work(session)

        return self._again(write)

    def _again(self, work: Callable[[], ResultT]) -> ResultT:
        """Do some work, again while its error may pass, but not for ever."""
        # Who waited for a lock as long as a writer does, waits once more.
        deadline = time.monotonic() + 2 * self._backend.timeout
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return work()
            except PassingError as error:
                if attempt == _ATTEMPTS or time.monotonic() > deadline:
                    raise error.meaning from error
                # Random, so that those that met do not meet again.
                time.sleep(random.uniform(0.0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311
        raise AssertionError(_ATTEMPTS)

    def close(self) -> None:
        """Give back all connections; what was in memory is gone."""
        with self._turn, self._opening:
            if self._opened is not None:
                self._finalizer()
            self._opened = self._identity = None

    def pause(self) -> None:
        """Have no thread write while this process is forked, if that can be had soon.

        SQLite has locks of its own, which would never be free again in the child.
        """
        self._paused = [
            lock
            for lock in (self._turn.lock, self._opening)
            if lock.acquire(timeout=_PAUSE_FOR_FORK_SECONDS)
        ]

    def resume(self) -> None:
        """Let the threads go on, in the parent."""
        while self._paused:
            self._paused.pop().release()

    def forget_connections(self) -> None:
        """Leave the connections to the parent process, in a child that was just forked.

        They are kept alive, for closing them here would upset the parent's.
        """
        if self._opened is not None:
            _inherited.append(self._opened)
            self._finalizer.detach()
        self._opened = None
        self._new_locks()

    def _new_locks(self) -> None:
        self._opening = threading.RLock()
        self._turn = _Turn(str(self._backend), self._backend.timeout)
        self._paused = []

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Session]:
        with self._our_errors(may_pass=writing) as progress:
            opened = self._opened or self._open()
            self._check_place()
            if writing and self._lacks_simple_types:
                self._add_simple_types(opened.engine)
            connection = opened.connections.take()
            progress.connected = True
            end = opened.connections.give_back
            cursor = connection.cursor()
            try:
                for statement in self._backend.begin(writing=writing):
                    cursor.execute(statement)
                yield Session(opened.engine.dialect, cursor)
                progress.committing = True
                connection.commit()
            except BaseException:
                if not self._rolls_back(connection):
                    end = opened.connections.drop
                raise
            finally:
                cursor.close()  # an open one would keep the file open after the connection's end
                end(connection)
                if self._opened is not opened and opened not in _inherited:
                    opened.close()  # it was closed meanwhile, all but this connection

    def _rolls_back(self, connection: Any) -> bool:
        """Roll back; False if the connection is lost, and the transaction with it."""
        try:
            connection.rollback()
        except self._backend.driver_error:
            return False  # what lost it is the error that counts
        return True

    @contextmanager
    def _our_errors(self, *, may_pass: bool) -> Iterator[_Progress]:
        """Translate errors; those after which trying again may help become ``PassingError``."""
        progress = _Progress()
        try:
            yield progress
        except (SQLAlchemyError, self._backend.driver_error) as error:
            translated = self._backend.translate(error)
            # A server that does not let one in will not do so a moment later.
            settled = progress.committing or not progress.connected
            if may_pass and self._backend.is_passing(error, committing=settled):
                raise PassingError(translated) from error
            raise translated from error
        except UnicodeEncodeError as error:
            # The text alone, where a driver encodes it within the statement.
            near = error.object[max(0, error.start - _SHOWN) : error.end + _SHOWN]
            message = f"A text has a lone surrogate and cannot be in a store: {near!r}."
            raise InvalidArgumentError(message) from error

    def _check_place(self) -> None:
        if self._identity is None:
            self._backend.check_place()
            if not self._may_create and not self._backend.exists():
                raise self._missing()
        elif self._backend.identity() != self._identity:
            # SQLite would go on in a file that nobody can see any more.
            raise self._backend.gone()

    def _open(self) -> _Opened:
        with self._opening:
            if self._opened is not None:
                return self._opened
            self._check_place()
            engine = self._backend.make_engine(create=self._may_create)
            try:
                self._find_or_create(engine)
            except BaseException:
                engine.dispose()
                raise
            self._identity = self._identity or self._backend.identity()
            self._opened = _Opened(engine, self._backend.connections(engine))
            self._finalizer = weakref.finalize(self, self._opened.close)
            self._on_open()
            return self._opened

    def _find_or_create(self, engine: Engine) -> None:
        with engine.connect() as connection:
            if self._backend.shows_whole_stores:
                _begin(connection, self._backend, writing=False)
            empty = is_empty(connection)
            whole = not empty and not is_unfinished(connection)
            if whole:
                check_schema(connection, str(self._backend))
                self._lacks_simple_types = bool(missing_simple_types(connection))
        if empty and not self._may_create:
            raise self._missing()
        if not whole:
            self._again(lambda: self._create(engine))

    def _add_simple_types(self, engine: Engine) -> None:
        with engine.connect() as connection:
            _begin(connection, self._backend, writing=True)
            add_simple_types(connection)
            connection.commit()
        self._lacks_simple_types = False

    def _missing(self) -> NotFoundError:
        return NotFoundError(f"{self._backend} does not exist. Name one that does, or create it.")

    def _create(self, engine: Engine) -> None:
        with (
            self._our_errors(may_pass=True),
            engine.connect() as connection,
            self._backend.creating(connection),
        ):
            # Another process may have been quicker.
            if is_empty(connection):
                create_schema(connection)
            elif self._may_create and is_unfinished(connection):
                finish_schema(connection)
            else:
                check_schema(connection, str(self._backend))
        if not self._backend.in_memory:
            engine.dispose()  # these connections do not know yet which journal the file has


def _begin(connection: Connection, backend: Backend, *, writing: bool) -> None:
    for statement in backend.begin(writing=writing):
        connection.exec_driver_sql(statement)


class _Turn:
    """A queue for the threads of this process: fair, where SQLite's own waiting is a lottery."""

    def __init__(self, name: str, timeout: float) -> None:
        """Let the first thread in.

        Args:
            name: What messages call the database.
            timeout: How many seconds a thread waits at most.
        """
        self._name = name
        self._timeout = timeout
        self.lock = threading.RLock()
        self._in_use = False

    def __enter__(self) -> None:
        """Wait until no other thread is in.

        Raises:
            AbortedError: It took too long, or this very thread is in.
        """
        if not self.lock.acquire(timeout=self._timeout):
            message = f"{self._name}: other threads held its lock for too long; try again."
            raise AbortedError(message)
        if self._in_use:
            # A finalizer or a signal handler runs in the middle of a transaction.
            self.lock.release()
            message = f"{self._name} is in use further up in this thread; try again."
            raise AbortedError(message)
        self._in_use = True

    def __exit__(self, *_: object) -> None:
        """Let the next thread in."""
        self._in_use = False
        self.lock.release()


_NO_TURN: AbstractContextManager[None] = nullcontext()
_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_inherited: list[_Opened] = []


def _forget_all_connections() -> None:
    for database in list(_databases):
        database.forget_connections()


def _pause_all() -> None:
    for database in list(_databases):
        database.pause()


def _resume_all() -> None:
    for database in list(_databases):
        database.resume()


if sys.platform != "win32":
    os.register_at_fork(
        before=_pause_all, after_in_parent=_resume_all, after_in_child=_forget_all_connections
    )
