"""One MetadataStore, many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlmeta_track.mlmd import MetadataStore
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb

THREADS = 20


@pytest.fixture(params=["a file", "memory"])
def config(request: pytest.FixtureRequest, tmp_path: Path) -> pb.ConnectionConfig:
    found = pb.ConnectionConfig()
    found.sqlite.SetInParent()
    if request.param == "a file":
        found.sqlite.filename_uri = str(tmp_path / "metadata.db")
    return found


def test_threads_that_put_one_type_get_one_type(config: pb.ConnectionConfig) -> None:
    store = MetadataStore(config)
    declared = pb.ArtifactType(name="T", properties={"p": pb.INT})

    with ThreadPoolExecutor(THREADS) as pool:
        ids = list(pool.map(lambda _: store.put_artifact_type(declared), range(THREADS)))

    assert len(set(ids)) == 1
    assert len(store.get_artifact_types()) == 1


def test_what_threads_write_is_all_there(config: pb.ConnectionConfig) -> None:
    store = MetadataStore(config)
    type_id = store.put_artifact_type(pb.ArtifactType(name="T"))

    def put(number: int) -> list[int]:
        return store.put_artifacts([pb.Artifact(type_id=type_id, name=f"a{number}")])

    with ThreadPoolExecutor(THREADS) as pool:
        ids = [made for (made,) in pool.map(put, range(THREADS))]

    assert {node.name: node.id for node in store.get_artifacts()} == {
        f"a{number}": made for number, made in enumerate(ids)
    }
