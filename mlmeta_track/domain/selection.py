"""Part of a store as a value: nodes, their types, and all that links them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.domain.writes import Association, Attribution, ParentLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Nodes and links; both ends of every link are in it, and the type of every node."""

    artifact_types: tuple[ArtifactType, ...] = ()
    execution_types: tuple[ExecutionType, ...] = ()
    context_types: tuple[ContextType, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    executions: tuple[Execution, ...] = ()
    contexts: tuple[Context, ...] = ()
    events: tuple[Event, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    associations: tuple[Association, ...] = ()
    parents: tuple[ParentLink, ...] = ()

    def as_graph(self) -> LineageGraph:
        """Return artifacts, executions and events as a graph without a start."""
        return LineageGraph(
            direction=Direction.DOWNSTREAM,
            artifacts=self.artifacts,
            executions=self.executions,
            events=self.events,
        )


Reader: TypeAlias = Callable[[Artifact], Any]
"""Gives what is inside an artifact (a message of statistics or of a schema), or None."""


def reads_nothing(artifact: Artifact) -> None:
    """Look into no artifact."""
