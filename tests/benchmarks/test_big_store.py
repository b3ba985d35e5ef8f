"""The large store that benchmarks use: the same every time, whole, and of the size asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import put_step
from tests.retention.stores import contents
from tests.servers import DatabaseServer

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "big_store.py"


def make(url: str, events: int) -> None:
    subprocess.run(
        [sys.executable, str(SCRIPT), url, "--events", str(events)], check=True, capture_output=True
    )


def test_it_is_whole_and_the_same_every_time(tmp_path: Path) -> None:
    stores = []
    for name in ("one", "two"):
        make(f"sqlite:///{tmp_path / name}.db", 5000)
        stores.append(open_store(f"sqlite:///{tmp_path / name}.db"))
    one, two = stores
    assert contents(one) == contents(two)
    assert one.maintenance().delete_orphans(before=2**60, dry_run=True) == 0
    executions = one.list_nodes(Execution)
    n_events = len(one.get_events_by_execution_ids([node.id for node in executions]))
    assert (len(executions), len(one.list_nodes(Artifact))) == (1000, 500)
    assert (len(one.list_nodes(Context)), 4500 <= n_events <= 5000) == (120, True)
    [last] = one.list_nodes(Artifact, limit=1, newest_first=True)
    above = one.get_lineage(artifact_ids=[last.id], direction=Direction.UPSTREAM)
    assert len(above.executions) > 20
    for store in stores:
        store.close()


def test_a_server_goes_on_with_ids_after_it(postgresql: DatabaseServer) -> None:
    url = postgresql.new_url()
    make(url, 100)
    store = open_store(url)
    put_step(store, "new", outputs=("a",))
    assert len(store.list_nodes(Execution)) == 21
    store.close()
