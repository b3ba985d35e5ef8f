"""What type checkers are to see; mypy reads this file, in a test and with the project."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar, overload

from typing_extensions import assert_type

import mlmeta_track as mt
from mlmeta_track.domain.lineage import LineageGraph
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.steps import Step

T = TypeVar("T")


class DataSet(mt.Artifact):
    """Data."""

    name: str
    version: int | None = None


# Functions keep their types, bare or with a name.


@mt.step
def bare(a: int, /, b: str, *, c: float = 0.0) -> list[str]:
    """Take arguments of every kind."""
    return [b] * a


@mt.step("Named")
def named(a: int, *rest: str, **more: float) -> None:
    """Take as many arguments as wanted."""


@mt.step()
def empty() -> int:
    """Take none."""
    return 1


@mt.step(cache=True)
def cached(rate: float, *, names: list[str]) -> tuple[str, ...]:
    """Be a step that is not run again."""
    return tuple(names * int(rate))


assert_type(cached(1.0, names=["a"]), "tuple[str, ...]")
assert_type(mt.step(len, cache=True)([1]), int)


@mt.step("Marked", inputs={"path": mt.Input(DataSet)}, outputs={"return": mt.Output(DataSet)})
def marked(path: str) -> Path:
    """Have markers beside the function."""
    return Path(path)


@mt.step
def annotated(
    path: Annotated[str, mt.Input(DataSet, version=1)],
) -> Annotated[Path, mt.Output(DataSet, name="n")]:
    """Have markers in the annotations."""
    return Path(path)


assert_type(bare(1, "b", c=2.0), list[str])
assert_type(named(1, "b", c=2.0), None)
assert_type(empty(), int)
assert_type(marked("p"), Path)
assert_type(annotated("p"), Path)
function: Callable[[str], Path] = marked
assert_type(functools.partial(bare, 1)("b"), list[str])
assert_type(mt.step(len, inputs={"obj": mt.Input(DataSet)})([1]), int)


@mt.step
def generic(value: T) -> list[T]:
    """Keep the type of what is given."""
    return [value]


assert_type(generic(1), list[int])
assert_type(generic("x"), list[str])


@overload
def overloaded(value: int) -> int: ...
@overload
def overloaded(value: str) -> str: ...
@mt.step
def overloaded(value: int | str) -> int | str:
    """Have several signatures."""
    return value


assert_type(overloaded(1), int)
assert_type(overloaded("x"), str)
stepped_later = mt.step(overloaded)
assert_type(stepped_later("x"), str)


# Functions that work later keep what they return.


@mt.step
async def awaited(x: int) -> str:
    """Be awaited."""
    return str(x)


@mt.step
def generated(x: int) -> Iterator[int]:
    """Be iterated."""
    yield x


@mt.step("Name")
async def generated_async(x: int) -> AsyncIterator[int]:
    """Be iterated asynchronously."""
    yield x


async def use_later() -> None:
    """Use what is returned."""
    coroutine: Coroutine[Any, Any, str] = awaited(1)
    assert_type(await coroutine, str)
    assert_type(await awaited(1), str)
    for item in generated(1):
        assert_type(item, int)
    async for item in generated_async(1):
        assert_type(item, int)


# Methods are bound as before.


class Trainer:
    """Has methods of every kind."""

    @mt.step
    def method(self, x: int) -> str:
        """Be a method."""
        return str(x)

    @mt.step("Named")
    def named(self, x: int) -> str:
        """Be a method with a step's name."""
        return str(x)

    @classmethod
    @mt.step
    def of_class(cls, x: int) -> Trainer:
        """Be a class method."""
        return cls()

    @staticmethod
    @mt.step
    def static(x: int) -> str:
        """Be a static method."""
        return str(x)

    @mt.step
    @staticmethod
    def static_below(x: int) -> str:
        """Be a static method."""
        return str(x)

    @mt.step
    @classmethod
    def of_class_below(cls, x: int) -> Trainer:
        """Be a class method."""
        return cls()

    @mt.step
    async def awaited(self, x: int) -> str:
        """Be an async method."""
        return str(x)

    @mt.step
    def __call__(self, x: int) -> str:
        """Be called."""
        return str(x)


trainer = Trainer()
assert_type(trainer.method(1), str)
assert_type(Trainer.method(trainer, 1), str)
assert_type(trainer.named(1), str)
assert_type(Trainer.of_class(1), Trainer)
assert_type(trainer.of_class(1), Trainer)
assert_type(Trainer.static(1), str)
assert_type(Trainer.static_below(1), str)
assert_type(Trainer.of_class_below(1), Trainer)
method: Callable[[int], Coroutine[Any, Any, str]] = trainer.awaited
assert_type(trainer(1), str)


# With blocks and what is done in them.

with mt.experiment("Demo", note="n") as experiment, mt.run() as run, mt.step("Train") as step:
    assert_type(experiment, mt.experiment)
    assert_type(run, mt.run)
    assert_type(step, Step)
    assert_type(step.input(Path("p"), DataSet(name="n")), Path)
    assert_type(step.output("p", DataSet(version=1), name="key"), str)
    assert_type(mt.log_input([1]), list[int])
    assert_type(mt.log_output("p", DataSet()), str)
    step.log_params({"rate": 0.1, "layers": [1, 2]})
    mt.log_metrics({"loss": 1})

with mt.step("Train"):
    pass

assert_type(mt.get_store(), Store)
assert_type(mt.lineage("p").upstream(), LineageGraph)
assert_type(DataSet().name, str)
assert_type(DataSet().version, int | None)
