"""The model's values: numbers as on disk, and what follows from them."""

from __future__ import annotations

import dataclasses

import pytest

from mlmeta_track.domain.batch import ContextPut
from mlmeta_track.domain.nodes import (
    FINGERPRINT,
    STATE_WORDS,
    Artifact,
    ArtifactState,
    ExecutionState,
)
from mlmeta_track.domain.types import DATASET, EXPERIMENT, SIMPLE_TYPES, PropertyType, TypeKind


def test_numbers_are_those_on_disk() -> None:
    assert [kind.name for kind in sorted(TypeKind)] == ["EXECUTION", "ARTIFACT", "CONTEXT"]
    assert PropertyType(6) is PropertyType.BOOLEAN
    assert ArtifactState(6) is ArtifactState.REFERENCE
    assert ExecutionState(6) is ExecutionState.CANCELED


def test_every_state_but_unknown_has_a_word() -> None:
    assert set(STATE_WORDS) == set(ExecutionState) - {ExecutionState.UNKNOWN}
    assert STATE_WORDS[ExecutionState.COMPLETE] == "COMPLETED"


def test_a_fingerprint_is_a_custom_property() -> None:
    node = Artifact(id=1, type="T", type_id=1, custom_properties={FINGERPRINT: "f"})
    assert node.fingerprint == "f"
    assert Artifact(id=1, type="T", type_id=1).fingerprint is None
    odd = dataclasses.replace(node, custom_properties={FINGERPRINT: 1})
    assert odd.fingerprint is None


def test_values_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        DATASET.name = "Other"  # type: ignore[misc]


def test_a_contexts_key_is_its_type_and_name() -> None:
    assert ContextPut(type=EXPERIMENT, name="Demo").key == ("Experiment", "Demo")


def test_the_simple_types_are_nine() -> None:
    assert len({declared.name for declared in SIMPLE_TYPES}) == 9
    assert {declared.kind for declared in SIMPLE_TYPES} == {TypeKind.ARTIFACT, TypeKind.EXECUTION}
