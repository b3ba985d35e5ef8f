from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlmeta_track.cli.main import main
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store

from .conftest import Ask


def test_a_store_goes_through_a_file_into_another(
    ask: Ask, two_runs: Store, tmp_path: Path
) -> None:
    assert ask("export", "--output", "all.json").exit_code == 0
    other = f"sqlite:///{tmp_path}/other.db"
    for told in ("9 nodes are new; 0 were", "0 nodes are new; 9 were"):
        result = CliRunner().invoke(main, ["import", "all.json", "--store", other])
        assert told in result.output
    assert len(open_store(other).list_nodes(Artifact)) == len(two_runs.list_nodes(Artifact))


def test_a_store_goes_into_another_by_its_url(two_runs: Store, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    result = CliRunner().invoke(main, ["import", two_runs.url, "--store", other])
    assert "9 nodes are new" in result.output


def test_what_is_around_a_node_is_exported(ask: Ask, two_runs: Store) -> None:
    told = json.loads(ask("export", "out.txt").output)
    assert len(told["executions"]) == 1


@pytest.mark.parametrize(
    ("name", "begins"),
    [("mermaid", "flowchart"), ("dot", "digraph"), ("graphml", "<?xml"), ("prov", "{")],
)
def test_every_format_is_written(ask: Ask, two_runs: Store, name: str, begins: str) -> None:
    assert ask("export", "--format", name).output.startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("export", "--format", "word"), "no format 'word'; there are dot, graphml"),
        (("export", "nowhere.txt"), "no artifact at"),
        (("export", "--output", "no/such/folder.json"), "Nothing can be written"),
        (("import", "nowhere.json"), "cannot be read"),
        (("import", "sqlite:///nowhere.db"), "nowhere.db"),
        (("import", "metadata.db"), "give its URL"),
    ],
)
def test_what_cannot_be_is_one_line_and_changes_nothing(
    ask: Ask, two_runs: Store, arguments: tuple[str, ...], says: str
) -> None:
    before = len(two_runs.list_nodes(Artifact))
    result = ask(*arguments)
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert says in result.output
    assert len(two_runs.list_nodes(Artifact)) == before


def test_a_file_that_cannot_be_finished_leaves_the_old_one(
    ask: Ask, two_runs: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "all.json").write_text("old")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    assert ask("export", "--output", "all.json").exit_code != 0
    assert (tmp_path / "all.json").read_text() == "old"
    assert sorted(p.name for p in tmp_path.glob(".all*")) == []
