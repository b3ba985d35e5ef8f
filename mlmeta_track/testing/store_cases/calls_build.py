"""Types and nodes for the tests of MLMD's own calls, short enough to read."""

from __future__ import annotations

import time
from typing import Any

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    ExecutionWrite,
    NodeWrite,
    UpdateOptions,
)
from mlmeta_track.store.base import NodeT, Store

_PROPERTIES = {
    "int": PropertyType.INT,
    "double": PropertyType.DOUBLE,
    "string": PropertyType.STRING,
    "boolean": PropertyType.BOOLEAN,
}
MODEL = ArtifactType("Model", _PROPERTIES)
TRAINING = ExecutionType("Training", _PROPERTIES)
STUDY = ContextType("Study", _PROPERTIES)

MODEL_ID, TRAINING_ID, STUDY_ID = 10, 11, 12
"""The ids that ``declare_types`` gives them: the nine simple types come before."""

WRITES: dict[type, type[NodeWrite]] = {
    Artifact: ArtifactWrite,
    Execution: ExecutionWrite,
    Context: ContextWrite,
}
TYPE_IDS: dict[type, int] = {Artifact: MODEL_ID, Execution: TRAINING_ID, Context: STUDY_ID}
STATE_FIELDS: dict[type, str] = {Artifact: "state", Execution: "last_known_state"}


def put_type(store: Store, declared: NodeType, **options: bool) -> int:
    """Put one type and return its id; options that are not given are off."""
    every = {"can_add_fields": False, "can_omit_fields": False, **options}
    [type_id] = store.put_types([declared], **every)
    return type_id


def declare_types(store: Store) -> None:
    """Put the three types, each of its kind."""
    ids = store.put_types([MODEL, TRAINING, STUDY], can_add_fields=False, can_omit_fields=False)
    assert ids == [MODEL_ID, TRAINING_ID, STUDY_ID]


def model(**fields: Any) -> ArtifactWrite:
    """Return an artifact to be made."""
    return ArtifactWrite(type_id=MODEL_ID, **fields)


def training(**fields: Any) -> ExecutionWrite:
    """Return an execution to be made."""
    return ExecutionWrite(type_id=TRAINING_ID, **fields)


def study(name: str | None = "study", **fields: Any) -> ContextWrite:
    """Return a context to be made."""
    return ContextWrite(type_id=STUDY_ID, name=name, **fields)


def new(kind: type[NodeT], name: str | None = None, **fields: Any) -> NodeWrite:
    """Return a node of any kind to be made."""
    return WRITES[kind](type_id=TYPE_IDS[kind], name=name, **fields)


def put_node(store: Store, kind: type[NodeT], node: NodeWrite, *mask: str) -> int:
    """Put one node and return its id; ``mask`` are the paths of a field mask."""
    [node_id] = store.put_nodes(kind, [node], UpdateOptions(mask=mask))
    return node_id


def stored(store: Store, kind: type[NodeT], node_id: int) -> NodeT:
    """Read the one node of that id."""
    [node] = store.get_by_id(kind, [node_id])
    return node


def as_read(node: Artifact | Execution | Context, **changed: Any) -> NodeWrite:
    """Return what a caller gives who read a node and changed some of it."""
    kind = type(node)
    names = ["id", "type_id", "type", "name", "external_id", "properties", "custom_properties"]
    names += [STATE_FIELDS[kind]] if kind in STATE_FIELDS else []
    names += ["create_time_since_epoch", "last_update_time_since_epoch"]
    fields = {name: getattr(node, name) for name in names}
    if isinstance(node, Artifact):
        fields["uri"] = node.uri or ""  # as it is stored, and as the messages have it
    return WRITES[kind](**{**fields, **changed})


def let_time_pass() -> None:
    """Wait until the clock shows another millisecond."""
    begin = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == begin:
        time.sleep(0.0005)
