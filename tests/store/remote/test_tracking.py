"""Recording to a server, as a user does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.server import serving
from tests.store.remote.conftest import MeddledStore


class Table(mt.Artifact):
    """Some data."""

    split: str


@mt.step
def clean(source: Annotated[str, mt.Input(Table, split="raw")], target: str) -> int:
    mt.log_output(target, Table(split="clean"))
    return len(Path(source).read_text())


def test_a_step_is_recorded_on_a_server_and_its_lineage_asked_there(
    served: MeddledStore, address: str, tmp_path: Path
) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n")
    (tmp_path / "clean.csv").write_text("b\n")
    mt.init(f"grpc://{address}", experiment="Demo", strict=True)
    assert clean(str(tmp_path / "raw.csv"), str(tmp_path / "clean.csv")) == 4
    [run] = served.list_nodes(Execution)
    assert (run.type, run.last_known_state) == ("clean", ExecutionState.COMPLETE)
    upstream = mt.lineage(tmp_path / "clean.csv").upstream()
    assert [a.properties["split"] for a in upstream.artifacts] == ["raw", "clean"]
    assert "clean" in upstream.to_tree()


def test_an_input_is_one_artifact_however_often_it_is_used(
    served: MeddledStore, address: str, tmp_path: Path
) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n")
    (tmp_path / "clean.csv").write_text("b\n")
    mt.init(f"grpc://{address}", strict=True)
    for _ in range(3):
        clean(str(tmp_path / "raw.csv"), str(tmp_path / "clean.csv"))
    splits = [a.properties["split"] for a in served.get_by_type(Artifact, "Table")]
    assert splits == ["raw", "clean", "clean", "clean"]


def test_a_server_that_went_away_costs_records_and_no_run(
    served: MeddledStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n")
    with serving(served) as server:
        mt.init(f"grpc://{server.address}")
    assert clean(str(tmp_path / "raw.csv"), str(tmp_path / "raw.csv")) == 4
    assert server.address in caplog.text


def test_a_server_that_is_not_there_yet_is_tried_again_with_the_next_record(
    served: MeddledStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n")
    with serving(served) as server:
        address = server.address
    mt.init(f"grpc://{address}")
    assert address in caplog.text
    with serving(served, address):
        clean(str(tmp_path / "raw.csv"), str(tmp_path / "raw.csv"))
        assert mt.flush(20)
    assert len(served.list_nodes(Execution)) == 1
