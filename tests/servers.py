"""Real database servers for the tests: found, started in a folder of their own, and stopped.

``MLMETA_TEST_POSTGRESQL_URL`` and ``MLMETA_TEST_MARIADB_URL`` name servers that run already, with
the rights to create databases.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from sqlalchemy import URL, make_url

if TYPE_CHECKING:
    from mlmeta_track.wire import metadata_store_pb2 as pb

PREFIX = "mlmeta-server-"
PASSWORD = "secret"  # noqa: S105 - of servers that live as long as the tests
PATIENCE = 60.0
ROOM = 2**30
LAST_WORDS = 8_000  # characters of a dead server's log
TOGETHER = 8  # databases that are dropped together


_servers: list[DatabaseServer] = []


class DatabaseServer:
    """A server, and databases on it."""

    def __init__(self, url: URL, prefix: str, daemon: Postgresql | Mariadb | None = None) -> None:
        """Name databases after this process, so that several may use one server."""
        self.url = url
        self._daemon = daemon
        self._names = (f"{prefix}{os.getpid()}_{n}" for n in itertools.count())
        self.given: list[str] = []
        _servers.append(self)

    def new_url(self, *, is_kept: bool = False) -> str:
        """The URL of a database that does not exist yet, and is gone after the test if not kept."""
        if self._daemon is not None:
            self._daemon.check()
        name = next(self._names)
        if not is_kept:
            self.given.append(name)
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, names: Sequence[str]) -> None:
        """Drop databases, whoever is connected; MariaDB waits for transactions, but not long."""
        first = "SELECT 1" if self.is_postgresql else "SET lock_wait_timeout = 5"
        forced = " WITH (FORCE)" if self.is_postgresql else ""
        self.run(first, *(f"DROP DATABASE IF EXISTS {name}{forced}" for name in names))

    @property
    def is_postgresql(self) -> bool:
        return self.url.get_backend_name() == "postgresql"

    def run(self, *statements: str, url: str | None = None) -> list[Any]:
        """Run statements behind a store's back, and return the rows of the last one."""
        with closing(_connect(self.url if url is None else make_url(url))) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server for a while."""
        if self._daemon is None:
            pytest.skip("the server that the environment names is not ours to stop")
        self._daemon.stop()
        try:
            yield
        finally:
            self._daemon.begin()

    @contextlib.contextmanager
    def frozen(self, url: str) -> Iterator[None]:
        """Have the server answer no connection that is open to a database, nor MariaDB any."""
        if self._daemon is None or self._daemon.process is None:
            pytest.skip("the server that the environment names is not ours to stop")
        processes = [self._daemon.process.pid]
        if self.is_postgresql:
            question = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            processes = [
                pid for (pid,) in self.run(f"{question} AND pid <> pg_backend_pid()", url=url)
            ]
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)


def _connect(url: URL) -> Any:
    """Open a connection of the driver itself, which commits every statement."""
    assert url.password is not None
    if url.get_backend_name() == "postgresql":
        import psycopg

        plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)
    import pymysql

    return pymysql.connect(
        host=url.host,
        port=url.port or 0,
        user=url.username,
        password=str(url.password),
        database=url.database,
        charset="utf8mb4",
        autocommit=True,
    )


def _find(program: str, *patterns: str) -> Path | None:
    on_path = shutil.which(program)
    if on_path:
        return Path(on_path)
    found = sorted(path for pattern in patterns for path in Path("/").glob(pattern[1:]))
    return found[-1] if found else None


def lacking(what: str) -> None:
    """Fail in CI, where everything must be tested; skip on a user's machine."""
    message = f"{what} is not installed, so what is particular to it is not tested"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _fast_folder() -> Path | None:
    """The file system in memory, if there is one with enough room; None is the usual place."""
    memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > ROOM
    return memory if has_room else None


def _remove_left_over(folder: Path) -> None:
    """Remove what tests have left that were killed: it takes memory."""
    for left in folder.glob(f"{PREFIX}*-*"):
        owner = left.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdecimal() and not _is_alive(int(owner)):
            for pid in _processes_in(left):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _processes_in(folder: Path) -> Iterator[int]:
    """Yield the servers that run in a folder: by where they work, for anybody may write a file."""
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if place.readlink().is_relative_to(folder):
                yield int(place.parent.name)


class Daemon:
    """A program that runs in a folder of its own, as a user who is not root."""

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        # Not pytest's folder: another user must be able to walk into it.
        fast = _fast_folder()
        if fast is not None:
            _remove_left_over(fast)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=fast))
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, command: Sequence[str | Path]) -> None:
        subprocess.run(
            command, user=self.user, cwd=self.folder, check=True, capture_output=True, timeout=120
        )

    def start(self, command: Sequence[str | Path], answers: Callable[[], Any]) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answers()
            except Exception:  # each driver has its own
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def check(self) -> None:
        """Fail with the server's own last words if it has died of itself."""
        if self.process is not None and self.process.poll() is not None:
            words = (self.folder / "log").read_text(errors="replace")[-LAST_WORDS:]
            pytest.fail(f"the server has ended with status {self.process.returncode}:\n{words}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        if self.process is not None:
            self.process.kill()  # nothing in it is needed any more
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Postgresql(Daemon):
    """A PostgreSQL server that forgets everything."""

    stop_signal = signal.SIGINT  # by SIGTERM it would wait for the connections that are open

    def __init__(self, postgres: Path, initdb: Path) -> None:
        super().__init__()
        self._postgres = postgres
        self.port = free_port()
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self.run(
            [
                *(initdb, "-D", self.folder / "data", "-U", "mlmeta", "--no-sync"),
                *("--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"),
            ]
        )

    @property
    def url(self) -> URL:
        return make_url(f"postgresql+psycopg://mlmeta:{PASSWORD}@127.0.0.1:{self.port}/postgres")

    def begin(self) -> None:
        settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "dynamic_shared_memory_type": "mmap",  # in its folder, to be removed with it
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command: list[str | Path] = [
            self._postgres,
            "-D",
            self.folder / "data",
            "-p",
            str(self.port),
            *options,
        ]
        self.start(command, self._answers)

    def _answers(self) -> None:
        import psycopg

        url = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        psycopg.connect(url, connect_timeout=2).close()


class Mariadb(Daemon):
    """A MariaDB server that forgets everything."""

    def __init__(self, mariadbd: Path, install: Path) -> None:
        super().__init__()
        self._mariadbd = mariadbd
        self.port = free_port()
        self.run(
            [
                *(install, "--no-defaults", f"--datadir={self.folder / 'data'}"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
            ]
        )
        self._created = False
        self.options: list[str] = []

    @property
    def url(self) -> URL:
        return make_url(f"mysql+pymysql://mlmeta:{PASSWORD}@127.0.0.1:{self.port}/mysql")

    def begin(self) -> None:
        command: list[str | Path] = [
            *(self._mariadbd, "--no-defaults", f"--datadir={self.folder / 'data'}"),
            *(f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve"),
            *(f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}"),
            *("--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"),
            *("--loose-debug-no-sync", "--innodb-log-file-size=16M"),
            *("--innodb-fast-shutdown=2", "--max-connections=200", *self.options),
        ]
        self.start(command, self._answers)

    def _answers(self) -> None:
        import pymysql

        connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", connect_timeout=2, autocommit=True
        )
        with connection, connection.cursor() as cursor:
            if not self._created:
                cursor.execute(f"CREATE USER mlmeta@'%' IDENTIFIED BY '{PASSWORD}'")
                cursor.execute("GRANT ALL ON *.* TO mlmeta@'%' WITH GRANT OPTION")
                self._created = True


def configured(url: str, password: str | None = None) -> pb.ConnectionConfig:
    """ML Metadata's configuration of a database, with another password if one is given."""
    from mlmeta_track.wire import metadata_store_pb2 as pb  # not every test has protobuf

    parts = urlsplit(url)
    host, port, name = parts.hostname or "", parts.port or 0, parts.path.removeprefix("/")
    user, secret = unquote(parts.username or ""), password or unquote(parts.password or "")
    if url.startswith("postgresql"):
        postgresql = pb.PostgreSQLDatabaseConfig(
            host=host, port=str(port), dbname=name, user=user, password=secret
        )
        return pb.ConnectionConfig(postgresql=postgresql)
    mysql = pb.MySQLDatabaseConfig(host=host, port=port, database=name, user=user, password=secret)
    return pb.ConnectionConfig(mysql=mysql)


def new_postgresql() -> Postgresql:
    """A server that does not run yet; the test is skipped if PostgreSQL is not installed."""
    postgres = _find("postgres", "/usr/lib/postgresql/*/bin/postgres")
    initdb = _find("initdb", "/usr/lib/postgresql/*/bin/initdb")
    if postgres is None or initdb is None:
        lacking("PostgreSQL")
        raise AssertionError
    return Postgresql(postgres, initdb)


def new_mariadb() -> Mariadb:
    """A server that does not run yet; the test is skipped if MariaDB is not installed."""
    mariadbd = _find("mariadbd", "/usr/sbin/mariadbd", "/usr/sbin/mysqld")
    install = _find("mariadb-install-db", "/usr/bin/mysql_install_db")
    if mariadbd is None or install is None:
        lacking("MariaDB")
        raise AssertionError
    return Mariadb(mariadbd, install)


@contextlib.contextmanager
def serving(daemon: Postgresql | Mariadb) -> Iterator[DatabaseServer]:
    """Start a server, and stop it in the end."""
    try:
        daemon.begin()
        server = DatabaseServer(daemon.url, "mlmeta_test_", daemon)
        try:
            yield server
        finally:
            _servers.remove(server)
    finally:
        daemon.remove()


def named(variable: str) -> DatabaseServer | None:
    """The server that runs already, if the environment names one."""
    url = os.environ.get(variable)
    return None if url is None else DatabaseServer(make_url(url), "mlmeta_test_")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
    """Leave databases alone that a fixture of more than one test has asked for."""
    before = {id(server): len(server.given) for server in _servers}
    made = yield
    if fixturedef.scope != "function":
        for server in _servers:
            del server.given[before.get(id(server), 0) :]
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Drop the databases of the test: thousands of tests would fill the memory with them."""
    yield
    for server in _servers:
        if len(server.given) >= TOGETHER:
            server.drop(server.given)
            server.given.clear()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[DatabaseServer]:
    """A PostgreSQL server for the tests of this process."""
    given = named("MLMETA_TEST_POSTGRESQL_URL")
    if given is not None:
        yield given
        return
    with serving(new_postgresql()) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[DatabaseServer]:
    """A MariaDB server for the tests of this process."""
    given = named("MLMETA_TEST_MARIADB_URL")
    if given is not None:
        yield given
        return
    with serving(new_mariadb()) as server:
        yield server
