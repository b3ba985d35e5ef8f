"""The spool of a real pipeline, damaged anywhere: what is left lands, and nothing is invented."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.delivery.replaying import Replayed, replay

STEPS = 5


class Report(mt.Artifact):
    number: int


@pytest.fixture(scope="module")
def spooled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the pipeline has left in its spool."""
    folder = tmp_path_factory.mktemp("spooled")
    url = f"sqlite:///{folder}/not there/metadata.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "_current", None)
        mt.init(url, spool_dir=str(folder / "spool"))
        with mt.experiment("Damage"):
            for number in range(STEPS):
                with mt.step("Work") as step:
                    mt.log_params({"number": number})
                    step.output(f"s3://bucket/{number}", Report(number=number))
        recorder.current().close()
    [path] = (folder / "spool").rglob("*.spool")
    return path.read_bytes()


def replayed(content: bytes, folder: Path) -> tuple[Store, Replayed]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "a-00000001.spool").write_bytes(content)
    store = open_store("sqlite://")
    done = Replayed()
    assert replay(store, folder, done)
    assert not list(folder.glob("*.spool"))
    return store, done


def ids(store: Store) -> set[str | None]:
    """Return the external ids of all that was recorded."""
    nodes = [*store.list_nodes(Artifact), *store.list_nodes(Execution)]
    return {node.external_id for node in nodes}


often = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@often
@given(st.data())
def test_cut_anywhere(spooled: bytes, tmp_path: Path, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(spooled)))
    store, done = replayed(spooled[:at], tmp_path / "spool")
    whole, _ = replayed(spooled, tmp_path / "spool")
    preceding = spooled[:at].count(b"\n")
    assert done.landed == preceding
    assert bool(done.damage) is (not spooled[:at].endswith(b"\n") and at > 0)
    assert ids(store) <= ids(whole)
    store.close()
    whole.close()


@often
@given(st.data())
def test_any_bit_flipped(spooled: bytes, tmp_path: Path, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, len(spooled) * 8 - 1))
    flipped = bytearray(spooled)
    flipped[bit // 8] ^= 1 << bit % 8
    store, done = replayed(bytes(flipped), tmp_path / "spool")
    whole, _ = replayed(spooled, tmp_path / "spool")
    assert len(done.damage) == 1
    assert done.landed >= spooled[: bit // 8].count(b"\n")
    assert ids(store) <= ids(whole)
    # What is complete is what it is without the damage.
    ended = {repr(e.custom_properties.get("number")) for e in store.list_nodes(Execution)}
    assert ended <= {repr(number) for number in (*range(STEPS), None)}
    store.close()
    whole.close()


def test_undamaged_all_is_there(spooled: bytes, tmp_path: Path) -> None:
    store, done = replayed(spooled, tmp_path / "spool")
    assert done.damage == []
    assert len(ids(store)) == 2 * STEPS
    store.close()
