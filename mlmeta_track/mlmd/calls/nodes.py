"""Calls that read nodes."""

from __future__ import annotations

from collections.abc import Iterable

from mlmeta_track.mlmd.calls.base import Calls
from mlmeta_track.mlmd.options import ExtraOptions, ListOptions
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb


class Nodes(Calls):
    """The calls that read artifacts, executions and contexts."""

    def get_artifacts(
        self,
        list_options: ListOptions | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Artifact]:
        """Return all artifacts, or those that the options ask for.

        Raises:
            InvalidArgumentError: The limit is negative, or the filter cannot be read.
        """
        return self._list(
            service_pb.GetArtifactsRequest(),
            service_pb.GetArtifactsResponse,
            lambda page: page.artifacts,
            list_options,
        )

    def get_artifacts_by_id(
        self, artifact_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.Artifact]:
        """Return the artifacts with those ids; unknown ids are left out."""
        request = service_pb.GetArtifactsByIDRequest(artifact_ids=artifact_ids)
        return list(self._call(request, service_pb.GetArtifactsByIDResponse).artifacts)

    def get_artifacts_by_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Artifact]:
        """Return the artifacts of a type; none if there is no such type."""
        request = service_pb.GetArtifactsByTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return list(self._call(request, service_pb.GetArtifactsByTypeResponse).artifacts)

    def get_artifact_by_type_and_name(
        self,
        type_name: str,
        artifact_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.Artifact | None:
        """Return the artifact of that type and name, or None."""
        request = service_pb.GetArtifactByTypeAndNameRequest(
            type_name=type_name, artifact_name=artifact_name, type_version=type_version or None
        )
        response = self._call(request, service_pb.GetArtifactByTypeAndNameResponse)
        return response.artifact if response.HasField("artifact") else None

    def get_artifacts_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.Artifact]:
        """Return the artifacts with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetArtifactsByExternalIdsRequest(external_ids=external_ids)
        return list(self._call(request, service_pb.GetArtifactsByExternalIdsResponse).artifacts)

    def get_artifacts_and_types_by_artifact_ids(
        self, artifact_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> tuple[list[pb.Artifact], list[pb.ArtifactType]]:
        """Return the artifacts with those ids, and the types that occur."""
        request = service_pb.GetArtifactsByIDRequest(
            artifact_ids=artifact_ids, populate_artifact_types=True
        )
        response = self._call(request, service_pb.GetArtifactsByIDResponse)
        return list(response.artifacts), list(response.artifact_types)

    def get_artifacts_by_uri(
        self, uri: str, extra_options: ExtraOptions | None = None
    ) -> list[pb.Artifact]:
        """Return the artifacts with exactly that URI."""
        request = service_pb.GetArtifactsByURIRequest(uris=[uri])
        return list(self._call(request, service_pb.GetArtifactsByURIResponse).artifacts)

    def get_executions(
        self,
        list_options: ListOptions | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Execution]:
        """Return all executions, or those that the options ask for.

        Raises:
            InvalidArgumentError: The limit is negative, or the filter cannot be read.
        """
        return self._list(
            service_pb.GetExecutionsRequest(),
            service_pb.GetExecutionsResponse,
            lambda page: page.executions,
            list_options,
        )

    def get_executions_by_id(
        self, execution_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.Execution]:
        """Return the executions with those ids; unknown ids are left out."""
        request = service_pb.GetExecutionsByIDRequest(execution_ids=execution_ids)
        return list(self._call(request, service_pb.GetExecutionsByIDResponse).executions)

    def get_executions_by_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Execution]:
        """Return the executions of a type; none if there is no such type."""
        request = service_pb.GetExecutionsByTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return list(self._call(request, service_pb.GetExecutionsByTypeResponse).executions)

    def get_execution_by_type_and_name(
        self,
        type_name: str,
        execution_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.Execution | None:
        """Return the execution of that type and name, or None."""
        request = service_pb.GetExecutionByTypeAndNameRequest(
            type_name=type_name, execution_name=execution_name, type_version=type_version or None
        )
        response = self._call(request, service_pb.GetExecutionByTypeAndNameResponse)
        return response.execution if response.HasField("execution") else None

    def get_executions_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.Execution]:
        """Return the executions with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetExecutionsByExternalIdsRequest(external_ids=external_ids)
        return list(self._call(request, service_pb.GetExecutionsByExternalIdsResponse).executions)

    def get_contexts(
        self,
        list_options: ListOptions | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Context]:
        """Return all contexts, or those that the options ask for.

        Raises:
            InvalidArgumentError: The limit is negative, or the filter cannot be read.
        """
        return self._list(
            service_pb.GetContextsRequest(),
            service_pb.GetContextsResponse,
            lambda page: page.contexts,
            list_options,
        )

    def get_contexts_by_id(
        self, context_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts with those ids; unknown ids are left out."""
        request = service_pb.GetContextsByIDRequest(context_ids=context_ids)
        return list(self._call(request, service_pb.GetContextsByIDResponse).contexts)

    def get_contexts_by_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Context]:
        """Return the contexts of a type; none if there is no such type."""
        request = service_pb.GetContextsByTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return list(self._call(request, service_pb.GetContextsByTypeResponse).contexts)

    def get_context_by_type_and_name(
        self,
        type_name: str,
        context_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.Context | None:
        """Return the context of that type and name, or None."""
        request = service_pb.GetContextByTypeAndNameRequest(
            type_name=type_name, context_name=context_name, type_version=type_version or None
        )
        response = self._call(request, service_pb.GetContextByTypeAndNameResponse)
        return response.context if response.HasField("context") else None

    def get_contexts_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetContextsByExternalIdsRequest(external_ids=external_ids)
        return list(self._call(request, service_pb.GetContextsByExternalIdsResponse).contexts)
