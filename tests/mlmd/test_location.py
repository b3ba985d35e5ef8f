"""The URL that a ConnectionConfig stands for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd.location import hide_password, store_url
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.mlmd.proto.metadata_store_pb2 import ConnectionConfig

Sqlite = pb.SqliteMetadataSourceConfig


def mysql(**fields: object) -> ConnectionConfig:
    return ConnectionConfig(mysql=pb.MySQLDatabaseConfig(**fields))  # type: ignore[arg-type]


def postgresql(**fields: object) -> ConnectionConfig:
    config = pb.PostgreSQLDatabaseConfig(**fields)  # type: ignore[arg-type]
    return ConnectionConfig(postgresql=config)


def test_a_fake_database_is_in_memory() -> None:
    config = ConnectionConfig(fake_database=pb.FakeDatabaseConfig())

    assert store_url(config) == "sqlite://"


@pytest.mark.parametrize("name", ["", ":memory:"])
def test_sqlite_without_a_file_is_in_memory(name: str) -> None:
    assert store_url(ConnectionConfig(sqlite=Sqlite(filename_uri=name))) == "sqlite://"


@pytest.mark.parametrize(
    ("mode", "word"),
    [
        (None, "rwc"),
        (Sqlite.UNKNOWN, "rwc"),
        (Sqlite.READWRITE_OPENCREATE, "rwc"),
        (Sqlite.READWRITE, "rw"),
        (Sqlite.READONLY, "ro"),
    ],
)
def test_a_connection_mode_is_sqlite_s_own(mode: Sqlite.ConnectionMode | None, word: str) -> None:
    config = ConnectionConfig(sqlite=Sqlite(filename_uri="/data/m.db", connection_mode=mode))

    assert store_url(config) == f"sqlite:///file:/data/m.db?mode={word}&uri=true"


def test_what_a_path_has_in_it_is_no_part_of_the_url() -> None:
    config = ConnectionConfig(sqlite=Sqlite(filename_uri="/a b/c?d#e%20.db"))

    assert store_url(config) == "sqlite:///file:/a%20b/c%3Fd%23e%2520.db?mode=rwc&uri=true"


def test_the_options_of_a_file_uri_are_kept() -> None:
    config = ConnectionConfig(sqlite=Sqlite(filename_uri="file:/a%20b.db?mode=ro&cache=private"))

    assert store_url(config) == "sqlite:///file:/a%20b.db?mode=ro&cache=private&uri=true"


def test_a_mysql_database_is_reached_by_its_host() -> None:
    config = mysql(host="db", port=3307, database="m", user="u", password="p/@:%")  # noqa: S106 - of no database

    assert store_url(config) == "mysql+pymysql://u:p%2F%40%3A%25@db:3307/m"


def test_a_mysql_database_is_reached_by_its_socket() -> None:
    config = mysql(socket="/run/my.sock", database="m", user="root")

    assert store_url(config) == "mysql+pymysql://root@/m?unix_socket=/run/my.sock"


def test_the_ssl_options_of_mysql_are_passed_on() -> None:
    ssl = pb.MySQLDatabaseConfig.SSLOptions(ca="/ca.pem", key="/k.pem", verify_server_cert=True)

    url = store_url(mysql(host="db", database="m", ssl_options=ssl))

    assert url == ("mysql+pymysql://db/m?ssl_key=/k.pem&ssl_ca=/ca.pem&ssl_check_hostname=true")


def test_a_postgresql_database_is_reached_by_its_host() -> None:
    config = postgresql(host="db", port="5433", dbname="m", user="u", password="a b")  # noqa: S106 - of no database

    assert store_url(config) == "postgresql+psycopg://u:a%20b@db:5433/m"


def test_a_postgresql_database_is_reached_by_its_address() -> None:
    config = postgresql(hostaddr="::1", port="5432", dbname="m", user="u")

    assert store_url(config) == "postgresql+psycopg://u@[::1]:5432/m"


def test_the_ssl_options_of_postgresql_are_passed_on() -> None:
    ssl = pb.PostgreSQLDatabaseConfig.SSLOptions(sslmode="verify-full", sslrootcert="/ca.pem")
    config = postgresql(host="db", port="1", dbname="m", user="u", passfile="/p", ssloption=ssl)

    assert store_url(config) == (
        "postgresql+psycopg://u@db:1/m?sslmode=verify-full&sslrootcert=/ca.pem&passfile=/p"
    )


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (ConnectionConfig(), "unset"),
        (mysql(database="m"), "host or by its socket"),
        (mysql(host="h", socket="s", database="m"), "host or by its socket"),
        (mysql(host="h"), "lacks: database"),
        (postgresql(port="1", dbname="m", user="u"), "host or by its hostaddr"),
        (postgresql(host="h", hostaddr="1.2.3.4"), "host or by its hostaddr"),
        (postgresql(host="h"), "lacks: port, dbname, user"),
    ],
    ids=["unset", "nowhere", "twice", "no name", "address", "two addresses", "no names"],
)
def test_a_configuration_that_names_no_database_is_refused(
    config: ConnectionConfig, words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        store_url(config)


@pytest.mark.parametrize("kind", [mysql, postgresql])
def test_a_password_is_hidden_however_it_is_written(
    kind: Callable[..., ConnectionConfig],
) -> None:
    config = kind(password="s/cret")  # noqa: S106 - of no database

    assert hide_password(config, "u:s/cret@db, u:s%2Fcret@db") == "u:***@db, u:***@db"
