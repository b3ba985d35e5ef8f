"""``mlmeta-track serve``, as a user starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

from mlmeta_track.cli.main import main
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.server import ServerOptions
from mlmeta_track.store.connect import open_store
from tests.servers import PASSWORD, DatabaseServer
from tests.serving import COMMAND, client, served

STORE = "sqlite:///metadata.db"


def refused(*arguments: str) -> str:
    """Return what a command says that cannot be; one clear line, and nothing else."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_it_says_which_store_and_where_and_serves_it() -> None:
    with served(STORE) as server:
        assert re.fullmatch(rf"Serving {STORE} at 127\.0\.0\.1:[1-9]\d*\.\n", server.first_line)
        execution_type = pb.ExecutionType(name="Train")
        type_id = client(server.address).put_execution_type(execution_type)
        client(server.address).put_executions([pb.Execution(type_id=type_id, name="e")])

    [execution] = open_store(STORE, create=False).get_by_type(Execution, "Train")
    assert execution.name == "e"


def test_the_store_may_be_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", STORE)
    command = [*COMMAND, "--grpc", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"Serving {STORE} at ")
        process.kill()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_the_password_of_the_store_is_not_said(kind: str, request: pytest.FixtureRequest) -> None:
    database: DatabaseServer = request.getfixturevalue(kind)
    url = database.new_url()
    with served(url) as server:
        assert client(server.address).get_artifact_types() == []
        said = server.first_line + server.stop(signal.SIGINT)

    assert urlsplit(url).path in said
    assert PASSWORD not in said


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a process cannot be told to stop")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_status_0_when_it_is_told(number: int) -> None:
    with served("sqlite://") as server:
        assert server.stop(number) == ""
        assert server.process.returncode == 0


def test_limits_are_taken_from_the_options() -> None:
    too_long = ["x" * 2**20]
    with served("sqlite://", "--max-message-mb", "1") as server:
        caller = client(server.address)
        with pytest.raises(errors.ResourceExhaustedError, match="larger than max"):
            caller.get_artifact_types_by_external_ids(too_long)


def test_the_defaults_are_those_of_the_server() -> None:
    command = main.get_command(click.Context(main), "serve")
    assert command is not None
    defaults = {option.name: option.default for option in command.params}
    options = ServerOptions()

    assert (options.workers, options.max_message_mb, options.grace_seconds) == (
        defaults["workers"],
        defaults["max_message_mb"],
        defaults["grace"],
    )


# What cannot be


def test_a_port_that_is_taken_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert f"{address}: Address already in use" in refused(
            "--grpc", address, "--store", "sqlite://"
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--store", "sqlite:////no/such/folder/metadata.db"], "no folder /no/such/folder"),
        (["--store", "nonsense"], "'nonsense' is not a URL"),
        (["--store", "postgresql+psycopg://me:hidden@127.0.0.1:1/db"], "127.0.0.1:1"),
        (["--workers", "0"], "0 workers"),
        (["--max-message-mb", "0"], "0 MiB"),
        (["--grace", "-1"], "-1.0 is no grace period"),
        (["--grace", "nan"], "nan is no grace period"),
        (["--grpc", "8080"], "Write HOST:PORT"),
        (["--tls-cert", "file"], "both --tls-cert and --tls-key"),
        (["--client-ca", "file"], "both --tls-cert and --tls-key"),
        (["--tls-cert", "file", "--tls-key", "file"], "TLS cannot use the certificate file"),
    ],
)
def test_what_cannot_be_is_one_clear_line(arguments: list[str], said: str) -> None:
    Path("file").write_text("nothing")
    given = ["--grpc", "127.0.0.1:0", "--store", "sqlite://", *arguments]
    message = refused(*given)

    assert said in message
    assert "hidden" not in message


WITHOUT_GRPC = """
import sys
sys.modules["grpc"] = None
sys.argv = ["mlmeta-track", "serve", "--grpc", "127.0.0.1:0", "--store", "sqlite://"]
from mlmeta_track.cli.main import main
main()
"""


def test_without_grpc_it_names_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT_GRPC]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "Error: To serve a store, grpc must be installed: pip install 'mlmeta-track[mlmd]'."
    ]
