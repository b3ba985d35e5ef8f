"""Whatever the batches are: twice is once, order does not matter, and a model agrees."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.domain.batch import (
    ArtifactPut,
    Batch,
    ContextPut,
    EventPut,
    ExecutionPut,
)
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import (
    Artifact,
    Execution,
    ExecutionState,
    Properties,
    PropertyValue,
    ProtoValue,
    StructValue,
)
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    ANYTHING,
    DATASET,
    EXPERIMENT,
    RUN,
    SCHEMA,
    VALIDATION,
    made,
)
from mlmeta_track.testing.store_cases.executions import contents

often = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
values: st.SearchStrategy[PropertyValue] = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: str(x) != "-0.0"),
    st.booleans(),
    texts.filter(lambda text: not text.startswith("mlmd-struct::")),
    st.binary(max_size=50).map(StructValue),
    st.binary(max_size=50).map(ProtoValue),
)
customs: st.SearchStrategy[Properties] = st.dictionaries(texts, values, max_size=4)
# Few names, so that batches meet.
few = st.sampled_from(["a", "b", "c", "d"])
steps = st.tuples() | st.tuples(few) | st.tuples(few, st.integers(0, 3))


@st.composite
def artifacts(draw: st.DrawFn, maker: str, content: str) -> ArtifactPut:
    kind, letter = draw(st.sampled_from([(DATASET, "d"), (SCHEMA, "s")]))
    resolve = draw(st.booleans())
    return ArtifactPut(
        # What is made has a key of its own, as a UUID is; what is used may meet.
        external_id=letter + (draw(few) if resolve else f"!{maker}") + content,
        type=kind,
        uri=draw(st.sampled_from([None, f"/{content}"])),
        fingerprint=draw(st.sampled_from([None, content])),
        file_fingerprint=draw(st.sampled_from([None, f"file {content}"])),
        properties=draw(st.fixed_dictionaries({}, optional={"name": few})),
        custom_properties=draw(st.dictionaries(few, values, max_size=2)),
        resolve=resolve,
    )


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    maker = draw(few)
    # One step does not use two things that look alike; two steps do.
    put = [
        draw(artifacts(maker, content)) for content in draw(st.lists(few, max_size=4, unique=True))
    ]
    contexts = [
        ContextPut(
            type=draw(st.sampled_from([EXPERIMENT, RUN])), name=name, custom_properties={"x": name}
        )
        for name in draw(st.lists(few, max_size=2, unique=True))
    ]
    execution = ExecutionPut(
        external_id=maker,
        type=VALIDATION,
        state=draw(st.sampled_from([ExecutionState.RUNNING, ExecutionState.COMPLETE])),
        custom_properties=draw(customs),
    )
    kinds = [EventType.INPUT, EventType.OUTPUT]
    events = [
        EventPut(
            artifact=artifact.external_id,
            type=draw(st.sampled_from(kinds)) if artifact.resolve else EventType.OUTPUT,
            path=(artifact.external_id, *draw(steps)),
            milliseconds_since_epoch=1,
        )
        for artifact in put
    ]
    parents = [(contexts[0].key, contexts[1].key)] if len(contexts) > 1 else []
    return Batch(
        execution=execution,
        artifacts=tuple(put),
        contexts=tuple(contexts),
        events=tuple(events),
        parents=tuple(parents),
    )


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@often
@given(st.lists(batches(), min_size=1, max_size=6))
def test_a_batch_put_twice_in_a_row_is_put_once(store: Store, puts: list[Batch]) -> None:
    store.close()
    for batch in puts:
        first = store.put(batch)
        before = contents(store)
        assert store.put(batch) == first
        assert contents(store) == before


@often
@given(st.lists(batches(), min_size=1, max_size=6))
def test_identities_stay_unique_whatever_is_put(store: Store, puts: list[Batch]) -> None:
    store.close()
    for batch in puts:
        result = store.put(batch)
        assert set(result.artifacts) == {put.external_id for put in batch.artifacts}
        ids = [stored.id for stored in result.artifacts.values()]
        found = {node.id: node for node in store.get_by_id(Artifact, ids)}
        for put in batch.artifacts:
            node = found[result.artifacts[put.external_id].id]
            assert node.type == put.type.name
            if put.resolve:
                assert put.properties.items() <= node.properties.items()
                assert put.custom_properties.keys() <= node.custom_properties.keys()
            else:
                assert node.external_id == put.external_id
    for nodes in (store.list_nodes(Artifact), store.list_nodes(Execution)):
        keys = [node.external_id for node in nodes]
        assert len(keys) == len(set(keys))
    events = store.get_events_by_execution_ids([e.id for e in store.list_nodes(Execution)])
    edges = [(e.artifact_id, e.execution_id, e.type) for e in events]
    assert len(edges) == len(set(edges))


@often
@given(st.lists(batches(), max_size=4))
def test_the_order_of_made_artifacts_does_not_matter(store: Store, puts: list[Batch]) -> None:
    # Each external id once: the first put of one counts.
    seen: dict[str, ArtifactPut] = {}
    for put in (put for batch in puts for put in batch.artifacts):
        if not put.resolve:
            seen.setdefault(put.external_id, put)

    def written(puts: list[ArtifactPut]) -> list[tuple[object, ...]]:
        store.close()
        for put in puts:
            store.put(Batch(artifacts=(put,)))
        return sorted(
            (a.external_id, a.uri, repr(a.properties), repr(sorted(a.custom_properties.items())))
            for a in store.list_nodes(Artifact)
        )

    assert written(list(seen.values())) == written(list(reversed(seen.values())))


@often
@given(customs)
def test_values_come_back_as_they_went_in(store: Store, properties: Properties) -> None:
    store.close()
    store.put(Batch(artifacts=(made("a", ANYTHING, custom_properties=properties),)))
    [artifact] = store.list_nodes(Artifact)
    assert artifact.custom_properties == properties
    types = {name: type(value) for name, value in artifact.custom_properties.items()}
    assert types == {name: type(value) for name, value in properties.items()}
