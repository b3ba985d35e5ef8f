"""Types: what kinds of artifacts, executions and contexts there are, and their properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar


class PropertyType(IntEnum):
    """What a declared property holds; the numbers are those on disk."""

    UNKNOWN = 0
    INT = 1
    DOUBLE = 2
    STRING = 3
    STRUCT = 4
    PROTO = 5
    BOOLEAN = 6


class TypeKind(IntEnum):
    """What a type is a type of; the numbers are those on disk."""

    EXECUTION = 0
    ARTIFACT = 1
    CONTEXT = 2


@dataclass(frozen=True, slots=True)
class NodeType:
    """A type of nodes: its name, its declared properties, and what it is based on.

    ``base_type`` is the name of one of MLMD's nine simple types (such as ``mlmd.Dataset``), or
    None; in MLMD's own calls '' asks to take it away, which no store does.  A type's identity is
    its kind, name and version.
    """

    kind: ClassVar[TypeKind]

    name: str
    properties: Mapping[str, PropertyType] = field(default_factory=dict)
    version: str | None = None
    description: str | None = None
    base_type: str | None = None
    external_id: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ArtifactType(NodeType):
    """A type of artifacts, such as ``DataSet`` or ``Schema``."""

    kind: ClassVar[TypeKind] = TypeKind.ARTIFACT


@dataclass(frozen=True, slots=True)
class ExecutionType(NodeType):
    """A type of executions, such as ``Data Validation``.

    ``input_type`` and ``output_type`` are MLMD's ``ArtifactStructType`` messages as JSON text.
    """

    kind: ClassVar[TypeKind] = TypeKind.EXECUTION

    input_type: str | None = None
    output_type: str | None = None


@dataclass(frozen=True, slots=True)
class ContextType(NodeType):
    """A type of contexts, such as ``Experiment`` or ``Run``."""

    kind: ClassVar[TypeKind] = TypeKind.CONTEXT


SIMPLE_TYPES: tuple[NodeType, ...] = (
    ArtifactType("mlmd.Dataset"),
    ArtifactType("mlmd.Model"),
    ArtifactType("mlmd.Metrics"),
    ArtifactType("mlmd.Statistics"),
    ExecutionType("mlmd.Train"),
    ExecutionType("mlmd.Transform"),
    ExecutionType("mlmd.Process"),
    ExecutionType("mlmd.Evaluate"),
    ExecutionType("mlmd.Deploy"),
)
"""The types that every store of MLMD has from the first, in the order of their ids 1 to 9."""

DATASET = ArtifactType(
    "DataSet",
    {"name": PropertyType.STRING, "split": PropertyType.STRING, "version": PropertyType.INT},
    base_type="mlmd.Dataset",
)
"""Data in files and frames; the walkthrough's own type."""

EXPERIMENT = ContextType("Experiment", {"note": PropertyType.STRING})
"""What runs are grouped under."""

RUN = ContextType("Run")
"""One script invocation; its custom properties hold the facts needed to reproduce it."""
