"""Names that were imported before tracking was switched on are found, replaced and given back."""

from __future__ import annotations

import importlib
import itertools
import logging
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction

_numbers = itertools.count()


class Library:
    """A library on disk, imported already, and its instrumentor."""

    def __init__(self, folder: Path) -> None:
        self.name = name = f"fake_early_{next(_numbers)}"
        (folder / name).mkdir()
        (folder / name / "inside.py").write_text("def work():\n    return 'done'\n")
        (folder / name / "__init__.py").write_text(
            f"from {name}.inside import work\nfrom {name}.inside import work as alias\n"
        )

        class Fake(Instrumentor):
            prefix: ClassVar[str] = "fake"
            module: ClassVar[str] = name
            distribution: ClassVar[str] = name
            supported: ClassVar[tuple[str, str]] = ("1", "2")
            functions: ClassVar[tuple[TrackedFunction, ...]] = (TrackedFunction(name="work"),)

        self.instrumentor = Fake()
        self.module: Any = importlib.import_module(name)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.syspath_prepend(tmp_path)
    made = Library(tmp_path)
    yield made
    made.instrumentor.uninstrument()


@pytest.fixture
def user(library: Library, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of the user's that has imported the library's function by name."""
    module = ModuleType("users_pipeline")
    module.__dict__["run"] = library.module.work
    monkeypatch.setitem(sys.modules, "users_pipeline", module)
    return module


def recorded(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def logged(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno == level]


def test_a_name_that_was_imported_before_is_tracked(
    store: Store, library: Library, user: Any
) -> None:
    library.instrumentor.instrument()
    assert user.run() == "done"
    assert recorded(store) == ["fake.work"]


def test_a_name_in_the_main_module_is_tracked(
    store: Store, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    main: Any = sys.modules["__main__"]
    monkeypatch.setattr(main, "its_own_name", library.module.work, raising=False)
    library.instrumentor.instrument()
    assert main.its_own_name() == "done"
    assert recorded(store) == ["fake.work"]


def test_switching_off_gives_the_very_object_back(library: Library, user: Any) -> None:
    original = library.module.work
    library.instrumentor.instrument()
    assert user.run is library.module.work is not original
    library.instrumentor.uninstrument()
    assert user.run is library.module.work is library.module.inside.work is original


def test_switching_off_also_reaches_names_that_were_imported_meanwhile(
    library: Library, user: Any
) -> None:
    original = library.module.work
    library.instrumentor.instrument()
    user.later = library.module.work
    library.instrumentor.uninstrument()
    assert user.later is original


def test_an_equal_function_that_is_another_object_is_left_alone(
    library: Library, user: Any
) -> None:
    user.run = lambda: "mine"
    mine = user.run
    library.instrumentor.instrument()
    assert user.run is mine


def holders(function: Any) -> dict[str, Any]:
    def closure() -> Any:
        return function()

    def default(called: Any = function) -> Any:
        return called()

    def keyword(*, called: Any = function) -> Any:
        return called()

    class Holder:
        method = staticmethod(function)

    class Plain:
        method = function

    return {
        "partial": partial(function),
        "closure": closure,
        "default": default,
        "keyword": keyword,
        "static": Holder,
        "attribute": Plain,
        "list": [function],
        "dict": {"step": function},
    }


@pytest.mark.parametrize("kind", holders(print))
def test_what_keeps_a_function_otherwise_is_told_once(
    library: Library, user: Any, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    user.holder = holders(library.module.work)[kind]
    for _ in range(2):
        library.instrumentor.instrument()
        library.instrumentor.uninstrument()
    [warning] = logged(caplog, logging.WARNING)
    assert "in users_pipeline.holder. Call autotrack() before that." in warning
    assert library.name in warning


def test_of_many_the_first_are_named(
    library: Library, user: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for i in range(7):
        vars(user)[f"holder_{i}"] = [library.module.work]
    library.instrumentor.instrument()
    [warning] = logged(caplog, logging.WARNING)
    assert "users_pipeline.holder_4, …." in warning
    assert "holder_5" not in warning


def test_an_installed_package_is_left_alone_and_told_at_level_info(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mlmeta_track")
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / f"of_{library.name}.py").write_text(f"from {library.name} import work\n")
    sys.path.append(str(folder))
    try:
        installed = importlib.import_module(f"of_{library.name}")
    finally:
        sys.path.remove(str(folder))
    original = library.module.work
    library.instrumentor.instrument()
    assert installed.work is original
    assert logged(caplog, logging.WARNING) == []
    [info] = logged(caplog, logging.INFO)
    assert f"of_{library.name}.work" in info


def test_what_is_no_module_or_lazy_is_not_touched(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Touchy(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"{name} was asked for")

    class Thing:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"{name} was asked for")

    class Untrue:
        def __bool__(self) -> bool:
            raise AssertionError("it was asked whether it is true")

        __len__ = __eq__ = __hash__ = __bool__  # type: ignore[assignment]

    module = Touchy("touchy")
    object.__getattribute__(module, "__dict__")["x"] = [Untrue()]
    monkeypatch.setitem(sys.modules, "touchy", module)
    monkeypatch.setitem(sys.modules, "thing", Thing())
    library.instrumentor.instrument()
    library.instrumentor.uninstrument()
