"""Integrations that track methods and functions of several modules, or record by themselves."""

from __future__ import annotations

import copy
import importlib
import itertools
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import cloudpickle
import dill
import pytest

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction, is_held_off

LINEAR = """
import threading
from NAME.base import Base, double


class Model(Base):
    def fit(self, rows, *, rate=0.5):
        if not rows:
            raise ValueError("no rows")
        self.content = f"fit to {len(rows)}"
        return self

    def refit(self, rows):
        return self.fit(rows)

    def fit_in_a_thread(self, rows):
        thread = threading.Thread(target=lambda: self.fit(rows))
        thread.start()
        thread.join()

    @classmethod
    def make(cls, content):
        made = cls()
        made.content = content
        return made

    @staticmethod
    def join(first, second):
        return double(first) + second
"""
BASE = """
class Base:
    content = "empty"

    def describe(self, words=1):
        return self.content


class Options:
    def __init__(self, model=None, notes=None):
        self.model, self.notes = model, notes


def double(text):
    return text + text


def change(model, content=None):
    if content:
        model.content = content


def combine(models, options):
    return models, len(models)
"""
MODEL = {"self": "model"}
FUNCTIONS = (
    TrackedFunction(name="double"),
    TrackedFunction(name="change", inputs={"model": "model"}, changes={"model": "model"}),
    TrackedFunction(
        name="combine",
        inputs={"models": "models", "options.model": "start"},
        returns="model",
        finds=lambda returned: returned[0][-1],
        shows={"options.notes": lambda notes: f"{len(notes)} notes"},
        unrecorded=frozenset({"options"}),
    ),
    TrackedFunction(name="Model.fit", module="linear", fills=MODEL, unrecorded=frozenset({"rows"})),
    TrackedFunction(name="Model.refit", module="linear", fills=MODEL),
    TrackedFunction(name="Model.fit_in_a_thread", module="linear", fills=MODEL),
    TrackedFunction(name="Model.make", module="linear", type_name="making", returns="model"),
    TrackedFunction(name="Model.join", module="linear"),
    TrackedFunction(name="Model.describe", module="linear", inputs=MODEL),
)

_numbers = itertools.count()


class Library:
    """A package on disk whose module ``linear`` is imported apart, and its instrumentor."""

    def __init__(self, folder: Path) -> None:
        self.name = name = f"fake_models_{next(_numbers)}"
        package = folder / name
        package.mkdir()
        (package / "base.py").write_text(BASE)
        (package / "linear.py").write_text(LINEAR.replace("NAME", name))
        (package / "__init__.py").write_text(
            f"from {name}.base import Options, change, combine, double\n"
        )

        class Fake(Instrumentor):
            prefix: ClassVar[str] = "fake"
            module: ClassVar[str] = name
            distribution: ClassVar[str] = name
            supported: ClassVar[tuple[str, str]] = ("1", "2")
            functions: ClassVar[tuple[TrackedFunction, ...]] = tuple(
                TrackedFunction(
                    **{
                        **{f: getattr(row, f) for f in row.__dataclass_fields__},
                        "module": row.module and f"{name}.{row.module}",
                    }
                )
                for row in FUNCTIONS
            )

        self.instrumentor = Fake()

    def load(self, module: str = "") -> Any:
        return importlib.import_module(f"{self.name}.{module}" if module else self.name)


class Describing:
    @hookimpl
    def describe_artifact(self, value: Any) -> Description | None:
        if type(value).__name__ != "Model":
            return None
        return Description(ArtifactType("Model"), fingerprint=f"model:{value.content}")


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.syspath_prepend(tmp_path)
    plugin = Describing()
    hooks.register(plugin)
    made = Library(tmp_path)
    yield made
    made.instrumentor.uninstrument()
    hooks.unregister(plugin)


@pytest.fixture
def linear(store: Store, library: Library) -> Any:
    library.instrumentor.instrument()
    return library.load("linear")


def recorded(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def events(store: Store) -> list[tuple[EventType, EventPath]]:
    [execution] = store.list_nodes(Execution)
    return [(e.type, e.path) for e in store.get_events_by_execution_ids([execution.id])]


# Methods.


def test_a_method_that_fills_its_object_makes_an_artifact_of_it(store: Store, linear: Any) -> None:
    model = linear.Model()
    assert model.fit([1, 2], rate=0.1) is model
    assert recorded(store) == ["fake.Model.fit"]
    assert events(store) == [(EventType.OUTPUT, ("model",))]
    [execution] = store.list_nodes(Execution)
    assert execution.custom_properties["rate"] == 0.1
    assert "rows" not in execution.custom_properties


def test_a_methods_object_is_an_input(store: Store, linear: Any) -> None:
    linear.Model().describe(words=3)
    assert events(store) == [(EventType.INPUT, ("model",))]


def test_a_method_may_be_called_through_its_class(store: Store, linear: Any) -> None:
    model = linear.Model()
    linear.Model.fit(model, [1])
    assert model.content == "fit to 1"
    assert events(store) == [(EventType.OUTPUT, ("model",))]


def test_class_methods_and_static_methods_are_tracked(store: Store, linear: Any) -> None:
    assert linear.Model.make("x").content == "x"
    assert linear.Model.join("a", second="b") == "aab"
    assert recorded(store) == ["making", "fake.Model.join"]


def test_a_subclass_of_the_users_is_tracked_through_its_base(store: Store, linear: Any) -> None:
    class Mine(linear.Model):  # type: ignore[misc]
        def fit(self, rows: Any) -> Any:
            return super().fit(rows)

    Mine().fit([1])
    assert recorded(store) == ["fake.Model.fit"]


def test_a_method_that_raises_has_failed(store: Store, linear: Any) -> None:
    with pytest.raises(ValueError, match="no rows"):
        linear.Model().fit([])
    [execution] = store.list_nodes(Execution)
    assert execution.last_known_state is ExecutionState.FAILED


def test_a_traceback_has_one_frame_of_ours(store: Store, linear: Any) -> None:
    with pytest.raises(ValueError, match="no rows") as raised:
        linear.Model().refit([])
    shown = [entry.name for entry in traceback.extract_tb(raised.value.__traceback__)]
    assert shown == ["test_a_traceback_has_one_frame_of_ours", "call", "refit", "fit"]
    [execution] = store.list_nodes(Execution)
    kept = str(execution.custom_properties["mlmeta_traceback"])
    assert "recording.py" not in kept
    assert kept.index("in refit") < kept.index("in fit")


def test_only_the_outermost_call_records(store: Store, linear: Any) -> None:
    linear.Model().refit([1])
    assert recorded(store) == ["fake.Model.refit"]


def test_what_the_library_calls_in_a_thread_is_not_recorded(store: Store, linear: Any) -> None:
    linear.Model().fit_in_a_thread([1])
    assert recorded(store) == ["fake.Model.fit_in_a_thread"]


def test_what_the_user_calls_in_a_thread_is_recorded(store: Store, linear: Any) -> None:
    thread = threading.Thread(target=lambda: linear.Model().fit([1]))
    thread.start()
    thread.join()
    assert recorded(store) == ["fake.Model.fit"]


def test_switching_off_gives_classes_their_own_methods_back(library: Library) -> None:
    linear = library.load("linear")
    before = dict(vars(linear.Model))
    library.instrumentor.instrument()
    assert "describe" in vars(linear.Model)
    assert vars(linear.Model)["fit"] is not before["fit"]
    library.instrumentor.uninstrument()
    assert vars(linear.Model).keys() == before.keys()
    assert all(vars(linear.Model)[name] is value for name, value in before.items())


# Modules.


def test_a_module_that_is_imported_later_is_tracked_then(store: Store, library: Library) -> None:
    library.instrumentor.instrument()
    library.load()
    assert f"{library.name}.linear" not in sys.modules
    library.load("linear").Model().fit([1])
    assert recorded(store) == ["fake.Model.fit"]


def test_a_function_is_tracked_where_it_is_shown_and_where_it_is_defined(
    store: Store, library: Library
) -> None:
    library.instrumentor.instrument()
    assert library.load().double is library.load("base").double
    assert library.load("base").double("a") == "aa"
    assert recorded(store) == ["fake.double"]
    library.instrumentor.uninstrument()
    assert type(library.load().double) is type(library.load("base").double) is type(events)


# What is recorded.


def test_what_a_function_changes_in_place_is_a_new_artifact(
    store: Store, library: Library, linear: Any
) -> None:
    model = linear.Model()
    library.load().change(model, "changed")
    assert events(store) == [(EventType.INPUT, ("model",)), (EventType.OUTPUT, ("model",))]
    assert [a.fingerprint for a in store.list_nodes(Artifact)] == ["model:empty", "model:changed"]


def test_what_a_function_leaves_as_it_is_is_no_output(
    store: Store, library: Library, linear: Any
) -> None:
    library.load().change(linear.Model())
    assert events(store) == [(EventType.INPUT, ("model",))]


def test_lists_attributes_and_parts_of_what_is_returned_are_found(
    store: Store, library: Library, linear: Any
) -> None:
    package = library.load()
    models = [linear.Model.make(content) for content in "abc"]
    options = package.Options(linear.Model.make("d"), notes=["x", "y"])
    assert package.combine(models, options) == (models, 3)
    [execution] = store.get_by_type(Execution, "fake.combine")
    found = store.get_events_by_execution_ids([execution.id])
    assert [(e.type, e.path) for e in found] == [
        (EventType.INPUT, ("models", 0)),
        (EventType.INPUT, ("models", 1)),
        (EventType.INPUT, ("models", 2)),
        (EventType.INPUT, ("start",)),
        (EventType.OUTPUT, ("model",)),
    ]
    assert execution.custom_properties["options.notes"] == "2 notes"


def test_what_cannot_be_shown_is_left_out(store: Store, library: Library, linear: Any) -> None:
    package = library.load()
    package.combine([linear.Model()], package.Options(notes=7))
    [execution] = store.get_by_type(Execution, "fake.combine")
    assert "options.notes" not in execution.custom_properties


def test_a_package_that_records_its_calls_itself_is_silent(
    store: Store, tmp_path: Path, library: Library
) -> None:
    (tmp_path / f"records_{library.name}.py").write_text(
        f"import {library.name}\ndef run():\n    return {library.name}.double('a')\n"
    )
    type(library.instrumentor).silent_callers = (f"records_{library.name}",)
    library.instrumentor.instrument()
    assert importlib.import_module(f"records_{library.name}").run() == "aa"
    assert recorded(store) == []


def test_an_integration_may_do_the_recording_itself(store: Store, library: Library) -> None:
    seen: list[Any] = []

    def around(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append((type(instance).__name__, args, kwargs, is_held_off()))
        return wrapped(*args, **kwargs)

    name = f"{library.name}.linear"
    type(library.instrumentor).functions = (
        TrackedFunction(name="Model.fit", module=name, around=around),
        TrackedFunction(name="Model.refit", module=name),
    )
    library.instrumentor.instrument()
    model = library.load("linear").Model()
    model.fit([1], rate=2)
    model.refit([1])
    assert seen == [("Model", ([1],), {"rate": 2}, False), ("Model", ([1],), {}, True)]
    assert recorded(store) == ["fake.Model.refit"]
    library.instrumentor.uninstrument()
    model.fit([1])
    assert len(seen) == 2


# Pickling.


@pytest.mark.parametrize("module", [pickle, cloudpickle, dill], ids=lambda m: m.__name__)
def test_methods_and_their_objects_pickle_as_they_would(linear: Any, module: Any) -> None:
    model = linear.Model.make("x")
    assert module.loads(module.dumps(linear.Model)) is linear.Model
    assert module.loads(module.dumps(model)).content == "x"
    assert module.loads(module.dumps(model.describe))() == "x"
    assert module.loads(module.dumps(linear.Model.make))("y").content == "y"
    assert module.loads(module.dumps(linear.Model.join))("a", "b") == "aab"
    assert module.loads(module.dumps(linear.Model.fit))(model, [1]) is model


def test_methods_can_be_copied(linear: Any) -> None:
    model = linear.Model.make("x")
    assert copy.deepcopy(model.describe)() == "x"
    assert copy.copy(linear.Model.join)("a", "b") == "aab"


@pytest.mark.parametrize("module", [pickle, cloudpickle, dill], ids=lambda m: m.__name__)
def test_what_is_sent_arrives_where_this_package_is_not(
    library: Library, linear: Any, module: Any, tmp_path: Path
) -> None:
    sent = (library.load().double, linear.Model.join, linear.Model.make, linear.Model().describe)
    (tmp_path / "sent").write_bytes(module.dumps(sent))
    code = (
        "import sys, pickle; sys.modules['mlmeta_track'] = None\n"
        "double, join, make, describe = pickle.load(open('sent', 'rb'))\n"
        "assert double('a') == 'aa' and join('a', 'b') == 'aab'\n"
        "assert make('x').content == 'x' and describe() == 'empty'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
