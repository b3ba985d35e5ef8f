"""What type checkers are to see of code that was written for ML Metadata."""

from __future__ import annotations

from typing_extensions import assert_type

import mlmeta_track.mlmd as mlmd  # noqa: PLR0402 - as users of ml_metadata write it
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.metadata_store import metadata_store, mlmd_types
from mlmeta_track.mlmd.proto import metadata_store_pb2


def work(config: mlmd.proto.ConnectionConfig) -> None:
    store = mlmd.MetadataStore(config, enable_upgrade_migration=True)
    assert_type(store, metadata_store.MetadataStore)
    declared = metadata_store_pb2.ArtifactType(
        name="T", properties={"p": metadata_store_pb2.INT}, base_type=mlmd_types.Model().system_type
    )
    type_id = store.put_artifact_type(declared, can_add_fields=True)
    assert_type(type_id, int)

    artifact = mlmd.proto.Artifact(type_id=type_id, uri="u", state=mlmd.proto.Artifact.LIVE)
    artifact.properties["p"].int_value = 1
    event = mlmd.proto.Event(type=mlmd.proto.Event.OUTPUT)
    ids = store.put_execution(mlmd.proto.Execution(), [(artifact, event), (artifact,)], None)
    assert_type(ids, tuple[int, list[int], list[int]])

    options = mlmd.ListOptions(limit=3, order_by=mlmd.OrderByField.ID, filter_query="id = 1")
    assert_type(store.get_artifacts(options), list[metadata_store_pb2.Artifact])
    found = store.get_context_by_type_and_name("T", "c")
    assert_type(found, "metadata_store_pb2.Context | None")
    try:
        store.get_lineage_subgraph(metadata_store_pb2.LineageSubgraphQueryOptions())
    except errors.NotFoundError as error:
        assert_type(error.error_code, int)
        mlmd.downgrade_schema(config, 9)
