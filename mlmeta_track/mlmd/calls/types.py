"""Calls about types."""

from __future__ import annotations

from collections.abc import Iterable

from mlmeta_track.mlmd.calls.base import Calls
from mlmeta_track.mlmd.options import ExtraOptions
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb


class Types(Calls):
    """The calls that write and read types."""

    def put_artifact_type(
        self,
        artifact_type: pb.ArtifactType,
        can_add_fields: bool = False,
        can_omit_fields: bool = False,
        extra_options: ExtraOptions | None = None,
    ) -> int:
        """Make a type, or compare it with the one of that name and version; return its id.

        Args:
            artifact_type: The type.
            can_add_fields: Whether properties that the stored type lacks are added to it.
            can_omit_fields: Whether the stored type may have more properties.
            extra_options: Not looked at.

        Raises:
            AlreadyExistsError: The stored type has other properties.
            InvalidArgumentError: It has no name, or a property has no type.
        """
        request = service_pb.PutArtifactTypeRequest(
            artifact_type=artifact_type,
            can_add_fields=can_add_fields,
            can_omit_fields=can_omit_fields,
        )
        return self._call(request, service_pb.PutArtifactTypeResponse).type_id

    def put_execution_type(
        self,
        execution_type: pb.ExecutionType,
        can_add_fields: bool = False,
        can_omit_fields: bool = False,
        extra_options: ExtraOptions | None = None,
    ) -> int:
        """Make or compare a type of executions and return its id; see ``put_artifact_type``."""
        request = service_pb.PutExecutionTypeRequest(
            execution_type=execution_type,
            can_add_fields=can_add_fields,
            can_omit_fields=can_omit_fields,
        )
        return self._call(request, service_pb.PutExecutionTypeResponse).type_id

    def put_context_type(
        self,
        context_type: pb.ContextType,
        can_add_fields: bool = False,
        can_omit_fields: bool = False,
        extra_options: ExtraOptions | None = None,
    ) -> int:
        """Make or compare a type of contexts and return its id; see ``put_artifact_type``."""
        request = service_pb.PutContextTypeRequest(
            context_type=context_type,
            can_add_fields=can_add_fields,
            can_omit_fields=can_omit_fields,
        )
        return self._call(request, service_pb.PutContextTypeResponse).type_id

    def get_artifact_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.ArtifactType:
        """Return the type of artifacts of that name and version.

        Raises:
            NotFoundError: There is none.
        """
        request = service_pb.GetArtifactTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return self._call(request, service_pb.GetArtifactTypeResponse).artifact_type

    def get_artifact_types(
        self, extra_options: ExtraOptions | None = None
    ) -> list[pb.ArtifactType]:
        """Return all types of artifacts, without those that every store has."""
        request = service_pb.GetArtifactTypesRequest()
        return list(self._call(request, service_pb.GetArtifactTypesResponse).artifact_types)

    def get_artifact_types_by_id(
        self, type_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.ArtifactType]:
        """Return the types of artifacts with those ids; unknown ids are left out."""
        request = service_pb.GetArtifactTypesByIDRequest(type_ids=type_ids)
        return list(self._call(request, service_pb.GetArtifactTypesByIDResponse).artifact_types)

    def get_artifact_types_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.ArtifactType]:
        """Return the types of artifacts with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetArtifactTypesByExternalIdsRequest(external_ids=external_ids)
        response = self._call(request, service_pb.GetArtifactTypesByExternalIdsResponse)
        return list(response.artifact_types)

    def get_execution_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.ExecutionType:
        """Return the type of executions of that name and version.

        Raises:
            NotFoundError: There is none.
        """
        request = service_pb.GetExecutionTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return self._call(request, service_pb.GetExecutionTypeResponse).execution_type

    def get_execution_types(
        self, extra_options: ExtraOptions | None = None
    ) -> list[pb.ExecutionType]:
        """Return all types of executions, without those that every store has."""
        request = service_pb.GetExecutionTypesRequest()
        return list(self._call(request, service_pb.GetExecutionTypesResponse).execution_types)

    def get_execution_types_by_id(
        self, type_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.ExecutionType]:
        """Return the types of executions with those ids; unknown ids are left out."""
        request = service_pb.GetExecutionTypesByIDRequest(type_ids=type_ids)
        return list(self._call(request, service_pb.GetExecutionTypesByIDResponse).execution_types)

    def get_execution_types_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.ExecutionType]:
        """Return the types of executions with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetExecutionTypesByExternalIdsRequest(external_ids=external_ids)
        response = self._call(request, service_pb.GetExecutionTypesByExternalIdsResponse)
        return list(response.execution_types)

    def get_context_type(
        self,
        type_name: str,
        type_version: str | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> pb.ContextType:
        """Return the type of contexts of that name and version.

        Raises:
            NotFoundError: There is none.
        """
        request = service_pb.GetContextTypeRequest(
            type_name=type_name, type_version=type_version or None
        )
        return self._call(request, service_pb.GetContextTypeResponse).context_type

    def get_context_types(self, extra_options: ExtraOptions | None = None) -> list[pb.ContextType]:
        """Return all types of contexts."""
        request = service_pb.GetContextTypesRequest()
        return list(self._call(request, service_pb.GetContextTypesResponse).context_types)

    def get_context_types_by_id(
        self, type_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.ContextType]:
        """Return the types of contexts with those ids; unknown ids are left out."""
        request = service_pb.GetContextTypesByIDRequest(type_ids=type_ids)
        return list(self._call(request, service_pb.GetContextTypesByIDResponse).context_types)

    def get_context_types_by_external_ids(
        self, external_ids: Iterable[str], extra_options: ExtraOptions | None = None
    ) -> list[pb.ContextType]:
        """Return the types of contexts with those external ids.

        Raises:
            InvalidArgumentError: An external id is empty.
            NotFoundError: There is none.
        """
        request = service_pb.GetContextTypesByExternalIdsRequest(external_ids=external_ids)
        response = self._call(request, service_pb.GetContextTypesByExternalIdsResponse)
        return list(response.context_types)
