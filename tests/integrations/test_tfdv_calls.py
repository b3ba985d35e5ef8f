"""However TFDV's functions are called, each call of the user's is one execution."""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
import threading
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import cloudpickle
import dill
import pytest
from mlmeta_track_tfdv.functions import FUNCTIONS, UNRECORDED
from mlmeta_track_tfdv.transforms import TRANSFORMS

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.wrappers import Tracked

PACKAGE = "tensorflow_data_validation"
PICKLERS = [pickle, cloudpickle, dill]


def types(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def inside(name: str) -> Any:
    """A module of TFDV's."""
    return importlib.import_module(f"{PACKAGE}.{name}")


# The table.


def test_every_public_name_is_recorded_or_listed_with_a_reason(tfdv: Any) -> None:
    public = {name for name in dir(tfdv) if not name.startswith("_")}
    recorded = {row.name for row in FUNCTIONS if row.module is None and "." not in row.name}
    recorded |= TRANSFORMS.keys() & public
    assert public - recorded - UNRECORDED.keys() == set()
    assert recorded & UNRECORDED.keys() == set()
    assert (recorded | UNRECORDED.keys()) - public == set()
    assert all(UNRECORDED.values())


def test_what_is_recorded_are_functions(tfdv: Any) -> None:
    for row in FUNCTIONS:
        if "." not in row.name:
            module = tfdv if row.module is None else importlib.import_module(row.module)
            assert inspect.isfunction(getattr(module, row.name)), row.name


def test_displays_and_getters_stay_the_very_objects(tracked: Store, tfdv: Any) -> None:
    wrapped = {name for name in UNRECORDED if isinstance(getattr(tfdv, name), Tracked)}
    assert wrapped == set()
    assert type(tfdv.get_feature) is type(tfdv.get_domain) is FunctionType


# Ways to call.


def test_a_function_is_tracked_under_its_modules_path(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    assert inside("api.validation_api").infer_schema is tfdv.infer_schema
    schema = inside("api.validation_api").infer_schema(statistics)
    inside("utils.schema_util").write_schema_text(schema, "schema.pbtxt")
    assert types(tracked) == ["tfdv.infer_schema", "tfdv.write_schema_text"]


def test_functions_without_a_public_name_are_tracked_in_their_modules(
    tracked: Store, tfdv: Any, statistics: Any, schema: Any
) -> None:
    anomalies = inside("api.validation_api").validate_statistics_internal(statistics, schema)
    Path("anomalies.pb").write_bytes(anomalies.SerializeToString())
    loaded = inside("utils.anomalies_util").load_anomalies_binary("anomalies.pb")
    inside("utils.anomalies_util").remove_anomaly_types(loaded, frozenset())
    assert types(tracked) == [
        "tfdv.validate_statistics_internal",
        "tfdv.load_anomalies_binary",
        "tfdv.remove_anomaly_types",
    ]


def test_names_imported_before_are_tracked_and_given_back(
    tracked: Store, tfdv: Any, statistics: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mt.untrack("tfdv")
    user: Any = ModuleType("users_validation")
    monkeypatch.setitem(sys.modules, "users_validation", user)
    user.infer = tfdv.infer_schema
    main: Any = sys.modules["__main__"]
    monkeypatch.setattr(main, "infer_in_main", tfdv.infer_schema, raising=False)
    original = tfdv.infer_schema
    mt.autotrack("tfdv")
    user.infer(statistics)
    main.infer_in_main(statistics)
    assert types(tracked) == ["tfdv.infer_schema"] * 2
    mt.untrack("tfdv")
    assert user.infer is main.infer_in_main is tfdv.infer_schema is original


def test_names_imported_afterwards_are_tracked(tracked: Store, tfdv: Any, statistics: Any) -> None:
    from tensorflow_data_validation import infer_schema

    infer_schema(statistics)
    assert types(tracked) == ["tfdv.infer_schema"]


def test_what_tfdv_calls_of_itself_is_not_recorded(
    tracked: Store, tfdv: Any, statistics: Any, schema: Any
) -> None:
    tfdv.write_stats_text(statistics, "statistics.pbtxt")
    tfdv.load_statistics("statistics.pbtxt")  # calls load_stats_text
    tfdv.set_domain(schema, "tips", domain("IntDomain", min=0))  # calls get_feature
    sliced = type(statistics).FromString(statistics.SerializeToString())
    sliced.datasets[0].name = "All Examples"
    sliced.datasets.add().CopyFrom(sliced.datasets[0])
    sliced.datasets[1].name = "other"
    inside("utils.display_util").get_statistics_html(sliced)
    tfdv.get_domain(schema, "tips")
    assert types(tracked) == [
        "tfdv.write_stats_text",
        "tfdv.load_statistics",
        "tfdv.set_domain",
    ]


def test_displays_that_call_recorded_functions_record_nothing(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    for name in ("All Examples", "other"):
        statistics.datasets.add().CopyFrom(statistics.datasets[0])
        statistics.datasets[-1].name = name
    with pytest.MonkeyPatch.context() as patched:
        shown: list[Any] = []
        patched.setattr(
            inside("utils.display_util"), "visualize_statistics", lambda *a, **_: shown.append(a)
        )
        tfdv.compare_slices(statistics, "All Examples", "other")  # calls get_slice_stats
    assert len(shown) == 1
    assert types(tracked) == []


def domain(kind: str, **fields: Any) -> Any:
    protos = importlib.import_module("tensorflow_metadata.proto.v0.schema_pb2")
    return getattr(protos, kind)(**fields)


# Threads and processes.


def test_calls_in_the_users_threads_are_recorded(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    threads = [threading.Thread(target=tfdv.infer_schema, args=(statistics,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert types(tracked) == ["tfdv.infer_schema"] * 3


@pytest.mark.parametrize("mode", ["in_memory", "multi_threading"])
def test_validating_many_rows_is_one_execution(
    tracked: Store, tfdv: Any, taxi_rows: Path, schema: Any, mode: str
) -> None:
    rows = 100 if mode == "in_memory" else 20
    beam: Any = importlib.import_module("apache_beam.options.pipeline_options")
    options = beam.PipelineOptions(
        ["--runner=BundleBasedDirectRunner", f"--direct_running_mode={mode}"]
    )
    lines = (taxi_rows / "eval.csv").read_text().splitlines(keepends=True)
    Path("rows.csv").write_text("".join(lines[: rows + 1]))
    tfdv.validate_examples_in_csv(
        "rows.csv", tfdv.StatsOptions(schema=schema), pipeline_options=options
    )
    assert types(tracked) == ["tfdv.validate_examples_in_csv"]


def test_what_users_do_in_beams_workers_is_recorded(
    tracked: Store, tfdv: Any, statistics: Any
) -> None:
    beam: Any = importlib.import_module("apache_beam")
    content = statistics.SerializeToString()

    def infer(_: int) -> int:
        import tensorflow_data_validation
        from tensorflow_metadata.proto.v0 import statistics_pb2

        given = statistics_pb2.DatasetFeatureStatisticsList.FromString(content)
        return len(tensorflow_data_validation.infer_schema(given).feature)

    with beam.Pipeline("BundleBasedDirectRunner") as pipeline:
        _ = pipeline | beam.Create([1, 2]) | beam.Map(infer)
    assert types(tracked) == ["tfdv.infer_schema"] * 2


def test_a_tracked_function_may_be_a_step_of_a_pipeline(tracked: Store, tfdv: Any) -> None:
    beam: Any = importlib.import_module("apache_beam")
    for mode in ("in_memory", "multi_threading", "multi_processing"):
        options = beam.options.pipeline_options.PipelineOptions(
            ["--runner=BundleBasedDirectRunner", f"--direct_running_mode={mode}"]
        )
        with beam.Pipeline(options=options) as pipeline:
            paths = pipeline | beam.Create([[tfdv.FeaturePath(["x"])]])
            _ = paths | beam.Map(tfdv.generate_dummy_schema_with_paths)
    # The worker processes of the last are new interpreters, where nobody switched anything on.
    assert set(types(tracked)) == {"tfdv.generate_dummy_schema_with_paths"}


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_statistics_by_joblibs_workers_are_one_execution(
    tracked: Store, tfdv: Any, taxi_frame: Any, backend: str
) -> None:
    joblib: Any = importlib.import_module("joblib")
    with joblib.parallel_backend(backend):
        tfdv.generate_statistics_from_dataframe(taxi_frame, n_jobs=2)
    assert types(tracked) == ["tfdv.generate_statistics_from_dataframe"]


def test_what_tfx_calls_is_left_to_tfx(
    tracked: Store, tfdv: Any, statistics: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "tfx" / "components"
    folder.mkdir(parents=True)
    (folder / "executor.py").write_text(
        "import tensorflow_data_validation as tfdv\n"
        "def do(statistics, then=None):\n"
        "    schema = tfdv.infer_schema(statistics)\n"
        "    return then(schema) if then else schema\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tfx", raising=False)
    executor = importlib.import_module("tfx.components.executor")
    schema = executor.do(statistics)
    assert types(tracked) == []
    # What the user's own component calls there is the user's.
    executor.do(statistics, lambda made: tfdv.validate_statistics(statistics, made))
    tfdv.validate_statistics(statistics, schema)
    assert types(tracked) == ["tfdv.validate_statistics"] * 2


# Pickling.


class Pipeline:
    """An object of the user's that refers to tracked functions."""

    def __init__(self, infer: Any) -> None:
        self.infer = infer
        self.steps = [infer, partial(infer, max_string_domain_size=7)]


def tracked_functions() -> list[Any]:
    return [
        getattr(importlib.import_module(row.module or PACKAGE), row.name)
        for row in FUNCTIONS
        if "." not in row.name
    ]


@pytest.mark.parametrize("module", PICKLERS, ids=lambda m: m.__name__)
def test_tracked_functions_are_sent_by_name_and_nothing_of_ours_with_them(
    tracked: Store, tfdv: Any, module: Any
) -> None:
    for function in tracked_functions():
        assert isinstance(function, Tracked)
        sent = module.dumps(function)
        assert b"mlmeta" not in sent
        assert len(sent) < 300
        assert pickle.loads(sent) is function


@pytest.mark.parametrize("module", PICKLERS, ids=lambda m: m.__name__)
def test_objects_that_refer_to_tracked_functions_are_sent(
    tracked: Store, tfdv: Any, module: Any
) -> None:
    sent = module.dumps({"one": Pipeline(tfdv.infer_schema), "bound": partial(tfdv.set_domain, 1)})
    assert b"mlmeta" not in sent
    arrived = module.loads(sent)
    assert arrived["one"].infer is tfdv.infer_schema
    assert arrived["one"].steps[1].func is tfdv.infer_schema
    assert arrived["bound"].func is tfdv.set_domain


@pytest.mark.parametrize("module", [cloudpickle, dill], ids=lambda m: m.__name__)
def test_functions_of_the_main_module_are_sent_with_what_they_refer_to(
    tracked: Store, tfdv: Any, module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    main: Any = sys.modules["__main__"]
    names = {"tfdv": tfdv, "infer_schema": tfdv.infer_schema}
    for name in ("by_module", "by_name", "closing"):
        monkeypatch.setattr(main, name, None, raising=False)
    for name, value in names.items():
        monkeypatch.setattr(main, name, value, raising=False)
    code = (
        "def by_module(): return tfdv.infer_schema\n"
        "def by_name(): return infer_schema\n"
        "def closing(kept):\n    return lambda: kept\n"
    )
    exec(compile(code, "main.py", "exec"), vars(main))  # noqa: S102 - as a script runs
    functions = {"module": main.by_module, "name": main.by_name}
    functions["closure"] = main.closing(tfdv.infer_schema)
    for name, function in functions.items():
        arrived = module.loads(module.dumps(function))
        assert arrived() is tfdv.infer_schema, name


@pytest.mark.parametrize("module", PICKLERS, ids=lambda m: m.__name__)
def test_what_was_sent_while_tracked_arrives_untracked(
    tracked: Store, tfdv: Any, module: Any
) -> None:
    sent = module.dumps(tfdv.infer_schema)
    mt.untrack("tfdv")
    assert pickle.loads(sent) is tfdv.infer_schema
    assert type(tfdv.infer_schema) is FunctionType
    mt.autotrack("tfdv")
