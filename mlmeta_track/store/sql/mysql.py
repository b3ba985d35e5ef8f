"""What is particular to MySQL and MariaDB."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnavailableError,
)
from mlmeta_track.store.sql.schema import MLMD_ENV
from mlmeta_track.store.sql.server import (
    CONNECT_SECONDS,
    PATIENCE_SECONDS,
    Meaning,
    ServerDatabase,
    import_driver,
    parse_url,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

_FORM = "mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE"
_DRIVERS = dict.fromkeys(("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"), "mysql+pymysql")
_NO_DATABASE = 1049
_TAKE_TURN = f"SELECT schema_version FROM `{MLMD_ENV.name}` FOR UPDATE"  # noqa: S608 - a constant
_LONGEST_CHAIN = 2**32 - 1
_CREDENTIALS = Meaning(UnavailableError, "See that the user and the password are right.")
_RIGHTS = Meaning(
    FailedPreconditionError, "Give the user the right to it, or have the store created for it."
)
_AGAIN = Meaning(AbortedError, "Another writer was in the way; try again.", passes=True)
_AWAY = Meaning(UnavailableError, "See that the server runs, and try again.")
_MEANINGS = {
    1045: _CREDENTIALS,
    1698: _CREDENTIALS,
    1044: _RIGHTS,
    1142: _RIGHTS,
    1227: _RIGHTS,
    _NO_DATABASE: Meaning(UnavailableError, "Create the database, or name another."),
    1205: _AGAIN,
    1213: _AGAIN,
    1020: _AGAIN,
    # Somebody who takes no turns wrote the same at the same moment: the next try finds it.
    1062: Meaning(AlreadyExistsError, "Something of that identity exists already.", passes=True),
    1264: Meaning(
        InvalidArgumentError,
        "The store was created by ML Metadata, whose columns hold 32 bits. Give it as a str.",
    ),
    1406: Meaning(InvalidArgumentError, "Give a shorter text."),
    1366: Meaning(
        InvalidArgumentError, "The database's character set does not have it; utf8mb4 has all."
    ),
    1040: Meaning(UnavailableError, "It has no connection left: use fewer, or let it have more."),
    1021: Meaning(UnavailableError, "Make room on its disk."),
    1290: Meaning(UnavailableError, "It is read-only: name the server that may be written to."),
    1053: _AWAY,
    2003: _AWAY,
    2006: _AWAY,
    2013: _AWAY,
    2014: _AWAY,
    0: _AWAY,
}


class MysqlDatabase(ServerDatabase):
    """One database of MySQL or MariaDB."""

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself; make the database if need be."""
        import pymysql  # noqa: PLC0415 - it is an extra

        try:
            return self._connect(self._url.database)
        except pymysql.OperationalError as error:
            if error.args[:1] != (_NO_DATABASE,):
                raise
        connection = self._connect(None)
        try:
            name = str(self._url.database).replace("`", "``")
            connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
        finally:
            connection.close()
        return self._connect(self._url.database)

    def _connect(self, database: str | None) -> Any:
        pymysql: Any = import_driver("pymysql", "mysql")
        password = self._url.password
        connection = pymysql.connect(
            host=self._url.host or "localhost",
            port=self._url.port or 3306,
            user=self._url.username,
            password="" if password is None else str(password),
            database=database,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            init_command=f"SET SESSION innodb_lock_wait_timeout = {PATIENCE_SECONDS}",
            **_options(self._url.query),
        )
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            # How long a chain may be; MariaDB would end the walk there without a word.
            is_mariadb = "MariaDB" in connection.get_server_info()
            longest = "max_recursive_iterations" if is_mariadb else "cte_max_recursion_depth"
            cursor.execute(f"SET SESSION {longest} = {_LONGEST_CHAIN}")
        return connection

    def begin(self, *, writing: bool) -> Sequence[str]:
        """Return how a transaction begins: readers see one state, writers take turns."""
        if writing:
            return ("START TRANSACTION", _TAKE_TURN)
        return (
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )

    @contextmanager
    def creating(self, connection: Connection) -> Iterator[None]:
        """Create the store while no other process does; MySQL commits each table by itself."""
        name = f"mlmeta_track.{self._url.database}"[:64]
        taken = connection.exec_driver_sql(
            "SELECT GET_LOCK(%s, %s)", (name, PATIENCE_SECONDS)
        ).scalar()
        if not taken:
            message = f"{self}: another process was creating it for too long; try again."
            raise AbortedError(message)
        try:
            yield
            connection.commit()
        finally:
            connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        number = error.args[0] if error.args else None
        if isinstance(error, TimeoutError) or type(error).__name__ == "InterfaceError":
            return _AWAY
        return _MEANINGS.get(number) if isinstance(number, int) else None


def _options(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the driver's options that a URL's query has."""
    options: dict[str, Any] = {k: v for k, v in query.items() if not k.startswith("ssl_")}
    if "ssl_ca" in query or "ssl_cert" in query:
        context = ssl.create_default_context(cafile=query.get("ssl_ca"))
        context.check_hostname = query.get("ssl_check_hostname", "true").lower() != "false"
        if "ssl_cert" in query:
            context.load_cert_chain(query["ssl_cert"], query.get("ssl_key"))
        options["ssl"] = context
    return options


def parse(url: str) -> MysqlDatabase:
    """Return the database that a ``mysql:`` or ``mariadb:`` URL names.

    Raises:
        SettingsError: It names none, or PyMySQL is not installed.
    """
    parsed = parse_url(url, _DRIVERS, _FORM)
    return MysqlDatabase(parsed, import_driver("pymysql", "mysql").MySQLError)
