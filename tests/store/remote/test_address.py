"""What the URL of a store on a server may be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlmeta_track.errors import SettingsError
from mlmeta_track.store.remote.address import MAX_MESSAGE_MB, TIMEOUT_SECONDS, parse
from mlmeta_track.wire.channel import Certificates


def test_a_host_and_a_port_are_enough() -> None:
    address = parse("grpc://metadata.example:8080")
    assert address.target == "metadata.example:8080"
    assert (address.timeout, address.max_message_mb) == (TIMEOUT_SECONDS, MAX_MESSAGE_MB)
    assert address.certificates is None


def test_an_address_of_ipv6_is_in_brackets() -> None:
    assert parse("grpc://[::1]:8080/").target == "[::1]:8080"


def test_the_options_are_those_of_the_query() -> None:
    address = parse("grpc://localhost:1?timeout=2.5&max_message_mb=256")
    assert (address.timeout, address.max_message_mb) == (2.5, 256)


def test_tls_without_files_trusts_whom_this_machine_trusts() -> None:
    assert parse("grpcs://localhost:1").certificates == Certificates()


def test_tls_has_its_files(tmp_path: Path) -> None:
    for name in ("ca", "cert", "key"):
        (tmp_path / name).write_bytes(name.encode())
    query = "&".join(f"{name}={tmp_path / name}" for name in ("ca", "cert", "key"))
    assert parse(f"grpcs://localhost:1?{query}").certificates == Certificates(
        b"ca", b"cert", b"key"
    )


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("grpc://", "names a server"),
        ("grpc://localhost", "names a server"),
        ("grpc://:8080", "names a server"),
        ("grpc://localhost:port", "host or port"),
        ("grpc://localhost:99999", "host or port"),
        ("grpc://localhost:1/database", "names a server"),
        ("grpc://localhost:1#fragment", "names a server"),
        ("grpc://localhost:1?timeout", "cannot be read"),
        ("grpc://[::1:1", "host or port"),
        ("grpc://localhost:1?timeout=soon", "timeout=soon"),
        ("grpc://localhost:1?timeout=0", "timeout=0"),
        ("grpc://localhost:1?timeout=nan", "timeout=nan"),
        ("grpc://localhost:1?timeout=inf", "timeout=inf"),
        ("grpc://localhost:1?max_message_mb=4096", "max_message_mb=4096"),
        ("grpc://localhost:1?wait=1", "'wait'"),
        ("grpc://localhost:1?ca=file", "'ca'"),
        ("grpcs://localhost:1?cert=file", "cert and key"),
        ("grpcs://localhost:1?ca=no-such-file", "'no-such-file'"),
    ],
)
def test_what_is_wrong_with_a_url_is_said(url: str, named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        parse(url)


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="does not know") as caught:
        parse("grpc://user:secret@localhost:1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("missing", ["grpc", "google"])
def test_a_library_that_is_missing_is_named_with_its_extra(missing: str) -> None:
    script = f"""
import sys
sys.modules[{missing!r}] = None
from mlmeta_track.errors import SettingsError
from mlmeta_track.store.connect import open_store
try:
    open_store("grpc://localhost:1")
except SettingsError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "mlmeta-track[mlmd]" in done.stdout, done.stderr
