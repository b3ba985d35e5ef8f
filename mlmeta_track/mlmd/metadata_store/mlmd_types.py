"""The types that every store of ML Metadata has, on which others can be based."""

from __future__ import annotations

from typing import Any

from mlmeta_track.domain.types import SIMPLE_TYPES
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.proto import metadata_store_pb2

_NAMES = frozenset(declared.name for declared in SIMPLE_TYPES)


def _name(values: Any, number: int) -> str:
    """Return the name that the messages give to a value of an enum of simple types.

    Raises:
        NotFoundError: It is UNSET, which is none.
    """
    extension: Any = metadata_store_pb2.system_type_extension
    options = values.DESCRIPTOR.values_by_number[number].GetOptions()
    name: str = options.Extensions[extension].type_name
    if name not in _NAMES:
        message = f"There is no simple type {name!r}."
        raise errors.NotFoundError(message)
    return name


class ArtifactType:
    """A simple type of artifacts."""

    def __init__(self, system_type: metadata_store_pb2.ArtifactType.SystemDefinedBaseType) -> None:
        """Take the type by its number in the messages.

        Raises:
            NotFoundError: It is UNSET, which is none.
        """
        self._system_type = system_type
        self._name = _name(metadata_store_pb2.ArtifactType.SystemDefinedBaseType, system_type)

    @property
    def name(self) -> str:
        """The type's name, such as ``mlmd.Dataset``."""
        return self._name

    @property
    def system_type(self) -> metadata_store_pb2.ArtifactType.SystemDefinedBaseType:
        """The type's number in the messages, which ``ArtifactType.base_type`` takes."""
        return self._system_type


class ExecutionType:
    """A simple type of executions."""

    def __init__(self, system_type: metadata_store_pb2.ExecutionType.SystemDefinedBaseType) -> None:
        """Take the type by its number in the messages.

        Raises:
            NotFoundError: It is UNSET, which is none.
        """
        self._system_type = system_type
        self._name = _name(metadata_store_pb2.ExecutionType.SystemDefinedBaseType, system_type)

    @property
    def name(self) -> str:
        """The type's name, such as ``mlmd.Train``."""
        return self._name

    @property
    def system_type(self) -> metadata_store_pb2.ExecutionType.SystemDefinedBaseType:
        """The type's number in the messages, which ``ExecutionType.base_type`` takes."""
        return self._system_type


class Dataset(ArtifactType):
    """Data that something is trained or evaluated on."""

    def __init__(self) -> None:
        """Take ``mlmd.Dataset``."""
        super().__init__(metadata_store_pb2.ArtifactType.DATASET)


class Model(ArtifactType):
    """What training makes."""

    def __init__(self) -> None:
        """Take ``mlmd.Model``."""
        super().__init__(metadata_store_pb2.ArtifactType.MODEL)


class Statistics(ArtifactType):
    """Numbers that describe data."""

    def __init__(self) -> None:
        """Take ``mlmd.Statistics``."""
        super().__init__(metadata_store_pb2.ArtifactType.STATISTICS)


class Metrics(ArtifactType):
    """Numbers that say how good a model is."""

    def __init__(self) -> None:
        """Take ``mlmd.Metrics``."""
        super().__init__(metadata_store_pb2.ArtifactType.METRICS)


class Train(ExecutionType):
    """Makes a model."""

    def __init__(self) -> None:
        """Take ``mlmd.Train``."""
        super().__init__(metadata_store_pb2.ExecutionType.TRAIN)


class Transform(ExecutionType):
    """Makes data of data."""

    def __init__(self) -> None:
        """Take ``mlmd.Transform``."""
        super().__init__(metadata_store_pb2.ExecutionType.TRANSFORM)


class Process(ExecutionType):
    """Does anything else."""

    def __init__(self) -> None:
        """Take ``mlmd.Process``."""
        super().__init__(metadata_store_pb2.ExecutionType.PROCESS)


class Evaluate(ExecutionType):
    """Says how good a model is."""

    def __init__(self) -> None:
        """Take ``mlmd.Evaluate``."""
        super().__init__(metadata_store_pb2.ExecutionType.EVALUATE)


class Deploy(ExecutionType):
    """Puts a model to use."""

    def __init__(self) -> None:
        """Take ``mlmd.Deploy``."""
        super().__init__(metadata_store_pb2.ExecutionType.DEPLOY)
