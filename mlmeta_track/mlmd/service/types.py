"""The calls that write and read types."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Protocol

from mlmeta_track.domain.types import (
    SIMPLE_TYPES,
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
)
from mlmeta_track.errors import NotFoundError, UnimplementedError
from mlmeta_track.mlmd.service.base import ServiceBase, check_external_ids, refuse_none
from mlmeta_track.store.base import TypeT
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import (
    artifact_type_from_message,
    context_type_from_message,
    execution_type_from_message,
    type_to_message,
)

_SIMPLE_NAMES = frozenset(declared.name for declared in SIMPLE_TYPES)


class _PutRequest(Protocol):
    """What the four requests that write types have in common."""

    @property
    def can_add_fields(self) -> bool: ...

    @property
    def can_omit_fields(self) -> bool: ...

    @property
    def all_fields_match(self) -> bool: ...


class _Named(Protocol):
    """What the requests for one type have in common."""

    @property
    def type_name(self) -> str: ...

    @property
    def type_version(self) -> str: ...


class TypeCalls(ServiceBase):
    """``Put`` and ``Get`` of types."""

    def PutArtifactType(
        self, request: calls.PutArtifactTypeRequest
    ) -> calls.PutArtifactTypeResponse:
        """Make a type of artifacts, or add to one."""
        ids = self._put_types(request, map(artifact_type_from_message, [request.artifact_type]))
        return calls.PutArtifactTypeResponse(type_id=ids[0])

    def PutExecutionType(
        self, request: calls.PutExecutionTypeRequest
    ) -> calls.PutExecutionTypeResponse:
        """Make a type of executions, or add to one."""
        ids = self._put_types(request, map(execution_type_from_message, [request.execution_type]))
        return calls.PutExecutionTypeResponse(type_id=ids[0])

    def PutContextType(self, request: calls.PutContextTypeRequest) -> calls.PutContextTypeResponse:
        """Make a type of contexts, or add to one."""
        ids = self._put_types(request, map(context_type_from_message, [request.context_type]))
        return calls.PutContextTypeResponse(type_id=ids[0])

    def PutTypes(self, request: calls.PutTypesRequest) -> calls.PutTypesResponse:
        """Make types of all kinds, or add to them, as one."""
        declared: Iterator[NodeType] = chain(
            map(artifact_type_from_message, request.artifact_types),
            map(execution_type_from_message, request.execution_types),
            map(context_type_from_message, request.context_types),
        )
        ids = iter(self._put_types(request, declared))
        return calls.PutTypesResponse(
            artifact_type_ids=islice(ids, len(request.artifact_types)),
            execution_type_ids=islice(ids, len(request.execution_types)),
            context_type_ids=ids,
        )

    def _put_types(self, request: _PutRequest, declared: Iterable[NodeType]) -> list[int]:
        if not request.all_fields_match:
            message = "Must match all fields. Leave all_fields_match unset, or set it to true."
            raise UnimplementedError(message)
        return self._store.put_types(
            list(declared),
            can_add_fields=request.can_add_fields,
            can_omit_fields=request.can_omit_fields,
        )

    def GetArtifactType(
        self, request: calls.GetArtifactTypeRequest
    ) -> calls.GetArtifactTypeResponse:
        """Return the type of artifacts of a name and version."""
        found = self._type(ArtifactType, request)
        return calls.GetArtifactTypeResponse(artifact_type=type_to_message(found))

    def GetExecutionType(
        self, request: calls.GetExecutionTypeRequest
    ) -> calls.GetExecutionTypeResponse:
        """Return the type of executions of a name and version."""
        found = self._type(ExecutionType, request)
        return calls.GetExecutionTypeResponse(execution_type=type_to_message(found))

    def GetContextType(self, request: calls.GetContextTypeRequest) -> calls.GetContextTypeResponse:
        """Return the type of contexts of a name and version."""
        found = self._type(ContextType, request)
        return calls.GetContextTypeResponse(context_type=type_to_message(found))

    def _type(self, kind: type[TypeT], request: _Named) -> TypeT:
        name, version = request.type_name, request.type_version
        found = self._store.get_type(kind, name, version or None)
        if found is None:
            of = f" of version {version!r}" if version else ""
            message = f"There is no {kind.kind.name.lower()} type {name!r}{of}."
            raise NotFoundError(message)
        return found

    def GetArtifactTypes(self, _: calls.GetArtifactTypesRequest) -> calls.GetArtifactTypesResponse:
        """Return all types of artifacts but the simple ones."""
        return calls.GetArtifactTypesResponse(artifact_types=self._types(ArtifactType))

    def GetExecutionTypes(
        self, _: calls.GetExecutionTypesRequest
    ) -> calls.GetExecutionTypesResponse:
        """Return all types of executions but the simple ones."""
        return calls.GetExecutionTypesResponse(execution_types=self._types(ExecutionType))

    def GetContextTypes(self, _: calls.GetContextTypesRequest) -> calls.GetContextTypesResponse:
        """Return all types of contexts."""
        return calls.GetContextTypesResponse(context_types=self._types(ContextType, hidden=()))

    def _types(self, kind: type[TypeT], hidden: Container[str] = _SIMPLE_NAMES) -> list[Any]:
        # ML Metadata leaves the external ids out here, and the simple types by their names alone.
        found = (t for t in self._store.get_types(kind) if t.name not in hidden)
        return [type_to_message(replace(t, external_id=None)) for t in found]

    def GetArtifactTypesByID(
        self, request: calls.GetArtifactTypesByIDRequest
    ) -> calls.GetArtifactTypesByIDResponse:
        """Return the types of artifacts with those ids; ids that do not exist are left out."""
        found = self._types_by_id(ArtifactType, request.type_ids)
        return calls.GetArtifactTypesByIDResponse(artifact_types=found)

    def GetExecutionTypesByID(
        self, request: calls.GetExecutionTypesByIDRequest
    ) -> calls.GetExecutionTypesByIDResponse:
        """Return the types of executions with those ids; ids that do not exist are left out."""
        found = self._types_by_id(ExecutionType, request.type_ids)
        return calls.GetExecutionTypesByIDResponse(execution_types=found)

    def GetContextTypesByID(
        self, request: calls.GetContextTypesByIDRequest
    ) -> calls.GetContextTypesByIDResponse:
        """Return the types of contexts with those ids; ids that do not exist are left out."""
        found = self._types_by_id(ContextType, request.type_ids)
        return calls.GetContextTypesByIDResponse(context_types=found)

    def _types_by_id(self, kind: type[TypeT], ids: Iterable[int]) -> list[Any]:
        # There are few types, and the store reads all of them as quickly as one.
        by_id = {found.id: found for found in self._store.get_types(kind)}
        return [type_to_message(by_id[i]) for i in ids if i in by_id]

    def GetArtifactTypesByExternalIds(
        self, request: calls.GetArtifactTypesByExternalIdsRequest
    ) -> calls.GetArtifactTypesByExternalIdsResponse:
        """Return the types of artifacts with those external ids."""
        found = self._types_by_external_ids(ArtifactType, request.external_ids)
        return calls.GetArtifactTypesByExternalIdsResponse(artifact_types=found)

    def GetExecutionTypesByExternalIds(
        self, request: calls.GetExecutionTypesByExternalIdsRequest
    ) -> calls.GetExecutionTypesByExternalIdsResponse:
        """Return the types of executions with those external ids."""
        found = self._types_by_external_ids(ExecutionType, request.external_ids)
        return calls.GetExecutionTypesByExternalIdsResponse(execution_types=found)

    def GetContextTypesByExternalIds(
        self, request: calls.GetContextTypesByExternalIdsRequest
    ) -> calls.GetContextTypesByExternalIdsResponse:
        """Return the types of contexts with those external ids."""
        found = self._types_by_external_ids(ContextType, request.external_ids)
        return calls.GetContextTypesByExternalIdsResponse(context_types=found)

    def _types_by_external_ids(self, kind: type[TypeT], external_ids: Sequence[str]) -> list[Any]:
        check_external_ids(external_ids)
        wanted = frozenset(external_ids)
        found = [t for t in self._store.get_types(kind) if t.external_id in wanted]
        return [type_to_message(_without_base(t)) for t in refuse_none(found, external_ids)]


def _without_base(found: TypeT) -> TypeT:
    """Return a type as ML Metadata has it where it reads types without what they are based on."""
    unread: dict[str, Any] = {"base_type": None}
    if isinstance(found, ExecutionType):
        unread |= {"input_type": None, "output_type": None}
    return replace(found, **unread)
