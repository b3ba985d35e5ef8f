"""Processes that fork while they have a store on a server."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from mlmeta_track.domain.nodes import Execution
from tests.store.remote.conftest import MeddledStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

# The parent uses its store before, while and after its children do.
_FORKING = """
    import os, sys
    from mlmeta_track.errors import UnavailableError
    {imports}
    from mlmeta_track.store.connect import open_store
    from mlmeta_track.testing.store_cases.build import start_of_step

    store = open_store(sys.argv[1])
    store.put(start_of_step("parent"))
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            try:
                store.put(start_of_step(f"child {{number}}"))
                os._exit(0)
            except UnavailableError as error:
                print(error, file=sys.stderr)
                os._exit(7)
        children.append(child)
        store.put(start_of_step(f"parent {{number}}"))
    print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
    store.put(start_of_step("parent at last"))
    store.close()
"""


def run(address: str, imports: str) -> subprocess.CompletedProcess[str]:
    script = textwrap.dedent(_FORKING).format(imports=imports)
    command = [sys.executable, "-c", script, f"grpc://{address}?timeout=20"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_a_child_writes_over_a_channel_of_its_own(served: MeddledStore, address: str) -> None:
    done = run(address, "")
    assert (done.returncode, done.stdout) == (0, "[0, 0, 0]\n"), done.stderr
    names = {run.external_id for run in served.list_nodes(Execution)}
    assert names == {
        "parent",
        "parent at last",
        *(f"{who} {number}" for who in ("parent", "child") for number in range(3)),
    }


def test_a_child_of_a_process_whose_grpc_cannot_fork_says_so_and_its_parent_goes_on(
    served: MeddledStore, address: str
) -> None:
    done = run(address, "import grpc")
    assert (done.returncode, done.stdout) == (0, "[7, 7, 7]\n"), done.stderr
    assert "GRPC_ENABLE_FORK_SUPPORT=1" in done.stderr
    assert len(served.list_nodes(Execution)) == 5


def test_a_process_that_was_started_so_that_grpc_can_fork_needs_nothing_else(
    served: MeddledStore, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRPC_ENABLE_FORK_SUPPORT", "1")
    done = run(address, "import grpc")
    assert (done.returncode, done.stdout) == (0, "[0, 0, 0]\n"), done.stderr
    assert len(served.list_nodes(Execution)) == 8
