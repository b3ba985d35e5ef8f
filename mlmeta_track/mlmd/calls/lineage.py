"""The call that walks from artifact to execution and on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mlmeta_track.mlmd.calls.nodes import Nodes
from mlmeta_track.mlmd.calls.types import Types
from mlmeta_track.mlmd.options import ExtraOptions
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb

_ALL_FIELDS = tuple(field.name for field in pb.LineageGraph.DESCRIPTOR.fields)


class Lineage(Nodes, Types):
    """The call that returns a graph."""

    def get_lineage_subgraph(
        self,
        query_options: pb.LineageSubgraphQueryOptions,
        field_mask_paths: Sequence[str] | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.LineageGraph:
        """Return what is reached from the starting nodes.

        Args:
            query_options: Where to start, which way to go, how far and where to stop.
            field_mask_paths: The fields of the graph that are wanted; none stands for all.
            extra_options: Not looked at.

        Raises:
            InvalidArgumentError: Nothing says where to start, or a filter cannot be read.
            NotFoundError: There is no starting node.
        """
        wanted = field_mask_paths or _ALL_FIELDS
        request = service_pb.GetLineageSubgraphRequest(lineage_subgraph_query_options=query_options)
        # The types of the nodes that are found are asked for below; the store would send all.
        request.read_mask.paths.extend(path for path in wanted if not path.endswith("_types"))
        # What comes back are ids, events and links.
        reached = self._call(request, service_pb.GetLineageSubgraphResponse).lineage_subgraph
        graph = pb.LineageGraph()
        self._add_artifacts(graph, [node.id for node in reached.artifacts], wanted)
        self._add_executions(graph, [node.id for node in reached.executions], wanted)
        self._add_contexts(graph, [node.id for node in reached.contexts], wanted)
        if "events" in wanted:
            graph.events.extend(reached.events)
        if "attributions" in wanted:
            graph.attributions.extend(reached.attributions)
        if "associations" in wanted:
            graph.associations.extend(reached.associations)
        return graph

    def _add_artifacts(
        self, graph: pb.LineageGraph, ids: Sequence[int], wanted: Collection[str]
    ) -> None:
        if "artifacts" not in wanted and "artifact_types" not in wanted:
            return
        artifacts, types = self.get_artifacts_and_types_by_artifact_ids(ids)
        if "artifacts" in wanted:
            graph.artifacts.extend(artifacts)
        if "artifact_types" in wanted:
            graph.artifact_types.extend(types)

    def _add_executions(
        self, graph: pb.LineageGraph, ids: Sequence[int], wanted: Collection[str]
    ) -> None:
        if "executions" not in wanted and "execution_types" not in wanted:
            return
        executions = self.get_executions_by_id(ids)
        if "executions" in wanted:
            graph.executions.extend(executions)
        if "execution_types" in wanted:
            type_ids = {node.type_id for node in executions}
            graph.execution_types.extend(self.get_execution_types_by_id(type_ids))

    def _add_contexts(
        self, graph: pb.LineageGraph, ids: Sequence[int], wanted: Collection[str]
    ) -> None:
        if "contexts" not in wanted and "context_types" not in wanted:
            return
        contexts = self.get_contexts_by_id(ids)
        if "contexts" in wanted:
            graph.contexts.extend(contexts)
        if "context_types" in wanted:
            type_ids = {node.type_id for node in contexts}
            graph.context_types.extend(self.get_context_types_by_id(type_ids))
