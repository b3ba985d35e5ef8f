"""The walkthrough of ML Metadata as ML Metadata's users write it, call by call.

Nothing but the import lines tells it from a script for ``ml_metadata``.  Run it as
``python examples/walkthrough_by_hand.py [CSV] [FOLDER]``: it records into ``FOLDER/metadata.db``
and then looks up, from the schema, the data that made it.
"""

import sys
from pathlib import Path

import tensorflow_data_validation as tfdv

from mlmeta_track.mlmd.metadata_store import metadata_store
from mlmeta_track.mlmd.proto import metadata_store_pb2


def main(csv: str = "build/data/taxi/data.csv", folder: str = "build/demo") -> None:
    """Infer the schema of a CSV file, record it in the folder's ``metadata.db``, and look it up."""
    schema_path = Path(folder, "by_hand", "schema.pbtxt")
    schema_path.parent.mkdir(parents=True, exist_ok=True)

    store = open_store(f"{folder}/metadata.db")
    types = register_types(store)
    data_id = put_data(store, types["DataSet"], csv)
    validation = begin_validation(store, types["Data Validation"], data_id)

    statistics = tfdv.generate_statistics_from_csv(csv)
    schema = tfdv.infer_schema(statistics)
    tfdv.write_schema_text(schema, str(schema_path))

    schema_id = end_validation(store, validation, types["Schema"], schema_path)
    join_experiment(store, schema_id, validation.id)
    for data in look_up_data(store, schema_id):
        print(f"{schema_path} was made from {data.uri}")


def open_store(path: str) -> metadata_store.MetadataStore:
    """1. Define the store."""
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = path
    config.sqlite.connection_mode = (
        metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    )
    return metadata_store.MetadataStore(config)


def register_types(store: metadata_store.MetadataStore) -> dict[str, int]:
    """2. and 3. Register the types of the artifacts and of the execution; return their ids."""
    data_set = metadata_store_pb2.ArtifactType(name="DataSet")
    data_set.properties["name"] = metadata_store_pb2.STRING
    data_set.properties["split"] = metadata_store_pb2.STRING
    data_set.properties["version"] = metadata_store_pb2.INT

    schema = metadata_store_pb2.ArtifactType(name="Schema")
    schema.properties["name"] = metadata_store_pb2.STRING
    schema.properties["version"] = metadata_store_pb2.INT

    validation = metadata_store_pb2.ExecutionType(name="Data Validation")
    validation.properties["state"] = metadata_store_pb2.STRING

    return {
        data_set.name: store.put_artifact_type(data_set),
        schema.name: store.put_artifact_type(schema),
        validation.name: store.put_execution_type(validation),
    }


def put_data(store: metadata_store.MetadataStore, type_id: int, csv: str) -> int:
    """4. Put the data that goes in; return its id."""
    data = metadata_store_pb2.Artifact(type_id=type_id, uri=str(Path(csv).resolve()))
    data.properties["name"].string_value = "Chicago Taxi dataset"
    data.properties["split"].string_value = "train"
    data.properties["version"].int_value = 1
    [data_id] = store.put_artifacts([data])
    return data_id


def begin_validation(
    store: metadata_store.MetadataStore, type_id: int, data_id: int
) -> metadata_store_pb2.Execution:
    """5. and 6. Put the execution as running, and the event that it takes the data."""
    validation = metadata_store_pb2.Execution(type_id=type_id)
    validation.properties["state"].string_value = "RUNNING"
    validation.last_known_state = metadata_store_pb2.Execution.RUNNING
    [validation.id] = store.put_executions([validation])

    took = metadata_store_pb2.Event(artifact_id=data_id, execution_id=validation.id)
    took.type = metadata_store_pb2.Event.DECLARED_INPUT
    store.put_events([took])
    return validation


def end_validation(
    store: metadata_store.MetadataStore,
    validation: metadata_store_pb2.Execution,
    type_id: int,
    schema_path: Path,
) -> int:
    """8. to 10. Put the schema and the event that made it, and the execution as completed."""
    schema = metadata_store_pb2.Artifact(type_id=type_id, uri=str(schema_path.resolve()))
    schema.properties["name"].string_value = "Chicago Taxi Schema"
    schema.properties["version"].int_value = 1
    [schema_id] = store.put_artifacts([schema])

    made = metadata_store_pb2.Event(artifact_id=schema_id, execution_id=validation.id)
    made.type = metadata_store_pb2.Event.DECLARED_OUTPUT
    store.put_events([made])

    validation.properties["state"].string_value = "COMPLETED"
    validation.last_known_state = metadata_store_pb2.Execution.COMPLETE
    store.put_executions([validation])
    return schema_id


def join_experiment(
    store: metadata_store.MetadataStore, schema_id: int, validation_id: int
) -> None:
    """11. and 12. Put the experiment, and schema and execution into it."""
    experiment_type = metadata_store_pb2.ContextType(name="Experiment")
    experiment_type.properties["note"] = metadata_store_pb2.STRING
    experiment_type_id = store.put_context_type(experiment_type)

    # An experiment goes on from run to run; a second one of that name would be refused.
    experiment = store.get_context_by_type_and_name("Experiment", "Demo")
    if experiment is None:
        experiment = metadata_store_pb2.Context(type_id=experiment_type_id, name="Demo")
        experiment.properties["note"].string_value = "Walkthrough of metadata"
        [experiment.id] = store.put_contexts([experiment])

    store.put_attributions_and_associations(
        [metadata_store_pb2.Attribution(artifact_id=schema_id, context_id=experiment.id)],
        [metadata_store_pb2.Association(execution_id=validation_id, context_id=experiment.id)],
    )


def look_up_data(
    store: metadata_store.MetadataStore, schema_id: int
) -> list[metadata_store_pb2.Artifact]:
    """Go from the schema to the execution that made it, and on to the data that it took."""
    makers = [
        event.execution_id
        for event in store.get_events_by_artifact_ids([schema_id])
        if event.type == metadata_store_pb2.Event.DECLARED_OUTPUT
    ]
    sources = [
        event.artifact_id
        for event in store.get_events_by_execution_ids(makers)
        if event.type == metadata_store_pb2.Event.DECLARED_INPUT
    ]
    return store.get_artifacts_by_id(sources)


if __name__ == "__main__":
    main(*sys.argv[1:])
