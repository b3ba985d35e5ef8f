from __future__ import annotations

from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import put_step


@mt.step
def train(data: str, rate: float = 0.1) -> None:
    step_input = Path(data)
    mt.log_input(step_input)
    mt.log_metrics({"loss": rate * 2})
    Path("model.bin").write_bytes(step_input.read_bytes() + str(rate).encode())
    mt.log_output(Path("model.bin"))


@pytest.fixture
def two_runs(store: Store, tmp_path: Path) -> Store:
    for name, rate, content in (("first", 0.1, "a"), ("second", 0.2, "b")):
        (tmp_path / "data.csv").write_text(content)
        with mt.experiment("Demo"), mt.run(name):
            train("data.csv", rate)
            if name == "second":
                with mt.step("evaluate"):
                    pass
    return store


def told(comparison: object) -> str:
    return str(comparison)


def test_runs_are_compared_by_name(two_runs: Store) -> None:
    comparison = mt.compare("first", "second")
    assert isinstance(comparison.a, Context)
    assert (comparison.a.name, comparison.b.name) == ("first", "second")


def test_a_parameter_that_differs_is_told_with_both_values(two_runs: Store) -> None:
    [rate] = mt.compare("first", "second").section("parameters")
    assert (rate.name.rsplit(".", 1)[-1], rate.a, rate.b) == ("rate", 0.1, 0.2)


def test_metrics_are_told_apart_from_parameters(two_runs: Store) -> None:
    [loss] = mt.compare("first", "second").section("metrics")
    assert (loss.a, loss.b) == (0.2, 0.4)


def test_an_input_of_other_content_is_told(two_runs: Store) -> None:
    assert len(mt.compare("first", "second").section("inputs")) == 1


def test_an_output_of_other_content_is_told(two_runs: Store) -> None:
    assert len(mt.compare("first", "second").section("outputs")) == 1


def test_a_step_that_only_one_run_has_is_told(two_runs: Store) -> None:
    [step] = mt.compare("first", "second").section("steps")
    assert (step.name, step.a) == ("evaluate", None)


def test_a_run_does_not_differ_from_itself(two_runs: Store) -> None:
    comparison = mt.compare("first", "run:first")
    assert not comparison
    assert comparison.to_text().endswith("no differences")


def test_executions_are_compared_by_id(two_runs: Store) -> None:
    one, other = (e for e in two_runs.list_nodes(Execution) if e.type.endswith("train"))
    comparison = mt.compare(f"execution:{one.id}", other)
    assert {d.section for d in comparison.differences} == {
        "parameters",
        "metrics",
        "inputs",
        "outputs",
    }


def test_artifacts_of_other_content_differ_in_content(two_runs: Store) -> None:
    one, other = (a for a in two_runs.list_nodes(Artifact) if (a.uri or "").endswith("data.csv"))
    assert [d.name for d in mt.compare(one, other).section("properties")][-1] == "content"


def test_a_run_and_an_artifact_cannot_be_compared(two_runs: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="Give two runs, two executions or two art"):
        mt.compare("first", "artifact:1")


def test_experiments_cannot_be_compared(two_runs: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="Experiment"):
        mt.compare("experiment:Demo", "Demo")


def test_what_is_not_there_is_named(two_runs: Store) -> None:
    with pytest.raises(NotFoundError, match="no run 'third'"):
        mt.compare("run:third", "first")


def test_the_text_tells_section_by_section(two_runs: Store) -> None:
    lines = mt.compare("first", "second").to_text().splitlines()
    assert lines[0] == "Run first  →  Run second"
    assert lines[1:3] == ["steps:", f"  evaluate: — → {lines[2].rsplit('→ ', 1)[1]}"]


def test_notebooks_show_a_table_with_markup_escaped(two_runs: Store) -> None:
    with mt.run("<b>third"):
        train("data.csv", 0.3)
    shown = mt.compare("first", "<b>third")._repr_html_()
    assert "&lt;b&gt;third" in shown
    assert "<b>third" not in shown


def test_inputs_that_share_a_name_are_numbered(store: Store) -> None:
    for name in ("one", "two"):
        put_step(store, name, inputs=tuple(f"{name} {number}" for number in range(3)))
    first, second = (execution.id for execution in store.list_nodes(Execution))
    told = mt.compare(f"execution:{first}", f"execution:{second}").differences
    names = [one.name for one in told if one.section == "inputs"]
    assert names == ["Schema", "Schema #2", "Schema #3"]


def test_a_comparison_is_cut_to_so_many_differences_a_section(store: Store) -> None:
    put_step(store, "one", inputs=tuple(f"in {number}" for number in range(3)), outputs=("out",))
    put_step(store, "two")
    first, second = (execution.id for execution in store.list_nodes(Execution))
    whole = mt.compare(f"execution:{first}", f"execution:{second}")
    cut, more = whole.shortened(2)
    assert more
    assert cut.section("inputs") == whole.section("inputs")[:2]
    assert cut.section("outputs") == whole.section("outputs")
    assert whole.shortened(3) == (whole, False)
