"""Writes a store with the real ml_metadata: data, an execution, a schema, an experiment."""

from __future__ import annotations

import sys

from ml_metadata import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb


def main(path: str) -> None:
    """Write the store into a SQLite file."""
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = path
    config.sqlite.connection_mode = 3  # READWRITE_OPENCREATE
    store = metadata_store.MetadataStore(config)
    data_type = store.put_artifact_type(pb.ArtifactType(name="DataSet"))
    schema_type = store.put_artifact_type(pb.ArtifactType(name="Schema"))
    step_type = store.put_execution_type(pb.ExecutionType(name="Data Validation"))
    group_type = store.put_context_type(pb.ContextType(name="pipeline"))
    execution, artifacts, contexts = store.put_execution(
        pb.Execution(type_id=step_type, last_known_state=pb.Execution.COMPLETE),
        [
            (pb.Artifact(type_id=data_type, uri="/data.csv"), pb.Event(type=pb.Event.INPUT)),
            (pb.Artifact(type_id=schema_type, uri="/s.pbtxt"), pb.Event(type=pb.Event.OUTPUT)),
        ],
        [pb.Context(type_id=group_type, name="taxi")],
    )
    assert execution
    assert len(artifacts) == 2
    assert contexts


if __name__ == "__main__":
    main(sys.argv[1])
