"""Reads the demo's store, or writes to it, with the real ml_metadata: run in its own environment.

``python ask_ml_metadata.py read|write DATABASE`` prints what it found, or what it wrote, as JSON.
"""

import json
import sys
from typing import Any

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb


def connect(path: str) -> Any:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = path
    config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE
    return metadata_store.MetadataStore(config)


def by_id(nodes: Any) -> Any:
    return sorted(nodes, key=lambda node: node.id)


def plain(properties: Any) -> dict[str, Any]:
    return {name: getattr(value, value.WhichOneof("value")) for name, value in properties.items()}


def type_properties(types: Any) -> dict[str, dict[str, str]]:
    return {
        t.name: {name: pb.PropertyType.Name(kind) for name, kind in t.properties.items()}
        for t in types
    }


def execution_facts(store: Any, execution: Any) -> dict[str, Any]:
    """An execution, with its events as kind, path and artifact."""
    events = []
    for event in store.get_events_by_execution_ids([execution.id]):
        (artifact,) = store.get_artifacts_by_id([event.artifact_id])
        path = [step.key if step.HasField("key") else step.index for step in event.path.steps]
        events.append([pb.Event.Type.Name(event.type), path, artifact.type, artifact.uri])
    return {
        "type": execution.type,
        "last_known_state": pb.Execution.State.Name(execution.last_known_state),
        "properties": plain(execution.properties),
        "events": events,
    }


def chain(store: Any, artifact: Any) -> list[list[str]]:
    """The types and URIs on the way from an artifact up to its source, as the walkthrough walks."""
    outputs, inputs = (1, 4), (2, 3)  # declared and found
    path = [[artifact.type, artifact.uri]]
    events = store.get_events_by_artifact_ids([artifact.id])
    for made in [event for event in events if event.type in outputs]:
        (execution,) = store.get_executions_by_id([made.execution_id])
        path.append([execution.type, ""])
        for used in store.get_events_by_execution_ids([execution.id]):
            if used.type in inputs:
                (source,) = store.get_artifacts_by_id([used.artifact_id])
                path.extend(chain(store, source))
    return path


def read(store: Any) -> dict[str, Any]:
    demo = store.get_context_by_type_and_name("Experiment", "Demo")
    return {
        "types": {
            **type_properties(store.get_artifact_types()),
            **type_properties(store.get_execution_types()),
            **type_properties(store.get_context_types()),
        },
        "demo": plain(demo.properties),
        "children_of_demo": [
            context.type for context in store.get_children_contexts_by_context(demo.id)
        ],
        "executions_of_demo": [
            execution_facts(store, execution)
            for execution in by_id(store.get_executions_by_context(demo.id))
        ],
        "artifacts_of_demo": [
            [artifact.type, artifact.uri] for artifact in store.get_artifacts_by_context(demo.id)
        ],
        "data_sets": [plain(a.properties) for a in store.get_artifacts_by_type("DataSet")],
        "schemas": [plain(a.properties) for a in by_id(store.get_artifacts_by_type("Schema"))],
        "chains": [chain(store, schema) for schema in by_id(store.get_artifacts_by_type("Schema"))],
    }


def write(store: Any) -> dict[str, int]:
    """Validate the evaluation data, as the walkthrough would go on."""
    demo = store.get_context_by_type_and_name("Experiment", "Demo")
    data = pb.Artifact(type_id=store.get_artifact_type("DataSet").id, uri="file:///eval.csv")
    data.properties["split"].string_value = "eval"
    data.properties["version"].int_value = 2
    execution = pb.Execution(type_id=store.get_execution_type("Data Validation").id)
    execution.properties["state"].string_value = "COMPLETED"
    execution.last_known_state = pb.Execution.COMPLETE
    used = pb.Event(type=pb.Event.DECLARED_INPUT)
    used.path.steps.add().key = "eval"
    execution_id, (data_id,), _ = store.put_execution(execution, [(data, used)], [demo])
    return {"execution_id": execution_id, "data_id": data_id, "context_id": demo.id}


if __name__ == "__main__":
    job, database = sys.argv[1:]
    jobs = {"read": read, "write": write}
    json.dump(jobs[job](connect(database)), sys.stdout)
