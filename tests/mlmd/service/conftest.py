"""A service over a store in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.store.connect import open_store
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls

TYPES = calls.PutTypesRequest(
    artifact_types=[
        pb.ArtifactType(
            name="AT", external_id="at", base_type=pb.ArtifactType.DATASET, properties={"i": pb.INT}
        )
    ],
    execution_types=[
        pb.ExecutionType(
            name="ET",
            external_id="et",
            input_type=pb.ArtifactStructType(any=pb.AnyArtifactStructType()),
        )
    ],
    context_types=[pb.ContextType(name="CT", external_id="ct")],
)
ARTIFACTS = calls.PutArtifactsRequest(
    artifacts=[
        pb.Artifact(type_id=10, name="a1", uri="u1", external_id="x1", state=pb.Artifact.LIVE),
        pb.Artifact(type_id=10, name="a2", uri="u2", properties={"i": pb.Value(int_value=7)}),
        pb.Artifact(type_id=10, uri="u1"),
    ]
)
EXECUTIONS = calls.PutExecutionsRequest(
    executions=[
        pb.Execution(type_id=11, name="e1", external_id="y1"),
        pb.Execution(type_id=11, last_known_state=pb.Execution.RUNNING),
    ]
)
CONTEXTS = calls.PutContextsRequest(
    contexts=[
        pb.Context(type_id=12, name="c1", external_id="z1"),
        pb.Context(type_id=12, name="c2"),
    ]
)
EVENTS = calls.PutEventsRequest(
    events=[
        pb.Event(
            artifact_id=1,
            execution_id=1,
            type=pb.Event.INPUT,
            path=pb.Event.Path(steps=[pb.Event.Path.Step(key="k"), pb.Event.Path.Step(index=0)]),
            milliseconds_since_epoch=5,
        ),
        pb.Event(artifact_id=2, execution_id=1, type=pb.Event.OUTPUT),
        pb.Event(artifact_id=2, execution_id=2, type=pb.Event.INPUT),
    ]
)
LINKS = calls.PutAttributionsAndAssociationsRequest(
    attributions=[
        pb.Attribution(artifact_id=1, context_id=1),
        pb.Attribution(artifact_id=1, context_id=2),
    ],
    associations=[pb.Association(execution_id=1, context_id=1)],
)
PARENTS = calls.PutParentContextsRequest(
    parent_contexts=[pb.ParentContext(child_id=2, parent_id=1)]
)


@pytest.fixture
def service() -> Iterator[MetadataService]:
    """A service over an empty store; its first own type gets the id 10."""
    store = open_store("sqlite://")
    yield MetadataService(store)
    store.close()


@pytest.fixture
def filled(service: MetadataService) -> MetadataService:
    """The service with the types AT (10), ET (11), CT (12) and some nodes and links.

    Artifacts a1, a2 and an unnamed one; executions e1 and e2; contexts c1 and c2.  e1 reads a1 and
    writes a2, which e2 reads; a1 and e1 are in c1, a1 in c2 as well; c2 is a child of c1.
    """
    service.PutTypes(TYPES)
    service.PutArtifacts(ARTIFACTS)
    service.PutExecutions(EXECUTIONS)
    service.PutContexts(CONTEXTS)
    service.PutEvents(EVENTS)
    service.PutAttributionsAndAssociations(LINKS)
    service.PutParentContexts(PARENTS)
    return service
