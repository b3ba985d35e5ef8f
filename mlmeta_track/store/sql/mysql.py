"""What is particular to MySQL and MariaDB."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SettingsError,
    UnavailableError,
)
from mlmeta_track.store.sql import mysql_text
from mlmeta_track.store.sql.schema import MLMD_ENV
from mlmeta_track.store.sql.server import Meaning, ServerDatabase, import_driver, parse_url, show

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

_FORM = "mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE"
_DRIVERS = dict.fromkeys(("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"), "mysql+pymysql")
_TAKE_TURN = f"SELECT schema_version FROM `{MLMD_ENV.name}` FOR UPDATE"  # noqa: S608 - a constant
_LONGEST_CHAIN = 2**32 - 1
_SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"
"""Nothing is cut off without a word, and the words of SQL mean what they say."""

_NO_DATABASE = 1049
_CREDENTIALS = Meaning(UnavailableError, "See that the user and the password are right.")
_NO_RIGHT = Meaning(
    FailedPreconditionError,
    "Give the user the rights SELECT, INSERT, UPDATE and DELETE on the database, and CREATE and"
    " INDEX for making the store; or have it made by a user who has them.",
)
_AGAIN = Meaning(AbortedError, "Another writer was in the way; try again.", passes=True)
_AWAY = Meaning(UnavailableError, "See that the server runs, and try again.", lost=True)
_FULL = Meaning(
    UnavailableError, "It has no connection left: use fewer, or let it have more.", passes=True
)
_READ_ONLY = Meaning(UnavailableError, "It is read-only: name the server that may be written to.")
_TOO_SLOW = Meaning(AbortedError, "It took longer than the server allows; try again.")
# Somebody who takes no turns wrote the same at the same moment: the next try finds it.
_TAKEN = Meaning(AlreadyExistsError, "Something of that identity exists already.", passes=True)
_MEANINGS = {
    **dict.fromkeys((1045, 1698, 1251, 1820), _CREDENTIALS),
    **dict.fromkeys((1044, 1142, 1143, 1227), _NO_RIGHT),
    _NO_DATABASE: Meaning(NotFoundError, "Create the database, or name another."),
    **dict.fromkeys((1205, 1213, 1020, 1412), _AGAIN),
    **dict.fromkeys((1062, 1050, 1061), _TAKEN),
    1264: Meaning(
        InvalidArgumentError,
        "The store was created by ML Metadata, whose columns hold 32 bits. Give it as a str.",
    ),
    1406: Meaning(InvalidArgumentError, "Give a shorter text."),
    1690: Meaning(InvalidArgumentError, "Have the filter compute with smaller numbers."),
    1153: Meaning(InvalidArgumentError, "Give less at once, or raise its max_allowed_packet."),
    **dict.fromkeys(
        (1366, 1267, 3988),
        Meaning(
            InvalidArgumentError,
            "The database's character set does not have it; utf8mb4 has all.",
        ),
    ),
    **dict.fromkeys((1040, 1203, 1226), _FULL),
    1021: Meaning(UnavailableError, "Make room on its disk."),
    **dict.fromkeys((1290, 1792, 1836), _READ_ONLY),
    **dict.fromkeys((1317, 1969, 3024), _TOO_SLOW),
    **dict.fromkeys((0, 1053, 1080, 1927, 2003, 2006, 2013, 2014, 4031), _AWAY),
}


class MysqlDatabase(ServerDatabase):
    """One database of MySQL or MariaDB."""

    # It commits each table by itself, and refuses a look back at how a table was before.
    shows_whole_stores = False

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself."""
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
            connect_timeout=math.ceil(self._patience.connect),
            # PyMySQL's own limit for connecting ends before the server has said its first word.
            read_timeout=self._patience.connect,
            write_timeout=self._patience.answer,
            **connection_options(self._url),
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        connection._read_timeout = self._patience.answer  # noqa: SLF001 - there is no other way
        connection.encoding = mysql_text.NAME
        return connection

    def _prepare(self, connection: Any) -> None:
        """Have the session wait, take values and walk chains as the other databases do."""
        is_mariadb = "MariaDB" in connection.get_server_info()
        waits = max(1, math.ceil(self._patience.writers))
        settings = {
            "innodb_lock_wait_timeout": waits,
            "lock_wait_timeout": waits,
            "sql_mode": f"'{_SQL_MODE}'",
        }
        if is_mariadb:
            # How long a chain may be; MariaDB would end the walk there without a word.
            settings["max_recursive_iterations"] = _LONGEST_CHAIN
            # Who holds up the others with a transaction that has stopped is sent away.
            settings["idle_write_transaction_timeout"] = waits
        else:
            settings["cte_max_recursion_depth"] = _LONGEST_CHAIN
        with connection.cursor() as cursor:
            pairs = ", ".join(f"{name} = {value}" for name, value in settings.items())
            cursor.execute(f"SET SESSION {pairs}")
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")

    def lacks_database(self, error: BaseException) -> bool:
        """Say whether an error means that the server has no such database."""
        return error.args[:1] == (_NO_DATABASE,)

    def create_database(self) -> None:
        """Make the database if the server has none of that name."""
        connection = self._connect(None)
        try:
            name = str(self._url.database).replace("`", "``")
            connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
        finally:
            connection.close()

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
            "SELECT GET_LOCK(%s, %s)", (name, math.ceil(self._patience.writers))
        ).scalar()
        if not taken:
            message = (
                f"{self}: another process was creating or migrating it for too long; try again."
            )
            raise AbortedError(message)
        try:
            yield
            connection.commit()
        finally:
            if not connection.invalidated:  # else the server has released it already
                connection.exec_driver_sql("SELECT RELEASE_LOCK(%s)", (name,))

    def words(self, error: BaseException) -> str:
        """Return what the server says, with its number."""
        match error.args:
            case (int(number), str(text)) if text:
                return f"{text.rstrip('.')} ({number})"
        return str(error) if any(error.args) else "the connection is lost"

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        if isinstance(error, TimeoutError) or type(error).__name__ == "InterfaceError":
            return _AWAY
        number = error.args[0] if error.args else None
        return _MEANINGS.get(number) if isinstance(number, int) else None


_SSL = frozenset({"ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_key_password", "ssl_cipher"})
_TAKEN_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "unix_socket": str,
    "bind_address": str,
    "program_name": str,
    "read_default_file": str,
    "read_default_group": str,
    "max_allowed_packet": int,
}
_ELSEWHERE = frozenset(
    {"timeout", "connect_timeout", "read_timeout", "ssl_check_hostname", "charset", *_SSL}
)


def connection_options(url: URL) -> dict[str, Any]:
    """Return the driver's options that a URL's query has.

    Raises:
        SettingsError: It has one that is not known, or whose value cannot be used.
    """
    query = {name: str(value) for name, value in url.query.items()}
    unknown = sorted(set(query) - _TAKEN_OPTIONS.keys() - _ELSEWHERE)
    if unknown:
        known = ", ".join(sorted({*_TAKEN_OPTIONS, *_ELSEWHERE}))
        message = f"The store {show(url)!r} has the option {unknown[0]}. These are known: {known}."
        raise SettingsError(message)
    if query.get("charset", "utf8mb4") != "utf8mb4":
        message = f"The store {show(url)!r} asks for a charset. Leave it out: it is utf8mb4."
        raise SettingsError(message)
    try:
        options = {n: _TAKEN_OPTIONS[n](text) for n, text in query.items() if n in _TAKEN_OPTIONS}
        if _SSL & query.keys():
            options["ssl"] = _ssl_context(query)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        message = f"The store {show(url)!r} has an option that cannot be used: {error}."
        raise SettingsError(message) from error
    return options


def _ssl_context(query: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=query.get("ssl_ca"), capath=query.get("ssl_capath"))
    context.check_hostname = query.get("ssl_check_hostname", "true").lower() != "false"
    if "ssl_cipher" in query:
        context.set_ciphers(query["ssl_cipher"])
    if "ssl_key" in query and "ssl_cert" not in query:
        message = "ssl_key is of no use without ssl_cert"
        raise ValueError(message)
    if "ssl_cert" in query:
        context.load_cert_chain(
            query["ssl_cert"], query.get("ssl_key"), query.get("ssl_key_password")
        )
    return context


def parse(url: str) -> MysqlDatabase:
    """Return the database that a ``mysql:`` or ``mariadb:`` URL names.

    Raises:
        SettingsError: It names none, has an unknown option, or PyMySQL is not installed.
    """
    parsed, patience = parse_url(url, _DRIVERS, _FORM)
    error = import_driver("pymysql", "mysql").MySQLError
    connection_options(parsed)
    return MysqlDatabase(parsed, patience, error)
