from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.store.base import Store


@pytest.fixture
def chain(store: Store, tmp_path: Path) -> str:
    (tmp_path / "in.txt").write_text("in")
    with mt.step("Convert") as step:
        step.input("in.txt")
        (tmp_path / "out.txt").write_text("out")
        step.output("out.txt")
    return store.url


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["lineage", *arguments])


def test_a_tree_of_what_it_was_made_from_is_printed(chain: str, tmp_path: Path) -> None:
    result = run("out.txt", "--store", chain)
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0] == f"DataSet {tmp_path / 'out.txt'}  [artifact 2]"
    assert lines[1].startswith("└── Convert  COMPLETED, ")
    assert lines[2] == f"    └── DataSet {tmp_path / 'in.txt'}  [artifact 1]"


def test_down_goes_the_other_way(chain: str) -> None:
    assert "out.txt" in run("in.txt", "--down", "--store", chain).output


def test_json_holds_the_whole_graph(chain: str) -> None:
    graph = json.loads(run("out.txt", "--json", "--store", chain).output)
    assert [node["id"] for node in graph["artifacts"]] == [1, 2]
    assert graph["executions"][0]["properties"] == {"state": "COMPLETED"}
    assert {event["type"] for event in graph["events"]} == {"DECLARED_INPUT", "DECLARED_OUTPUT"}


def test_mermaid_is_a_flowchart(chain: str) -> None:
    assert run("out.txt", "--mermaid", "--store", chain).output.startswith("flowchart LR")


def test_the_store_of_the_environment_is_read(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLMETA_TRACK_STORE", chain)
    assert run("execution:1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.txt"], "nothing.txt"),
        (["artifact:77"], "77"),
        (["out.txt", "--store", "nonsense"], "nonsense"),
        (["out.txt", "--store", "sqlite:///missing.db"], "missing.db"),
        (["out.txt", "--depth", "0"], "--depth"),
        ([], "WHAT"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_status_2(
    chain: str, arguments: list[str], said: str
) -> None:
    given = arguments if "--store" in arguments else [*arguments, "--store", chain]
    result = run(*given)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_asking_creates_no_store(tmp_path: Path) -> None:
    run("x", "--store", "sqlite:///missing.db")
    assert list(tmp_path.iterdir()) == []
