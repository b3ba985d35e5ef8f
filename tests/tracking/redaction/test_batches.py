from __future__ import annotations

import timeit
from dataclasses import replace

import pytest

from mlmeta_track.domain.batch import (
    ArtifactPut,
    Batch,
    ContextPut,
    EventPut,
    ExecutionPut,
)
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import ExecutionState, StructValue
from mlmeta_track.domain.types import DATASET, EXPERIMENT, RUN, ExecutionType, PropertyType
from mlmeta_track.tracking.redaction.batches import clean_batch, clean_description
from mlmeta_track.tracking.redaction.rules import Rules, parse

RULES = Rules()
SECRET = "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789"

ARTIFACT = ArtifactPut(
    external_id="0190a0b0-0000-7000-8000-000000000001",
    type=DATASET,
    uri="/srv/me/project/data/train.csv",
    fingerprint="sha256:" + "0123456789abcdef" * 4,
    properties={"name": "taxi", "split": "train"},
    custom_properties={"file_bytes": 123},
)
TYPICAL = Batch(
    execution=ExecutionPut(
        external_id="0190a0b0-0000-7000-8000-000000000002",
        type=ExecutionType("Data Validation", {"state": PropertyType.STRING}),
        state=ExecutionState.COMPLETE,
        properties={"state": "COMPLETED"},
        custom_properties={
            "mlmeta_duration_ms": 1.5,
            "mlmeta_parent_execution": "0190a0b0-0000-7000-8000-000000000003",
            "learning_rate": 0.1,
            "epochs": 3,
            "model": "linear",
            "optimizer": "adam",
        },
    ),
    artifacts=(ARTIFACT, replace(ARTIFACT, external_id="2", uri="/srv/me/project/out.csv")),
    contexts=(
        ContextPut(type=RUN, name="train.py 2024-01-01T00:00:00Z abcdef"),
        ContextPut(type=EXPERIMENT, name="Taxi"),
    ),
    events=(
        EventPut(
            artifact=ARTIFACT.external_id,
            type=EventType.INPUT,
            path=("train", 0),
            milliseconds_since_epoch=1,
        ),
    ),
    parents=((("Run", "train.py 2024-01-01T00:00:00Z abcdef"), ("Experiment", "Taxi")),),
)


def test_a_batch_without_secrets_is_the_very_same() -> None:
    assert clean_batch(TYPICAL, RULES) is TYPICAL


def test_a_batch_without_secrets_is_equal_where_it_is_looked_at_closely() -> None:
    assert clean_batch(TYPICAL, parse(["patient_id"])) == TYPICAL


def test_a_look_at_a_typical_batch_is_quick() -> None:
    # It takes about 15 microseconds; a slow or busy machine may take more.
    seconds = min(timeit.repeat(lambda: clean_batch(TYPICAL, RULES), number=200, repeat=20)) / 200
    assert seconds < 200e-6


def test_switched_off_the_batch_is_the_very_same() -> None:
    batch = Batch(artifacts=(replace(ARTIFACT, uri="https://me:pw@h/x"),))
    assert clean_batch(batch, Rules(is_on=False)) is batch


def test_an_artifacts_uri_and_properties_are_cleaned() -> None:
    dirty = replace(
        ARTIFACT,
        uri="https://me:pw@h/x.csv?sig=abc",
        properties={"name": SECRET, "version": 3},
        custom_properties={"api_key": "abc", SECRET: 1, "raw": StructValue(b"x")},
    )
    [cleaned] = clean_batch(Batch(artifacts=(dirty,)), RULES).artifacts
    assert cleaned.uri == "https://***@h/x.csv?***"
    assert cleaned.properties == {"name": "***", "version": 3}
    assert cleaned.custom_properties == {"api_key": "***", "***": 1, "raw": StructValue(b"x")}
    assert cleaned.fingerprint == dirty.fingerprint


def test_the_execution_and_its_type_are_cleaned() -> None:
    assert TYPICAL.execution is not None
    dirty = replace(
        TYPICAL.execution,
        type=ExecutionType(f"load {SECRET}"),
        custom_properties={
            "mlmeta_command_line": "python t.py --password x",
            "mlmeta_traceback": "E: password='x'",
        },
    )
    cleaned = clean_batch(Batch(execution=dirty), RULES).execution
    assert cleaned is not None
    assert cleaned.type.name == "load ***"
    assert cleaned.custom_properties == {
        "mlmeta_command_line": "python t.py --password ***",
        "mlmeta_traceback": "E: password='***'",
    }


def test_a_contexts_name_is_the_same_where_it_is_a_parent() -> None:
    name = f"run {SECRET}"
    dirty = Batch(
        contexts=(ContextPut(type=RUN, name=name), ContextPut(type=EXPERIMENT, name=name)),
        parents=((("Run", name), ("Experiment", name)),),
    )
    cleaned = clean_batch(dirty, RULES)
    assert [context.name for context in cleaned.contexts] == ["run ***", "run ***"]
    assert cleaned.parents == ((cleaned.contexts[0].key, cleaned.contexts[1].key),)


def test_the_paths_of_events_are_cleaned() -> None:
    event = replace(TYPICAL.events[0], path=("config", SECRET, 1))
    [cleaned] = clean_batch(Batch(events=(event,)), RULES).events
    assert cleaned.path == ("config", "***", 1)


@pytest.mark.parametrize("uri", [None, "/data/x.csv", "s3://bucket/x.csv"])
def test_a_description_without_secrets_is_the_very_same(uri: str | None) -> None:
    description = Description(DATASET, uri, properties={"name": "taxi"})
    assert clean_description(description, RULES) is description


def test_a_description_is_cleaned_as_the_batch_will_be() -> None:
    description = Description(DATASET, "https://me:pw@h/x", properties={"name": SECRET})
    cleaned = clean_description(description, RULES)
    assert (cleaned.uri, cleaned.properties) == ("https://***@h/x", {"name": "***"})
