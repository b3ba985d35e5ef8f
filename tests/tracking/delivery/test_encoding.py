from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlmeta_track.domain.batch import ArtifactPut, Batch, ContextPut, EventPut, ExecutionPut
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import ArtifactState, ExecutionState, ProtoValue, StructValue
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, PropertyType
from mlmeta_track.errors import FailedPreconditionError
from mlmeta_track.tracking.delivery.encoding import decode, encode

texts = st.text(st.characters(exclude_categories=[]), max_size=20)
maybe = st.none() | texts
values = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    texts,
    st.binary(max_size=20).map(StructValue),
    st.binary(max_size=20).map(ProtoValue),
)
properties = st.dictionaries(texts, values, max_size=4)
declared = st.dictionaries(texts, st.sampled_from(PropertyType), max_size=3)
fields = {
    "name": texts,
    "properties": declared,
    "version": maybe,
    "description": maybe,
    "base_type": maybe,
    "external_id": maybe,
    "id": st.none() | st.integers(1, 2**63 - 1),
}
given_properties = {"properties": properties, "custom_properties": properties}
executions = st.builds(
    ExecutionPut,
    external_id=texts,
    type=st.builds(ExecutionType, **fields, input_type=maybe, output_type=maybe),
    state=st.sampled_from(ExecutionState),
    **given_properties,
)
artifacts = st.builds(
    ArtifactPut,
    external_id=texts,
    type=st.builds(ArtifactType, **fields),
    uri=maybe,
    fingerprint=maybe,
    file_fingerprint=maybe,
    state=st.sampled_from(ArtifactState),
    resolve=st.booleans(),
    **given_properties,
)
contexts = st.builds(
    ContextPut, type=st.builds(ContextType, **fields), name=texts, **given_properties
)
events = st.builds(
    EventPut,
    artifact=texts,
    type=st.sampled_from(EventType),
    path=st.lists(texts | st.integers(0, 2**31 - 1), max_size=3).map(tuple),
    milliseconds_since_epoch=st.integers(0, 2**63 - 1),
)
keys = st.tuples(texts, texts)
batches = st.builds(
    Batch,
    execution=st.none() | executions,
    artifacts=st.lists(artifacts, max_size=2).map(tuple),
    contexts=st.lists(contexts, max_size=2).map(tuple),
    events=st.lists(events, max_size=2).map(tuple),
    parents=st.lists(st.tuples(keys, keys), max_size=2).map(tuple),
)


@settings(max_examples=200, deadline=None)
@given(batches, texts)
def test_every_batch_comes_back_exactly(batch: Batch, task: str) -> None:
    line = encode(batch, task)
    assert b"\n" not in line
    decoded, decoded_task = decode(line)
    assert decoded_task == task
    assert repr(decoded) == repr(batch)  # which tells 1 from 1.0 and from True
    assert decoded == batch


def test_numbers_that_json_does_not_know_come_back() -> None:
    put = ContextPut(
        type=ContextType("Run"), name="r", custom_properties={"x": math.nan, "y": -math.inf}
    )
    decoded, _ = decode(encode(Batch(contexts=(put,)), "t"))
    custom = decoded.contexts[0].custom_properties
    assert math.isnan(float(str(custom["x"])))
    assert custom["y"] == -math.inf


def test_a_value_that_is_no_property_is_refused() -> None:
    put = ContextPut(type=ContextType("Run"), name="r", custom_properties={"x": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        encode(Batch(contexts=(put,)), "t")


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"nonsense", b'{"v": 1}', b"\xff"])
def test_what_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of any kind
        decode(line)


def test_a_record_of_a_later_format_is_not_guessed_at() -> None:
    later = {**json.loads(encode(Batch(), "t")), "v": 2}
    with pytest.raises(FailedPreconditionError, match="a newer mlmeta-track"):
        decode(json.dumps(later).encode())
