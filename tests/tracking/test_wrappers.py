"""What a wrapper must bear besides being called: pickling, copying, and being sent elsewhere."""

from __future__ import annotations

import copy
import functools
import importlib
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle
import dill
import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.wrappers import BoundTracked, Tracked, tracker_of

SAMPLE = '''
import functools

import mlmeta_track as mt


@mt.step
def double(x):
    """Return twice as much."""
    return 2 * x


def plain(x):
    return 3 * x


def with_odd_default(x, function=lambda x: 4 * x):
    return function(x)


triple = mt.step("Triple")(plain)
quadruple = mt.step("Quadruple")(with_odd_default)
half_double = mt.step(functools.partial(plain, 4))


@mt.step
@functools.cache
def cached(x):
    return 3 * x


class Adder:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return self.by + x


add_one = mt.step(Adder(1))


class Model:
    def __init__(self, rate):
        self.rate = rate

    @mt.step
    def fit(self, x):
        return self.rate * x

    @mt.step
    def __call__(self, x):
        return self.rate + x

    @mt.step
    @classmethod
    def class_outside(cls, x):
        return cls.__name__, x

    @classmethod
    @mt.step
    def class_inside(cls, x):
        return cls.__name__, x

    @mt.step
    @staticmethod
    def static_outside(x):
        return x

    @staticmethod
    @mt.step
    def static_inside(x):
        return x


class Child(Model):
    pass
'''

PICKLERS = {"pickle": pickle, "cloudpickle": cloudpickle, "dill": dill}

CALLABLES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "function": (lambda m: m.double, 14),
    "function decorated under another name": (lambda m: m.triple, 21),
    "function with a default that does not pickle": (lambda m: m.quadruple, 28),
    "partial of a function": (lambda m: functools.partial(m.double, 7), 14),
    "callable object": (lambda m: m.add_one, 8),
    "cached function": (lambda m: m.cached, 21),
    "bound method": (lambda m: m.Model(5).fit, 35),
    "partial of a bound method": (lambda m: functools.partial(m.Model(5).fit, 7), 35),
    "instance with a decorated __call__": (lambda m: m.Model(5), 12),
    "class method, step outside": (lambda m: m.Model.class_outside, ("Model", 7)),
    "class method, step inside": (lambda m: m.Model.class_inside, ("Model", 7)),
    "class method of an instance": (lambda m: m.Model(5).class_outside, ("Model", 7)),
    "inherited class method": (lambda m: m.Child.class_outside, ("Child", 7)),
    "inherited class method, step inside": (lambda m: m.Child.class_inside, ("Child", 7)),
    "static method, step outside": (lambda m: m.Model.static_outside, 7),
    "static method, step inside": (lambda m: m.Model.static_inside, 7),
    "static method of an instance": (lambda m: m.Model(5).static_outside, 7),
}


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module with tracked callables of every kind."""
    (tmp_path / "tracked_sample.py").write_text(SAMPLE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tracked_sample", raising=False)
    return importlib.import_module("tracked_sample")


def call(function: Any) -> Any:
    return function() if isinstance(function, functools.partial) else function(7)


@pytest.mark.parametrize("pickler", PICKLERS)
@pytest.mark.parametrize("kind", CALLABLES)
def test_a_tracked_callable_pickles_with_every_protocol(
    store: Store, sample: ModuleType, kind: str, pickler: str
) -> None:
    take, expected = CALLABLES[kind]
    library = PICKLERS[pickler]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        restored = library.loads(library.dumps(take(sample), protocol=protocol))
        assert call(restored) == expected


@pytest.mark.parametrize("kind", CALLABLES)
def test_what_was_pickled_by_name_is_tracked(store: Store, sample: ModuleType, kind: str) -> None:
    take, _ = CALLABLES[kind]
    call(pickle.loads(pickle.dumps(take(sample))))
    assert len(store.list_nodes(Execution)) == 1


def test_a_function_pickles_to_the_very_wrapper(sample: ModuleType) -> None:
    assert pickle.loads(pickle.dumps(sample.double)) is sample.double


def test_a_function_pickles_small(sample: ModuleType) -> None:
    assert len(pickle.dumps(sample.double)) < 150


def test_a_function_decorated_under_another_name_keeps_its_step(
    store: Store, sample: ModuleType
) -> None:
    pickle.loads(pickle.dumps(sample.triple))(1)
    assert [e.type for e in store.list_nodes(Execution)] == ["Triple"]


def test_a_local_function_fails_to_pickle_as_it_would_untracked(sample: ModuleType) -> None:
    def local(x: int) -> int:
        return x

    with pytest.raises((AttributeError, pickle.PicklingError)) as untracked:
        pickle.dumps(local)
    with pytest.raises(untracked.type, match=re.escape(str(untracked.value))):
        pickle.dumps(mt.step(local))


def test_a_local_function_is_sent_by_value_by_cloudpickle(store: Store, sample: ModuleType) -> None:
    factor = 6

    @mt.step
    def local(x: int) -> int:
        return factor * x

    assert cloudpickle.loads(cloudpickle.dumps(local))(7) == 42


def test_copies_of_a_function_are_the_function(sample: ModuleType) -> None:
    assert copy.copy(sample.double) is sample.double
    assert copy.deepcopy(sample.double) is sample.double


def test_a_copy_of_a_bound_method_has_the_same_instance(sample: ModuleType) -> None:
    method = sample.Model(5).fit
    assert copy.copy(method).__self__ is method.__self__


def test_a_deep_copy_of_a_bound_method_has_a_copy_of_the_instance(
    store: Store, sample: ModuleType
) -> None:
    model = sample.Model(5)
    copied = copy.deepcopy(model.fit)
    model.rate = 0
    assert copied(7) == 35
    assert isinstance(copied, BoundTracked)
    assert len(store.list_nodes(Execution)) == 1


def test_a_deep_copy_of_an_object_that_holds_its_own_method_stays_whole(
    sample: ModuleType,
) -> None:
    model = sample.Model(5)
    model.callback = model.fit
    copied = copy.deepcopy(model)
    assert copied.callback.__self__ is copied


@pytest.mark.parametrize("name", ["class_outside", "class_inside"])
def test_a_deep_copy_of_a_class_method_belongs_to_the_class(sample: ModuleType, name: str) -> None:
    assert copy.deepcopy(getattr(sample.Child, name))(7) == ("Child", 7)


def test_tracker_of_tells_the_tracked_from_others(sample: ModuleType) -> None:
    assert tracker_of(sample.double) is not None
    assert tracker_of(sample.Model(5).fit) is not None
    assert tracker_of(sample.plain) is None
    assert isinstance(sample.double, Tracked)


# Functions of a script, which is another module where they arrive.

SENDER = """
import pickle, sys, warnings
from pathlib import Path
from typing import Annotated

import cloudpickle, dill
import mlmeta_track as mt

if dill.__version__ == "0.3.1.1":
    # The one that Beam 2.60 pins knows this Python's code objects only with Beam's amendment.
    warnings.simplefilter("ignore")
    import apache_beam.internal.dill_pickler

if sys.argv[2] == "untracked":
    mt.step = lambda what: (lambda function: function) if isinstance(what, str) else what

FACTOR = 6


class DataSet(mt.Artifact):
    name: str
    version: int = 1


@mt.step
def factorial(n: int) -> int:
    return 1 if n < 2 else n * factorial(n - 1)


@mt.step
def leaf(x: int) -> int:
    return FACTOR * x


@mt.step("Trunk")
def trunk(x: Annotated[int, mt.Input(DataSet, name="n")]) -> int:
    DataSet(name="inside")
    return leaf(x) + 1


class Model:
    @mt.step
    def fit(self, x):
        return FACTOR * x

    @mt.step
    @classmethod
    def class_outside(cls, x):
        return cls.__name__

    @classmethod
    @mt.step
    def class_inside(cls, x):
        return cls.__name__

    @mt.step
    @staticmethod
    def static_outside(x):
        return x

    @staticmethod
    @mt.step
    def static_inside(x):
        return x


def make_local(factor):
    @mt.step("Local")
    def local(x):
        return factor * x

    return local


class Adder:
    def __call__(self, x):
        return 1 + x


WHAT = {
    "recursion": factorial,
    "one calls another": trunk,
    "method": Model().fit,
    "class method, step outside": Model.class_outside,
    "class method, step inside": Model.class_inside,
    "static method, step outside": Model.static_outside,
    "static method, step inside": Model.static_inside,
    "local function": make_local(7),
    "lambda": mt.step(lambda x: FACTOR * x),
    "callable object": mt.step(Adder()),
}


def packed(value):
    by_dill = sys.argv[1] == "dill"
    return dill.dumps(value, recurse=True) if by_dill else cloudpickle.dumps(value)


Path("sent.bin").write_bytes(pickle.dumps({name: packed(value) for name, value in WHAT.items()}))
"""

RECEIVER = """
import json, pickle
from pathlib import Path

leaf = trunk = factorial = lambda x: "the receiver's own"
results = {}
for name, packed in pickle.loads(Path("sent.bin").read_bytes()).items():
    try:
        results[name] = pickle.loads(packed)(5)
    except NameError as error:
        results[name] = str(error)
print(json.dumps(results))
"""

RESULTS = {
    "recursion": 120,
    "one calls another": 31,
    "method": 30,
    "class method, step outside": "Model",
    "class method, step inside": "Model",
    "static method, step outside": 5,
    "static method, step inside": 5,
    "local function": 35,
    "lambda": 30,
    "callable object": 6,
}


def run_python(*arguments: str, folder: Path, store_url: str, strict: bool = True) -> str:
    environment = {"MLMETA_TRACK_STORE": store_url, "MLMETA_TRACK_STRICT": str(strict)}
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class Sent:
    """What came of the functions of one script in a process that runs another."""

    by: str
    results: dict[str, Any]
    recorded: list[str]


def send(folder: Path, how: str, kind: str) -> Sent:
    store_url = f"sqlite:///{folder / f'{kind}.db'}"
    (folder / "sender.py").write_text(SENDER)
    (folder / "receiver.py").write_text(RECEIVER)
    run_python("sender.py", how, kind, folder=folder, store_url=store_url)
    printed = run_python("receiver.py", folder=folder, store_url=store_url, strict=False)
    with closing(open_store(store_url)) as store:
        return Sent(how, json.loads(printed), [e.type for e in store.list_nodes(Execution)])


@pytest.fixture(scope="module", params=["cloudpickle", "dill"])
def tracked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return send(tmp_path_factory.mktemp("sent"), request.param, "tracked")


@pytest.fixture(scope="module")
def untracked(tracked: Sent, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return send(tmp_path_factory.mktemp("sent"), tracked.by, "untracked")


@pytest.mark.parametrize("what", RESULTS)
def test_a_scripts_function_runs_in_a_process_with_another_script(
    tracked: Sent, untracked: Sent, what: str
) -> None:
    assert tracked.results[what] == untracked.results[what]
    # The dill that Beam 2.60 pins leaves behind, on this Python, what a function calls.
    if not (tracked.by == "dill" and dill.__version__ == "0.3.1.1"):
        assert tracked.results[what] == RESULTS[what]


def test_a_scripts_functions_are_tracked_where_they_arrive(tracked: Sent) -> None:
    assert {"Trunk", "factorial", "Local", "Model.fit"} <= set(tracked.recorded)


POOLS = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import mlmeta_track as mt


@mt.step
def work(x):
    return 6 * x


class Model:
    def __init__(self, rate):
        self.rate = rate

    @mt.step
    def fit(self, x):
        return self.rate * x


if __name__ == "__main__":
    with ProcessPoolExecutor(2, mp_context=get_context(sys.argv[1])) as pool:
        print(*pool.map(work, range(4)), *pool.map(Model(2).fit, range(3)))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_scripts_functions_are_recorded_in_the_workers_of_a_pool(
    tmp_path: Path, store: Store, store_url: str, method: str
) -> None:
    (tmp_path / "script.py").write_text(POOLS)
    assert (
        run_python("script.py", method, folder=tmp_path, store_url=store_url) == "0 6 12 18 0 2 4"
    )
    recorded = [e.type for e in store.list_nodes(Execution)]
    assert sorted(recorded) == ["Model.fit"] * 3 + ["work"] * 4


IMPORTING = """
import sys
from multiprocessing import get_context

from tracked_sample import double, Model

if __name__ == "__main__":
    with get_context(sys.argv[1]).Pool(2) as pool:
        print(*pool.map(double, range(3)), *pool.map(Model.static_outside, range(2)))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_modules_functions_are_recorded_in_the_workers_of_a_pool(
    tmp_path: Path, store: Store, store_url: str, sample: ModuleType, method: str
) -> None:
    (tmp_path / "script.py").write_text(IMPORTING)
    assert run_python("script.py", method, folder=tmp_path, store_url=store_url) == "0 2 4 0 1"
    assert len(store.list_nodes(Execution)) == 5
