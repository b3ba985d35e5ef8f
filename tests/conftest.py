"""What all tests share: clean surroundings, and tracking that raises what it would swallow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import recorder, settings
from mlmeta_track.tracking.leases import under_way

# Servers of databases, as fixtures that start them when a test asks for one.
pytest_plugins = ("tests.servers",)

# The suites that the package ships fail with what was compared, as tests do.
pytest.register_assert_rewrite(
    "mlmeta_track.testing", "tests.faults.workers", "tests.faults.kill_each"
)


if find_spec("hypothesis") is not None:  # The engines' tests do without.
    import hypothesis

    # How long an example takes depends on what else the machine does.
    hypothesis.settings.register_profile(
        "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("shared machine")

SERVERS = frozenset({"postgresql", "mariadb"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a database server, so that it may be left out by ``-m``."""
    for item in items:
        if SERVERS & {*getattr(item, "fixturenames", ()), *_words(item)}:
            item.add_marker("servers")


def _words(item: pytest.Item) -> Iterator[str]:
    """Yield the texts among a test's parameters: fixtures are asked for by such a name, too."""
    call = getattr(item, "callspec", None)
    yield from (value for value in (call.params if call else {}).values() if type(value) is str)


@pytest.fixture(autouse=True)
def clean_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run each test in a folder of its own, with no settings around it and no recorder left."""
    for variable in [name for name in os.environ if name.startswith(settings.ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(variable)
    # What waits for a store that is away waits here.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recorder, "_current", None)
    yield
    under_way.forget()  # some tests leave steps without an end
    if recorder._current is not None:
        recorder._current.close()


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """The URL of a store on a file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'metadata.db'}"


@pytest.fixture
def store(store_url: str) -> Store:
    """The store that this test's steps are recorded in; a lost record is an error."""
    mt.init(store_url, strict=True)
    return mt.get_store()
