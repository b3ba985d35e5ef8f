"""``mlmeta-track sync``, as a user starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlmeta_track.cli.main import main
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery.places import store_folder
from mlmeta_track.tracking.settings import Settings
from tests.servers import free_port
from tests.tracking.delivery.waiting import new_spool, steps


def sync(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["sync", *arguments])


@pytest.fixture
def folder(store_url: str) -> Path:
    """The spool of the store, in which two steps wait."""
    folder = store_folder(Settings(store=store_url))
    assert folder is not None
    new_spool(folder).append(steps(2))
    return folder


def test_what_waits_is_written_and_then_nothing_waits(store_url: str, folder: Path) -> None:
    result = sync("--store", store_url)
    assert (result.exit_code, result.output) == (0, "Wrote 4 records to the store.\n")
    store = open_store(store_url)
    assert len(store.list_nodes(Execution)) == 2
    store.close()
    result = sync("--store", store_url)
    assert (result.exit_code, result.output) == (0, "Nothing waits for the store.\n")


def test_what_waits_for_another_store_is_left_alone(store_url: str, folder: Path) -> None:
    assert sync("--store", "sqlite:///other.db").output == "Nothing waits for the store.\n"
    assert list(folder.glob("*.spool"))


def test_a_store_that_is_away_is_one_line_and_status_2(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/metadata.db"
    folder = store_folder(Settings(store=url))
    assert folder is not None
    new_spool(folder).append(steps(1))
    result = sync("--store", url)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "there is no folder" in result.output
    assert list(folder.glob("*.spool"))


@pytest.mark.parametrize(
    ("store", "wrong"),
    [
        ("nonsense", "is not a URL"),
        ("grpc://host", "'grpc://host'"),
        ("sqlite:///text.db", "text.db"),
    ],
)
def test_what_is_no_store_is_one_line_and_status_2(store: str, wrong: str) -> None:
    Path("text.db").write_text("no database\n" * 100)
    result = sync("--store", store)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert wrong in result.output


def test_nothing_waits_for_a_store_that_is_away() -> None:
    result = sync("--store", f"grpc://127.0.0.1:{free_port()}")
    assert (result.exit_code, result.output) == (0, "Nothing waits for the store.\n")


def test_damage_is_named_and_status_1(store_url: str, folder: Path) -> None:
    [path] = folder.glob("*.spool")
    path.write_bytes(path.read_bytes()[:-5])
    result = sync("--store", store_url)
    assert result.exit_code == 1
    assert "Wrote 3 records" in result.output
    assert "middle of a record" in result.output


def test_a_setting_that_cannot_be_is_one_line_and_status_2(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLMETA_TRACK_WRITE", "sometimes")
    result = sync()
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "MLMETA_TRACK_WRITE: write cannot be 'sometimes'" in result.output
