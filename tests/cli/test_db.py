"""``mlmeta-track db``, as a user starts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlmeta_track.cli.main import main
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.migrations import downgrade, stored_version
from mlmeta_track.testing.store_cases.build import put_artifact, used
from tests.servers import PASSWORD, DatabaseServer


@pytest.fixture
def url(store_url: str) -> str:
    """The URL of a store of this library's version."""
    store = open_store(store_url)
    put_artifact(store, used("a", uri="/a"))
    store.close()
    return store_url


def db(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(main, ["db", *arguments], input=answer)


def test_version_says_which_it_is(url: str) -> None:
    result = db("version", "--store", url)
    assert result.exit_code == 0
    assert result.output == "The store has schema version 10, which this library speaks.\n"


def test_version_says_how_to_come_from_an_older_one(url: str) -> None:
    downgrade(url, 4)
    output = db("version", "--store", url).output
    assert "has schema version 4; this library speaks version 10" in output
    assert "mlmeta-track db upgrade" in output


def test_upgrade_does_it_and_says_so(url: str) -> None:
    downgrade(url, 4)
    result = db("upgrade", "--store", url)
    assert result.exit_code == 0
    assert result.output == "Upgraded the store from schema version 4 to 10.\n"
    assert stored_version(url) == 10


def test_upgrade_says_that_there_is_nothing_to_do(url: str) -> None:
    assert db("upgrade", "--store", url).output == "The store has schema version 10 already.\n"


def test_the_store_of_the_environment_is_meant(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", url)
    assert db("upgrade").exit_code == 0


@pytest.mark.parametrize(("options", "answer"), [(["--yes"], None), ([], "y\n")])
def test_downgrade_does_it_if_what_is_lost_may_be_lost(
    url: str, options: list[str], answer: str | None
) -> None:
    result = db("downgrade", "7", *options, "--store", url, answer=answer)
    assert result.exit_code == 0
    assert result.output.endswith("Brought the store back from schema version 10 to 7.\n")
    assert ("will be deleted" in result.output) == (not options)
    assert stored_version(url) == 7


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_downgrade_does_nothing_without_a_yes(url: str, answer: str) -> None:
    result = db("downgrade", "7", "--store", url, answer=answer)
    assert result.exit_code == 1
    assert stored_version(url) == 10


@pytest.mark.parametrize("version", ["8", "9"])
def test_downgrade_does_not_ask_where_nothing_is_lost(url: str, version: str) -> None:
    downgrade(url, 8)
    result = db("downgrade", version, "--store", url)
    assert result.output == "The store has schema version 8 already.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["upgrade", "--store", "sqlite:///missing.db"], "missing.db does not exist"),
        (["version", "--store", "sqlite:///missing.db"], "missing.db does not exist"),
        (["downgrade", "5", "--store", "sqlite:///missing.db"], "missing.db does not exist"),
        (["upgrade", "--store", "nonsense"], "nonsense"),
        (["upgrade", "--store", "postgresql:/user:secret@host/db"], "***@host"),
        (["upgrade", "--store", "grpc://127.0.0.1:8080"], "URL of its database"),
        (["downgrade", "seven"], "seven"),
        (["downgrade"], "VERSION"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_status_2(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = db(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "secret" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("version", ["11", "99"])
def test_a_version_that_there_is_none_of_is_refused(url: str, version: str) -> None:
    result = db("downgrade", version, "--store", url)
    assert result.exit_code == 2
    assert f"no schema version {version}" in result.stderr


def test_opening_an_older_store_names_the_way_out(url: str) -> None:
    downgrade(url, 7)
    result = CliRunner().invoke(main, ["lineage", "1", "--store", url])
    assert result.exit_code == 2
    assert "mlmeta-track db upgrade" in result.stderr


def test_no_password_is_ever_said(postgresql: DatabaseServer) -> None:
    url = postgresql.new_url()
    said = db("upgrade", "--store", url)
    assert said.exit_code == 2
    open_store(url).close()
    outputs = [said, db("version", "--store", url), db("downgrade", "0", "--yes", "--store", url)]
    assert PASSWORD not in "".join(result.output for result in outputs)
