"""Calls that put nodes."""

from __future__ import annotations

from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb
from tests.interop.replies import CHANGED, RAW, REQUEST

from .base import (
    CUSTOM,
    FIRST_TYPE,
    KINDS,
    PROPERTIES,
    Call,
    external_ids,
    flags,
    names,
    odd_ids,
    sent,
    several,
    sometimes,
)
from .values import draw_properties, texts

uris = st.one_of(st.sampled_from(["", "u1", "u2", "u1", "u2"]), texts)
odd_types = st.one_of(st.integers(FIRST_TYPE, FIRST_TYPE + 6), st.sampled_from([1, 5, 0, 99, -1]))
_OUTPUT_ONLY = ["type", "create_time_since_epoch", "last_update_time_since_epoch"]


def _draw_own_fields(draw: st.DrawFn, node: Any) -> None:
    if isinstance(node, pb.Artifact) and sometimes(draw, 2):
        node.uri = draw(uris)
    if isinstance(node, pb.Artifact) and sometimes(draw):
        node.state = draw(st.integers(0, 6))  # type: ignore[assignment]  # any number of the enum
    if isinstance(node, pb.Execution) and sometimes(draw):
        node.last_known_state = draw(st.integers(0, 6))  # type: ignore[assignment]


def _draw_ignored_fields(draw: st.DrawFn, node: Any) -> None:
    """Set what the store itself sets, or does not keep."""
    if sometimes(draw, 12):
        node.type = draw(st.sampled_from(["T", "U", ""]))
    if sometimes(draw, 20):
        node.create_time_since_epoch = 5
    if sometimes(draw, 20):
        node.last_update_time_since_epoch = 7
    if sometimes(draw, 20):
        node.system_metadata.type_url = "t"


@st.composite
def nodes(draw: st.DrawFn, kind: str, *, new: bool = True) -> Any:
    """A node to be put: a new one, or the changes of one that exists."""
    node: Any = KINDS[kind]()
    offset = list(KINDS).index(kind)
    if (new and not sometimes(draw, 20)) or sometimes(draw, 6):
        node.type_id = draw(odd_types) if sometimes(draw, 8) else FIRST_TYPE + offset
    if sometimes(draw, 2) or (kind == "context" and new):
        node.name = draw(st.one_of(*[names] * 5, st.just("")))
    if sometimes(draw, 4):
        node.external_id = draw(external_ids)
    _draw_own_fields(draw, node)
    _draw_ignored_fields(draw, node)
    draw_properties(draw, node)
    return node


@st.composite
def changed(draw: st.DrawFn, kind: str) -> list[Any]:
    """A node as it is stored, with changes."""
    change = draw(nodes(kind, new=False)) if not sometimes(draw, 4) else KINDS[kind]()
    fields = ["properties", "custom_properties", "external_id", "name", "type_id", *_OUTPUT_ONLY]
    own = {"artifact": ["uri", "state"], "execution": ["last_known_state"], "context": []}
    cleared = draw(several(st.sampled_from(fields + own[kind])))
    return [CHANGED, type(change).__name__, draw(odd_ids), sent(change)[2], cleared]


@st.composite
def given_nodes(draw: st.DrawFn, kind: str) -> list[Any]:
    """New nodes and changed ones, in any order."""
    given = [sent(n) for n in draw(several(nodes(kind)))]
    if sometimes(draw, 2):
        at = draw(st.integers(0, len(given)))
        given[at:at] = draw(st.lists(changed(kind), min_size=1, max_size=2))
    if given and sometimes(draw, 12):
        given.append(given[0])  # twice the same
    return given


@st.composite
def put_nodes(draw: st.DrawFn, kind: str) -> Call:
    """New nodes and changed ones, with or without a field mask."""
    named: dict[str, Any] = {}
    if sometimes(draw):
        named["field_mask_paths"] = draw(several(masks(kind), 3))
    return [f"put_{kind}s", [draw(given_nodes(kind))], named]


@st.composite
def put_unless_changed(draw: st.DrawFn) -> Call:
    """Artifacts that are updated only if nobody else did so."""
    mask = draw(several(masks("artifact"), 3)) if sometimes(draw) else []
    request = service_pb.PutArtifactsRequest(
        options=service_pb.PutArtifactsRequest.Options(
            abort_if_latest_updated_time_changed=draw(flags)
        ),
        update_mask=FieldMask(paths=mask) if mask else None,
    )
    _, name, data = sent(request)
    given = [REQUEST, name, data, {"artifacts": draw(given_nodes("artifact"))}]
    return [RAW, ["PutArtifacts", given], {}]


def masks(kind: str) -> SearchStrategy[str]:
    """A path of a field mask."""
    fields = ["name", "external_id", "properties", "custom_properties"]
    own = {"artifact": ["uri", "state"], "execution": ["last_known_state"], "context": []}
    properties = [f"properties.{name}" for name in [*PROPERTIES, "undeclared", "more", "p"]]
    custom = [f"custom_properties.{name}" for name in [*CUSTOM, "i", "gone"]]
    odd = ["nowhere", "id", "type_id", "type", "last_update_time_since_epoch", "system_metadata"]
    odd += ["uri.x", "properties.", ""]
    return st.one_of(
        st.sampled_from(fields + own[kind]),
        st.sampled_from(properties + custom),
        st.sampled_from(odd),
    )
