"""What the tests have done by workers, and how they look at what was recorded of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution, ExecutionState


@mt.step
def measure(number: int) -> int:
    """Return which process did it."""
    time.sleep(0.05)  # so that no worker takes it all
    return os.getpid()


def measure_each(numbers: Iterable[int]) -> Iterator[int]:
    """Measure bit by bit."""
    for number in numbers:
        yield measure(number)


def measure_plainly(number: int) -> int:
    """Measure in a function that is no step itself."""
    return measure(number)


async def measure_later(number: int) -> int:
    """Measure in a coroutine."""
    return measure(number)


@dataclass(frozen=True)
class Recorded:
    """A step that a worker has recorded."""

    number: Any
    parent: str | None
    contexts: frozenset[str]


def measured() -> set[Recorded]:
    """What workers have recorded, as far as it ended well."""
    store = mt.get_store()
    found = set()
    for execution in store.get_by_type(Execution, "measure"):
        assert execution.last_known_state is ExecutionState.COMPLETE
        assert execution.id is not None
        facts = execution.custom_properties
        parent = facts.get("mlmeta_parent_execution")
        contexts = store.get_contexts_of(Execution, execution.id)
        found.add(
            Recorded(
                facts["number"],
                None if parent is None else str(parent),
                frozenset(context.name for context in contexts),
            )
        )
    return found


def of_step(numbers: Iterable[int], step: Any, *contexts: str) -> set[Recorded]:
    """What workers are to record that were sent these numbers from a step."""
    return {Recorded(n, step and step.external_id, frozenset(contexts)) for n in numbers}
