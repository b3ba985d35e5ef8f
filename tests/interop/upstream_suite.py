"""The tests that ship inside the ``ml-metadata`` wheel, run from the wheel as they are."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

FILES = ("metadata_store_test.py", "mlmd_types_test.py")


class Outcome(NamedTuple):
    """Which tests passed; what those that failed said; those that upstream itself leaves out."""

    passed: list[str]
    failed: dict[str, str]
    left_out: list[str]


def run_upstream_suite(  # noqa: PLR0913 - each is an option of the run
    python: str,
    wheel_python: str,
    *,
    alias: str | None = None,
    grpc: tuple[str, int] | None = None,
    config: bytes | None = None,
    also_unfit: bool = False,
    only: Collection[str] | None = None,
    files: Collection[str] = FILES,
) -> Outcome:
    """Run the suite in a process of its own.

    Args:
        python: The Python that runs the tests; it needs absl.
        wheel_python: The Python whose ``ml_metadata`` has the tests.
        alias: The package that stands for ``ml_metadata``; None for the real one.
        grpc: Host and port of the server that is called; None for direct mode.
        config: The ``ConnectionConfig`` of the database that all tests share in direct mode; None
            for a store in memory for each.
        also_unfit: Whether to run the two tests also that upstream expects to fail.
        only: The names of the tests that are run; None for all.
        files: Which files of the suite.
    """
    where = (
        "import importlib.util as u; print(*u.find_spec('ml_metadata').submodule_search_locations)"
    )
    package = _output([wheel_python, "-c", where]).strip()
    host, port = grpc or (None, None)
    asked = {
        "alias": alias,
        "also_unfit": also_unfit,
        "cli_args": {"use_grpc_backend": grpc is not None, "grpc_host": host, "grpc_port": port},
        "config": None if config is None else base64.b64encode(config).decode(),
        "files": [str(Path(package, "metadata_store", name)) for name in files],
        "only": only if only is None else sorted(only),
    }
    script = str(Path(__file__).with_name("upstream_side.py"))
    with tempfile.TemporaryDirectory() as folder:
        return Outcome(**json.loads(_output([python, script, json.dumps(asked)], folder)))


def _output(command: list[str], folder: str = "") -> str:
    environment = os.environ | {"TEST_TMPDIR": folder}  # where absl has its tests put files
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
