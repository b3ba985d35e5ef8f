"""Libraries whose calls are recorded by themselves: small ones, on disk, and really imported."""

from __future__ import annotations

import importlib
import itertools
import json
import logging
import os
import pickle
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import instrument
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.libraries.deferred import Deferred

# The package shows what is defined inside, and calls itself through both, as libraries do.
INSIDE = '''
from pathlib import Path


class Table:
    def __init__(self, content):
        self.content = content


def read(path, sep=","):
    """Read a table."""
    return Table(Path(path).read_text())


def clean(table, rate=0.5, *, options=None):
    if rate < 0:
        raise ValueError("negative rate")
    return Table(table.content.strip())


def save(table, path):
    Path(path).write_text(table.content)


def read_and_clean(path):
    import {name}
    return {name}.clean({name}.read(path))


def apply(table, function):
    return function(table)


class Reader:
    pass
'''

FUNCTIONS = (
    TrackedFunction(name="read", data={"path": "data"}, returns="table"),
    TrackedFunction(
        name="clean", inputs={"table": "table"}, returns="table", unrecorded=frozenset({"options"})
    ),
    TrackedFunction(name="save", inputs={"table": "table"}, writes=("table", "path")),
    TrackedFunction(name="read_and_clean", data={"path": "data"}, returns="table"),
    TrackedFunction(name="apply", inputs={"table": "table"}, returns="table"),
    TrackedFunction(name="Reader"),
    TrackedFunction(name="gone_since_version_2"),
)

_numbers = itertools.count()


class Library:
    """A library on disk that was never imported, and its instrumentor."""

    def __init__(self, folder: Path, version: str = "1.5") -> None:
        self.name = f"fake_library_{next(_numbers)}"
        package = folder / self.name
        package.mkdir()
        (package / "inside.py").write_text(INSIDE.replace("{name}", self.name))
        (package / "__init__.py").write_text(f"from {self.name}.inside import *\n")
        metadata = folder / f"{self.name}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {self.name}\nVersion: {version}\n")

        class Fake(Instrumentor):
            prefix: ClassVar[str] = "fake"
            module: ClassVar[str] = self.name
            distribution: ClassVar[str] = self.name
            supported: ClassVar[tuple[str, str]] = ("1.2", "2")
            functions: ClassVar[tuple[TrackedFunction, ...]] = FUNCTIONS

        self.instrumentor = Fake()

    def load(self) -> Any:
        return importlib.import_module(self.name)


class Describing:
    @hookimpl
    def describe_artifact(self, value: Any) -> Description | None:
        if type(value).__name__ != "Table":
            return None
        return Description(ArtifactType("Table"), fingerprint=f"table:{value.content}")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from."""
    monkeypatch.syspath_prepend(tmp_path)
    plugin = Describing()
    hooks.register(plugin)
    (tmp_path / "data.csv").write_text(" content ")
    yield tmp_path
    hooks.unregister(plugin)


@pytest.fixture
def library(folder: Path) -> Iterator[Library]:
    library = Library(folder)
    yield library
    library.instrumentor.uninstrument()


def recorded(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def events(store: Store, step: str) -> list[tuple[EventType, EventPath]]:
    [execution] = store.get_by_type(Execution, step)
    return [(e.type, e.path) for e in store.get_events_by_execution_ids([execution.id])]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


# When functions come to be tracked.


def test_switching_on_imports_nothing(library: Library) -> None:
    library.instrumentor.instrument()
    assert library.name not in sys.modules


def test_a_library_imported_later_is_tracked(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    library.load().read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_a_library_imported_before_is_tracked(store: Store, library: Library) -> None:
    module = library.load()
    library.instrumentor.instrument()
    module.read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_a_library_first_imported_by_a_module_of_it_is_tracked(
    store: Store, library: Library
) -> None:
    library.instrumentor.instrument()
    importlib.import_module(f"{library.name}.inside")
    library.load().read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_switching_on_again_changes_nothing(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    module = library.load()
    wrapper = module.read
    library.instrumentor.instrument()
    assert module.read is wrapper
    module.read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_switching_off_restores_the_very_objects(library: Library) -> None:
    module = library.load()
    before = dict(vars(module))
    library.instrumentor.instrument()
    assert module.read is not before["read"]
    library.instrumentor.uninstrument()
    assert all(vars(module)[name] is value for name, value in before.items())
    assert vars(module).keys() == before.keys()


def test_switching_off_before_the_import_leaves_the_library_alone(library: Library) -> None:
    library.instrumentor.instrument()
    library.instrumentor.uninstrument()
    module = library.load()
    assert module.read is importlib.import_module(f"{library.name}.inside").read


def test_switching_on_again_after_off_tracks_again(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    module = library.load()
    library.instrumentor.uninstrument()
    library.instrumentor.instrument()
    module.read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_switching_on_after_an_import_that_came_while_off_tracks(
    store: Store, library: Library
) -> None:
    library.instrumentor.instrument()
    library.instrumentor.uninstrument()
    module = library.load()
    library.instrumentor.instrument()
    module.read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_a_function_taken_before_switching_off_rests(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    read = library.load().read
    library.instrumentor.uninstrument()
    read("data.csv")
    assert recorded(store) == []


def test_a_library_that_was_reloaded_is_tracked_when_switched_on_again(
    store: Store, library: Library
) -> None:
    library.instrumentor.instrument()
    module = importlib.reload(library.load())
    library.instrumentor.instrument()
    module.read("data.csv")
    assert recorded(store) == ["fake.read"]


# Others who wrap.


def wrapped_by_another(function: Any, log: list[str]) -> Any:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        log.append("theirs")
        return function(*args, **kwargs)

    return wrapper


def test_somebody_elses_wrapper_stays_and_ours_rests(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    module, log = library.load(), list[str]()
    module.read = wrapped_by_another(module.read, log)
    theirs = module.read
    library.instrumentor.uninstrument()
    assert module.read is theirs
    module.read("data.csv")
    assert (log, recorded(store)) == (["theirs"], [])


def test_under_somebody_elses_wrapper_a_call_is_recorded_once(
    store: Store, library: Library
) -> None:
    library.instrumentor.instrument()
    module, log = library.load(), list[str]()
    module.read = wrapped_by_another(module.read, log)
    theirs = module.read
    for _ in range(2):
        library.instrumentor.uninstrument()
        library.instrumentor.instrument()
    assert module.read is theirs
    module.read("data.csv")
    assert (log, recorded(store)) == (["theirs"], ["fake.read"])


def test_a_users_step_may_be_made_of_a_tracked_function(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    mt.step("Mine")(library.load().read)("data.csv")
    mine, theirs = store.list_nodes(Execution)
    assert (mine.type, theirs.type) == ("Mine", "fake.read")
    assert theirs.custom_properties["mlmeta_parent_execution"] == mine.external_id


# Versions.


@pytest.mark.parametrize("version", ["1.1.9", "2", "2.0.1", "0"])
def test_an_unsupported_version_is_named_once_and_left_alone(
    folder: Path, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    library = Library(folder, version)
    library.instrumentor.instrument()
    module = library.load()
    library.instrumentor.instrument()
    assert module.read is importlib.import_module(f"{library.name}.inside").read
    [warning] = warnings(caplog)
    assert f"{library.name} {version} is not tracked" in warning
    assert "from 1.2 up to, but not including, 2" in warning


@pytest.mark.parametrize("version", ["1.2", "1.2.0", "1.10", "1.16.1rc1", "1.99.dev0+local.5"])
def test_a_supported_version_is_tracked(store: Store, folder: Path, version: str) -> None:
    library = Library(folder, version)
    library.instrumentor.instrument()
    library.load().read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_a_library_without_metadata_is_tracked(store: Store, library: Library) -> None:
    type(library.instrumentor).distribution = "no-such-distribution"
    library.instrumentor.instrument()
    library.load().read("data.csv")
    assert recorded(store) == ["fake.read"]


def test_a_function_that_this_version_does_not_have_is_not_made(library: Library) -> None:
    library.instrumentor.instrument()
    assert not hasattr(library.load(), "gone_since_version_2")


def test_a_class_is_left_alone(library: Library) -> None:
    library.instrumentor.instrument()
    module = library.load()
    assert module.Reader is importlib.import_module(f"{library.name}.inside").Reader


# The user's import.


def test_an_error_of_ours_does_not_break_the_users_import(
    library: Library, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(instrument, "_guard", Guard())
    monkeypatch.setattr(library.instrumentor, "_wrap", broken)
    library.instrumentor.instrument()
    assert library.load().read("data.csv").content == " content "
    [warning] = warnings(caplog)
    assert f"Could not track {library.name}: RuntimeError: ours" in warning


def test_an_import_that_fails_fails_as_it_would(folder: Path, library: Library) -> None:
    init = folder / library.name / "__init__.py"
    good = init.read_text()
    init.write_text("raise ValueError('theirs')")
    library.instrumentor.instrument()
    with pytest.raises(ValueError, match="theirs"):
        library.load()
    init.write_text(good + "\n# another size, lest the compiled file be taken\n")
    importlib.invalidate_caches()
    assert type(library.load().read).__name__ != "function"


def test_a_library_that_another_thread_is_importing_is_waited_for(
    store: Store, folder: Path, library: Library
) -> None:
    init = folder / library.name / "__init__.py"
    gate = f"import threading_gate_{library.name} as gate\n"
    (folder / f"threading_gate_{library.name}.py").write_text(
        "import threading\nstarted, go = threading.Event(), threading.Event()\n"
    )
    init.write_text(f"{gate}gate.started.set()\ngate.go.wait()\n{init.read_text()}")
    gates = importlib.import_module(f"threading_gate_{library.name}")
    importing = threading.Thread(target=library.load)
    importing.start()
    gates.started.wait()
    switching = threading.Thread(target=library.instrumentor.instrument)
    switching.start()
    gates.go.set()
    importing.join()
    switching.join()
    library.load().read("data.csv")
    assert recorded(store) == ["fake.read"]


# What is recorded.


@pytest.fixture
def module(store: Store, library: Library) -> Any:
    library.instrumentor.instrument()
    return library.load()


def test_data_parameters_and_what_is_returned_are_recorded(
    store: Store, module: Any, tmp_path: Path
) -> None:
    module.read("data.csv", sep=";")
    assert events(store, "fake.read") == [
        (EventType.INPUT, ("data",)),
        (EventType.OUTPUT, ("table",)),
    ]
    [execution] = store.list_nodes(Execution)
    assert execution.custom_properties["sep"] == ";"
    assert "path" not in execution.custom_properties
    assert store.list_nodes(Artifact)[0].uri == str(tmp_path / "data.csv")


def test_what_is_unrecorded_is_not_recorded(store: Store, module: Any) -> None:
    module.clean(module.Table("x"), options="secret")
    [execution] = store.list_nodes(Execution)
    assert execution.custom_properties["rate"] == 0.5
    assert "options" not in execution.custom_properties


def test_what_one_function_makes_the_next_one_uses(store: Store, module: Any) -> None:
    module.save(module.clean(module.read("data.csv")), "out.csv")
    tables = store.get_by_type(Artifact, "Table")
    assert [Path(a.uri).name if a.uri else None for a in tables] == [None, "out.csv"]


def test_what_the_library_calls_of_itself_is_not_recorded(store: Store, module: Any) -> None:
    module.read_and_clean("data.csv")
    assert recorded(store) == ["fake.read_and_clean"]


def test_a_users_step_called_by_the_library_is_recorded(store: Store, module: Any) -> None:
    @mt.step("Mine")
    def mine(table: Any) -> Any:
        return table

    module.apply(module.Table("x"), mine)
    theirs, own = store.list_nodes(Execution)
    assert (theirs.type, own.type) == ("fake.apply", "Mine")
    assert own.custom_properties["mlmeta_parent_execution"] == theirs.external_id


def test_after_a_call_the_next_is_recorded(store: Store, module: Any) -> None:
    with pytest.raises(ValueError, match="negative"):
        module.clean(module.Table("x"), -1)
    module.clean(module.Table("x"), 1)
    states = [execution.last_known_state for execution in store.list_nodes(Execution)]
    assert states == [ExecutionState.FAILED, ExecutionState.COMPLETE]


def test_wrong_arguments_raise_what_the_function_raises_and_are_not_recorded(
    store: Store, module: Any
) -> None:
    with pytest.raises(TypeError, match=r"clean\(\) missing 1 required positional argument"):
        module.clean()
    assert recorded(store) == []


def test_disabled_nothing_is_recorded(tmp_path: Path, library: Library) -> None:
    mt.init(disabled=True)
    library.instrumentor.instrument()
    assert library.load().read("data.csv").content == " content "
    assert not (tmp_path / "mlmeta.db").exists()


def test_a_tracked_function_looks_like_the_original(module: Any) -> None:
    assert module.read.__doc__ == "Read a table."
    assert module.read.__name__ == "read"


def test_a_tracked_function_pickles_to_what_stands_at_its_public_name(
    module: Any, library: Library
) -> None:
    tracked = module.read
    pickled = pickle.dumps(tracked)
    assert pickle.loads(pickled) is tracked
    library.instrumentor.uninstrument()
    assert pickle.loads(pickled) is module.read is not tracked


def test_calls_in_threads_are_recorded(store: Store, module: Any) -> None:
    threads = [threading.Thread(target=module.read, args=("data.csv",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorded(store) == ["fake.read"] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_calls_after_a_fork_are_recorded(store: Store, module: Any) -> None:
    child = os.fork()
    if child == 0:
        try:
            module.read("data.csv")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert recorded(store) == ["fake.read"]


# By name.


class Offering:
    """A plugin that offers integrations."""

    def __init__(self, **offered: Any) -> None:
        self._offered = offered

    @hookimpl
    def instrumentors(self) -> Any:
        return self._offered


@pytest.fixture
def offered(folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """A library whose integration is offered as "fake"; no other integration is installed."""
    name = f"integration_of_{library.name}"
    (folder / f"{name}.py").write_text("made = None\ndef make():\n    return made\n")
    plugin = Offering(fake=f"{name}:make", broken="no_such_module:Class")
    monkeypatch.setenv("MLMETA_TRACK_LOAD_PLUGINS", "")  # as `init` reads it
    hooks.restrict([])
    hooks.register(plugin)
    monkeypatch.setattr(instrument, "_instrumentors", {})
    monkeypatch.setattr(instrument, "_guard", Guard())
    monkeypatch.setattr(importlib.import_module(name), "made", library.instrumentor)
    yield library
    for switched_on in instrument._instrumentors.values():
        switched_on.uninstrument()
    hooks.unregister(plugin)
    hooks.restrict(None)


@pytest.fixture
def silent_store(offered: Library, store_url: str) -> Store:
    """A store, opened with the offered integrations in place."""
    mt.init(store_url, strict=True)
    return mt.get_store()


def test_autotrack_switches_on_by_name_and_untrack_off(
    silent_store: Store, offered: Library
) -> None:
    mt.autotrack("fake")
    module = offered.load()
    module.read("data.csv")
    mt.untrack("fake")
    module.read("data.csv")
    assert recorded(silent_store) == ["fake.read"]


def test_autotrack_without_a_name_switches_on_all_that_work_and_names_the_broken(
    silent_store: Store, offered: Library, caplog: pytest.LogCaptureFixture
) -> None:
    mt.autotrack()
    offered.load().read("data.csv")
    assert recorded(silent_store) == ["fake.read"]
    [warning] = warnings(caplog)
    assert "Could not switch on the integration 'broken': ModuleNotFoundError" in warning


def test_untrack_without_a_name_switches_off_all_and_loads_none(offered: Library) -> None:
    mt.autotrack("fake")
    mt.untrack()
    assert not offered.instrumentor.is_on
    assert list(instrument._instrumentors) == ["fake"]


@pytest.fixture
def waiting(offered: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """The same, offered together with its library as "late"."""
    place = next(iter(hooks.call("instrumentors")))["fake"]
    plugin = Offering(late=(place, offered.name, "no_such_library"))
    hooks.register(plugin)
    monkeypatch.setattr(instrument, "_deferred", Deferred(instrument._switch_on_late))
    yield offered
    hooks.unregister(plugin)


def test_an_integration_that_can_wait_is_loaded_with_its_library(
    silent_store: Store, waiting: Library
) -> None:
    mt.autotrack("late")
    mt.autotrack("late")
    assert instrument._instrumentors == {}
    module = waiting.load()
    assert list(instrument._instrumentors) == ["late"]
    module.read("data.csv")
    assert recorded(silent_store) == ["fake.read"]


def test_an_integration_whose_library_is_there_does_not_wait(
    silent_store: Store, waiting: Library
) -> None:
    module = waiting.load()
    mt.autotrack("late")
    module.read("data.csv")
    assert recorded(silent_store) == ["fake.read"]


def test_an_integration_that_was_switched_off_while_it_waited_stays_off(
    silent_store: Store, waiting: Library
) -> None:
    mt.autotrack("late")
    mt.untrack("late")
    module = waiting.load()
    module.read("data.csv")
    assert recorded(silent_store) == []
    mt.autotrack("late")
    module.read("data.csv")
    assert recorded(silent_store) == ["fake.read"]


def test_a_library_that_imports_another_is_tracked_when_it_is_whole(
    silent_store: Store, waiting: Library, folder: Path
) -> None:
    other = f"imported_by_{waiting.name}"
    (folder / f"{other}.py").write_text("")
    init = folder / waiting.name / "__init__.py"
    init.write_text(f"import {other}\n{init.read_text()}")
    plugin = Offering(both=(hooks.call("instrumentors")[0]["late"][0], other, waiting.name))
    hooks.register(plugin)
    try:
        mt.autotrack("both")
        module = waiting.load()
    finally:
        hooks.unregister(plugin)
    module.read("data.csv")
    assert recorded(silent_store) == ["fake.read"]


def test_an_integration_that_cannot_be_loaded_late_does_not_break_the_import(
    waiting: Library, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = Offering(bad=("no_such_module:Class", waiting.name))
    hooks.register(plugin)
    try:
        mt.autotrack("bad")
        assert waiting.load().read("data.csv").content == " content "
    finally:
        hooks.unregister(plugin)
    [warning] = warnings(caplog)
    assert "Could not switch on the integration 'bad': ModuleNotFoundError" in warning


def test_an_unknown_name_is_refused_with_those_that_are_installed(offered: Library) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        mt.autotrack("nope")
    assert str(raised.value) == (
        "There is no integration 'nope'; installed are: broken, fake. An integration comes with"
        " its extra: pip install 'mlmeta-track[nope]'."
    )


def test_one_unknown_name_among_others_switches_nothing_on(offered: Library) -> None:
    with pytest.raises(InvalidArgumentError):
        mt.autotrack("fake", "nope")
    assert not offered.instrumentor.is_on


def test_a_plugin_that_offers_nonsense_is_left_out(
    offered: Library, caplog: pytest.LogCaptureFixture
) -> None:
    class Nonsense:
        @hookimpl
        def instrumentors(self) -> Any:
            return ["nonsense"]

    plugin = Nonsense()
    hooks.register(plugin)
    try:
        assert set(instrument.available()) == {"fake", "broken"}
    finally:
        hooks.unregister(plugin)
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("names", [["all"], ["fake"], ["fake", "broken"]], ids=str)
def test_a_setting_switches_on_what_it_names(
    offered: Library, store_url: str, names: list[str]
) -> None:
    mt.init(store_url, autotrack=names)
    assert offered.instrumentor.is_on


def test_without_the_setting_nothing_is_switched_on(offered: Library, store_url: str) -> None:
    mt.init(store_url)
    assert instrument._instrumentors == {}


ALL_ON = """
import json, sys, time
from mlmeta_track import autotrack, init
before, started = set(sys.modules), time.process_time()
autotrack()
taken = time.process_time() - started
print(json.dumps({"modules": sorted(set(sys.modules) - before), "taken": taken}))
"""


def test_switching_all_on_reads_what_the_plugins_offer_and_nothing_else() -> None:
    seen = [json.loads(subprocess.check_output([sys.executable, "-c", ALL_ON])) for _ in range(3)]
    plugins = re.compile(r"mlmeta_track(_\w+|\.exporters)(\.plugin)?")
    assert [module for module in seen[0]["modules"] if not plugins.fullmatch(module)] == []
    # It is 4 ms of work on an idle machine; on a busy one other work is counted in.
    assert min(one["taken"] for one in seen) < 0.02
