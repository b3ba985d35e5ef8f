"""Calls that put types."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb
from tests.interop.replies import RAW

from .base import PROPERTIES, TYPES, Call, external_ids, flags, sent, several, sometimes, versions

type_names = st.sampled_from(
    ["T", "T", "T", "U", "U", "mlmd.Dataset", "mlmd.Model", "mlmd.Train", "é's", ""]
)


def _struct_type(draw: st.DrawFn) -> pb.ArtifactStructType:
    text = draw(st.sampled_from(["", "{}", "simple", "dict", "union"]))
    found = pb.ArtifactStructType()
    if text == "{}":
        found.any.SetInParent()
    elif text == "simple":
        found.simple.name = "A"
    elif text == "dict":
        found.dict.properties["k"].none.SetInParent()
        found.dict.none_type_not_required = draw(flags)
    elif text == "union":
        found.union_type.candidates.add().simple.name = 'é"'
        found.union_type.candidates.add().list.element.any.SetInParent()
    return found


@st.composite
def types(draw: st.DrawFn, kind: str) -> Any:
    """A type, perhaps one that exists, with the same properties or others."""
    found: Any = TYPES[kind](name=draw(type_names))
    version = draw(versions)
    if version is not None:
        found.version = version
    if sometimes(draw, 4):
        found.description = draw(st.sampled_from(["described", "é", ""]))
    if sometimes(draw, 5):
        found.external_id = draw(external_ids)
    if sometimes(draw, 25):
        found.id = draw(st.sampled_from([1, 10, 99]))
    for name, declared in PROPERTIES.items():
        if not sometimes(draw, 12):
            found.properties[name] = declared
    if sometimes(draw, 4):
        found.properties["more"] = draw(st.sampled_from([pb.INT, pb.STRING, pb.UNKNOWN]))
    if sometimes(draw, 20):
        found.properties["i"] = pb.DOUBLE
    _draw_other_types(draw, kind, found)
    return found


def _draw_other_types(draw: st.DrawFn, kind: str, found: Any) -> None:
    """Set the type that it is based on, and those of what executions take and make."""
    if sometimes(draw, 5):
        found.base_type = 0 if kind == "context" else draw(st.sampled_from([1, 1, 2, 0]))
    if kind == "execution":
        for field in ("input_type", "output_type"):
            if sometimes(draw, 5):
                getattr(found, field).CopyFrom(_struct_type(draw))


@st.composite
def put_type(draw: st.DrawFn, kind: str) -> Call:
    """One type."""
    named = {"can_add_fields": draw(flags), "can_omit_fields": draw(flags)}
    return [f"put_{kind}_type", [sent(draw(types(kind)))], named]


def _keeping_external_ids(given: list[Any]) -> list[Any]:
    """Give a type that comes twice its external id twice, for the wheel forgets it otherwise."""
    known: dict[tuple[str, str], str] = {}
    for one in given:
        identity = one.name, one.version
        if identity in known and not one.external_id:
            one.external_id = known[identity]
        if one.external_id:
            known[identity] = one.external_id
    return given


@st.composite
def put_types(draw: st.DrawFn) -> Call:
    """Types of all kinds."""
    request = service_pb.PutTypesRequest(
        artifact_types=_keeping_external_ids(draw(several(types("artifact")))),
        execution_types=_keeping_external_ids(draw(several(types("execution")))),
        context_types=_keeping_external_ids(draw(several(types("context")))),
        can_add_fields=draw(flags),
        can_omit_fields=draw(flags),
    )
    if sometimes(draw, 12):
        request.all_fields_match = draw(flags)
    if sometimes(draw, 12):
        request.can_delete_fields = draw(flags)
    return [RAW, ["PutTypes", sent(request)], {}]
