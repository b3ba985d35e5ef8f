"""The wheel's own tests pass: with the look-alike in its place, and by its client on our server."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.store.connect import open_store
from tests.servers import DatabaseServer, configured
from tests.serving import served

from .upstream_suite import Outcome, run_upstream_suite

pytest.importorskip("absl")

LOOK_ALIKE = "mlmeta_track.mlmd"
DATABASES = ["sqlite", "postgresql", "mariadb"]
OF_FILES_OF_THEIR_OWN = [
    "MetadataStoreTest.test_downgrade_metadata_store",
    "MetadataStoreTest.test_enable_metadata_store_upgrade_migration",
]
"""Tests that upstream marks as failing, and does not run; they migrate SQLite files.

In direct mode they are run also, and pass.
"""

_NO_CLI_ARGS = "_get_metadata_store() missing 1 required positional argument: 'cli_args'"
FAULTS_OF_THE_FILE: Mapping[str, str] = {
    "MetadataStoreTest.test_connection_config_with_grpc_client_timeout_sec_errors": _NO_CLI_ARGS,
    "MetadataStoreTest.test_connection_config_with_grpc_http2_max_ping_strikes": _NO_CLI_ARGS,
    "MetadataStoreTest.test_connection_config_with_grpc_max_receive_message_length": _NO_CLI_ARGS,
    # It says `self.self.cli_args`.
    "MetadataStoreTest.test_connection_config_with_grpc_max_receive_message_length_errors": (
        "object has no attribute 'self'"
    ),
}
"""Tests that fail over the wire before they call any server, and what each says.

What they mean to test, test_wheel_client.py tests.
"""


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database that is not there yet."""
    if request.param == "sqlite":
        return "sqlite:///metadata.db"
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server.new_url()


# Direct mode


def test_every_test_of_the_wheel_passes_in_direct_mode(wheel_python: str) -> None:
    outcome = run_upstream_suite(sys.executable, wheel_python, alias=LOOK_ALIKE, also_unfit=True)

    assert outcome.failed == {}
    assert (len(outcome.passed), outcome.left_out) == (110, [])


def test_every_test_of_the_wheel_passes_on_a_database_that_all_share(
    wheel_python: str, url: str
) -> None:
    config = pb.ConnectionConfig(sqlite=pb.SqliteMetadataSourceConfig(filename_uri="metadata.db"))
    if not url.startswith("sqlite"):
        config = configured(url)
    outcome = run_upstream_suite(
        sys.executable, wheel_python, alias=LOOK_ALIKE, config=config.SerializeToString()
    )

    assert outcome.failed == {}
    assert (len(outcome.passed), sorted(outcome.left_out)) == (108, OF_FILES_OF_THEIR_OWN)
    assert len(open_store(url, create=False).list_nodes(Artifact)) > 100


# Over the wire


def assert_that_only_the_file_s_faults_fail(outcome: Outcome) -> None:
    said = {name: text.splitlines()[-1] for name, text in outcome.failed.items()}
    assert said.keys() == FAULTS_OF_THE_FILE.keys(), outcome.failed
    assert [name for name, fault in FAULTS_OF_THE_FILE.items() if fault not in said[name]] == []
    assert len(outcome.passed) == 102
    assert sorted(outcome.left_out) == OF_FILES_OF_THEIR_OWN


@pytest.mark.parametrize("side", ["wheel", "look-alike"])
def test_the_tests_of_the_wheel_pass_by_its_client_and_ours_on_our_server(
    wheel_python: str, url: str, side: str
) -> None:
    python, alias = (wheel_python, None) if side == "wheel" else (sys.executable, LOOK_ALIKE)
    with served(url) as server:
        host, _, port = server.address.rpartition(":")
        outcome = run_upstream_suite(
            python,
            wheel_python,
            alias=alias,
            grpc=(host, int(port)),
            files=["metadata_store_test.py"],
        )
        assert server.stop() == ""  # it had nothing to log

    assert_that_only_the_file_s_faults_fail(outcome)
