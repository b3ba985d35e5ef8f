"""What integrations that record by themselves are given for that."""

from __future__ import annotations

import importlib
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction, guarded, new_step


def only(store: Store) -> Execution:
    (execution,) = store.list_nodes(Execution)
    return execution


def test_a_step_of_an_integrations_ends_later_in_another_thread(store: Store) -> None:
    step = new_step("fake.run")
    assert step is not None
    assert list(store.list_nodes(Execution)) == []
    step.start()
    assert only(store).last_known_state is ExecutionState.RUNNING
    thread = threading.Thread(target=step.finish)
    thread.start()
    thread.join()
    assert only(store).last_known_state is ExecutionState.COMPLETE


@pytest.mark.parametrize("state", [ExecutionState.FAILED, ExecutionState.CANCELED])
def test_a_step_may_be_given_a_state_that_no_exception_tells(
    store: Store, state: ExecutionState
) -> None:
    step = new_step("fake.run")
    assert step is not None
    step.start()
    step.finish(state=state)
    assert only(store).last_known_state is state
    assert "mlmeta_error_type" not in only(store).custom_properties


def test_a_step_belongs_to_the_step_that_it_is_made_in(store: Store) -> None:
    with mt.step("Outer"):
        step = new_step("fake.run")
    assert step is not None
    step.start()
    step.finish()
    (outer,) = store.get_by_type(Execution, "Outer")
    (inner,) = store.get_by_type(Execution, "fake.run")
    assert inner.custom_properties["mlmeta_parent_execution"] == outer.external_id


def test_there_is_no_step_where_recording_is_disabled(store_url: str) -> None:
    mt.init(store_url, disabled=True)
    assert new_step("fake.run") is None


def test_a_guard_keeps_errors_away_unless_strict(store_url: str) -> None:
    mt.init(store_url)
    with guarded("count"):
        _ = 1 / 0
    mt.init(store_url, strict=True)
    with pytest.raises(MlmetaTrackError, match="count"), guarded("count"):
        _ = 1 / 0


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    name = "library_that_fails"
    (tmp_path / f"{name}.py").write_text("def fail():\n    raise LookupError('theirs')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(name)
    del sys.modules[name]


def test_a_traceback_shows_one_frame_of_ours_whoever_records(store: Store, library: Any) -> None:
    def around(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
        return wrapped(*args, **kwargs)

    class Fake(Instrumentor):
        prefix: ClassVar[str] = "fake"
        module: ClassVar[str] = library.__name__
        distribution: ClassVar[str] = "no-such-distribution"
        supported: ClassVar[tuple[str, str]] = ("1", "2")
        functions: ClassVar[tuple[TrackedFunction, ...]] = (
            TrackedFunction(name="fail", around=around),
        )

    instrumentor = Fake()
    instrumentor.instrument()
    with pytest.raises(LookupError, match="theirs") as raised:
        library.fail()
    instrumentor.uninstrument()
    frames = [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)]
    assert frames[1:] == ["call", "fail"]
    assert list(store.list_nodes(Execution)) == []
