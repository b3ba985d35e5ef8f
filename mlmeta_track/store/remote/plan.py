"""What is to be written of a batch: which artifacts, and which events between them and the step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlmeta_track.domain.batch import EventPut
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.writes import EventWrite
from mlmeta_track.store.remote.artifacts import PlannedArtifact


@dataclass(frozen=True)
class Pair:
    """An artifact, with an event or without; the server knows it, or makes it with this pair."""

    node: PlannedArtifact
    event: EventPut | None
    makes_it: bool


class Plan:
    """The artifacts of a batch and its new events; takes in the ids when they are known."""

    def __init__(
        self,
        planned: Mapping[str, PlannedArtifact],
        events: Iterable[EventPut],
        stored_events: Iterable[Event],
    ) -> None:
        """Plan the events that the execution does not have yet, the first of equal ones.

        Args:
            planned: The artifacts by key.
            events: All events of the batch.
            stored_events: Those that the execution has.
        """
        nodes = {node.id: node for node in planned.values()}
        self.new = [node for node in nodes.values() if node.id < 0]
        self.stored = [node for node in nodes.values() if node.id > 0]
        self._ids = {node.id: node.id for node in self.stored}
        seen = {(event.artifact_id, event.type) for event in stored_events}
        self.events: list[tuple[PlannedArtifact, EventPut]] = []
        for event in events:
            node = planned[event.artifact]
            if (node.id, event.type) not in seen:
                seen.add((node.id, event.type))
                self.events.append((node, event))

    def landed(self, node: PlannedArtifact, artifact_id: int) -> None:
        """Take in the id of an artifact."""
        self._ids[node.id] = artifact_id

    def id_of(self, node: PlannedArtifact) -> int:
        """Return the id of an artifact that has landed."""
        return self._ids[node.id]

    def pairs(self) -> tuple[list[Pair], list[tuple[PlannedArtifact, EventPut]]]:
        """Return the new artifacts and the events as pairs, and the events that fit into none.

        A new artifact is made by its first pair.  It has no id by which another pair could name it.
        """
        pairs: list[Pair] = []
        late: list[tuple[PlannedArtifact, EventPut]] = []
        made: set[int] = set()
        for node, event in self.events:
            if node.id in made:
                late.append((node, event))
                continue
            if node.id < 0:
                made.add(node.id)
            pairs.append(Pair(node, event, makes_it=node.id < 0))
        alone = (node for node in self.new if node.id not in made)
        return [*pairs, *(Pair(node, None, makes_it=True) for node in alone)], late


def event_write(
    event: EventPut, *, artifact_id: int | None = None, execution_id: int | None = None
) -> EventWrite:
    """Return an event of a batch as it is written."""
    return EventWrite(
        artifact_id=artifact_id,
        execution_id=execution_id,
        type=event.type,
        path=event.path,
        milliseconds_since_epoch=event.milliseconds_since_epoch,
    )
