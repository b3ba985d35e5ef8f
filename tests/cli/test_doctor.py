"""``mlmeta-track doctor``, as a user starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlmeta_track.cli.main import main
from mlmeta_track.plugins import hooks
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.migrations import downgrade
from mlmeta_track.tracking.delivery.places import spool_root, store_folder
from mlmeta_track.tracking.settings import Settings
from tests.tracking.delivery.waiting import new_spool, steps


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


@pytest.fixture
def url(store_url: str) -> str:
    open_store(store_url).close()
    return store_url


def test_a_store_that_works_is_told_with_its_version(url: str) -> None:
    result = doctor("--store", url)
    assert result.exit_code == 0, result.output
    assert "can be read, schema version 10" in result.output
    assert "nothing waits" in result.output
    assert "sqlalchemy 2." in result.output


def test_a_store_that_does_not_exist_yet_is_not_made(store_url: str, tmp_path: Path) -> None:
    result = doctor("--store", store_url)
    assert result.exit_code == 0
    assert "does not exist yet" in result.output
    assert not (tmp_path / "metadata.db").exists()


def test_a_store_that_cannot_be_used_is_told_with_the_way_out(url: str) -> None:
    downgrade(url, 7)
    result = doctor("--store", url)
    assert result.exit_code == 1
    assert "mlmeta-track db upgrade" in result.output


def test_what_waits_is_counted_and_left_where_it_is(url: str) -> None:
    folder = store_folder(Settings(store=url))
    assert folder is not None
    spool = new_spool(folder)
    spool.append(steps(2))
    result = doctor("--store", url)
    assert result.exit_code == 0
    assert "4 records wait" in result.output
    assert "mlmeta-track sync" in result.output
    assert spool.waiting()


def test_damage_and_what_was_set_aside_are_named(url: str) -> None:
    folder = store_folder(Settings(store=url))
    assert folder is not None
    spool = new_spool(folder)
    spool.append(steps(1))
    [path] = spool.waiting()
    path.write_bytes(path.read_bytes().replace(b"e0", b"x0", 1))
    (folder / "older.refused").write_bytes(b"")
    result = doctor("--store", url)
    assert result.exit_code == 1
    assert "record 0 is damaged" in result.output
    assert "older.refused" in result.output


def test_what_waits_for_other_stores_is_told(url: str) -> None:
    new_spool(spool_root(Settings()) / "other-1").append(steps(1))
    output = doctor("--store", url).output
    assert "Spool of sqlite:////somewhere.db" in output


def test_a_plugin_that_was_left_out_is_named_with_the_reason(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "left_out", {"broken": "it could not be loaded: ImportError: x"})
    result = doctor("--store", url)
    assert result.exit_code == 1
    assert "left out: broken: it could not be loaded: ImportError: x" in result.output


def test_a_url_that_is_none_is_one_line_and_status_2() -> None:
    result = doctor("--store", "metadata.db")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)
    assert "not a URL" in result.output
