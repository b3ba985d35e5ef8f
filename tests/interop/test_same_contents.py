"""The real wheel and we read the same from one file, whoever wrote it."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import (
    Artifact,
    Context,
    Execution,
    ExecutionState,
    Node,
    Properties,
    PropertyValue,
    ProtoValue,
    StructValue,
)
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, NodeType
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    ANYTHING,
    demo,
    end_of_step,
    execution,
    made,
    start_of_step,
    used,
)

_KINDS = {
    bool: "bool_value",
    int: "int_value",
    float: "double_value",
    str: "string_value",
    StructValue: "struct_value",
    ProtoValue: "proto_value",
}


def _value(value: PropertyValue) -> list[Any]:
    if isinstance(value, (StructValue, ProtoValue)):
        return [_KINDS[type(value)], base64.b64encode(value.serialized).decode()]
    return [_KINDS[type(value)], value]


def _values(properties: Properties) -> dict[str, list[Any]]:
    return {name: _value(value) for name, value in properties.items()}


def _node(node: Node) -> dict[str, Any]:
    return {
        "id": node.id,
        "type": node.type,
        "type_id": node.type_id,
        "name": node.name or None,
        "external_id": node.external_id,
        "properties": _values(node.properties),
        "custom": _values(node.custom_properties),
        "created": node.create_time_since_epoch,
        "updated": node.last_update_time_since_epoch,
    }


def _event(event: Event) -> list[Any]:
    path, when = list(event.path), event.milliseconds_since_epoch
    return [event.artifact_id, event.execution_id, int(event.type), path, when]


def _types(types: list[Any]) -> list[dict[str, Any]]:
    def plain(found: NodeType) -> dict[str, Any]:
        return {
            "id": found.id,
            "name": found.name,
            "version": found.version,
            "description": found.description,
            "properties": {name: int(kind) for name, kind in found.properties.items()},
        }

    # The wheel hides the simple types when it lists.
    return [plain(found) for found in types if not found.name.startswith("mlmd.")]


def dump(store: Store) -> dict[str, Any]:
    """Read everything that a store has, in the form of ``wheel_side.dump``."""
    artifacts, executions = store.list_nodes(Artifact), store.list_nodes(Execution)
    contexts = store.list_nodes(Context)
    by_artifact = store.get_events_by_artifact_ids([node.id for node in artifacts])
    by_execution = store.get_events_by_execution_ids([node.id for node in executions])
    return {
        "artifacts": [{**_node(n), "uri": n.uri, "state": n.state} for n in artifacts],
        "executions": [{**_node(n), "state": n.last_known_state} for n in executions],
        "contexts": [_node(n) for n in contexts],
        "events by artifact": sorted(_event(event) for event in by_artifact),
        "events by execution": sorted(_event(event) for event in by_execution),
        "attributed": {
            str(c.id): [a.id for a in store.get_by_context(Artifact, c.id)] for c in contexts
        },
        "associated": {
            str(c.id): [e.id for e in store.get_by_context(Execution, c.id)] for c in contexts
        },
        "parents": {str(c.id): [p.id for p in store.get_parent_contexts(c.id)] for c in contexts},
        "artifact types": _types(store.get_types(ArtifactType)),
        "execution types": _types(store.get_types(ExecutionType)),
        "context types": _types(store.get_types(ContextType)),
    }


def write(store: Store, number: int = 2**63 - 1) -> None:
    """Write steps, contexts and all kinds of values."""
    store.put(start_of_step())
    store.put(end_of_step())
    everything: dict[str, PropertyValue] = {
        "int": number,
        "double": 0.1234567890123,
        "string": "it's “quoted” % ?",
        "struct": StructValue(b"\n\x0e\n\x01a\x12\t\x11\x00\x00\x00\x00\x00\x00\xf0?"),
        "proto": ProtoValue(b"\n\x14type.googleapis.com/x\x12\x01y".replace(b"\x14", b"\x15")),
        "boolean": False,
    }
    full = made("full", ANYTHING, uri="/x", properties=everything, custom_properties=everything)
    store.put(Batch(artifacts=(full, made("bare", ANYTHING)), contexts=(demo("changed"),)))
    store.put(Batch(execution=execution("failed", ExecutionState.FAILED)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{path}")
    yield store
    store.close()


def test_the_wheel_reads_what_we_wrote(store: Store, path: Path, wheel: Callable[..., Any]) -> None:
    write(store)
    ours = dump(store)
    assert len(ours["artifacts"]) == 4
    assert wheel("dump", path) == ours


def test_we_read_what_the_wheel_wrote_into_our_file(
    store: Store, path: Path, wheel: Callable[..., Any]
) -> None:
    write(store)
    before = dump(store)
    wheel("write", path)
    after = dump(store)
    assert len(after["artifacts"]) == len(before["artifacts"]) + 2
    assert after["artifacts"][: len(before["artifacts"])] == before["artifacts"]
    assert wheel("dump", path) == after


def test_we_read_what_the_wheel_changed(
    store: Store, path: Path, wheel: Callable[..., Any]
) -> None:
    write(store)
    wheel("update", path)
    changed = dump(store)
    assert all(node["custom"]["touched"] for node in changed["artifacts"])
    assert {node["state"] for node in changed["executions"]} == {ExecutionState.CACHED}
    assert wheel("dump", path) == changed
    # Marked for deletion, the input is found by its external id alone.
    again = store.put(start_of_step("another", "d"))
    assert again.artifacts["d"].id == 1
    assert wheel("dump", path) == dump(store)


def test_a_file_of_the_wheel_is_read_and_written(path: Path, wheel: Callable[..., Any]) -> None:
    wheel("write", path)
    store = open_store(f"sqlite:///{path}")
    assert wheel("dump", path) == dump(store)
    write(store)
    both = dump(store)
    assert wheel("dump", path) == both
    wheel("update", path)
    assert wheel("dump", path) == dump(store)
    store.close()
    assert journal_mode(path) == "delete"


def test_an_artifact_of_the_wheel_is_found(path: Path, wheel: Callable[..., Any]) -> None:
    wheel("write", path)
    store = open_store(f"sqlite:///{path}")
    kind = ArtifactType("Wheel's")
    found = store.put(Batch(artifacts=(used("x", kind, uri="/full"),))).artifacts["x"]
    assert found.external_id == "wheel-1"
    store.close()


def test_our_file_is_in_wal_mode_and_stays_so(
    store: Store, path: Path, wheel: Callable[..., Any]
) -> None:
    wheel("write", path)
    write(store)
    store.close()
    assert journal_mode(path) == "wal"
    wheel("update", path)
    assert journal_mode(path) == "wal"


def journal_mode(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    return str(mode)
