from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.store.base import Store

from .conftest import Ask

COMMAND = (sys.executable, "-m", "mlmeta_track")


def test_query_shows_what_fits(ask: Ask, two_runs: Store) -> None:
    output = ask("query", "uri LIKE '%in.txt'").output
    assert [line.split("\t")[2] for line in output.splitlines()[1:]] == ["in.txt"]


def test_query_finds_executions_and_contexts_too(ask: Ask, two_runs: Store) -> None:
    assert "check" in ask("query", "--kind", "executions", "type = 'check'").output
    assert "tried" in ask("query", "--kind", "contexts", "type = 'Experiment'").output


def test_query_explains_itself(ask: Ask, two_runs: Store) -> None:
    output = ask("query", "--explain", "type = 'DataSet'").output
    assert output.startswith("SELECT ")
    assert re.search(r"plan:\n.*(SEARCH|SCAN) ", output)


def test_a_query_that_cannot_be_is_one_line(ask: Ask, two_runs: Store) -> None:
    result = ask("query", "type =")
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)


def test_impact_tells_what_depends_on_a_file(ask: Ask, two_runs: Store) -> None:
    output = ask("impact", "in.txt").output
    assert output.count("train") == 2
    assert output.count("out.txt") >= 2


def test_impact_of_an_end_is_nothing(ask: Ask, two_runs: Store) -> None:
    assert "Nothing in the store depends on artifact:3" in ask("impact", "out.txt").output


def test_impact_prints_json(ask: Ask, two_runs: Store) -> None:
    assert {s["type"] for s in json.loads(ask("impact", "--json", "1").output)["steps"]} == {
        "train"
    }


def test_compare_tells_parameters_and_steps(ask: Ask, two_runs: Store) -> None:
    rows = [line.split("\t") for line in ask("compare", "first", "second").output.splitlines()]
    assert ["parameters", "train.rate", "0.1", "0.2"] in rows
    assert rows[1][:2] == ["steps", "check"]


def test_compare_prints_json(ask: Ask, two_runs: Store) -> None:
    told = json.loads(ask("compare", "--json", "first", "second").output)
    assert told["a"]["name"] == "first"
    assert {d["section"] for d in told["differences"]} == {"steps", "parameters", "outputs"}


def test_compare_with_itself_says_so(ask: Ask, two_runs: Store) -> None:
    assert "do not differ" in ask("compare", "first", "first").output


def test_config_tells_where_settings_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.mlmeta_track]\nexperiment = "Demo"\n')
    monkeypatch.setenv("MLMETA_TRACK_STORE", "postgresql://me:geheim@host/db?sslpassword=x")
    output = CliRunner().invoke(main, ["config", "--origin"]).output
    assert "store\tpostgresql://me:***@host/db?sslpassword=***\tThe environment variable" in output
    assert re.search(r"experiment\tDemo\t\[tool.mlmeta_track\] in .*pyproject.toml", output)
    assert "strict\tFalse\tThe default" in output
    assert "geheim" not in output


def test_plugins_tells_what_is_installed_and_in_use() -> None:
    output = CliRunner().invoke(main, ["plugins", "--json"]).output
    [tfdv] = [plugin for plugin in json.loads(output) if plugin["name"] == "tfdv"]
    assert tfdv["distribution"].startswith("mlmeta-track ")
    assert tfdv["state"] == "in use"
    assert "instrumentors" in tfdv["hooks"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(shell: str) -> None:
    output = CliRunner().invoke(main, ["completion", shell]).output
    assert "_MLMETA_TRACK_COMPLETE" in output


def test_an_unknown_shell_is_refused() -> None:
    assert CliRunner().invoke(main, ["completion", "tcsh"]).exit_code == 2


def test_tail_ends_with_what_has_happened(ask: Ask, two_runs: Store) -> None:
    output = ask("tail", "--until-done", "--interval", "0.05").output
    assert [line.split()[1] for line in output.splitlines()] == ["COMPLETED", "COMPLETED", "FAILED"]


def test_tail_shows_one_run_only(ask: Ask, two_runs: Store) -> None:
    output = ask("tail", "--until-done", "--run", "first", "--json").output
    assert [json.loads(line)["type"] for line in output.splitlines()] == ["train"]


def test_tail_sees_a_step_begin_and_end(store: Store) -> None:
    with mt.step("long"):
        tail = subprocess.Popen(
            [*COMMAND, "tail", "--until-done", "--interval", "0.05", "--store", store.url],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert tail.stdout is not None
        assert "RUNNING" in tail.stdout.readline()
    assert "COMPLETED" in tail.communicate(timeout=30)[0]
    assert tail.returncode == 0


@pytest.mark.parametrize("command", ["runs list", "query x=1", "impact a", "compare a b", "tail"])
def test_a_store_that_is_not_there_is_one_line(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [*command.split(), "--store", f"sqlite:///{tmp_path}/no.db"])
    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert not (tmp_path / "no.db").exists()
