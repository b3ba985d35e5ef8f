"""Numbers and certificates that a server can, or cannot, be run with; encrypted calls."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.errors import SettingsError
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.server import MetadataServer, ServerOptions, Tls, serving
from mlmeta_track.store.base import Store
from tests.serving import client

from .certificates import Authority


@pytest.mark.parametrize(
    "options",
    [
        {"workers": 0},
        {"max_message_mb": 0},
        {"max_message_mb": 2048},
        {"grace_seconds": -1.0},
        {"grace_seconds": math.inf},
    ],
)
def test_a_number_that_cannot_be_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=str(next(iter(options.values())))):
        ServerOptions(**options)


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "a", "Authority")


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "stranger", "Stranger")


@pytest.fixture
def encrypted(memory: Store, authority: Authority) -> Iterator[MetadataServer]:
    """A server with a certificate that asks its clients for none."""
    with serving(memory, options=ServerOptions(tls=Tls(*authority.sign("server")))) as server:
        yield server


@pytest.fixture
def mutual(memory: Store, authority: Authority) -> Iterator[MetadataServer]:
    """A server that wants to see certificates of its clients."""
    tls = Tls(*authority.sign("server"), client_ca=authority.certificate)
    with serving(memory, options=ServerOptions(tls=tls)) as server:
        yield server


def types_seen(
    server: MetadataServer, trusted: Authority, signed: tuple[Path, Path] | None = None
) -> int:
    """Return how many artifact types a client sees, which trusts and shows what is given."""
    ssl = pb.MetadataStoreClientConfig.SSLConfig(custom_ca=trusted.certificate.read_text())
    if signed is not None:
        certificate, key = signed
        ssl.server_cert, ssl.client_key = certificate.read_text(), key.read_text()
    caller = client(server.address, ssl_config=ssl, client_timeout_sec=20)
    caller.put_artifact_type(pb.ArtifactType(name="T"))
    return len(caller.get_artifact_types())


def test_calls_are_encrypted(encrypted: MetadataServer, authority: Authority) -> None:
    assert types_seen(encrypted, authority) == 1


def test_a_client_without_encryption_is_turned_away(encrypted: MetadataServer) -> None:
    with pytest.raises(errors.UnavailableError):
        client(encrypted.address, client_timeout_sec=20).get_artifact_types()


def test_a_client_does_not_take_a_server_of_strangers(
    encrypted: MetadataServer, stranger: Authority
) -> None:
    with pytest.raises(errors.UnavailableError):
        types_seen(encrypted, stranger)


def test_a_client_that_shows_its_certificate_is_answered(
    mutual: MetadataServer, authority: Authority
) -> None:
    assert types_seen(mutual, authority, authority.sign("client")) == 1


def test_a_client_that_shows_none_is_turned_away(
    mutual: MetadataServer, authority: Authority
) -> None:
    with pytest.raises(errors.UnavailableError):
        types_seen(mutual, authority)


def test_a_client_with_a_stranger_s_certificate_is_turned_away_and_others_are_not(
    mutual: MetadataServer, authority: Authority, stranger: Authority
) -> None:
    with pytest.raises(errors.UnavailableError):
        types_seen(mutual, authority, stranger.sign("client"))

    assert types_seen(mutual, authority, authority.sign("client")) == 1


# Certificates that cannot be used


def refused(memory: Store, tls: Tls) -> str:
    with pytest.raises(SettingsError, match="TLS cannot use") as raised:
        MetadataServer(memory, "127.0.0.1:0", ServerOptions(tls=tls))
    return str(raised.value)


def test_a_key_of_another_certificate_is_refused(memory: Store, authority: Authority) -> None:
    (certificate, _), (_, key) = authority.sign("one"), authority.sign("another")

    message = refused(memory, Tls(certificate, key))

    assert f"{certificate} with the key {key}: key values mismatch" in message


def test_an_encrypted_key_is_refused_and_nobody_asked(memory: Store, authority: Authority) -> None:
    certificate, key = authority.sign("locked", password=b"secret")

    assert "the key is encrypted" in refused(memory, Tls(certificate, key))


def test_a_file_that_is_no_certificate_is_refused(
    memory: Store, authority: Authority, tmp_path: Path
) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing")
    certificate, key = authority.sign("server")

    assert str(nothing) in refused(memory, Tls(nothing, key))
    assert str(nothing) in refused(memory, Tls(certificate, nothing))
    assert str(nothing) in refused(memory, Tls(certificate, key, client_ca=nothing))


def test_a_file_that_does_not_exist_is_refused(memory: Store, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"

    assert "No such file" in refused(memory, Tls(missing, missing))
