"""Taking part of a store out of it, as a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import LineageGraph
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.domain.selection import Selection
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.domain.writes import Association, Attribution, ParentLink
from mlmeta_track.store.base import Store

Told: TypeAlias = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""

TypeT = TypeVar("TypeT", ArtifactType, ExecutionType, ContextType)


def take_all(store: Store, told: Told | None = None) -> Selection:
    """Take all that a store holds; it is in memory then.

    Args:
        store: The store.
        told: Told what is being done, how much of it is done, and how much there is.
    """
    executions = store.list_nodes(Execution)
    return _selection(
        store,
        store.list_nodes(Artifact),
        executions,
        store.list_nodes(Context),
        store.get_events_by_execution_ids([execution.id for execution in executions]),
        told,
    )


def take_around(store: Store, graphs: Iterable[LineageGraph]) -> Selection:
    """Take the nodes and events of graphs, and the contexts that these nodes are in."""
    artifacts: dict[int, Artifact] = {}
    executions: dict[int, Execution] = {}
    events: dict[Event, None] = {}
    for graph in graphs:
        artifacts |= {node.id: node for node in graph.artifacts}
        executions |= {node.id: node for node in graph.executions}
        events |= dict.fromkeys(graph.events)
    contexts: dict[int, Context] = {}
    for number in executions:
        contexts |= {c.id: c for c in store.get_contexts_of(Execution, number)}
    for number in artifacts:
        contexts |= {c.id: c for c in store.get_contexts_of(Artifact, number)}
    return _selection(
        store,
        [artifacts[number] for number in sorted(artifacts)],
        [executions[number] for number in sorted(executions)],
        [contexts[number] for number in sorted(contexts)],
        list(events),
    )


def _selection(  # noqa: PLR0913, PLR0917 - all that a selection is made of
    store: Store,
    artifacts: Sequence[Artifact],
    executions: Sequence[Execution],
    contexts: Sequence[Context],
    events: Sequence[Event],
    told: Told | None = None,
) -> Selection:
    in_a, in_e, in_c = ({node.id for node in nodes} for nodes in (artifacts, executions, contexts))
    attributions, associations, parents = [], [], []
    for number, context in enumerate(contexts):
        if told is not None:
            told("read contexts", number, len(contexts))
        of_a = store.get_by_context(Artifact, context.id)
        of_e = store.get_by_context(Execution, context.id)
        attributions += [Attribution(node.id, context.id) for node in of_a if node.id in in_a]
        associations += [Association(node.id, context.id) for node in of_e if node.id in in_e]
        above = store.get_parent_contexts(context.id)
        parents += [ParentLink(context.id, parent.id) for parent in above if parent.id in in_c]
    return Selection(
        artifact_types=_types(store.get_types(ArtifactType), artifacts),
        execution_types=_types(store.get_types(ExecutionType), executions),
        context_types=_types(store.get_types(ContextType), contexts),
        artifacts=tuple(artifacts),
        executions=tuple(executions),
        contexts=tuple(contexts),
        events=tuple(e for e in events if e.artifact_id in in_a and e.execution_id in in_e),
        attributions=tuple(attributions),
        associations=tuple(associations),
        parents=tuple(parents),
    )


def _types(known: Sequence[TypeT], nodes: Sequence[Node]) -> tuple[TypeT, ...]:
    used = {node.type_id for node in nodes}
    return tuple(one for one in known if one.id in used)
