"""One step, recorded by ml_metadata: the walkthrough's calls, or two ``put_execution`` calls.

The walkthrough makes twelve calls that write:

1.  ``put_artifact_type(DataSet)``
2.  ``put_artifact_type(Schema)``
3.  ``put_execution_type(Data Validation)``
4.  ``put_artifacts([the data set])``
5.  ``put_executions([RUNNING])``
6.  ``put_events([DECLARED_INPUT])``
7.  ``put_artifacts([the schema])``
8.  ``put_events([DECLARED_OUTPUT])``
9.  ``put_executions([COMPLETED])``
10. ``put_context_type(Experiment)``
11. ``put_contexts([Demo])``
12. ``put_attributions_and_associations([schema in Demo], [execution in Demo])``

``twelve`` makes them all for every step, as a script does that is run once for each; types and
context are there from the first time on.  ``seven`` makes only 4 to 9 and 12, as a program does
that records many steps.  ``two`` says the same with ``put_execution`` at the start and at the end.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

from answering import answer
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb

FILE = "metadata.db"


class Mlmd:
    """Steps recorded with the defaults of ml_metadata."""

    def __init__(self, variant: str, place: str) -> None:
        """Open a new store.

        Args:
            variant: ``twelve``, ``seven`` or ``two``.
            place: ``file`` or ``memory``.
        """
        self._store = metadata_store.MetadataStore(_config(place))
        self._context = pb.Context(name="Demo")
        self._put_types()
        self._put_context()
        self.do = {"twelve": self._twelve, "seven": self._seven, "two": self._two}[variant]

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        artifacts, executions = self._store.get_artifacts(), self._store.get_executions()
        in_context = self._context.id
        return {
            "Artifact": len(artifacts),
            "ArtifactProperty": _properties(artifacts),
            "Execution": len(executions),
            "ExecutionProperty": _properties(executions),
            "Event": len(self._store.get_events_by_execution_ids([e.id for e in executions])),
            "Association": len(self._store.get_executions_by_context(in_context)),
            "Attribution": len(self._store.get_artifacts_by_context(in_context)),
        }

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"ml_metadata": version("ml-metadata")}

    def _twelve(self, number: int) -> None:
        self._put_types()
        self._seven(number, put_context=True)

    def _seven(self, number: int, *, put_context: bool = False) -> None:
        data_set = self._data_set(number)
        (data_set.id,) = self._store.put_artifacts([data_set])
        execution = self._execution()
        (execution.id,) = self._store.put_executions([execution])
        self._store.put_events([_event(pb.Event.DECLARED_INPUT, data_set, execution)])
        schema = self._schema(number)
        (schema.id,) = self._store.put_artifacts([schema])
        self._store.put_events([_event(pb.Event.DECLARED_OUTPUT, schema, execution)])
        _complete(execution)
        self._store.put_executions([execution])
        if put_context:
            self._put_context()
        self._store.put_attributions_and_associations(
            [pb.Attribution(artifact_id=schema.id, context_id=self._context.id)],
            [pb.Association(execution_id=execution.id, context_id=self._context.id)],
        )

    def _two(self, number: int) -> None:
        execution = self._execution()
        used = (self._data_set(number), pb.Event(type=pb.Event.DECLARED_INPUT))
        execution.id, _, _ = self._store.put_execution(execution, [used], [self._context])
        _complete(execution)
        made = (self._schema(number), pb.Event(type=pb.Event.DECLARED_OUTPUT))
        self._store.put_execution(execution, [made], [self._context])

    def _put_types(self) -> None:
        """Make calls 1 to 3."""
        data_set = pb.ArtifactType(name="DataSet")
        data_set.properties["name"] = pb.STRING
        data_set.properties["split"] = pb.STRING
        data_set.properties["version"] = pb.INT
        self._data_set_type = self._store.put_artifact_type(data_set)
        schema = pb.ArtifactType(name="Schema")
        schema.properties["name"] = pb.STRING
        schema.properties["version"] = pb.INT
        self._schema_type = self._store.put_artifact_type(schema)
        validation = pb.ExecutionType(name="Data Validation")
        validation.properties["state"] = pb.STRING
        self._validation_type = self._store.put_execution_type(validation)

    def _put_context(self) -> None:
        """Make calls 10 and 11."""
        experiment = pb.ContextType(name="Experiment")
        experiment.properties["note"] = pb.STRING
        self._context.type_id = self._store.put_context_type(experiment)
        self._context.properties["note"].string_value = "Walkthrough of metadata"
        (self._context.id,) = self._store.put_contexts([self._context])

    def _data_set(self, number: int) -> pb.Artifact:
        data_set = pb.Artifact(type_id=self._data_set_type, uri=f"s3://bucket/data-{number}.csv")
        data_set.properties["name"].string_value = "Chicago Taxi dataset"
        data_set.properties["split"].string_value = "train"
        data_set.properties["version"].int_value = 1
        return data_set

    def _schema(self, number: int) -> pb.Artifact:
        schema = pb.Artifact(type_id=self._schema_type, uri=f"s3://bucket/schema-{number}.pbtxt")
        schema.properties["name"].string_value = "Chicago Taxi Schema"
        schema.properties["version"].int_value = 1
        return schema

    def _execution(self) -> pb.Execution:
        execution = pb.Execution(
            type_id=self._validation_type, last_known_state=pb.Execution.RUNNING
        )
        execution.properties["state"].string_value = "RUNNING"
        return execution


def _config(place: str) -> Any:
    config = pb.ConnectionConfig()
    if place == "memory":
        config.fake_database.SetInParent()
    else:
        config.sqlite.filename_uri = FILE
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return config


def _event(event_type: int, artifact: pb.Artifact, execution: pb.Execution) -> pb.Event:
    return pb.Event(type=event_type, artifact_id=artifact.id, execution_id=execution.id)


def _complete(execution: pb.Execution) -> None:
    execution.properties["state"].string_value = "COMPLETED"
    execution.last_known_state = pb.Execution.COMPLETE


def _properties(nodes: Any) -> int:
    return sum(len(node.properties) + len(node.custom_properties) for node in nodes)


if __name__ == "__main__":
    answer(Mlmd(*sys.argv[1:]))
