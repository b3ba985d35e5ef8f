"""What a command loads before it answers: as little as it needs, for whoever waits for it."""

from __future__ import annotations

import gc
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import mlmeta_track as mt
from mlmeta_track.cli.main import main
from mlmeta_track.store.base import Store

SAYS_WHAT_IT_LOADED = """
import json, sys
from mlmeta_track.cli.main import main
main(sys.argv[1:], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(store: Store, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", SAYS_WHAT_IT_LOADED, *arguments, "--store", store.url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return modules


@pytest.fixture
def one_step(store: Store) -> Store:
    with mt.step("only"):
        pass
    return store


@pytest.mark.parametrize("what", ["runs", "steps", "artifacts", "experiments"])
def test_a_list_loads_no_parser_no_recording_and_no_other_database(
    one_step: Store, what: str
) -> None:
    modules = loaded_by(one_step, what, "list")
    unneeded = (
        "lark",
        "mlmeta_track.store.filtering.tree",
        "wrapt",
        "pluggy",
        "mlmeta_track.exporters",
        "mlmeta_track.retention",
    )
    assert [m for m in modules if m.startswith((*unneeded, "sqlalchemy.dialects.postgresql"))] == []
    assert "sqlalchemy.dialects.sqlite" in modules


def test_a_filter_loads_its_parser(one_step: Store) -> None:
    assert "lark" in loaded_by(one_step, "query", "id > 0", "--kind", "executions")


def test_a_command_loads_no_other(one_step: Store) -> None:
    modules = loaded_by(one_step, "runs", "list")
    ours = {m.partition(".cli.")[2] for m in modules if m.startswith("mlmeta_track.cli.")}
    assert ours == {"main", "listing", "loading", "options", "output", "showing"}


SAYS_HOW_OFTEN_IT_COLLECTED = """
import gc, sys
counted = []
gc.callbacks.append(lambda phase, info: counted.append(info["generation"]))
from mlmeta_track.cli.main import main
main(standalone_mode=False)
print(counted.count(2), gc.isenabled())
"""


def test_a_process_of_ours_does_not_look_through_what_it_has_loaded(one_step: Store) -> None:
    command = [sys.executable, "-c", SAYS_HOW_OFTEN_IT_COLLECTED, "runs", "list"]
    done = subprocess.run(
        [*command, "--store", one_step.url], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 True"


def test_another_process_collects_as_it_did(one_step: Store) -> None:
    frozen = gc.get_freeze_count()
    assert CliRunner().invoke(main, ["runs", "list", "--store", one_step.url]).exit_code == 0
    assert (gc.isenabled(), gc.get_freeze_count()) == (True, frozen)
