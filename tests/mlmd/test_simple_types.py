"""The types that every store has."""

from __future__ import annotations

import pytest

from mlmeta_track.mlmd import errors, proto
from mlmeta_track.mlmd.metadata_store import mlmd_types

NAMES = {
    "Dataset": proto.ArtifactType.DATASET,
    "Model": proto.ArtifactType.MODEL,
    "Metrics": proto.ArtifactType.METRICS,
    "Statistics": proto.ArtifactType.STATISTICS,
    "Train": proto.ExecutionType.TRAIN,
    "Transform": proto.ExecutionType.TRANSFORM,
    "Process": proto.ExecutionType.PROCESS,
    "Evaluate": proto.ExecutionType.EVALUATE,
    "Deploy": proto.ExecutionType.DEPLOY,
}


@pytest.mark.parametrize("name", NAMES)
def test_a_simple_type_knows_its_name_and_number(name: str) -> None:
    simple = getattr(mlmd_types, name)()

    assert (simple.name, simple.system_type) == (f"mlmd.{name}", NAMES[name])


@pytest.mark.parametrize("kind", [mlmd_types.ArtifactType, mlmd_types.ExecutionType])
def test_unset_is_no_simple_type(kind: type[mlmd_types.ArtifactType]) -> None:
    with pytest.raises(errors.NotFoundError, match="unset"):
        kind(proto.ArtifactType.UNSET)
