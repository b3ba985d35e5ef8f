"""What the tests of engines share: clusters of this machine alone, and what was recorded there.

They run in an environment of their own, by ``make test-engines``; in another one there is nothing
to collect.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers import PASSWORD, DatabaseServer
from tests.serving import served

ROOT = Path(__file__).resolve().parents[2]

collect_ignore_glob = [] if find_spec("distributed") else ["test_*.py"]

# Nobody is called from here, and nothing is listened to from elsewhere.
QUIET = {
    "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "200",
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "SPARK_LOCAL_IP": "127.0.0.1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let engines warn of what they like."""
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session", autouse=True)
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Settings for the engines, which their workers inherit."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in QUIET.items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_HOME", str(home))
        patch.setenv("SPARK_WORKER_DIR", str(home))
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", str(ROOT))  # workers import the tests' functions
        patch.setenv("PGPASSWORD", PASSWORD)  # which no token holds
        yield


@pytest.fixture(params=["PostgreSQL", "gRPC"])
def server_url(request: pytest.FixtureRequest, postgresql: DatabaseServer) -> Iterator[str]:
    """The URL of a store on PostgreSQL, itself or through our server."""
    url = postgresql.new_url()
    if request.param == "PostgreSQL":
        yield url
        return
    with served(url) as server:
        yield f"grpc://{server.address}"


# Imported by Python itself when it starts, from wherever it is found first.
WITHOUT_US = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("mlmeta_track"):
            raise ImportError(f"{name} is not installed")

sys.meta_path.insert(0, Missing())
"""


@pytest.fixture(scope="session")
def without_us(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder for the path of a process in which this package is then as good as missing."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(WITHOUT_US, "utf-8")
    return str(folder)
