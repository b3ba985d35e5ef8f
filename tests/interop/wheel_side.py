"""What the real wheel does with a store; run by its own Python: ``wheel_side.py COMMAND PLACE``.

The place is a SQLite file, or a ``ConnectionConfig``, serialized and in base64, after ``config:``.
Prints its answer as JSON.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

from google.protobuf import descriptor_pb2, struct_pb2
from ml_metadata import errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd
from ml_metadata.proto import metadata_store_service_pb2 as service_messages


def open_store(path: str) -> Any:
    config = mlmd.ConnectionConfig()
    if path.startswith("config:"):
        config.ParseFromString(base64.b64decode(path.removeprefix("config:")))
    else:
        config.sqlite.filename_uri = path
    return metadata_store.MetadataStore(config)


def create(path: str) -> None:
    """Make a new store, with nothing but what every store has."""
    open_store(path)


def _value(value: Any) -> list[Any]:
    kind = value.WhichOneof("value")
    found = getattr(value, kind)
    if kind in {"struct_value", "proto_value"}:
        found = base64.b64encode(found.SerializeToString()).decode()
    return [kind, found]


def _node(node: Any) -> dict[str, Any]:
    return {
        "id": node.id,
        "type": node.type,
        "type_id": node.type_id,
        "name": node.name or None,
        "external_id": node.external_id if node.HasField("external_id") else None,
        "properties": {name: _value(value) for name, value in node.properties.items()},
        "custom": {name: _value(value) for name, value in node.custom_properties.items()},
        "created": node.create_time_since_epoch,
        "updated": node.last_update_time_since_epoch,
    }


def _artifact(node: Any) -> dict[str, Any]:
    state = node.state if node.HasField("state") else None
    return {**_node(node), "uri": node.uri or None, "state": state}


def _execution(node: Any) -> dict[str, Any]:
    state = node.last_known_state if node.HasField("last_known_state") else None
    return {**_node(node), "state": state}


def _event(event: Any) -> list[Any]:
    path = [getattr(step, step.WhichOneof("value")) for step in event.path.steps]
    when = event.milliseconds_since_epoch
    return [event.artifact_id, event.execution_id, event.type, path, when]


def _type(found: Any) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "version": found.version or None,
        "description": found.description or None,
        "properties": dict(found.properties),
    }


def dump(path: str) -> dict[str, Any]:
    """Read everything that the store has, by all ways of asking."""
    store = open_store(path)
    artifacts, executions = store.get_artifacts(), store.get_executions()
    contexts = store.get_contexts()
    by_artifact = store.get_events_by_artifact_ids([node.id for node in artifacts])
    by_execution = store.get_events_by_execution_ids([node.id for node in executions])
    return {
        "artifacts": [_artifact(node) for node in artifacts],
        "executions": [_execution(node) for node in executions],
        "contexts": [_node(node) for node in contexts],
        "events by artifact": sorted(_event(event) for event in by_artifact),
        "events by execution": sorted(_event(event) for event in by_execution),
        "attributed": {
            str(node.id): sorted(a.id for a in store.get_artifacts_by_context(node.id))
            for node in contexts
        },
        "associated": {
            str(node.id): sorted(e.id for e in store.get_executions_by_context(node.id))
            for node in contexts
        },
        "parents": {
            str(node.id): sorted(c.id for c in store.get_parent_contexts_by_context(node.id))
            for node in contexts
        },
        "artifact types": [_type(found) for found in store.get_artifact_types()],
        "execution types": [_type(found) for found in store.get_execution_types()],
        "context types": [_type(found) for found in store.get_context_types()],
    }


def set_fields(path: str) -> list[list[str]]:
    """Say which fields of each artifact are set."""
    artifacts = sorted(open_store(path).get_artifacts(), key=lambda node: node.id)
    return [sorted(field.name for field, _ in node.ListFields()) for node in artifacts]


def _types(store: Any) -> tuple[int, int, int]:
    anything = mlmd.ArtifactType(name="Wheel's", description="all kinds")
    for kind in ("INT", "DOUBLE", "STRING", "STRUCT", "PROTO", "BOOLEAN"):
        anything.properties[kind.lower()] = getattr(mlmd, kind)
    training = mlmd.ExecutionType(name="Training", version="3")
    training.properties["state"] = mlmd.STRING
    experiment = mlmd.ContextType(name="Experiment")
    experiment.properties["note"] = mlmd.STRING
    return (
        store.put_artifact_type(anything),
        store.put_execution_type(training),
        store.put_context_type(experiment, can_add_fields=True, can_omit_fields=True),
    )


def _fill(properties: Any, number: int) -> None:
    properties["int"].int_value = number
    properties["double"].double_value = 2.5
    properties["string"].string_value = "Zürich 東京 🚕"
    properties["struct"].struct_value["a"] = 1
    properties["proto"].proto_value.Pack(struct_pb2.Value(string_value="packed"))
    properties["boolean"].bool_value = True


def write(path: str, number: int = -(2**62)) -> None:
    """Write nodes of all kinds, with all kinds of values, and edges."""
    store = open_store(path)
    artifact_type, execution_type, context_type = _types(store)
    full = mlmd.Artifact(
        type_id=artifact_type,
        uri="/full",
        name="full",
        external_id="wheel-1",
        state=mlmd.Artifact.LIVE,
    )
    _fill(full.properties, number)
    _fill(full.custom_properties, number)
    bare = mlmd.Artifact(type_id=artifact_type)
    run = mlmd.Execution(
        type_id=execution_type, name="run", last_known_state=mlmd.Execution.RUNNING
    )
    run.properties["state"].string_value = "RUNNING"
    parent = mlmd.Context(type_id=context_type, name="wheel's parent")
    parent.properties["note"].string_value = "noted"
    child = mlmd.Context(type_id=context_type, name="wheel's child", external_id="child-1")
    made = mlmd.Event(type=mlmd.Event.DECLARED_OUTPUT, milliseconds_since_epoch=5)
    made.path.steps.add().key = "out"
    made.path.steps.add().index = 3
    made.path.steps.add().key = "deep"
    used = mlmd.Event(type=mlmd.Event.DECLARED_INPUT)
    store.put_execution(run, [(full, made), (bare, used)], [parent, child])
    ids = [node.id for node in store.get_contexts() if node.name.startswith("wheel's")]
    store.put_parent_contexts([mlmd.ParentContext(parent_id=ids[0], child_id=ids[1])])


def write_narrow(path: str) -> None:
    """Write the same where whole numbers have only 32 bits, as in the wheel's own tables."""
    write(path, -(2**31))


def write_among_others(path: str) -> dict[str, int]:
    """Write while others do, into what they share; the wheel's own faults are only counted."""
    store = open_store(path)
    outcomes = {"done": 0, "failed": 0}
    for number in range(40):
        try:
            _write_shared(store, number)
        except errors.StatusError:
            outcomes["failed"] += 1
        else:
            outcomes["done"] += 1
    return outcomes


def _write_shared(store: Any, number: int) -> None:
    kind = mlmd.ArtifactType(name="Model")
    for name, value in (("int", "INT"), ("double", "DOUBLE"), ("string", "STRING")):
        kind.properties[name] = getattr(mlmd, value)
    model = store.put_artifact_type(kind, can_omit_fields=True)
    training = store.put_execution_type(mlmd.ExecutionType(name="Training"), can_omit_fields=True)
    study = store.put_context_type(mlmd.ContextType(name="Study"), can_omit_fields=True)
    store.put_execution(
        mlmd.Execution(type_id=training, name=f"wheel {number}"),
        [
            (
                mlmd.Artifact(type_id=model, external_id=f"shared {number}", uri="/shared"),
                mlmd.Event(type=mlmd.Event.INPUT),
            )
        ],
        [mlmd.Context(type_id=study, name=f"shared {number}")],
        reuse_context_if_already_exist=True,
        reuse_artifact_if_already_exist_by_external_id=True,
    )


def update(path: str) -> None:
    """Change and remove properties of every artifact and execution."""
    store = open_store(path)
    artifacts = store.get_artifacts()
    for node in artifacts:
        node.custom_properties["touched"].int_value = node.id
        for name in [n for n in node.custom_properties if n.startswith("mlmeta_file")]:
            del node.custom_properties[name]
        node.state = mlmd.Artifact.MARKED_FOR_DELETION
    store.put_artifacts(artifacts)
    executions = store.get_executions()
    for node in executions:
        node.last_known_state = mlmd.Execution.CACHED
        node.custom_properties["touched"].string_value = "yes"
    store.put_executions(executions)


def messages(_: str) -> dict[str, Any]:
    """Describe ML Metadata's own messages, and the methods of its service."""
    files = (mlmd.DESCRIPTOR, service_messages.DESCRIPTOR)
    described = [descriptor_pb2.FileDescriptorProto.FromString(f.serialized_pb) for f in files]
    (service,) = described[1].service
    return {
        "files": [base64.b64encode(file.SerializeToString()).decode() for file in described],
        "methods": {m.name: [m.input_type, m.output_type] for m in service.method},
    }


if __name__ == "__main__":
    commands = {
        "create": create,
        "dump": dump,
        "messages": messages,
        "set_fields": set_fields,
        "update": update,
        "write": write,
        "write_among_others": write_among_others,
        "write_narrow": write_narrow,
    }
    print(json.dumps(commands[sys.argv[1]](sys.argv[2])))  # noqa: T201 - its answer
