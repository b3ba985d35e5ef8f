"""The calls that read nodes by what they are known by: ids, external ids, names, URIs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from google.protobuf.unknown_fields import UnknownFieldSet

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd.service.base import ServiceBase, check_external_ids, refuse_none
from mlmeta_track.store.base import NodeT
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import (
    artifact_to_message,
    context_to_message,
    execution_to_message,
    type_to_message,
)

_OLD_URI = 1
"""The number of the one URI that old clients ask for."""


class NodeCalls(ServiceBase):
    """``Get`` of nodes by id, external id, name and URI."""

    def GetArtifactsByID(
        self, request: calls.GetArtifactsByIDRequest
    ) -> calls.GetArtifactsByIDResponse:
        """Return the artifacts with those ids, and their types if they are asked for."""
        found = self._store.get_by_id(Artifact, request.artifact_ids)
        response = calls.GetArtifactsByIDResponse(artifacts=map(artifact_to_message, found))
        if request.populate_artifact_types:
            response.artifact_types.extend(self._artifact_types(found))
        return response

    def _artifact_types(self, artifacts: Sequence[Artifact]) -> list[Any]:
        used = {artifact.type_id for artifact in artifacts}
        types = (t for t in self._store.get_types(ArtifactType) if t.id in used)
        # ML Metadata leaves their base out here.
        return [type_to_message(replace(found, base_type=None)) for found in types]

    def GetExecutionsByID(
        self, request: calls.GetExecutionsByIDRequest
    ) -> calls.GetExecutionsByIDResponse:
        """Return the executions with those ids."""
        found = self._store.get_by_id(Execution, request.execution_ids)
        return calls.GetExecutionsByIDResponse(executions=map(execution_to_message, found))

    def GetContextsByID(
        self, request: calls.GetContextsByIDRequest
    ) -> calls.GetContextsByIDResponse:
        """Return the contexts with those ids."""
        found = self._store.get_by_id(Context, request.context_ids)
        return calls.GetContextsByIDResponse(contexts=map(context_to_message, found))

    def GetArtifactsByExternalIds(
        self, request: calls.GetArtifactsByExternalIdsRequest
    ) -> calls.GetArtifactsByExternalIdsResponse:
        """Return the artifacts with those external ids."""
        found = self._by_external_ids(Artifact, request.external_ids)
        return calls.GetArtifactsByExternalIdsResponse(artifacts=map(artifact_to_message, found))

    def GetExecutionsByExternalIds(
        self, request: calls.GetExecutionsByExternalIdsRequest
    ) -> calls.GetExecutionsByExternalIdsResponse:
        """Return the executions with those external ids."""
        found = self._by_external_ids(Execution, request.external_ids)
        return calls.GetExecutionsByExternalIdsResponse(executions=map(execution_to_message, found))

    def GetContextsByExternalIds(
        self, request: calls.GetContextsByExternalIdsRequest
    ) -> calls.GetContextsByExternalIdsResponse:
        """Return the contexts with those external ids."""
        found = self._by_external_ids(Context, request.external_ids)
        return calls.GetContextsByExternalIdsResponse(contexts=map(context_to_message, found))

    def _by_external_ids(self, kind: type[NodeT], external_ids: Sequence[str]) -> Sequence[NodeT]:
        check_external_ids(external_ids)
        return refuse_none(self._store.get_by_external_id(kind, external_ids), external_ids)

    def GetArtifactByTypeAndName(
        self, request: calls.GetArtifactByTypeAndNameRequest
    ) -> calls.GetArtifactByTypeAndNameResponse:
        """Return the artifact of that type and name, if there is one."""
        name, version = request.artifact_name, request.type_version or None
        found = self._store.get_by_name(Artifact, request.type_name, name, version)
        message = None if found is None else artifact_to_message(found)
        return calls.GetArtifactByTypeAndNameResponse(artifact=message)

    def GetExecutionByTypeAndName(
        self, request: calls.GetExecutionByTypeAndNameRequest
    ) -> calls.GetExecutionByTypeAndNameResponse:
        """Return the execution of that type and name, if there is one."""
        name, version = request.execution_name, request.type_version or None
        found = self._store.get_by_name(Execution, request.type_name, name, version)
        message = None if found is None else execution_to_message(found)
        return calls.GetExecutionByTypeAndNameResponse(execution=message)

    def GetContextByTypeAndName(
        self, request: calls.GetContextByTypeAndNameRequest
    ) -> calls.GetContextByTypeAndNameResponse:
        """Return the context of that type and name, if there is one."""
        name, version = request.context_name, request.type_version or None
        found = self._store.get_by_name(Context, request.type_name, name, version)
        message = None if found is None else context_to_message(found)
        return calls.GetContextByTypeAndNameResponse(context=message)

    def GetArtifactsByURI(
        self, request: calls.GetArtifactsByURIRequest
    ) -> calls.GetArtifactsByURIResponse:
        """Return the artifacts that have one of those URIs.

        Raises:
            InvalidArgumentError: The request is that of a client from before several URIs.
        """
        unknown: Any = UnknownFieldSet(request)  # whose stubs do not say that it can be iterated
        if any(field.field_number == _OLD_URI for field in unknown):
            message = (
                "The request of GetArtifactsByURI asks for one URI as clients before 0.21 did."
                " Ask with `uris`."
            )
            raise InvalidArgumentError(message)
        artifacts = (
            artifact_to_message(artifact)
            for uri in dict.fromkeys(request.uris)
            for artifact in self._store.get_artifacts_by_uri(uri)
        )
        return calls.GetArtifactsByURIResponse(artifacts=artifacts)
