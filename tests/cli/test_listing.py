from __future__ import annotations

import json

import pytest

from mlmeta_track.store.base import Store

from .conftest import Ask


def lines(output: str) -> list[list[str]]:
    return [line.split("\t") for line in output.splitlines()]


def test_runs_are_tab_separated_where_there_is_no_terminal(ask: Ask, two_runs: Store) -> None:
    head, *rows = lines(ask("runs", "list").output)
    assert head[:5] == ["id", "name", "experiment", "state", "last step"]
    assert [row[1:5] for row in rows] == [
        ["second", "Demo", "FAILED", "check"],
        ["first", "Demo", "COMPLETED", "train"],
    ]


def test_steps_are_those_that_fit_the_filter(ask: Ask, two_runs: Store) -> None:
    output = ask("steps", "list", "--filter", "last_known_state = FAILED").output
    assert [row[1] for row in lines(output)[1:]] == ["check"]


def test_artifacts_may_begin_with_the_oldest(ask: Ask, two_runs: Store) -> None:
    output = ask("artifacts", "list", "--oldest-first", "--limit", "1").output
    assert [row[2] for row in lines(output)[1:]] == ["in.txt"]


def test_experiments_tell_their_note(ask: Ask, two_runs: Store) -> None:
    assert lines(ask("experiments", "list").output)[1][2:4] == ["Demo", "tried"]


@pytest.mark.parametrize("group", ["runs", "steps", "artifacts", "experiments"])
def test_every_list_prints_json(ask: Ask, two_runs: Store, group: str) -> None:
    rows = json.loads(ask(group, "list", "--json").output)
    assert {"id", "name", "created", "updated"} <= rows[0].keys()


def test_a_broken_filter_is_one_line_and_status_2(ask: Ask, two_runs: Store) -> None:
    result = ask("steps", "list", "--filter", "type = ")
    assert result.exit_code == 2
    assert result.output.startswith("Error: Invalid `filter_query`: At character 8")
    assert len(result.output.splitlines()) == 1


def test_a_run_is_shown_by_name_with_its_steps(ask: Ask, two_runs: Store) -> None:
    output = ask("runs", "show", "second").output
    assert "name\tsecond" in output
    assert [row[1:3] for row in lines(output.partition("steps\n")[2])[1:]] == [
        ["train", "COMPLETED"],
        ["check", "FAILED"],
    ]


def test_a_step_is_shown_by_its_id_with_what_it_used(ask: Ask, two_runs: Store) -> None:
    output = ask("steps", "show", "1").output
    assert "custom_properties.rate\t0.1" in output
    assert "in.txt" in output.partition("inputs\n")[2]


def test_an_artifact_is_shown_by_its_path(ask: Ask, two_runs: Store) -> None:
    output = ask("artifacts", "show", "in.txt").output
    assert output.startswith("kind\tartifact:1\n")
    assert "used by\n" in output


def test_an_experiment_is_shown_with_its_runs(ask: Ask, two_runs: Store) -> None:
    assert "second\tFAILED" in ask("experiments", "show", "Demo").output


def test_what_is_shown_can_be_json(ask: Ask, two_runs: Store) -> None:
    shown = json.loads(ask("runs", "show", "first", "--json").output)
    assert [s["step"]["type"] for s in shown["steps"]] == ["train"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("runs", "show", "99"), "has no run with the id 99"),
        (("steps", "show", "in.txt"), "no execution. Give an id"),
        (("runs", "show", "nobody"), "no artifact at"),
        (("artifacts", "list", "--limit", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_is_named_and_status_2(
    ask: Ask, two_runs: Store, arguments: tuple[str, ...], says: str
) -> None:
    result = ask(*arguments)
    assert result.exit_code == 2
    assert says in result.output


def test_characters_that_steer_a_terminal_are_not_printed(ask: Ask, store: Store) -> None:
    import mlmeta_track as mt

    with mt.run("red \x1b[31m and\ttab \u202e"):
        pass
    output = ask("runs", "list").output
    assert "\x1b" not in output
    assert "\u202e" not in output
    assert "red \ufffd[31m and tab \ufffd" in output
