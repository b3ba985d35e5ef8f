"""What every kind of database is asked for, and which kind a URL names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from mlmeta_track.errors import MlmetaTrackError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from mlmeta_track.store.sql.connections import Connections

_MODULES = {
    "sqlite": "mlmeta_track.store.sql.sqlite",
    "postgresql": "mlmeta_track.store.sql.postgresql",
    "mysql": "mlmeta_track.store.sql.mysql",
    "mariadb": "mlmeta_track.store.sql.mysql",
}


class Backend(Protocol):
    """One database of some kind: how to connect, begin and create, and what its errors mean.

    ``str()`` names it in messages; no password is ever in its name.
    """

    @property
    def url(self) -> str:
        """The URL, without a password."""

    @property
    def timeout(self) -> float:
        """How many seconds a writer waits for the others."""

    @property
    def in_memory(self) -> bool:
        """Whether all threads must share the one connection."""

    @property
    def shows_whole_stores(self) -> bool:
        """Whether a store that is being created is seen only when it is whole."""

    @property
    def driver_error(self) -> type[Exception]:
        """The root of the driver's errors."""

    def make_engine(self, *, create: bool = True) -> Engine:
        """Return an engine with a pool of connections that begin no transaction by themselves.

        Args:
            create: Whether the database is made if there is none.
        """

    def connections(self, engine: Engine) -> Connections:
        """Return what lends connections of that engine's database, which has been opened."""

    def begin(self, *, writing: bool) -> Sequence[str]:
        """Return the statements by which a transaction begins; a writer is the only one then."""

    def creating(self, connection: Connection) -> AbstractContextManager[None]:
        """Begin a transaction in which the store is created, by nobody else at the same time."""

    def check_place(self) -> None:
        """Raise ``UnavailableError`` if there can be no such database."""

    def exists(self) -> bool:
        """Say whether the database exists, as far as that can be seen without opening it."""

    def identity(self) -> tuple[int, int] | None:
        """Tell this database from another at the same place; None where that cannot happen."""

    def gone(self) -> MlmetaTrackError:
        """Return the error for a database that is not the one that was opened."""

    def translate(self, error: Exception) -> MlmetaTrackError:
        """Return what an error of the database, SQLAlchemy or the driver means in our terms."""

    def is_passing(self, error: Exception, *, committing: bool) -> bool:
        """Say whether the same transaction may succeed if it is tried again.

        Args:
            error: What ended it.
            committing: Whether it was being committed; if the connection was lost then, nobody
                knows whether it was.
        """


def parse(url: str) -> Backend:
    """Return the database that a URL names.

    Raises:
        SettingsError: It names none, or its driver is not installed.
    """
    kind = url.partition("://")[0].partition("+")[0]
    return cast("Backend", import_module(_MODULES.get(kind, _MODULES["sqlite"])).parse(url))
