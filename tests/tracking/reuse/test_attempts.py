"""Calls of a cached step: which run, which are reused, and what is recorded of them."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.errors import DeclarationError
from mlmeta_track.store.base import Store

logger = logging.getLogger("pipeline")


class Table(mt.Artifact):
    name: str


def states(store: Store, step: str | None = None) -> list[str]:
    """Return the states of all executions in order, or of those of one step."""
    found = store.list_nodes(Execution)
    return [
        str(execution.properties["state"]) for execution in found if step in {None, execution.type}
    ]


def cached(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    return mt.step(name, cache=True)(function)


def last(store: Store) -> Execution:
    return store.list_nodes(Execution)[-1]


def reason(store: Store) -> str:
    """Return what the last execution says of caching."""
    return str(last(store).custom_properties["mlmeta_cache"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    path.write_text("x\n1\n2\n")
    return path


@mt.step(cache=True)
def double(number: int, times: int = 2) -> int:
    logger.info("it runs")
    return number * times


def test_a_second_call_is_reused(store: Store) -> None:
    assert (double(3), double(3), double(4)) == (6, 6, 8)
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_the_function_is_not_called_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "pipeline")
    double(3)
    double(3)
    assert caplog.messages.count("it runs") == 1


def test_steps_are_not_cached_unless_they_say_so(store: Store) -> None:
    @mt.step
    def step() -> None: ...

    step()
    step()
    assert states(store) == ["COMPLETED", "COMPLETED"]
    assert "mlmeta_cache" not in last(store).custom_properties


def test_a_named_step_is_cached(store: Store) -> None:
    @mt.step("Clean", cache=True)
    def clean(text: str) -> str:
        return text.strip()

    assert [clean(" a "), clean(" a ")] == ["a", "a"]
    assert states(store, "Clean") == ["COMPLETED", "CACHED"]


def test_a_reused_execution_says_which_it_is_and_whose_work(store: Store) -> None:
    with mt.experiment("Demo"), mt.run("first"):
        double(3)
    with mt.experiment("Demo"), mt.run("second"), mt.step("Outer"):
        double(3)
    [ran, reused] = store.get_by_type(Execution, "double")
    outer = store.get_by_type(Execution, "Outer")[0]
    facts = reused.custom_properties
    assert reused.last_known_state is ExecutionState.CACHED
    assert facts["mlmeta_cache"] == "reused"
    assert facts["mlmeta_cached_from"] == ran.external_id
    assert facts["mlmeta_parent_execution"] == outer.external_id
    assert (facts["number"], facts["times"]) == (3, 2)
    assert float(str(facts["mlmeta_duration_ms"])) >= 0
    names = {context.name for context in store.get_contexts_of(Execution, reused.id)}
    assert names == {"Demo", "second"}
    assert "mlmeta_cache_key" not in facts


def test_metrics_and_parameters_logged_by_hand_come_with_it(store: Store) -> None:
    @mt.step(cache=True)
    def train(rate: float) -> None:
        mt.log_params({"optimizer": "adam"})
        mt.log_metrics({"loss": rate / 2})

    train(0.5)
    train(0.5)
    facts = last(store).custom_properties
    assert (facts["optimizer"], facts["loss"], facts["mlmeta_metrics"]) == (
        "adam",
        0.25,
        '["loss"]',
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**80,
        1.5,
        float("inf"),
        -0.0,
        "text\0 with \ud800 all",
        b"\x00\xff",
        Path("a/b"),
        (1, [2.5, {"a": (), 3: None, (1, 2): b""}]),
        [],
    ],
    ids=repr,
)
def test_plain_results_come_back_as_they_were(store: Store, value: object) -> None:
    step = cached(lambda: value)
    first, second = step(), step()
    assert repr(second) == repr(first) == repr(value)
    assert type(second) is type(value)
    assert states(store) == ["COMPLETED", "CACHED"]


def test_a_result_that_cannot_be_kept_says_so(store: Store) -> None:
    @mt.step(cache=True)
    def make() -> set[int]:
        return {1}

    assert [make(), make()] == [{1}, {1}]
    assert states(store) == ["COMPLETED", "COMPLETED"]
    assert reason(store) == "not cached: its result is a builtins.set, which is kept nowhere"


def test_a_large_result_is_not_kept(store: Store) -> None:
    step = cached(lambda: "x" * 70_000)
    step()
    assert reason(store) == "not cached: its result takes more than 60000 characters"


def test_why_a_step_is_not_cached_is_logged_once_a_function(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    @mt.step("Draw", cache=True)
    def draw(values: Any) -> int:
        return int(next(values))

    caplog.set_level(logging.INFO, "mlmeta_track")
    for _ in range(2):
        draw(iter([1]))
    why = (
        "'values' in the argument 'values': a value of type builtins.list_iterator has no"
        " fingerprint"
    )
    [message] = caplog.messages
    assert message.endswith(f"draw (step 'Draw') is not cached: {why}.")
    assert reason(store) == f"not cached: {why}"


# What a call is given.


def test_an_input_file_that_changes_is_seen(store: Store, data: Path) -> None:
    @mt.step(cache=True)
    def count(path: Annotated[Path, mt.Input(Table)]) -> int:
        return len(path.read_text().splitlines())

    assert [count(data), count(data)] == [3, 3]
    data.write_text("x\n1\n")
    assert count(data) == 2
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_a_reused_execution_has_the_same_artifacts(
    store: Store, data: Path, tmp_path: Path
) -> None:
    @mt.step(cache=True)
    def copy(
        path: Annotated[Path, mt.Input(Table, name="in")],
        out: Annotated[Path, mt.Output(Table, name="out")],
    ) -> None:
        out.write_text(path.read_text())

    for _ in range(2):
        copy(data, tmp_path / "out.csv")
    assert states(store) == ["COMPLETED", "CACHED"]
    [ran, reused] = [
        {(e.type, e.path, e.artifact_id) for e in store.get_events_by_execution_ids([one.id])}
        for one in store.list_nodes(Execution)
    ]
    assert ran == reused
    assert len(ran) == 2
    assert len(store.list_nodes(Artifact)) == 2


@pytest.mark.parametrize("declare", [True, False])
def test_a_file_named_by_a_text_counts_with_its_content(
    store: Store, data: Path, declare: bool
) -> None:
    def count(path: str) -> int:
        return len(Path(path).read_text().splitlines())

    step = mt.step(cache=True, inputs={"path": mt.Input(Table)} if declare else None)(count)
    step(str(data))
    data.write_text("")
    assert step(str(data)) == 0


def test_the_files_of_a_pattern_and_a_folder_count(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def count(pattern: str, folder: Path) -> int:
        return len(list(Path().glob(pattern))) + len(list(folder.iterdir()))

    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.csv").touch()
    assert [count("parts/*.csv", Path("parts")) for _ in range(2)] == [2, 2]
    (tmp_path / "parts" / "b.csv").touch()
    assert count("parts/*.csv", Path("parts")) == 4
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_a_file_named_in_the_code_counts(store: Store, data: Path) -> None:
    @mt.step(cache=True)
    def count() -> int:
        return len(Path("data.csv").read_text().splitlines())

    assert [count(), count()] == [3, 3]
    data.write_text("")
    assert count() == 0
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_a_file_named_in_the_code_that_comes_to_be_counts(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def is_there() -> bool:
        return Path("override.cfg").exists()

    assert [is_there(), is_there()] == [False, False]
    (tmp_path / "override.cfg").touch()
    assert is_there()


def test_a_file_that_the_code_names_and_makes_is_made_again(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def make() -> None:
        Path("made.txt").write_text("made")

    make()
    make()
    (tmp_path / "made.txt").write_text("other")
    make()
    # Whether it has read what lay there before cannot be known.
    assert reason(store) == (
        "not cached: made.txt, which it may have read, is not what it was before"
    )
    make()
    assert (tmp_path / "made.txt").read_text() == "made"
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED", "CACHED"]


def test_a_declared_input_that_is_not_there_is_not_cached(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def use(path: Annotated[str, mt.Input(Table)]) -> None: ...

    use("no.csv")
    assert reason(store).endswith("there is nothing at 'no.csv' to be known by its content")


@pytest.mark.parametrize("place", ["s3://bucket/data.csv", "https://example.org/data.csv"])
def test_what_lies_elsewhere_is_not_cached(store: Store, place: str) -> None:
    step = cached(lambda path: len(path) + 1)
    step(place)
    assert "cannot be looked at" in reason(store)


def test_another_path_is_another_call(store: Store, data: Path, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def name(path: Annotated[Path, mt.Input(Table)]) -> str:
        return path.stem

    (tmp_path / "other.csv").write_text(data.read_text())
    assert [name(data), name(tmp_path / "other.csv")] == ["data", "other"]


def test_a_file_read_by_an_inner_step_counts(store: Store, data: Path) -> None:
    @mt.step
    def read(folder: Path) -> str:
        path = folder / f"{'data'}.csv"
        mt.log_input(path, Table(name="inner"))
        return path.read_text()

    @mt.step(cache=True)
    def outer(home: str) -> int:
        return len(read(Path(os.sep, *home.split("|"))))

    home = "|".join(data.parent.parts[1:])
    outer(home)
    assert outer(home) == 6
    assert states(store, f"{outer.__qualname__.rpartition('.')[2]}") == ["COMPLETED", "CACHED"]
    data.write_text("")
    assert outer(home) == 0


def test_a_file_that_the_step_reads_and_changes_is_not_cached(store: Store, data: Path) -> None:
    @mt.step(cache=True)
    def extend(home: str) -> int:
        path = Path(os.sep, *home.split("|"))
        mt.log_input(path, Table(name="t"))
        path.write_text(path.read_text() + "3\n")
        return 1

    extend("|".join(data.parts[1:]))
    assert reason(store) == f"not cached: {data}, which it may have read, is not what it was before"


# What a call makes.


def writing(out: Annotated[Path, mt.Output(Table)], text: str) -> None:
    out.write_text(text)


@pytest.mark.parametrize(
    "change", [lambda p: p.unlink(), lambda p: p.write_text("other")], ids=["gone", "changed"]
)
def test_an_output_that_is_gone_or_changed_is_made_again(
    store: Store, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    out = tmp_path / "out.txt"
    step = mt.step("Write", cache=True)(writing)
    step(out, "a")
    change(out)
    step(out, "a")
    assert out.read_text() == "a"
    assert states(store) == ["COMPLETED", "COMPLETED"]


def test_an_output_that_was_overwritten_is_made_again(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    step = mt.step("Write", cache=True)(writing)
    for text in "aba":
        step(out, text)
        assert out.read_text() == text
    assert states(store) == ["COMPLETED"] * 3


def test_a_file_that_an_inner_step_made_is_looked_at(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def outer(parts: tuple[str, ...]) -> None:
        with mt.step("Inner") as inner:
            inner.output(Path(os.sep, *parts, "x.txt"), Table(name="x")).write_text("x")

    outer(tmp_path.parts[1:])
    outer(tmp_path.parts[1:])
    (tmp_path / "x.txt").unlink()
    outer(tmp_path.parts[1:])
    assert (tmp_path / "x.txt").read_text() == "x"
    assert states(store, "Inner") == ["COMPLETED", "COMPLETED"]
    assert states(store).count("CACHED") == 1


def test_a_returned_path_counts_with_what_lies_there(store: Store, tmp_path: Path) -> None:
    @mt.step(cache=True)
    def make(name: str) -> Annotated[str, mt.Output(Table)]:
        path = f"{name}.made"
        Path(path).write_text(name)
        return path

    assert [make("a"), make("a")] == ["a.made", "a.made"]
    Path("a.made").write_text("changed")
    make("a")
    assert Path("a.made").read_text() == "a"
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_outputs_declared_inside_are_outputs_of_the_reused_one(
    store: Store, tmp_path: Path
) -> None:
    @mt.step(cache=True)
    def make() -> None:
        Path("made.txt").write_text("x")
        mt.log_output("made.txt", Table(name="made"))

    make()
    make()
    assert states(store) == ["COMPLETED", "CACHED"]
    [event] = store.get_events_by_execution_ids([last(store).id])
    assert store.get_by_id(Artifact, [event.artifact_id])[0].uri == str(tmp_path / "made.txt")


def test_an_output_that_the_function_fills_in_memory_is_not_cached(store: Store) -> None:
    @mt.step(cache=True)
    def fill(out: Annotated[list[int], mt.Output(Table)]) -> None:
        out.append(1)

    filled: list[int] = []
    fill(filled)
    assert "fills" in reason(store) or "changed" in reason(store)
    assert filled == [1]


def test_what_changes_its_arguments_is_not_cached(store: Store) -> None:
    @mt.step(cache=True)
    def add(items: list[int]) -> int:
        items.append(1)
        return len(items)

    items: list[int] = []
    add(items)
    assert reason(store) == (
        "not cached: something that it depends on, such as an argument, changed while it ran"
    )


# Methods, coroutines, generators, blocks.


@dataclass
class Model:
    rate: float

    @mt.step(cache=True)
    def scaled(self, value: float) -> float:
        return value * self.rate

    @mt.step(cache=True)
    def learn(self, value: float) -> None:
        self.rate += value

    @mt.step(cache=True)
    @classmethod
    def named(cls, value: int) -> str:
        return f"{cls.__name__}{value}"

    @staticmethod
    @mt.step(cache=True)
    def plus(value: int) -> int:
        return value + 1


def test_a_method_depends_on_its_object(store: Store) -> None:
    assert [Model(r).scaled(3.0) for r in (2.0, 2.0, 3.0)] == [6.0, 6.0, 9.0]
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED"]


def test_a_method_that_changes_its_object_runs_every_time(store: Store) -> None:
    for _ in range(2):
        model = Model(1.0)
        model.learn(0.5)
        assert model.rate == 1.5
    assert states(store) == ["COMPLETED", "COMPLETED"]


def test_a_method_of_what_has_no_fingerprint_is_not_cached(store: Store) -> None:
    model = Model(rate=iter(()))  # type: ignore[arg-type]
    model.learn = None  # type: ignore[method-assign, assignment]
    with pytest.raises(TypeError):
        model.scaled(1.0)
    assert "'rate' in a Model in self" in reason(store)


def test_class_and_static_methods_are_cached(store: Store) -> None:
    assert [Model.named(1), Model.named(1)] == ["Model1", "Model1"]
    assert [Model.plus(1), Model.plus(1)] == [2, 2]
    assert states(store) == ["COMPLETED", "CACHED", "COMPLETED", "CACHED"]


def test_a_coroutine_is_cached(store: Store) -> None:
    @mt.step(cache=True)
    async def fetch(value: int) -> int:
        await asyncio.sleep(0)
        return value + 1

    async def both() -> list[int]:
        return [await fetch(1), await fetch(1)]

    assert asyncio.run(both()) == [2, 2]
    assert states(store) == ["COMPLETED", "CACHED"]


def test_generators_cannot_be_cached() -> None:
    def numbers() -> Any:
        yield 1

    async def later() -> Any:
        yield 1

    for function in (numbers, later):
        with pytest.raises(DeclarationError, match="is a generator, and cannot be cached"):
            mt.step(cache=True)(function)


def test_a_block_cannot_be_cached(store: Store) -> None:
    with pytest.raises(DeclarationError, match="a block cannot be skipped"):
        mt.step("Block", cache=True).__enter__()


def test_cache_is_true_or_false() -> None:
    with pytest.raises(DeclarationError, match="cache must be True or False, not 'yes'"):
        mt.step("x", cache="yes")  # type: ignore[call-overload]


def test_a_cached_step_pickles(store: Store) -> None:
    assert pickle.loads(pickle.dumps(double))(3) == 6


# What else may happen.


def test_a_call_that_failed_is_not_reused(store: Store) -> None:
    @mt.step(cache=True)
    def fail() -> None:
        raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            fail()
    assert states(store) == ["FAILED", "FAILED"]


def test_other_stores_know_nothing_of_it(store: Store, tmp_path: Path) -> None:
    double(3)
    mt.init(f"sqlite:///{tmp_path / 'other.db'}", strict=True)
    double(3)
    assert states(mt.get_store()) == ["COMPLETED"]


def test_a_step_of_another_name_is_another(store: Store) -> None:
    for name in ("A", "B"):
        cached(lambda: 1, name)()
    assert states(store) == ["COMPLETED", "COMPLETED"]


def test_another_declaration_is_another_call(store: Store, tmp_path: Path) -> None:
    for name in ("a", "b"):
        mt.step("W", cache=True, outputs={"out": mt.Output(Table, name=name)})(writing)(
            tmp_path / "o", "x"
        )
    assert states(store) == ["COMPLETED", "COMPLETED"]


def test_nothing_is_cached_while_nothing_is_recorded(tmp_path: Path) -> None:
    mt.init(f"sqlite:///{tmp_path / 'x.db'}", disabled=True)
    assert [double(3), double(3)] == [6, 6]
    assert not (tmp_path / "x.db").exists()


def test_without_a_store_the_function_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mlmeta_track")
    mt.init(f"sqlite:///{tmp_path / 'no' / 'x.db'}")
    assert [double(3), double(3)] == [6, 6]
    assert any("the store is away" in message for message in caplog.messages)


@pytest.mark.parametrize("name", ["password", "api_key"])
def test_no_key_is_made_of_a_secret(store: Store, name: str) -> None:
    step = cached(lambda **kwargs: len(kwargs))
    step(**{name: "hunter2"})
    assert "looks like a secret" in reason(store)
    assert "hunter2" not in repr(store.list_nodes(Execution))


def test_a_result_that_looks_like_a_secret_is_not_kept(store: Store) -> None:
    step = cached(lambda number: {"password": "hunter" + str(number)})
    step(2)
    assert reason(store) == "not cached: its result looks like a secret"
    assert "hunter2" not in repr(store.list_nodes(Execution))


def test_a_deleted_output_is_not_reused(store: Store, tmp_path: Path) -> None:
    from mlmeta_track.domain.nodes import ArtifactState
    from mlmeta_track.domain.writes import ArtifactWrite, UpdateOptions

    step = mt.step("Write", cache=True)(writing)
    step(tmp_path / "o", "x")
    [artifact] = store.list_nodes(Artifact)
    write = ArtifactWrite(
        id=artifact.id,
        type_id=artifact.type_id,
        uri=artifact.uri,
        state=ArtifactState.DELETED,
        external_id=artifact.external_id,
        properties=artifact.properties,
        custom_properties=artifact.custom_properties,
    )
    store.put_nodes(Artifact, [write], UpdateOptions())
    step(tmp_path / "o", "x")
    assert states(store) == ["COMPLETED", "COMPLETED"]


@pytest.mark.parametrize("write", ["direct", "background", "journal"])
def test_what_is_still_on_its_way_to_the_store_is_found(tmp_path: Path, write: str) -> None:
    mt.init(f"sqlite:///{tmp_path / 'm.db'}", write=write)
    assert [double(3), double(3)] == [6, 6]
    assert states(mt.get_store()) == ["COMPLETED", "CACHED"]
