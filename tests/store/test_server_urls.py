"""What the URLs of database servers may say."""

from __future__ import annotations

import ssl
import traceback
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mlmeta_track.errors import SettingsError, UnavailableError
from mlmeta_track.store.connect import check_url, open_store
from mlmeta_track.store.sql import mysql, postgresql
from mlmeta_track.store.sql.backend import parse
from mlmeta_track.store.sql.server import Patience
from tests.server.certificates import Authority
from tests.servers import new_mariadb, serving


def libpq(url: str) -> dict[str, object]:
    return postgresql.connection_options(make_url(url), Patience())


def pymysql(url: str) -> dict[str, object]:
    return mysql.connection_options(make_url(url))


# Names


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("postgresql", "postgresql+psycopg"),
        ("postgresql+psycopg", "postgresql+psycopg"),
        ("mysql", "mysql+pymysql"),
        ("mysql+pymysql", "mysql+pymysql"),
        ("mariadb", "mysql+pymysql"),
        ("mariadb+pymysql", "mysql+pymysql"),
    ],
)
def test_a_driver_may_be_left_out(written: str, driver: str) -> None:
    assert parse(f"{written}://u:p@h:1/d").url == f"{driver}://u:***@h:1/d"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql+asyncpg://h/d", "driver that is not known"),
        ("mysql+mysqlconnector://h/d", "driver that is not known"),
        ("postgresql://u:hunter2@h", "names no database"),
        ("postgresql://u:hunter2@h/", "names no database"),
        ("mysql://u:hunter2@h:port/d", "not a URL that can be read"),
        ("postgresql://u:hunter2", "not a URL that can be read"),
        ("postgresql://u:hunt@er2@h/d", "Write one that belongs"),
        ("postgresql:/u:hunter2@h/d", r"'\*\*\*@h/d' is not a URL"),
        ("postgresql://u:hunter2@h/d?timeout=soon", "timeout of the store .* number of seconds"),
        ("postgresql://u:hunter2@h/d?timeout=0", "above 0"),
        ("mysql://u:hunter2@h/d?connect_timeout=-1", "above 0"),
        ("mysql://u:hunter2@h/d?read_timeout=nan", "above 0"),
        ("mysql://u:hunter2@h/d?timeout=1&timeout=2", "above 0"),
        ("postgresql://u:hunter2@h/d?fast=1", 'invalid connection option "fast"'),
        ("postgresql://u:x@h/d?password=hunter2&fast=1", "fast"),
        ("mysql://u:hunter2@h/d?fast=1", "the option fast. These are known: bind_address"),
        ("mysql://u:hunter2@h/d?charset=latin1", "charset. Leave it out"),
        ("mysql://u:hunter2@h/d?max_allowed_packet=big", "option that cannot be used"),
        ("mysql://u:hunter2@h/d?ssl_ca=/no/such/file", "option that cannot be used"),
        ("mysql://u:hunter2@h/d?ssl_key=/key", "no use without ssl_cert"),
    ],
)
def test_a_url_that_cannot_be_used_is_one_clear_error(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as raised:
        open_store(url)
    assert "er2" not in "".join(traceback.format_exception(raised.value))


def test_a_url_without_a_password_is_shown_as_it_is() -> None:
    with pytest.raises(SettingsError, match=r"'metadata\.db' is not a URL"):
        check_url("metadata.db")


# Waiting


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_how_long_is_waited_is_in_the_url(kind: str) -> None:
    assert parse(f"{kind}://h/d").timeout == 60
    assert parse(f"{kind}://h/d?timeout=0.5").timeout == 0.5


def test_a_server_has_longer_to_answer_than_a_writer_waits() -> None:
    backend = parse("postgresql://h/d?timeout=300")
    assert isinstance(backend, postgresql.PostgresqlDatabase)
    assert backend._patience == Patience(300, 10, 360)


# Options


def test_the_parts_of_a_url_are_libpq_s() -> None:
    options = libpq("postgresql+psycopg://me:p%40ss@h:5433/d?sslmode=require&passfile=/p&timeout=3")
    expected = {"host": "h", "port": 5433, "user": "me", "password": "p@ss", "dbname": "d"}
    assert expected.items() <= options.items()
    assert options["sslmode"] == "require"
    assert options["passfile"] == "/p"
    assert options["connect_timeout"] == 10
    assert "timeout" not in options


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("host=/run/postgresql", {"host": "/run/postgresql"}),
        ("hostaddr=127.0.0.1", {"hostaddr": "127.0.0.1"}),
        ("host=a:1&host=b:2", {"host": "a,b", "port": "1,2"}),
        ("service=mine", {"service": "mine"}),
        ("keepalives_idle=7", {"keepalives_idle": "7"}),
    ],
)
def test_a_server_may_be_named_among_the_options(query: str, expected: dict[str, str]) -> None:
    assert expected.items() <= libpq(f"postgresql+psycopg:///d?{query}").items()
    parse(f"postgresql:///d?{query}")


def test_numbers_are_numbers_to_pymysql() -> None:
    url = "mysql+pymysql://h/d?unix_socket=/s&max_allowed_packet=1000&connect_timeout=3&timeout=2"
    assert pymysql(url) == {"unix_socket": "/s", "max_allowed_packet": 1000}


def test_certificates_become_a_context(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca", "authority")
    certificate, key = authority.sign("client", b"for the key")
    options = f"ssl_ca={authority.certificate}&ssl_cert={certificate}&ssl_key={key}"
    options += "&ssl_key_password=for%20the%20key"
    context = pymysql(f"mysql+pymysql://h/d?{options}&ssl_cipher=ECDHE%2BAESGCM")["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1


def test_a_server_is_known_by_its_certificate(tmp_path: Path) -> None:
    daemon = new_mariadb()
    authority = Authority(daemon.folder / "ca", "authority")
    certificate, key = authority.sign("server")
    daemon.options = [f"--ssl-cert={certificate}", f"--ssl-key={key}"]
    other = Authority(tmp_path / "other", "other")
    with serving(daemon) as server:
        url = server.new_url()
        store = open_store(f"{url}?ssl_ca={authority.certificate}")
        with store._database.read() as session:  # type: ignore[attr-defined]
            session.cursor.execute("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
            assert "TLS" in session.cursor.fetchone()[1]
        with pytest.raises(UnavailableError, match="CERTIFICATE_VERIFY_FAILED"):
            open_store(f"{url}?ssl_ca={other.certificate}")
        store.close()


def test_a_folder_of_authorities_may_be_named(tmp_path: Path) -> None:
    context = pymysql(f"mysql+pymysql://h/d?ssl_capath={tmp_path}&ssl_check_hostname=false")["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert not context.check_hostname
