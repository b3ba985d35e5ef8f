"""A store in which one artifact was used, and one execution made, more than any page can show."""

from __future__ import annotations

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.types import ArtifactType, ExecutionType
from mlmeta_track.domain.writes import ArtifactWrite, EventWrite, ExecutionWrite, UpdateOptions
from mlmeta_track.store.base import Store

CROWD = 1_500


def crowd(store: Store) -> tuple[int, int]:
    """Write the store; return the ids of the artifact and of the execution."""
    [data, model] = store.put_types(
        [ArtifactType("DataSet"), ArtifactType("Model")],
        can_add_fields=False,
        can_omit_fields=False,
    )
    [train] = store.put_types([ExecutionType("Train")], can_add_fields=False, can_omit_fields=False)
    options = UpdateOptions()
    [hub] = store.put_nodes(Artifact, [ArtifactWrite(type_id=data, uri="/hub.csv")], options)
    users = store.put_nodes(Execution, [ExecutionWrite(type_id=train)] * CROWD, options)
    [maker] = store.put_nodes(Execution, [ExecutionWrite(type_id=train)], options)
    models = store.put_nodes(Artifact, [ArtifactWrite(type_id=model)] * CROWD, options)
    events = [(hub, maker, EventType.OUTPUT)]
    events += [(hub, user, EventType.INPUT) for user in users]
    events += [(one, maker, EventType.OUTPUT) for one in models]
    store.put_events(
        [EventWrite(artifact_id=a, execution_id=e, type=kind) for a, e, kind in events]
    )
    return hub, maker
