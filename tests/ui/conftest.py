from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import mlmeta_track as mt
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.tracking.settings import Settings
from mlmeta_track.ui.app import make_app

MLMD_PYTHON = Path(__file__).resolve().parents[2] / "build" / "envs" / "mlmd" / "bin" / "python"
SCHEMA = 'feature {{ name: "fare {number}" type: FLOAT presence {{ min_fraction: 1 }} }}'


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    """Two runs of an experiment, a step in a step, a schema on disk and a step that failed."""
    (tmp_path / "in.txt").write_text("in")
    for number in (1, 2):
        with mt.experiment("Demo", note="tried"), mt.run(f"run {number}"), mt.step("outer") as step:
            step.input("in.txt", name="source")
            step.log_params({"number": number})
            with mt.step("inner") as inner:
                path = tmp_path / f"{number}.pbtxt"
                path.write_text(SCHEMA.format(number=number))
                inner.output(path, Schema(name="S"), name="schema")
    with pytest.raises(ValueError, match="no"), mt.run("broken"), mt.step("fails"):
        raise ValueError("no")
    return store


class Schema(mt.Artifact, type_name="Schema"):
    name: str


@pytest.fixture
def client(filled: Store) -> Iterator[TestClient]:
    app = make_app(filled, Payloads(Settings(store=filled.url)))
    with TestClient(app, base_url="http://127.0.0.1:8765") as client:
        yield client


@pytest.fixture
def wheel_store(tmp_path: Path) -> str:
    """A store that ml_metadata wrote, in a process of its own, with nothing of ours in it."""
    python = Path(os.environ.get("MLMETA_TEST_MLMD_PYTHON", str(MLMD_PYTHON)))
    if not python.exists():
        message = f"There is no Python with ml-metadata at {python}: make build/envs/mlmd/.stamp"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    script = Path(__file__).with_name("wheel_store.py")
    subprocess.run([str(python), str(script), str(tmp_path / "wheel.db")], check=True)
    return f"sqlite:///{tmp_path / 'wheel.db'}"
