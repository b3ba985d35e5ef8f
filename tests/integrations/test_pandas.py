"""Data frames are data, recognised by content; what reads and writes them is recorded."""

from __future__ import annotations

import copy
import gzip
import inspect
import io
import logging
import os
import pickle
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlmeta_track_pandas import describe as described
from mlmeta_track_pandas import fingerprint as fingerprints
from mlmeta_track_pandas import plugin
from mlmeta_track_pandas.places import data_at, database_at

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.testing.integration_suite import IntegrationSuite, Sample
from mlmeta_track.tracking import instrument

pd: Any = pytest.importorskip("pandas")

# What an old pandas says with a newer NumPy is none of ours.
pytestmark = pytest.mark.filterwarnings("ignore:np.find_common_type:DeprecationWarning")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """Have the plugin in use, installed or not."""
    is_ours = "pandas" not in hooks.names()
    if is_ours:
        hooks.register(plugin, "pandas")
    yield
    if is_ours:
        hooks.unregister(plugin)


def frame(**columns: object) -> Any:
    return pd.DataFrame(columns or {"fare": [7.25, 12.0], "company": ["Blue", None]})


def fingerprint(value: Any) -> str | None:
    description = described.describe(value)
    assert description is not None
    return description.fingerprint


def test_a_frame_is_a_dataset_that_tells_its_size() -> None:
    description = described.describe(frame())
    assert description is not None
    assert description.type.name == "DataSet"
    assert description.type.base_type == "mlmd.Dataset"
    assert description.uri is None
    assert description.custom_properties == {"rows": 2, "columns": 2}


def test_equal_frames_have_equal_fingerprints() -> None:
    assert fingerprint(frame()) == fingerprint(frame().copy())


@pytest.mark.parametrize(
    "other",
    [
        frame(a=[2, 1]),
        frame(a=[1.0, 2.0]),
        frame(a=["1", "2"]),
        frame(b=[1, 2]),
        frame(a=[1, 2], b=[1, 2]),
        frame(a=[1, 2, 3]),
        frame(a=[1, 2]).set_index(pd.Index([5, 6])),
        frame(a=[1, 2]).rename_axis("row"),
        frame(a=[1, 2]).astype("int32"),
        frame(a=[1, 2]).astype("category"),
        frame(a=[1, None]),
    ],
    ids=[
        *("order", "number", "text", "name", "column", "row", "index", "index name", "width"),
        *("category", "missing"),
    ],
)
def test_whatever_differs_shows(other: Any) -> None:
    assert fingerprint(other) != fingerprint(frame(a=[1, 2]))


def test_a_number_is_not_the_text_of_it_in_a_column_that_holds_both() -> None:
    assert fingerprint(frame(a=[1, "x"])) != fingerprint(frame(a=["1", "x"]))
    assert fingerprint(frame(a=[1, "1"])) != fingerprint(frame(a=["1", 1]))
    assert fingerprint(frame(a=[1, "1"])) == fingerprint(frame(a=[1, "1"]))


def test_a_series_is_data_as_a_frame_of_one_column_is() -> None:
    description = described.describe(frame()["fare"])
    assert description is not None
    assert description.custom_properties == {"rows": 2, "columns": 1}
    assert description.fingerprint == fingerprint(frame()[["fare"]])


def test_the_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "import pandas as pd; from mlmeta_track_pandas.describe import fingerprint\n"
        "print(fingerprint(pd.DataFrame({'fare': [7.25, 12.0], 'company': ['Blue', None]})))"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, capture_output=True, text=True
    )
    assert answer.stdout.strip() == fingerprint(frame())


def test_a_large_frame_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "MOST_CELLS", 100)
    large = frame(a=range(1_000))
    sampled = fingerprint(large)
    assert sampled is not None
    assert sampled.startswith("sampled-")
    assert fingerprint(large.iloc[:-1]) != sampled
    changed = large.copy()
    changed.iloc[-1, 0] = 0
    assert fingerprint(changed) != sampled
    assert fingerprint(large.copy()) == sampled


def test_a_frame_that_fails_when_it_is_looked_at_is_none() -> None:
    class Odd(pd.DataFrame):  # type: ignore[misc]  # pandas comes without types
        @property
        def shape(self) -> Any:
            raise RuntimeError("do not ask")

    assert described.describe(Odd()) is None


def test_many_columns_are_sampled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "MOST_COLUMNS", 10)
    wide = pd.DataFrame([range(100)])
    sampled = fingerprint(wide)
    assert sampled is not None
    assert sampled.startswith("sampled-")
    assert fingerprint(wide.iloc[:, :-1]) != sampled
    assert fingerprint(wide.copy()) == sampled


def test_ten_million_rows_cost_little_more_memory_than_a_sample() -> None:
    numpy = pytest.importorskip("numpy")
    large = pd.DataFrame({f"c{i}": numpy.arange(10_000_000) % (i + 7) for i in range(2)})
    tracemalloc.start()
    try:
        assert fingerprint(large) is not None
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100 * 2**20


def test_cells_that_cannot_be_hashed_leave_the_fingerprint_out() -> None:
    assert fingerprint(frame(a=[[1], [2]])) is None


@pytest.mark.parametrize(
    "odd",
    [
        pd.DataFrame(),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([[1, 2]], columns=["x", "x"]),
        frame(a=["x", None, 3]),
        pd.DataFrame([[1]], columns=pd.Index(["\ud800"], dtype=object)),
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("x", 1)])),
        frame(a=pd.array([1, None], dtype="Int64"), b=pd.array(["x", None], dtype="string")),
        frame(a=pd.period_range("2026-01", periods=2, freq="M"), b=pd.to_timedelta([1, 2])),
        frame(a=[1, 2]).set_index(pd.MultiIndex.from_tuples([(1, "x"), (2, None)])),
        frame(a=pd.interval_range(0, 2), b=pd.array([1, 0], dtype=pd.SparseDtype(int))),
        frame(a=pd.Categorical(["x", "y"]), b=pd.to_datetime(["2026-01-01", None])),
    ],
)
def test_odd_frames_have_fingerprints(odd: Any) -> None:
    assert fingerprint(odd) is not None


def test_a_step_takes_and_returns_frames(store: Store) -> None:
    @mt.step
    def clean(raw: Any) -> Any:
        return raw.dropna()

    @mt.step
    def count(data: Any) -> int:
        return len(data)

    assert count(clean(frame())) == 1
    raw, cleaned = store.list_nodes(Artifact)
    assert [raw.custom_properties["rows"], cleaned.custom_properties["rows"]] == [2, 1]
    graph = mt.lineage(raw).downstream()
    assert [execution.type for execution in graph.executions] == ["clean", "count"]


def test_loading_the_plugin_imports_no_pandas() -> None:
    code = "import sys, mlmeta_track_pandas.plugin; assert 'pandas' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# What autotrack records.


class TestConformance(IntegrationSuite):
    plugin = "mlmeta_track_pandas.plugin"
    name = "pandas"
    heavy = ("numpy", "pyarrow")

    @pytest.fixture
    def sample(self, tmp_path: Path) -> Sample:
        (tmp_path / "data.csv").write_text("fare,company\n7.25,Blue\n12.0,\n", encoding="utf-8")
        return Sample("read_csv", (tmp_path / "data.csv",), {"sep": ","})

    @pytest.fixture
    def failing(self) -> Sample:
        return Sample("read_csv", ("missing.csv",))

    def same(self, first: Any, second: Any) -> bool:
        return bool(first.equals(second))


@pytest.fixture
def tracked(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store, while ``autotrack("pandas")`` is on."""
    monkeypatch.setattr(instrument, "_instrumentors", {})
    mt.autotrack("pandas")
    yield store
    mt.untrack("pandas")


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "raw.csv"
    path.write_text("fare,tips,company\n7.25,1,Blue\n12.0,0,\n3.5,2,Red\n", encoding="utf-8")
    return path


def only(store: Store) -> Execution:
    (execution,) = store.list_nodes(Execution)
    return execution


def events(store: Store, execution: Execution) -> list[tuple[str, tuple[str | int, ...], Any]]:
    """The events of an execution: direction, path, and the artifact's URI."""
    uris = {artifact.id: artifact.uri for artifact in store.list_nodes(Artifact)}
    found = store.get_events_by_execution_ids([execution.id])
    words = {EventType.INPUT: "in", EventType.OUTPUT: "out"}
    return [(words[event.type], event.path, uris[event.artifact_id]) for event in found]


def test_a_frame_is_made_from_the_file_that_was_read(tracked: Store, csv: Path) -> None:
    pd.read_csv("raw.csv", usecols=["fare", "tips"], nrows=2, na_filter=True)
    read = only(tracked)
    assert read.type == "pandas.read_csv"
    assert events(tracked, read) == [("in", ("data",), str(csv)), ("out", ("frame",), None)]
    parameters = {k: v for k, v in read.custom_properties.items() if not k.startswith("mlmeta_")}
    assert parameters == {"usecols": '["fare", "tips"]', "nrows": 2}
    file, made = tracked.list_nodes(Artifact)
    assert file.custom_properties["file_bytes"] == csv.stat().st_size
    assert (made.custom_properties["rows"], made.custom_properties["columns"]) == (2, 2)


def test_a_frame_that_goes_through_a_step_leads_back_to_the_file(
    tracked: Store, csv: Path, tmp_path: Path
) -> None:
    @mt.step
    def clean(raw: Any) -> Any:
        return raw.dropna()

    clean(pd.read_csv(csv)).to_csv("clean.csv", index=False)
    pd.read_csv("clean.csv")
    graph = mt.lineage("clean.csv").upstream()
    assert [e.type for e in graph.executions] == [
        "pandas.read_csv",
        "clean",
        "pandas.DataFrame.to_csv",
    ]
    assert [a.uri for a in graph.artifacts] == [str(csv), None, None, str(tmp_path / "clean.csv")]
    below = mt.lineage("clean.csv").downstream()
    assert [e.type for e in below.executions] == ["pandas.read_csv"]


def test_what_was_derived_outside_a_step_is_not_guessed(tracked: Store, csv: Path) -> None:
    pd.read_csv(csv).dropna().to_csv("clean.csv")
    assert [e.type for e in mt.lineage("clean.csv").upstream().executions] == [
        "pandas.DataFrame.to_csv"
    ]


def test_a_frame_that_was_edited_in_place_is_another_and_says_so(tracked: Store, csv: Path) -> None:
    frame = pd.read_csv(csv)
    frame["tips"] = 0
    frame.to_csv("edited.csv")
    graph = mt.lineage("edited.csv").upstream()
    assert [e.type for e in graph.executions] == [
        "pandas.read_csv",
        "in-place edit",
        "pandas.DataFrame.to_csv",
    ]
    fingerprints_of_frames = {
        a.custom_properties["mlmeta_fingerprint"] for a in graph.artifacts if a.uri is None
    }
    assert len(fingerprints_of_frames) == 2


def round_trips() -> list[Any]:
    """Each way of writing a frame and reading it back, with what pandas needs for it."""
    return [
        pytest.param(name, needs, id=name)
        for name, needs in (
            ("csv", None),
            ("json", None),
            ("pickle", None),
            ("parquet", "pyarrow"),
            ("feather", "pyarrow"),
            ("orc", "pyarrow"),
            ("excel", "openpyxl"),
            ("stata", None),
            ("xml", "lxml"),
            ("hdf", "tables"),
        )
    ]


@pytest.mark.parametrize(("form", "needs"), round_trips())
def test_every_form_is_written_and_read(
    tracked: Store, tmp_path: Path, form: str, needs: str | None
) -> None:
    if needs is not None:
        pytest.importorskip(needs)
    data = frame(a=[1, 2], b=["x", "y"])
    path = tmp_path / ("file.xlsx" if form == "excel" else f"file.{form}")
    more = {"key": "key"} if form == "hdf" else {}
    getattr(data, f"to_{form}")(path, **more)
    getattr(pd, f"read_{form}")(path)
    wrote, read = tracked.list_nodes(Execution)
    assert wrote.type == f"pandas.DataFrame.to_{form}"
    assert events(tracked, wrote)[0] == ("in", ("frame",), None)
    assert [e[::2] for e in events(tracked, wrote)[1:]] == [("out", str(path))]
    assert read.type == f"pandas.read_{form}"
    assert events(tracked, read) == [("in", ("data",), str(path)), ("out", ("frame",), None)]
    assert len(tracked.list_nodes(Artifact)) == 3


def test_results_are_those_of_untracked_calls(csv: Path, tracked: Store, tmp_path: Path) -> None:
    with mt.suppress():
        expected = pd.read_csv(csv)
    assert pd.read_csv(csv).equals(expected)
    assert expected.to_csv() == expected.to_csv(None)
    assert isinstance(expected.to_csv(None), str)
    assert expected.to_csv("out.csv") is None
    assert type(expected["fare"].to_json()) is str
    assert pd.read_csv(csv, index_col=0).index.name == "fare"


def test_chunks_are_left_for_the_user_to_take(tracked: Store, csv: Path) -> None:
    with mt.suppress(), pd.read_csv(csv, chunksize=2) as untracked:
        expected = type(untracked)
    reader = pd.read_csv(csv, chunksize=2)
    assert type(reader) is expected
    assert events(tracked, only(tracked)) == [("in", ("data",), str(csv))]
    assert [len(chunk) for chunk in reader] == [2, 1]
    assert only(tracked).custom_properties["chunksize"] == 2


@pytest.mark.filterwarnings("ignore:ExcelFile.parse is deprecated")
def test_several_frames_of_one_file_are_told_apart(tracked: Store) -> None:
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter("book.xlsx") as book:
        frame(a=[1]).to_excel(book, sheet_name="one")
        frame(a=[2]).to_excel(book, sheet_name="two")
    pd.read_excel("book.xlsx", sheet_name=None)
    with pd.ExcelFile("book.xlsx") as book:
        book.parse("two")
    *_, read, parsed = tracked.list_nodes(Execution)
    book_uri = str(Path.cwd() / "book.xlsx")
    assert events(tracked, read) == [
        ("in", ("data",), book_uri),
        ("out", ("frame", "one"), None),
        ("out", ("frame", "two"), None),
    ]
    assert parsed.type == "pandas.ExcelFile.parse"
    assert events(tracked, parsed)[0] == ("in", ("data",), book_uri)


def test_what_is_appended_has_what_was_there_as_an_input(tracked: Store, csv: Path) -> None:
    with mt.suppress():
        more = pd.read_csv(csv)
    more.to_csv(csv, mode="a", header=False, index=False)
    assert events(tracked, only(tracked)) == [
        ("in", ("frame",), None),
        ("in", ("appended_to",), str(csv)),
        ("out", ("path_or_buf",), str(csv)),
    ]


def test_a_call_that_fails_is_recorded_as_failed(tracked: Store) -> None:
    with pytest.raises(FileNotFoundError) as raised:
        pd.read_csv("missing.csv")
    assert "missing.csv" in str(raised.value)
    assert only(tracked).last_known_state is ExecutionState.FAILED
    with pytest.raises(OSError, match="directory"):
        frame().to_csv("no/such/folder.csv")
    failed = tracked.list_nodes(Execution)[1]
    assert [direction for direction, _, _ in events(tracked, failed)] == ["in"]


def test_pandas_own_calls_and_those_of_suppressed_code_are_not_recorded(
    tracked: Store, csv: Path
) -> None:
    pd.read_table(csv, sep=",")  # which is read_csv inside
    with mt.suppress():
        pd.read_csv(csv)
    assert [e.type for e in tracked.list_nodes(Execution)] == ["pandas.read_table"]


def test_calls_in_threads_are_recorded(tracked: Store, csv: Path) -> None:
    threads = [threading.Thread(target=pd.read_csv, args=(csv,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tracked.list_nodes(Execution)) == 4


def test_subclasses_write_and_stay_what_they_are(tracked: Store) -> None:
    class Fares(pd.DataFrame):  # type: ignore[misc]  # pandas comes without types
        @property
        def _constructor(self) -> type:
            return Fares

        def to_csv(self, *args: Any, **kwargs: Any) -> Any:
            return super().to_csv(*args, index=False, **kwargs)

    fares = Fares({"fare": [1.0]})
    fares.to_csv("fares.csv")
    fares.to_json("fares.json")
    assert type(fares.head(1)) is Fares
    assert Path("fares.csv").read_text(encoding="utf-8") == "fare\n1.0\n"
    assert [e.type for e in tracked.list_nodes(Execution)] == [
        "pandas.DataFrame.to_csv",
        "pandas.DataFrame.to_json",
    ]


def test_tracked_functions_are_what_they_were_to_whoever_looks(tracked: Store) -> None:
    signature, doc = inspect.signature(pd.read_csv), pd.read_csv.__doc__
    data = frame()
    bound = pickle.loads(pickle.dumps(data.to_csv))
    assert bound(None) == data.to_csv(None)
    assert pickle.loads(pickle.dumps(pd.read_csv)) is pd.read_csv
    assert pickle.loads(pickle.dumps(pd.DataFrame.to_csv)) is not None
    assert copy.deepcopy(pd.read_csv) is pd.read_csv
    mt.untrack("pandas")
    assert inspect.signature(pd.read_csv) == signature
    assert pd.read_csv.__doc__ == doc
    assert "to_csv" not in vars(pd.DataFrame) or not hasattr(
        vars(pd.DataFrame)["to_csv"], "_self_wrapper"
    )


def test_a_warning_of_pandas_names_the_users_line(tracked: Store, csv: Path) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pd.read_csv(csv, names=["a", "b", "c"], index_col=False, usecols=[0], dtype={"z": int})
        pd.read_csv(csv, sep="ta|,", skipfooter=1)
    assert caught
    assert {warning.filename for warning in caught} == {__file__}


def test_a_store_out_of_reach_costs_no_frame(
    csv: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(instrument, "_instrumentors", {})
    Path("file").touch()
    mt.init("sqlite:///file/metadata.db")
    mt.autotrack("pandas")
    try:
        assert len(pd.read_csv(csv)) == 3
        frame().to_csv("out.csv")
    finally:
        mt.untrack("pandas")
    assert len([r for r in caplog.records if r.levelno == logging.WARNING]) == 1


# Places.


def uri(place: Any) -> str | None:
    description = data_at(place)
    return None if description is None else description.uri


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://example.com/a.csv", "https://example.com/a.csv"),
        ("https://ann:pw@example.com:8080/a.csv", "https://example.com:8080/a.csv"),
        ("https://token@example.com/a@b.csv", "https://example.com/a@b.csv"),
        ("https://ann:p/w@example.com/a.csv", "https://example.com/a.csv"),
        ("https://ann:p?w#@example.com/a.csv", "https://example.com/a.csv"),
        ("https://example.com/a.csv?X-Amz-Signature=abc&n=1#part", "https://example.com/a.csv"),
        ("s3://key:secret@bucket/a.parquet", "s3://bucket/a.parquet"),
        ("ftp://[::1]:21/a.csv", "ftp://[::1]:21/a.csv"),
        ("simplecache::s3://key:secret@bucket/a.csv", "simplecache::s3://bucket/a.csv"),
        ("https://ann:secret", None),
    ],
)
def test_urls_are_stored_without_what_is_secret(url: str, stored: str | None) -> None:
    assert uri(url) == stored


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("postgresql+psycopg://ann:p@s/s@host:5432/fares", "postgresql://host:5432/fares"),
        ("postgresql://ann:p@s/s?w@host:5432/fares", None),
        ("mysql://host/fares?password=pw", "mysql://host/fares"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
        ("no url", None),
    ],
)
def test_databases_are_stored_without_what_is_secret(url: str, stored: str | None) -> None:
    description = database_at(url)
    assert (None if description is None else description.uri) == stored


def test_a_file_on_this_machine_is_known_by_its_content(csv: Path) -> None:
    for place in ("raw.csv", csv, csv.as_uri()):
        description = data_at(place)
        assert description is not None
        assert description.uri == str(csv)
        assert str(description.fingerprint).startswith("sha256:")


def test_the_home_folder_is_where_pandas_finds_it(
    csv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(csv.parent))
    monkeypatch.setenv("USERPROFILE", str(csv.parent))
    assert uri("~/raw.csv") == str(csv)


@pytest.mark.parametrize(
    "text", ['{"a": [1]}', '[{"a": 1}]', "<table></table>", "one\ntwo", "x" * 5_000]
)
def test_text_is_no_path(text: str) -> None:
    assert uri(text) is None


def test_an_open_file_has_a_place_if_it_is_the_file_of_that_name(csv: Path) -> None:
    with csv.open(encoding="utf-8") as text, csv.open("rb") as binary:
        assert uri(text) == uri(binary) == uri(binary.raw) == str(csv)
        csv.rename("elsewhere.csv")
        csv.write_text("another", encoding="utf-8")
        assert uri(text) is None
    assert uri(text) is None  # closed


def test_other_buffers_have_no_place(csv: Path) -> None:
    Path("a.gz").write_bytes(gzip.compress(b"a"))
    named = io.BytesIO(b"a,b")
    named.name = str(csv)
    with gzip.open("a.gz") as zipped, csv.open("rb") as file:
        os_level = os.fdopen(os.dup(file.fileno()), "rb")
        for buffer in (io.StringIO("a"), io.BytesIO(b"a"), named, zipped, os_level, object()):
            assert uri(buffer) is None
        os_level.close()


def test_buffers_are_read_and_written_as_they_are(tracked: Store, csv: Path) -> None:
    assert len(pd.read_csv(io.StringIO("a\n1\n"))) == 1
    buffer = io.StringIO()
    frame(a=[1]).to_csv(buffer, index=False)
    assert buffer.getvalue().split() == ["a", "1"]
    with csv.open(encoding="utf-8") as file:
        assert file.readline().startswith("fare")
        assert len(pd.read_csv(file)) == 2  # what is left is read, from where it was
    read, wrote, rest = tracked.list_nodes(Execution)
    assert [e[0] for e in events(tracked, read)] == ["out"]
    assert [e[0] for e in events(tracked, wrote)] == ["in"]
    assert events(tracked, rest)[0] == ("in", ("data",), str(csv))


# Databases.


def test_a_query_of_sqlite_leads_to_the_database(tracked: Store, tmp_path: Path) -> None:
    connection = sqlite3.connect("fares.db")
    frame(fare=[1.0, 2.0]).to_sql("trips", connection, index=False)
    found = pd.read_sql(
        "SELECT * FROM trips WHERE fare > :least", connection, params={"least": 1.5}
    )
    assert len(found) == 1
    connection.close()
    database = f"sqlite:///{tmp_path / 'fares.db'}"
    wrote, read = tracked.list_nodes(Execution)
    assert events(tracked, wrote) == [
        ("in", ("frame",), None),
        ("out", ("con",), f"{database}#trips"),
    ]
    assert events(tracked, read) == [("in", ("data",), database), ("out", ("frame",), None)]
    assert read.custom_properties["sql"] == "SELECT * FROM trips WHERE fare > :least"
    assert "params" not in read.custom_properties


def test_the_connections_own_ways_are_not_gone(tracked: Store) -> None:
    connection = sqlite3.connect("fares.db")
    asked: list[object] = []
    connection.row_factory = lambda *row: asked.append(row)
    database_at(connection)
    assert not asked
    assert not connection.in_transaction
    connection.close()
    assert pd.read_sql("SELECT 1 AS a", sqlite3.connect(":memory:")).a.to_list() == [1]
    assert events(tracked, only(tracked)) == [("out", ("frame",), None)]


def test_a_table_that_was_written_is_the_one_that_is_read(tracked: Store, tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy", minversion="1.4")
    url = f"sqlite:///{tmp_path / 'fares.db'}"
    engine = sqlalchemy.create_engine(url)
    try:
        with mt.suppress():
            frame(fare=[1.0]).to_sql("probe", engine)
            pd.read_sql_table("probe", engine)
    except AttributeError:
        pytest.skip("this pandas does not know this SQLAlchemy")
    frame(fare=[1.0, 2.0]).to_sql("trips", engine, index=False)
    pd.read_sql_table("trips", engine)
    pd.read_sql_query(sqlalchemy.text("SELECT * FROM trips"), engine)
    engine.dispose()
    wrote, read, queried = tracked.list_nodes(Execution)
    assert events(tracked, read)[0] == ("in", ("data",), f"{url}#trips")
    assert queried.custom_properties["sql"] == "SELECT * FROM trips"
    assert events(tracked, queried)[0] == ("in", ("data",), url)
    assert [e.type for e in mt.lineage(f"{url}#trips").upstream().executions] == [wrote.type]


def test_no_secret_is_stored(tracked: Store, csv: Path) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - no such server; fsspec may be missing
        pd.read_csv(
            "s3://key:hunter2@bucket/a.csv?sig=hunter2",
            storage_options={"password": "hunter2"},
        )
    kept = [(n.custom_properties, getattr(n, "uri", "")) for n in tracked.list_nodes(Artifact)]
    execution = only(tracked)
    facts = {
        k: v for k, v in execution.custom_properties.items() if not k.startswith("mlmeta_error")
    }
    facts.pop("mlmeta_traceback", None)  # the user's own error, as it was raised
    assert "hunter2" not in repr((kept, facts))
