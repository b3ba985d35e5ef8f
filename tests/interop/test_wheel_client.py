"""The real wheel's client on our server: certificates, limits, time-outs, and many at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.server import MetadataServer, ServerOptions, Tls, serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from tests.server.certificates import Authority

Call: TypeAlias = "Callable[..., Any]"
MB = 2**20


@pytest.fixture
def memory() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def call(wheel_python: str) -> Call:
    """Return a function that runs a command of ``wheel_client.py`` on a server, and its answer."""

    def run(server: MetadataServer, command: str, **asked: Any) -> Any:
        host, _, port = server.address.rpartition(":")
        script = str(Path(__file__).with_name("wheel_client.py"))
        done = subprocess.run(
            [wheel_python, script, command, json.dumps({"host": host, "port": int(port), **asked})],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def ssl(authority: Authority, signed: tuple[Path, Path] | None = None) -> dict[str, str]:
    """Return a client's fields: whom it trusts, and the certificate and the key that it shows."""
    fields = {"custom_ca": authority.certificate.read_text()}
    if signed is not None:
        certificate, key = signed
        fields |= {"server_cert": certificate.read_text(), "client_key": key.read_text()}
    return fields


def test_it_calls_a_server_with_a_certificate(memory: Store, call: Call, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority", "Authority")
    with serving(memory, options=ServerOptions(tls=Tls(*authority.sign("server")))) as server:
        assert call(server, "types", ssl=ssl(authority)) == ["T"]
        assert call(server, "types", timeout=20)["error"] == "UnavailableError"


def test_it_shows_a_certificate_of_its_own(memory: Store, call: Call, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority", "Authority")
    tls = Tls(*authority.sign("server"), client_ca=authority.certificate)
    with serving(memory, options=ServerOptions(tls=tls)) as server:
        seen = call(server, "types", ssl=ssl(authority, authority.sign("client")))
        assert seen == ["T"]
        assert call(server, "types", ssl=ssl(authority))["error"] == "UnavailableError"


def test_a_request_over_the_server_s_limit_is_resource_exhausted(memory: Store, call: Call) -> None:
    with serving(memory, options=ServerOptions(max_message_mb=1)) as server:
        assert call(server, "put", size=2 * MB)["error"] == "ResourceExhaustedError"
        assert call(server, "put", size=MB // 2) == [1]


def test_a_response_over_its_own_limit_is_resource_exhausted(memory: Store, call: Call) -> None:
    with serving(memory) as server:
        assert call(server, "put", size=5 * MB) == [1]
        assert call(server, "uris")["error"] == "ResourceExhaustedError"
        more = {"max_receive_message_length": 8 * MB, "http2_max_ping_strikes": 0}
        assert call(server, "uris", channel=more) == ["u" * 5 * MB]


def test_its_time_out_is_kept(memory: Store, call: Call) -> None:
    with serving(memory) as server:
        assert call(server, "types", timeout=0)["error"] == "DeadlineExceededError"


def test_what_it_is_refused_says_why(memory: Store, call: Call) -> None:
    with serving(memory, options=ServerOptions(max_message_mb=1)) as server:
        for _ in range(3):
            call(server, "put", size=MB // 2)
        refused = call(server, "uris")

    assert refused["error"] == "ResourceExhaustedError"
    assert "more than the server's limit of 1048576" in refused["message"]


def test_many_of_them_at_once_make_each_type_and_node_once(memory: Store, call: Call) -> None:
    with serving(memory) as server:
        assert call(server, "crowd", clients=32) == [10]

    assert len(memory.list_nodes(Artifact)) == 160
