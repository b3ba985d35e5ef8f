"""Values of properties, over all that both sides hold."""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import Struct
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlmeta_track.wire import metadata_store_pb2 as pb

from .base import CUSTOM, PROPERTIES, flags, several, sometimes

integers = st.one_of(
    st.sampled_from([0, 1, -1, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63)]),
    st.integers(-(2**63), 2**63 - 1),
)
# The wheel stores six decimals and reads 15 digits: these it holds as they are.
doubles = st.one_of(
    st.sampled_from([0.0, 1.0, -0.5, 0.1, 1e15, -1e300]),
    st.integers(-(2**34), 2**34).map(lambda n: n / 64),
)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.one_of(
    st.sampled_from(["", "u", "U", "u ", "it's", 'a "b"', "back\\slash", "%_", "é€😀", "\n\t"]),
    st.sampled_from(["mlmd-struct:", "x" * 3000, "é" * 200]),
    st.text(characters, max_size=8),
)


def _structs() -> SearchStrategy[dict[str, Any]]:
    keys = st.text(characters, max_size=3)
    leaves = st.one_of(st.none(), flags, st.floats(), texts)
    nested = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=2), st.dictionaries(keys, inner, max_size=2)
        ),
        max_leaves=4,
    )
    return st.dictionaries(keys, nested, max_size=3)


structs = _structs()


@st.composite
def values(draw: st.DrawFn, kind: int | None = None) -> pb.Value:
    """A property's value."""
    value = pb.Value()
    kind = kind or draw(st.sampled_from(list(PROPERTIES.values())))
    if kind == pb.INT:
        value.int_value = draw(integers)
    elif kind == pb.DOUBLE:
        value.double_value = draw(doubles)
    elif kind == pb.STRING:
        value.string_value = draw(texts)
    elif kind == pb.BOOLEAN:
        value.bool_value = draw(flags)
    elif kind == pb.STRUCT:
        value.struct_value.SetInParent()
        value.struct_value.update(draw(structs))
    else:
        # With an empty one, the wheel could not read the node.
        value.proto_value.type_url = draw(st.sampled_from(["t/a.B", "no url", "é"]))
        value.proto_value.value = draw(
            st.one_of(st.binary(max_size=4), st.just(Struct().SerializeToString()))
        )
    return value


def draw_properties(draw: st.DrawFn, node: Any) -> None:
    """Give a node properties, seldom such that its type does not have."""
    for name, declared in PROPERTIES.items():
        if sometimes(draw, 4):
            kind = None if sometimes(draw, 25) else declared
            node.properties[name].CopyFrom(draw(values(kind)))
    if sometimes(draw, 25):
        node.properties[draw(st.sampled_from(["undeclared", "more"]))].CopyFrom(draw(values()))
    for name in draw(several(st.sampled_from(CUSTOM))):
        node.custom_properties[name].CopyFrom(draw(values()))
