"""Data frames in files: what comes back is what was written, or nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mlmeta_track_pandas import payloads
from mlmeta_track_pandas.fingerprint import fingerprint

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import recorder


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Store]:
    """A store that keeps payloads, with pandas tracked."""
    mt.init(f"sqlite:///{tmp_path / 'm.db'}", strict=True, capture="payload", autotrack=["pandas"])
    yield mt.get_store()
    mt.untrack("pandas")


def states(store: Store) -> list[str]:
    return [str(execution.properties["state"]) for execution in store.list_nodes(Execution)]


FRAMES: dict[str, Any] = {
    "plain": pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, float("nan")]}),
    "empty": pd.DataFrame(),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="int32")}),
    "index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="key")),
    "two levels": pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)])),
    "numbered columns": pd.DataFrame([[1, 2]]),
    "categories": pd.DataFrame({"a": pd.Categorical(["x"], ["y", "x"], ordered=True)}),
    "times": pd.DataFrame({"a": pd.to_datetime(["2020-01-01"], utc=True)}),
    "nullable": pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
    "series": pd.Series([1.5, 2], name="s"),
    "no name": pd.Series(["a"]),
}
STRANGE: dict[str, Any] = {
    "lists": pd.DataFrame({"a": [[1], [2]]}),
    "objects": pd.DataFrame({"a": [object()]}),
    "mixed": pd.DataFrame({"a": [1, "1"]}),
    "not a number among texts": pd.DataFrame({"a": ["x", float("nan")]}),
    "complex": pd.DataFrame({"a": [1j]}),
    "two of a name": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "attributes": pd.DataFrame({"a": [1]}),
    "no frame": {"a": [1]},
}
STRANGE["attributes"].attrs["source"] = b"no text"


def the_same(one: Any, other: Any) -> bool:
    compare = (
        pd.testing.assert_frame_equal
        if isinstance(one, pd.DataFrame)
        else pd.testing.assert_series_equal
    )
    compare(one, other, check_exact=True)
    return bool(one.attrs == other.attrs and repr(one.index) == repr(other.index))


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_written_comes_back(name: str, tmp_path: Path) -> None:
    value = FRAMES[name]
    written = payloads.save(value, tmp_path)
    assert written is not None
    assert the_same(value, payloads.load(tmp_path / written))


@pytest.mark.parametrize("name", STRANGE)
def test_what_would_not_come_back_is_not_written(name: str, tmp_path: Path) -> None:
    assert payloads.save(STRANGE[name], tmp_path) is None


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(),
            st.binary(),
            st.dates(),
            st.datetimes(),
            st.decimals(),
            st.lists(st.integers(), max_size=1),
        ),
        max_size=3,
    )
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_cells_hold_comes_back_or_is_not_written(tmp_path: Path, cells: list[Any]) -> None:
    frame = pd.DataFrame({"a": pd.Series(cells, dtype=object)}).infer_objects()
    written = payloads.save(frame, tmp_path)
    if written is not None:
        found = payloads.load(tmp_path / written)
        assert repr(list(found["a"])) == repr(list(frame["a"]))
        assert list(map(type, found["a"])) == list(map(type, frame["a"]))


def test_equal_frames_have_equal_files(tmp_path: Path) -> None:
    contents = set()
    for name in "ab":
        (tmp_path / name).mkdir()
        payloads.save(pd.DataFrame({"a": [1, 2]}), tmp_path / name)
        contents.add((tmp_path / name / "frame.parquet").read_bytes())
    assert len(contents) == 1


def test_a_frame_is_loaded_from_its_artifact(kept: Store) -> None:
    @mt.step
    def make() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    make()
    [artifact] = kept.list_nodes(Artifact)
    assert the_same(make(), mt.load(artifact))
    assert states(kept) == ["COMPLETED", "COMPLETED"]  # writing and reading were no calls


def test_a_cached_step_returns_frames(kept: Store) -> None:
    @mt.step(cache=True)
    def split(frame: pd.DataFrame, at: int) -> dict[str, pd.DataFrame]:
        return {"train": frame.iloc[:at], "test": frame.iloc[at:]}

    @mt.step
    def use(frame: pd.DataFrame) -> int:
        return len(frame)

    frame = pd.DataFrame({"a": [1, 2, 3], "b": pd.Categorical(["x", "y", "x"])})
    first = split(frame, 2)
    recorder.current().known.release()
    second = split(frame.copy(), 2)
    assert all(the_same(first[name], second[name]) for name in ("train", "test"))
    assert states(kept) == ["COMPLETED", "CACHED"]
    use(second["test"])
    [made] = [
        e.artifact_id for e in kept.get_events_by_execution_ids([1]) if e.path == ("return", "test")
    ]
    [used] = kept.get_events_by_execution_ids([3])
    assert used.artifact_id == made


def test_a_frame_with_another_value_makes_the_step_run(kept: Store) -> None:
    @mt.step(cache=True)
    def total(frame: pd.DataFrame) -> int:
        return int(frame["a"].sum())

    assert [total(pd.DataFrame({"a": [1, n]})) for n in (2, 2, 3)] == [3, 3, 4]
    assert states(kept) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_a_frame_that_is_edited_in_place_is_not_cached(kept: Store) -> None:
    @mt.step(cache=True)
    def add(frame: pd.DataFrame) -> None:
        frame["b"] = 1

    frame = pd.DataFrame({"a": [1]})
    add(frame)
    assert "changed while it ran" in str(
        kept.list_nodes(Execution)[0].custom_properties["mlmeta_cache"]
    )


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_payload_that_is_gone_or_changed_is_made_again(kept: Store, damage: str) -> None:
    @mt.step(cache=True)
    def make() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    make()
    [path] = [Path(str(artifact.uri)) for artifact in kept.list_nodes(Artifact)]
    if damage == "gone":
        path.unlink()
    else:
        pd.DataFrame({"a": [2]}).to_parquet(path)
    assert the_same(make(), pd.DataFrame({"a": [1]}))
    assert [e.type for e in kept.list_nodes(Execution) if e.type == "make"] == ["make"] * 2


def test_a_file_read_by_pandas_inside_a_cached_step_counts(kept: Store, tmp_path: Path) -> None:
    for text in ("a\n1\n", "a\n2\n"):
        (tmp_path / "data.csv").write_text(text)

        @mt.step(cache=True)
        def total(folder: str) -> int:
            # The path stands nowhere as a whole.
            return int(pd.read_csv(f"{folder.removesuffix('!')}/data.csv")["a"].sum())

        folder = f"{tmp_path}!"
        assert [total(folder), total(folder)] == [int(text[2])] * 2
    found = [e.last_known_state.name for e in kept.list_nodes(Execution) if "total" in e.type]  # type: ignore[union-attr]
    assert found == ["COMPLETE", "CACHED", "COMPLETE", "CACHED"]


def test_without_payloads_a_frame_is_not_kept(store: Store) -> None:
    @mt.step(cache=True)
    def make() -> pd.DataFrame:
        return pd.DataFrame({"a": [1]})

    make()
    assert store.list_nodes(Execution)[0].custom_properties["mlmeta_cache"] == (
        "not cached: its result is a pandas.core.frame.DataFrame, which is kept nowhere"
    )


def test_fingerprints_tell_categories_and_what_is_missing_apart() -> None:
    frames = [
        pd.DataFrame({"a": pd.Categorical(["x"], ["x"])}),
        pd.DataFrame({"a": pd.Categorical(["x"], ["x", "y"])}),
        pd.DataFrame({"a": pd.Categorical(["x"], ["x", "y"], ordered=True)}),
        pd.DataFrame({"a": ["x", None]}),
        pd.DataFrame({"a": ["x", float("nan")]}),
    ]
    assert len({fingerprint(frame) for frame in frames}) == len(frames)
