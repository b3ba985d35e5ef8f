"""From a URL to a store."""

from __future__ import annotations

import re
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, cast

from mlmeta_track.errors import SettingsError

if TYPE_CHECKING:
    from mlmeta_track.store.base import Store

# By name, so that a database's libraries are imported when a store of that kind is opened.
_SQL = "mlmeta_track.store.sql.store:SqlStore"
_REMOTE = "mlmeta_track.store.remote.store:RemoteStore"
_OPENERS = {
    "sqlite": _SQL,
    "postgresql": _SQL,
    "mysql": _SQL,
    "mariadb": _SQL,
    "grpc": _REMOTE,
    "grpcs": _REMOTE,
}

_FORMS = (
    "sqlite:///relative/path.db, sqlite:////absolute/path.db, sqlite:// (in memory),"
    " postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE,"
    " mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE,"
    " grpc://HOST:PORT or grpcs://HOST:PORT (a server of ML Metadata)"
)


# Up to the last @, for a password may hold one.
_PASSWORD = re.compile(r"(?<=://)([^/@:?]*):[^/?]*@")
_SECRET_OPTION = re.compile(r"(?i)\b(\w*(?:passwd|password|token|secret))=[^&]*")


def check_url(url: str) -> None:
    """Raise ``SettingsError`` unless a store can be opened for URLs of that form."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        # What stands before an @ may have a password.
        shown = f"***@{url.rpartition('@')[2]}" if "@" in url else url
        message = f"The store {shown!r} is not a URL. Write one of: {_FORMS}."
        raise SettingsError(message)
    if scheme.split("+")[0] not in _OPENERS:
        message = f"There is no store for {scheme}:// URLs. Write one of: {_FORMS}."
        raise SettingsError(message)


def shown_url(url: str) -> str:
    """Return a store's URL as it may be shown: without what may be a password."""
    shown = _PASSWORD.sub(r"\1:***@", url)
    return _SECRET_OPTION.sub(r"\1=***", shown)


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the store that a URL names.

    Args:
        url: Where it is.
        create: Whether to create it if it does not exist.

    Raises:
        SettingsError: No store is known for such a URL.
        NotFoundError: It does not exist, and is not to be created.
        FailedPreconditionError: It is no store of MLMD, or has another schema version.
        UnavailableError: It cannot be reached or created.
    """
    check_url(url)
    module, _, name = _OPENERS[url.partition("://")[0].split("+")[0]].partition(":")
    return cast("Store", getattr(_imported(module), name)(url, create=create))


def _imported(module: str) -> ModuleType:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"google", "grpc"}:
            raise
        message = (
            "A store on a server needs grpcio and protobuf, which come with the extra: pip install"
            " 'mlmeta-track[mlmd]'."
        )
        raise SettingsError(message) from error
