from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.domain.nodes import Artifact, ProtoValue, StructValue
from mlmeta_track.domain.selection import Selection
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.exporters.document import read_document, write


def text(selection: Selection) -> str:
    return "".join(write(selection))


def test_what_is_written_is_read_back(selection: Selection) -> None:
    without_ids = tuple(replace(event, id=None) for event in selection.events)
    assert read_document(text(selection)) == replace(selection, events=without_ids)


@given(
    st.dictionaries(
        st.text(min_size=1),
        st.text()
        | st.integers(-(2**63), 2**63 - 1)
        | st.floats(allow_nan=False)
        | st.booleans()
        | st.binary().map(StructValue)
        | st.binary().map(ProtoValue),
    )
)
def test_every_property_is_read_back_as_it_was(properties: dict[str, Any]) -> None:
    selection = Selection(
        artifact_types=(ArtifactType("T", id=3),),
        artifacts=(Artifact(id=1, type="T", type_id=3, custom_properties=properties),),
    )
    [artifact] = read_document(text(selection)).artifacts
    assert artifact.custom_properties == properties
    assert [type(v) for v in artifact.custom_properties.values()] == [
        type(properties[name]) for name in artifact.custom_properties
    ]


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        ("", "no JSON document"),
        ("[" * 100_000, "no JSON document"),
        ("[]", 'no "format"'),
        ('{"format": "mlmeta_track", "version": 2}', "version 2"),
        ('{"format": "mlmeta_track", "version": 1, "events": 3}', "events is no list"),
        (
            '{"format": "mlmeta_track", "version": 1, "artifacts": [{"id": 1}]}',
            r"artifacts\[0\] cannot be read: KeyError: 'type'",
        ),
        ('{"format": "mlmeta_track", "version": 1, "attributions": [[1]]}', r"attributions\[0\]"),
        ('{"format": "mlmeta_track", "version": 1, "attributions": [[1, 2]]}', "the artifact 1"),
    ],
)
def test_what_is_no_document_is_refused_with_the_place(damaged: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match=says):
        read_document(damaged)


def test_any_missing_part_is_refused_or_left_out(selection: Selection) -> None:
    plain = json.loads(text(selection))
    for name in list(plain):
        rest = {key: value for key, value in plain.items() if key != name}
        try:
            assert isinstance(read_document(json.dumps(rest)), Selection)
        except InvalidArgumentError as error:
            assert str(error)  # noqa: PT017 - either is right
