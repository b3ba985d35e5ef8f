"""A pipeline of TFDV gives the same with tracking on, whether the store can be reached or not."""

from __future__ import annotations

import importlib
import inspect
import logging
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store

MODES = ["sqlite", "unreachable"]


@pytest.fixture
def on(tracked: Store, tfdv: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The library is tracked, into a store or into one that cannot be reached."""
    mode: str = request.param
    if mode == "unreachable":
        (tmp_path / "a_file").touch()
        mt.init(f"sqlite:///{tmp_path / 'a_file' / 'metadata.db'}")
    yield mode
    if mode == "sqlite":
        assert len(tracked.list_nodes(Execution)) > 3


class Story:
    """What one run of a pipeline gives: protos as bytes, files, errors."""

    def __init__(self, tfdv: Any, rows: Path, folder: Path) -> None:
        self.tfdv, self.rows, self.folder = tfdv, rows, folder
        self.results: list[tuple[str, Any]] = []
        self.errors: list[tuple[str, type[BaseException], str, list[str]]] = []

    def run(self) -> Story:
        tfdv = self.tfdv
        self.folder.mkdir()
        pandas: Any = importlib.import_module("pandas")
        frame = pandas.read_csv(self.rows / "train.csv")
        first = self._keep(
            tfdv.generate_statistics_from_csv(
                str(self.rows / "train.csv"), output_path=str(self.folder / "stats.tfrecord")
            )
        )
        second = self._keep(tfdv.generate_statistics_from_dataframe(frame))
        second.datasets[0].features.add().path.step.append("unknown")
        schema = self._keep(tfdv.infer_schema(second))
        self._keep(second)
        tfdv.get_feature(schema, "company").presence.min_fraction = 1.0
        bounds = importlib.import_module("tensorflow_metadata.proto.v0.schema_pb2")
        assert tfdv.set_domain(schema, "tips", bounds.FloatDomain(min=0, max=1)) is None
        self._keep(schema)
        updated = self._keep(tfdv.update_schema(schema, first))
        anomalies = self._keep(tfdv.validate_statistics(first, schema, previous_statistics=second))
        for kind, value in (("stats", first), ("schema", updated), ("anomalies", anomalies)):
            path = str(self.folder / f"{kind}.pbtxt")
            assert getattr(tfdv, f"write_{kind}_text")(value, path) is None
            self._keep(getattr(tfdv, f"load_{kind}_text")(path))
        print("between", flush=True)  # noqa: T201 - stdout is one of the things compared
        tfdv.display_anomalies(anomalies)
        self._fail()
        return self

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    def _fail(self) -> None:
        for name, args in {
            "load_statistics": ("missing.pb",),
            "infer_schema": ("no statistics",),
            "validate_statistics": (None, None),
            "generate_statistics_from_dataframe": ([1],),
            "write_schema_text": (7, "out.pbtxt"),
            "set_domain": (None,),
            "generate_statistics_from_csv": ("missing.csv",),
        }.items():
            try:
                getattr(self.tfdv, name)(*args)
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                shown = [frame.name for frame in frames if "mlmeta_track" not in frame.filename]
                ours = len(frames) - len(shown)
                assert ours <= 1, frames
                self.errors.append((name, type(error), str(error), shown))

    def _keep(self, message: Any) -> Any:
        content = message.SerializeToString(deterministic=True)
        self.results.append((type(message).__name__, content))
        return message


@pytest.mark.parametrize("on", MODES, indirect=True)
def test_everything_is_the_same(
    on: str, tfdv: Any, taxi_rows: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with mt.suppress():
        mt.untrack("tfdv")
        untracked = Story(tfdv, taxi_rows, tmp_path / "untracked").run()
    plain = sorted(capfd.readouterr().out.splitlines())  # TFDV shows a map in any order
    mt.autotrack("tfdv")
    story = Story(tfdv, taxi_rows, tmp_path / "tracked").run()
    assert story.results == untracked.results
    assert story.files() == untracked.files()
    assert story.errors == untracked.errors
    assert len(story.errors) == 7
    assert sorted(capfd.readouterr().out.splitlines()) == plain


@pytest.mark.parametrize("on", ["unreachable"], indirect=True)
def test_a_store_that_cannot_be_reached_is_told_once(
    on: str, tfdv: Any, statistics: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        tfdv.infer_schema(statistics)
    said = [*caplog.get_records("setup"), *caplog.records]  # when the store was opened, or later
    warnings = [record for record in said if record.name.startswith("mlmeta_track")]
    assert [record.levelno for record in warnings] == [logging.WARNING]


def test_the_public_face_of_the_library_looks_the_same(tracked: Store, tfdv: Any) -> None:
    seen = {name: _looks(value) for name, value in vars(tfdv).items()}
    mt.untrack("tfdv")
    assert {name: _looks(value) for name, value in vars(tfdv).items()} == seen
    mt.autotrack("tfdv")


def _looks(value: Any) -> Any:
    if not inspect.isroutine(value):
        return id(value)
    return (inspect.signature(value), value.__name__, value.__doc__, inspect.isfunction(value))


def test_switching_on_takes_little_once_everything_is_imported(tfdv: Any, store: Store) -> None:
    """The bound is 300 ms of work; of the machine's time others may have the most."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        mt.autotrack("tfdv")
        taken.append(time.process_time() - started)
        mt.untrack("tfdv")
    assert min(taken) < 0.3
