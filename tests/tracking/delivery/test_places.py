from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.tracking.delivery.places import spool_root, store_folder, store_place
from mlmeta_track.tracking.settings import Settings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("postgresql://u:secret@host/db", "postgresql+psycopg://u:other@host/db"),
        ("postgresql://u:p@ss/w#rd?@host/db", "postgresql://u@host/db"),
        ("postgresql://u@host/db?timeout=3", "postgresql://u@host/db"),
        ("grpc://host:8080", "grpc://host:8080?timeout=3"),
    ],
)
def test_one_store_is_one_place_however_it_is_connected_to(one: str, other: str) -> None:
    assert store_place(one) == store_place(other)


def test_places_tell_users_servers_and_sockets_apart() -> None:
    urls = [
        "postgresql://u@host/db",
        "postgresql://v@host/db",
        "postgresql://u@host/other",
        "postgresql:///db?host=/run/a",
        "postgresql:///db?host=/run/b",
        "mysql://u@host/db",
    ]
    assert len({store_place(url) for url in urls}) == len(urls)


def test_a_password_is_nowhere_in_the_place_or_the_folder(tmp_path: Path) -> None:
    settings = Settings(store="postgresql://u:hidden@host/db?password=hidden&sslpassword=hidden")
    assert "hidden" not in f"{store_place(settings.store)} {store_folder(settings)}"


def test_a_file_is_the_same_place_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    here = store_place("sqlite:///m.db")
    assert here == f"sqlite:///{tmp_path.resolve()}/m.db"
    monkeypatch.chdir("/")
    assert store_place(f"sqlite:///{tmp_path}/link/m.db?timeout=3") == here
    assert store_place(f"sqlite:///file:{tmp_path}/m.db?mode=ro&uri=true") == here


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_store_in_memory_has_no_place(url: str) -> None:
    assert store_place(url) is None
    assert store_folder(Settings(store=url)) is None


def test_the_root_is_the_setting_or_the_users_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spool_root(Settings(spool_dir="here")) == tmp_path / "here"
    if not Path("/Library").exists() and Path("/").exists():
        monkeypatch.setenv("XDG_STATE_HOME", "relative")
        assert spool_root(Settings()) == Path.home() / ".local/state/mlmeta-track/spool"
