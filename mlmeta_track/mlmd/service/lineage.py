"""The calls that walk through lineage."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from mlmeta_track.domain.listing import Subgraph, SubgraphDirection, SubgraphQuery
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.errors import InvalidArgumentError, UnimplementedError
from mlmeta_track.mlmd.service.base import ServiceBase
from mlmeta_track.store.base import TypeT
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import event_to_message, type_to_message

MAX_HOPS = 100
"""How many hops a walk has at most, and if no number is given."""


class LineageCalls(ServiceBase):
    """``Get`` of lineage."""

    def GetLineageSubgraph(
        self, request: calls.GetLineageSubgraphRequest
    ) -> calls.GetLineageSubgraphResponse:
        """Return what a walk reaches: ids of nodes, the edges between them, and all types."""
        reached = self._store.get_lineage_subgraph(_query(request.lineage_subgraph_query_options))
        graph = _graph(reached)
        wanted = frozenset(request.read_mask.paths or (f.name for f in graph.DESCRIPTOR.fields))
        self._set_types(graph, wanted)
        for field, _ in graph.ListFields():
            if field.name not in wanted:
                graph.ClearField(field.name)
        return calls.GetLineageSubgraphResponse(lineage_subgraph=graph)

    def _set_types(self, graph: pb.LineageGraph, wanted: Container[str]) -> None:
        """Set all types of the kinds that are wanted, whether they occur or not."""
        if "artifact_types" in wanted:
            graph.artifact_types.extend(self._bare_types(ArtifactType))
        if "execution_types" in wanted:
            graph.execution_types.extend(self._bare_types(ExecutionType))
        if "context_types" in wanted:
            graph.context_types.extend(self._bare_types(ContextType))

    def _bare_types(self, kind: type[TypeT]) -> list[Any]:
        # ML Metadata leaves out here what the table of types alone does not say, and external ids.
        found = (replace(t, base_type=None, external_id=None) for t in self._store.get_types(kind))
        return [type_to_message(t) for t in found]

    def GetLineageGraph(self, _: calls.GetLineageGraphRequest) -> calls.GetLineageGraphResponse:
        """Refuse, as ML Metadata does.

        Raises:
            UnimplementedError: Always.
        """
        message = "GetLineageGraph is not implemented. Call GetLineageSubgraph."
        raise UnimplementedError(message)


def _query(options: pb.LineageSubgraphQueryOptions) -> SubgraphQuery:
    artifacts, executions = _starting(options)
    hops = options.max_num_hops if options.HasField("max_num_hops") else MAX_HOPS
    if hops < 0:
        message = f"max_num_hops is {hops}. Give a number from 0 on."
        raise InvalidArgumentError(message)
    return SubgraphQuery(
        starting_artifacts=artifacts,
        starting_executions=executions,
        max_num_hops=min(hops, MAX_HOPS),
        direction=SubgraphDirection(options.direction),
        ending_artifacts=_ending(options.ending_artifacts),
        ending_executions=_ending(options.ending_executions),
        include_ending_artifacts=options.ending_artifacts.include_ending_nodes,
        include_ending_executions=options.ending_executions.include_ending_nodes,
    )


def _ending(nodes: pb.LineageSubgraphQueryOptions.EndingNodes) -> str | None:
    """Return the filter of the nodes to end at, which may be empty; None if there is none."""
    return nodes.filter_query if nodes.HasField("filter_query") else None


def _starting(options: pb.LineageSubgraphQueryOptions) -> tuple[str | None, str | None]:
    """Return the filters of the artifacts and of the executions to start from: one of them."""
    case = options.WhichOneof("starting_nodes")
    if case is None:
        message = "The query has no starting nodes. Set starting_artifacts or starting_executions."
        raise InvalidArgumentError(message)
    text = getattr(options, case).filter_query
    if not text:
        message = f"The filter_query of {case} is empty. Say where to start."
        raise InvalidArgumentError(message)
    return (text, None) if case == "starting_artifacts" else (None, text)


def _graph(reached: Subgraph) -> pb.LineageGraph:
    return pb.LineageGraph(
        artifacts=[pb.Artifact(id=i) for i in reached.artifact_ids],
        executions=[pb.Execution(id=i) for i in reached.execution_ids],
        contexts=[pb.Context(id=i) for i in reached.context_ids],
        events=map(event_to_message, reached.events),
        attributions=[
            pb.Attribution(artifact_id=link.artifact_id, context_id=link.context_id)
            for link in reached.attributions
        ],
        associations=[
            pb.Association(execution_id=link.execution_id, context_id=link.context_id)
            for link in reached.associations
        ],
    )
