from __future__ import annotations

from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.finding import What, find_anything, find_node


@pytest.fixture
def filled(store: Store, tmp_path: Path) -> Store:
    (tmp_path / "a.txt").write_text("a")
    with mt.experiment("Demo"), mt.run("the run"), mt.step("read") as step:
        step.input("a.txt")
    return store


@pytest.mark.parametrize("what", ["run:the run", "the run", "experiment:Demo", "Demo"])
def test_runs_and_experiments_are_found_by_name(filled: Store, what: str) -> None:
    found = find_anything(filled, what)
    assert isinstance(found, Context)
    assert what.endswith(found.name)


def test_a_run_is_found_by_its_id(filled: Store) -> None:
    run = find_anything(filled, "the run")
    assert (
        find_anything(filled, f"run:{run.id}") == find_anything(filled, f"context:{run.id}") == run
    )


def test_the_id_of_an_experiment_is_not_the_id_of_a_run(filled: Store) -> None:
    experiment = find_anything(filled, "Demo")
    with pytest.raises(NotFoundError, match=f"has no run with the id {experiment.id}"):
        find_anything(filled, f"run:{experiment.id}")


def test_a_path_comes_before_a_run_of_that_name(filled: Store) -> None:
    with mt.run("a.txt"):
        pass
    assert isinstance(find_anything(filled, "a.txt"), Artifact)
    assert isinstance(find_anything(filled, "run:a.txt"), Context)


def test_a_context_has_no_lineage(filled: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="is no artifact or execution"):
        find_node(filled, "context:1")


def test_the_name_of_a_run_is_no_place_of_an_artifact(filled: Store) -> None:
    with pytest.raises(NotFoundError, match="no artifact at"):
        find_node(filled, "the run")


@pytest.mark.parametrize("what", ["artifact:9", "execution:9", "context:9", 10**17, "run:nobody"])
def test_what_is_not_there_is_an_error_that_names_it(filled: Store, what: What) -> None:
    with pytest.raises(NotFoundError, match=str(what).rsplit(":", maxsplit=1)[-1]):
        find_anything(filled, what)


def test_a_node_is_found_as_it_is(filled: Store) -> None:
    [execution] = filled.list_nodes(Execution)
    assert find_node(filled, execution) is execution
