"""From ML Metadata's ``ConnectionConfig`` to the URL of a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlencode, urlsplit

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.wire import metadata_store_pb2 as pb

_SQLITE_MODES: Mapping[int, str] = {
    pb.SqliteMetadataSourceConfig.READONLY: "ro",
    pb.SqliteMetadataSourceConfig.READWRITE: "rw",
}
_MYSQL_SSL = ("key", "cert", "ca", "capath", "cipher")
_POSTGRESQL_SSL = ("sslmode", "sslcert", "sslkey", "sslpassword", "sslrootcert")


def store_url(config: pb.ConnectionConfig) -> str:
    """Return the URL of the store that a configuration names.

    Raises:
        InvalidArgumentError: It names none, or lacks what its kind of database needs.
    """
    kind = config.WhichOneof("config")
    if kind == "sqlite":
        return _sqlite(config.sqlite)
    if kind == "mysql":
        return _mysql(config.mysql)
    if kind == "postgresql":
        return _postgresql(config.postgresql)
    if kind == "fake_database":
        return "sqlite://"
    message = (
        "The ConnectionConfig is unset: it names no database. Set one of fake_database, sqlite,"
        " mysql and postgresql."
    )
    raise InvalidArgumentError(message)


def hide_password(config: pb.ConnectionConfig, text: str) -> str:
    """Return a text without the passwords of a configuration."""
    postgresql = config.postgresql
    for secret in (config.mysql.password, postgresql.password, postgresql.ssloption.sslpassword):
        if secret:
            text = text.replace(secret, "***").replace(quote(secret, safe=""), "***")
    return text


def is_read_only(config: pb.ConnectionConfig) -> bool:
    """Say whether the database is only to be read."""
    return config.sqlite.connection_mode == pb.SqliteMetadataSourceConfig.READONLY


def _sqlite(config: pb.SqliteMetadataSourceConfig) -> str:
    name = config.filename_uri
    if name in {"", ":memory:"}:
        return "sqlite://"
    options: list[str] = []
    if name.startswith("file:"):
        parts = urlsplit(name)
        name = unquote(parts.path)
        options = [part for part in parts.query.split("&") if part]
    if not any(option.startswith("mode=") for option in options):
        options.append(f"mode={_SQLITE_MODES.get(config.connection_mode, 'rwc')}")
    # SQLite's own URI, for that takes every path and every mode.
    return f"sqlite:///file:{quote(os.fspath(name))}?{'&'.join(options)}&uri=true"


def _mysql(config: pb.MySQLDatabaseConfig) -> str:
    if bool(config.host) == bool(config.socket):
        message = "A MySQL database is reached by its host or by its socket: set one of them."
        raise InvalidArgumentError(message)
    _require("MySQL", {"database": config.database})
    options = {"unix_socket": config.socket} if config.socket else {}
    ssl = config.ssl_options
    options |= {f"ssl_{name}": getattr(ssl, name) for name in _MYSQL_SSL if getattr(ssl, name)}
    if config.HasField("ssl_options"):
        options["ssl_check_hostname"] = str(ssl.verify_server_cert).lower()
    place = _place(config.host, str(config.port or ""))
    login = _login(config.user, config.password)
    return f"mysql+pymysql://{login}{place}/{quote(config.database, safe='')}{_query(options)}"


def _postgresql(config: pb.PostgreSQLDatabaseConfig) -> str:
    if bool(config.host) == bool(config.hostaddr):
        message = "A PostgreSQL database is reached by its host or by its hostaddr: set one."
        raise InvalidArgumentError(message)
    _require("PostgreSQL", {"port": config.port, "dbname": config.dbname, "user": config.user})
    ssl = config.ssloption
    options = {name: getattr(ssl, name) for name in _POSTGRESQL_SSL if getattr(ssl, name)}
    if config.passfile:
        options["passfile"] = config.passfile
    place = _place(config.host or config.hostaddr, config.port)
    login = _login(config.user, config.password)
    return f"postgresql+psycopg://{login}{place}/{quote(config.dbname, safe='')}{_query(options)}"


def _require(kind: str, fields: Mapping[str, str]) -> None:
    missing = [name for name, value in fields.items() if not value]
    if missing:
        message = f"The ConnectionConfig of a {kind} database lacks: {', '.join(missing)}."
        raise InvalidArgumentError(message)


def _login(user: str, password: str) -> str:
    if not user:
        return ""
    secret = f":{quote(password, safe='')}" if password else ""
    return f"{quote(user, safe='')}{secret}@"


def _place(host: str, port: str) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{port}" if port else named


def _query(options: Mapping[str, str]) -> str:
    return f"?{urlencode(options, safe='/', quote_via=quote)}" if options else ""
