from __future__ import annotations

import pytest

import mlmeta_track as mt
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.overview import listing
from mlmeta_track.overview.listing import Wanted
from mlmeta_track.store.base import Store


@pytest.fixture
def filled(store: Store) -> Store:
    for number in range(5):
        experiment = mt.experiment(f"experiment {number % 2}", note="n")
        with experiment, mt.run(f"run {number}"), mt.step("train") as step:
            step.log_params({"number": number})
            step.output(f"out-{number}.txt")
    with pytest.raises(ZeroDivisionError), mt.run("broken"), mt.step("fails"):
        _ = 1 / 0
    return store


def test_runs_come_newest_first_with_the_state_of_their_newest_step(filled: Store) -> None:
    rows = listing.runs(filled, Wanted(limit=2)).rows
    assert [(r.name, r.state, r.last_step) for r in rows] == [
        ("broken", "FAILED", "fails"),
        ("run 4", "COMPLETED", "train"),
    ]
    assert rows[1].experiments == ("experiment 0",)


def test_pages_hold_each_run_once(filled: Store) -> None:
    names, token = [], None
    while True:
        page = listing.runs(filled, Wanted(limit=2, token=token))
        names += [run.name for run in page.rows]
        token = page.next
        if token is None:
            break
    assert names == ["broken", *(f"run {n}" for n in (4, 3, 2, 1, 0))]


def test_runs_of_one_experiment(filled: Store) -> None:
    [one, *_] = [e for e in listing.experiments(filled, Wanted()).rows if e.name[-1] == "1"]
    rows = listing.runs(filled, Wanted(filter="name != 'run 1'"), experiment_id=one.id).rows
    assert [run.name for run in rows] == ["run 3"]


def test_steps_that_fit_a_filter(filled: Store) -> None:
    rows = listing.steps(filled, Wanted(filter="custom_properties.number > 2")).rows
    assert len(rows) == 2
    assert rows[0].duration_ms is not None


def test_artifacts_oldest_first(filled: Store) -> None:
    rows = listing.artifacts(filled, Wanted(limit=1, newest_first=False)).rows
    assert [row.name for row in rows] == ["out-0.txt"]


def test_experiments_tell_their_note(filled: Store) -> None:
    assert {row.note for row in listing.experiments(filled, Wanted()).rows} == {"n"}


def test_a_broken_filter_is_named_where_it_stands(filled: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="At character 8"):
        listing.steps(filled, Wanted(filter="type = "))


def test_a_broken_token_is_refused(filled: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="no token of a page"):
        listing.runs(filled, Wanted(token="nonsense"))  # noqa: S106 - not a password
