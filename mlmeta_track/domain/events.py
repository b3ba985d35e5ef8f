"""Edges: which execution used or made which artifact, and under which name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias


class EventType(IntEnum):
    """How an artifact took part in an execution; the numbers are those on disk."""

    UNKNOWN = 0
    DECLARED_OUTPUT = 1
    DECLARED_INPUT = 2
    INPUT = 3
    OUTPUT = 4
    INTERNAL_INPUT = 5
    INTERNAL_OUTPUT = 6
    PENDING_OUTPUT = 7

    @property
    def is_input(self) -> bool:
        """Whether the execution used the artifact."""
        return self in INPUT_EVENTS


INPUT_EVENTS = frozenset({EventType.DECLARED_INPUT, EventType.INPUT, EventType.INTERNAL_INPUT})
OUTPUT_EVENTS = frozenset(
    {
        EventType.DECLARED_OUTPUT,
        EventType.OUTPUT,
        EventType.INTERNAL_OUTPUT,
        EventType.PENDING_OUTPUT,
    }
)

EventPath: TypeAlias = "tuple[str | int, ...]"
"""Where in the arguments or results the artifact stood: keys (str) and indexes (int), in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One use or making of an artifact; ``milliseconds_since_epoch`` is when."""

    artifact_id: int
    execution_id: int
    type: EventType
    path: EventPath = ()
    milliseconds_since_epoch: int | None = None
    id: int | None = None
