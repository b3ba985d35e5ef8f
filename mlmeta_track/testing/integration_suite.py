"""The conformance kit of integrations: what every ``Instrumentor`` must do, as tests to inherit.

::

    class TestTfdv(IntegrationSuite):
        plugin = "mlmeta_track_tfdv.plugin"
        name = "tfdv"

        @pytest.fixture
        def sample(self) -> Sample: ...     # a call that works

        @pytest.fixture
        def failing(self) -> Sample: ...    # a call that raises
"""

from __future__ import annotations

import copy
import inspect
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

import mlmeta_track
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import instrument, recorder
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track.tracking.libraries import places
from mlmeta_track.tracking.libraries.places import Place
from mlmeta_track.tracking.wrappers import Tracked

_OUR_FOLDER = str(Path(mlmeta_track.__file__).parent)
_MOST_FRAMES = 1

_SWITCH_ON = """
import sys
from importlib import import_module
import mlmeta_track
from mlmeta_track.plugins import hooks
plugin, name, *forbidden = sys.argv[1:]
if name not in hooks.names():
    hooks.register(import_module(plugin), name)
mlmeta_track.autotrack(name)
print(*(module for module in forbidden if module in sys.modules))
"""


@dataclass(frozen=True)
class Sample:
    """A call of one of the tracked functions: its public name and its arguments.

    The name is looked up in the library's module, so that it may be one of a class in a module of
    the library; ``type_name`` is then the name of the execution type.
    """

    function: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    type_name: str | None = None


class IntegrationSuite:
    """What every integration must do; subclass it and say which integration it is.

    A subclass sets ``plugin`` and ``name`` and gives the fixtures ``sample`` and ``failing``.  It
    may override ``heavy`` and ``same``.
    """

    plugin: ClassVar[str]
    """The dotted name of the integration's plugin module."""
    name: ClassVar[str]
    """The name that ``autotrack`` knows the integration by."""
    heavy: ClassVar[tuple[str, ...]] = ()
    """Modules, beside the library itself, that must not be imported when it is switched on."""

    @pytest.fixture
    def sample(self) -> Sample:
        """Return a call that works, and gives an equal result when it is repeated."""
        raise NotImplementedError

    @pytest.fixture
    def failing(self) -> Sample:
        """Return a call that raises an error of the library's own."""
        raise NotImplementedError

    def same(self, first: Any, second: Any) -> bool:
        """Tell whether two results are the same to the library's user."""
        return bool(first == second)

    @pytest.fixture(autouse=True)
    def loaded_plugin(self) -> Iterator[ModuleType]:
        """Have the plugin in use, installed or not."""
        module = import_module(self.plugin)
        is_ours = self.name not in hooks.names()
        if is_ours:
            hooks.register(module, self.name)
        yield module
        if is_ours:
            hooks.unregister(module)

    @pytest.fixture
    def instrumentor(self, loaded_plugin: ModuleType) -> Iterator[Instrumentor]:
        """Return an instrumentor of this test's own, which is switched off in the end."""
        offer = loaded_plugin.instrumentors()[self.name]
        place, _, class_name = (offer if isinstance(offer, str) else offer[0]).partition(":")
        made: Instrumentor = getattr(import_module(place), class_name)()
        yield made
        made.uninstrument()

    @pytest.fixture
    def library(self, instrumentor: Instrumentor) -> ModuleType:
        """Return the library's module, imported."""
        return import_module(instrumentor.module)

    @pytest.fixture
    def recorded(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
        """Return a store in memory that this test's steps are recorded in, strictly."""
        monkeypatch.setattr(recorder, "_current", None)
        mlmeta_track.init("sqlite://", strict=True)
        yield mlmeta_track.get_store()
        recorder.current().close()

    # Switching on and off.

    def test_the_plugin_offers_an_instrumentor(self, instrumentor: Instrumentor) -> None:
        assert isinstance(instrumentor, Instrumentor)
        assert instrumentor.functions

    def test_switching_on_imports_nothing_heavy(self, instrumentor: Instrumentor) -> None:
        forbidden = [instrumentor.module.partition(".")[0], *self.heavy]
        paths = os.pathsep.join(filter(None, sys.path))
        imported = subprocess.run(
            [sys.executable, "-c", _SWITCH_ON, self.plugin, self.name, *forbidden],
            env={**os.environ, "PYTHONPATH": paths},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout.split()
        assert not imported, f"switching on {self.name!r} imports {imported}"

    def test_the_table_fits_the_library(
        self, instrumentor: Instrumentor, library: ModuleType
    ) -> None:
        assert library.__name__ == instrumentor.module
        for row, place in _places(instrumentor):
            function = getattr(place.value, "__func__", place.value)
            unknown = row.arguments - inspect.signature(function).parameters.keys()
            assert not unknown, f"{row.name} has no arguments {sorted(unknown)}"
            used = {*(row.writes or ())[:1], *row.changes}
            assert used <= row.inputs.keys(), f"{row.name} writes or changes what is no input"

    def test_switching_on_twice_wraps_once(
        self, instrumentor: Instrumentor, library: ModuleType
    ) -> None:
        instrumentor.instrument()
        first = _functions(instrumentor, library)
        instrumentor.instrument()
        assert all(isinstance(function, Tracked) for function in first.values())
        assert not any(isinstance(f.__wrapped__, Tracked) for f in first.values())
        assert _identities(_functions(instrumentor, library)) == _identities(first)

    def test_switching_off_restores_the_very_objects(
        self, instrumentor: Instrumentor, library: ModuleType
    ) -> None:
        owners = [library, *(place.owner for _, place in _places(instrumentor))]
        before = [_identities(vars(owner)) for owner in owners]
        instrumentor.instrument()
        for _ in range(2):
            instrumentor.uninstrument()
            assert [_identities(vars(owner)) for owner in owners] == before

    def test_can_be_switched_on_again(
        self, instrumentor: Instrumentor, library: ModuleType, sample: Sample, recorded: Store
    ) -> None:
        instrumentor.instrument()
        instrumentor.uninstrument()
        instrumentor.instrument()
        _call(library, sample)
        assert len(recorded.list_nodes(Execution)) == 1

    def test_an_unsupported_version_is_named_once_and_left_alone(
        self,
        instrumentor: Instrumentor,
        library: ModuleType,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        before = dict(vars(library))
        for unsupported in ("0.0.0", instrumentor.supported[1], "99999.0"):
            monkeypatch.setattr(instrument, "version", lambda _, found=unsupported: found)
            instrumentor.instrument()
            assert _identities(vars(library)) == _identities(before)
        warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
        assert len(warnings) == 1
        assert instrumentor.distribution in warnings[0].getMessage()

    @pytest.mark.usefixtures("library")
    def test_a_mistake_of_ours_does_not_break_the_import(
        self,
        instrumentor: Instrumentor,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def fail(*_: object) -> None:
            message = "a mistake of ours"
            raise RuntimeError(message)

        caplog.set_level(logging.DEBUG, "mlmeta_track")  # it may not be this process's first
        monkeypatch.setattr(instrumentor, "_wrap", fail)
        instrumentor.instrument()  # as the library is there, this is the hook of its import
        assert instrumentor.is_on
        assert "a mistake of ours" in caplog.text

    def test_a_function_that_another_version_lacks_is_left_out(
        self,
        instrumentor: Instrumentor,
        library: ModuleType,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        absent = TrackedFunction(name="there_is_no_such_function")
        with monkeypatch.context() as patched:
            patched.setattr(
                type(instrumentor), "functions", (absent, *instrumentor.functions), raising=True
            )
            instrumentor.instrument()
        assert not hasattr(library, absent.name)
        assert all(isinstance(f, Tracked) for f in _functions(instrumentor, library).values())
        assert not caplog.records

    # Recording.

    def test_a_call_is_one_complete_execution(
        self, instrumentor: Instrumentor, library: ModuleType, sample: Sample, recorded: Store
    ) -> None:
        instrumentor.instrument()
        _call(library, sample)
        (execution,) = recorded.list_nodes(Execution)
        public = f"{instrumentor.prefix}.{sample.function}"
        assert execution.type == (sample.type_name or public)
        assert execution.last_known_state is ExecutionState.COMPLETE

    def test_the_result_is_that_of_an_untracked_call(
        self, instrumentor: Instrumentor, library: ModuleType, sample: Sample, recorded: Store
    ) -> None:
        untracked = _call(library, sample)
        instrumentor.instrument()
        tracked = _call(library, sample)
        assert type(tracked) is type(untracked)
        assert self.same(tracked, untracked)
        assert recorded.list_nodes(Execution)

    def test_the_library_raises_its_own_error(
        self, instrumentor: Instrumentor, library: ModuleType, failing: Sample, recorded: Store
    ) -> None:
        untracked = _error(library, failing)
        instrumentor.instrument()
        tracked = _error(library, failing)
        assert type(tracked) is type(untracked)
        assert str(tracked) == str(untracked)
        assert type(tracked.__cause__) is type(untracked.__cause__)
        assert type(tracked.__context__) is type(untracked.__context__)
        ours = _frames_of_ours(tracked)
        assert len(ours) <= _MOST_FRAMES, f"more of ours in the traceback than a wrapper: {ours}"
        (execution,) = recorded.list_nodes(Execution)
        assert execution.last_known_state is ExecutionState.FAILED
        recorded_type = str(execution.custom_properties["mlmeta_error_type"])
        assert recorded_type.endswith(type(untracked).__qualname__)

    def test_switched_off_records_nothing(
        self, instrumentor: Instrumentor, library: ModuleType, sample: Sample, recorded: Store
    ) -> None:
        instrumentor.instrument()
        kept = attrgetter(sample.function)(library)  # as `from library import function` keeps it
        instrumentor.uninstrument()
        kept(*sample.args, **sample.kwargs)
        _call(library, sample)
        assert not recorded.list_nodes(Execution)

    def test_a_lost_record_loses_no_result(  # noqa: PLR0913, PLR0917 - fixtures
        self,
        instrumentor: Instrumentor,
        library: ModuleType,
        sample: Sample,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        untracked = _call(library, sample)
        monkeypatch.setattr(recorder, "_current", None)
        (tmp_path / "file").touch()
        mlmeta_track.init(f"sqlite:///{(tmp_path / 'file' / 'metadata.db').as_posix()}")
        instrumentor.instrument()
        assert self.same(_call(library, sample), untracked)
        assert len([r for r in caplog.records if r.name.startswith("mlmeta_track")]) == 1

    # Being what was wrapped.

    def test_tracked_functions_keep_signature_and_names(
        self, instrumentor: Instrumentor, library: ModuleType
    ) -> None:
        instrumentor.instrument()
        for tracked in _functions(instrumentor, library).values():
            original = tracked.__wrapped__
            assert inspect.signature(tracked) == inspect.signature(original)
            for attribute in ("__doc__", "__name__", "__qualname__", "__module__"):
                assert getattr(tracked, attribute) == getattr(original, attribute)
            assert inspect.isfunction(tracked) == inspect.isfunction(original)

    @pytest.mark.parametrize("pickler", ["pickle", "cloudpickle", "dill"])
    def test_tracked_functions_can_be_pickled(
        self, instrumentor: Instrumentor, library: ModuleType, pickler: str
    ) -> None:
        module = pytest.importorskip(pickler)
        instrumentor.instrument()
        for tracked in _functions(instrumentor, library).values():
            arrived = pickle.loads(module.dumps(tracked))
            original = tracked.__wrapped__
            # By name: what is called so where it arrives, which is ours only if ours stands there.
            if arrived is not tracked and arrived is not original:
                # cloudpickle sends by value what its own module does not have under its name.
                assert pickler == "cloudpickle"
                assert not isinstance(arrived, Tracked)
                assert list(inspect.signature(arrived).parameters) == list(
                    inspect.signature(original).parameters
                )

    def test_tracked_functions_can_be_copied(
        self, instrumentor: Instrumentor, library: ModuleType
    ) -> None:
        instrumentor.instrument()
        for tracked in _functions(instrumentor, library).values():
            assert copy.copy(tracked) is tracked
            assert copy.deepcopy(tracked) is tracked


def _places(instrumentor: Instrumentor) -> list[tuple[TrackedFunction, Place]]:
    """Return the rows of the integration's table, each with where its function stands."""
    modules = [import_module(name) for name in instrumentor.modules()]
    rows = [(module, row) for module in modules for row in instrumentor.rows(module)]
    found = [(row, places.find(module, row.name)) for module, row in rows]
    absent = [row.name for row, place in found if place is None]
    assert not absent, f"the library has no {absent}"
    return [(row, place) for row, place in found if place is not None]


def _functions(instrumentor: Instrumentor, library: ModuleType) -> dict[str, Any]:
    """Return what stands under the names in the integration's table, methods left out."""
    assert library.__name__ == instrumentor.module
    found = [(row, place) for row, place in _places(instrumentor) if "." not in row.name]
    return {f"{row.module}:{row.name}": place.value for row, place in found}


def _identities(objects: Mapping[str, object]) -> dict[str, int]:
    return {name: id(value) for name, value in objects.items()}


def _call(library: ModuleType, sample: Sample) -> Any:
    return attrgetter(sample.function)(library)(*sample.args, **sample.kwargs)


def _error(library: ModuleType, sample: Sample) -> BaseException:
    with pytest.raises(Exception) as raised:  # noqa: PT011 - it is the library's, whatever it is
        _call(library, sample)
    return raised.value


def _frames_of_ours(error: BaseException) -> list[str]:
    """Return the functions of ours in an error's traceback, this file's left out."""
    frames: list[str] = []
    traceback = error.__traceback__
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code.co_filename.startswith(_OUR_FOLDER) and code.co_filename != __file__:
            frames.append(code.co_qualname if sys.version_info >= (3, 11) else code.co_name)
        traceback = traceback.tb_next
    return frames
