"""What all calls draw from: few ids and names, so that calls meet what earlier calls made."""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlmeta_track.wire import metadata_store_pb2 as pb
from tests.interop.replies import MESSAGE

Call: TypeAlias = "list[Any]"

KINDS = {"artifact": pb.Artifact, "execution": pb.Execution, "context": pb.Context}
TYPES = {"artifact": pb.ArtifactType, "execution": pb.ExecutionType, "context": pb.ContextType}
PROPERTIES = {
    "i": pb.INT,
    "d": pb.DOUBLE,
    "s": pb.STRING,
    "b": pb.BOOLEAN,
    "st": pb.STRUCT,
    "pr": pb.PROTO,
}
CUSTOM = ["p", "q", "a.b", "mine, é", ""]
"""Names of custom properties: none that is declared, for the wheel mixes the two up."""

FIRST_TYPE = 10
"""The ids of a new store's first types: before them come the nine simple ones."""

ids = st.integers(1, 4)
odd_ids = st.one_of(*[ids] * 11, st.sampled_from([5, 9, 0, -1, 2**31 - 1]))
names = st.sampled_from(["a", "b", "c", "a", "b", "c", "A", "a ", "it's", "é"])
versions = st.sampled_from([None, None, "1", ""])
external_ids = st.sampled_from(["x", "y", "z", "x", "y", "z", "é", ""])
flags = st.booleans()


def sent(message: Message) -> list[Any]:
    """A message as a call's argument."""
    data = message.SerializeToString(deterministic=True)
    return [MESSAGE, type(message).__name__, base64.b64encode(data).decode()]


def sometimes(draw: st.DrawFn, chances: int = 3) -> bool:
    # Not 1 of them: hypothesis prefers what is small, and a call without much in it.
    return draw(st.sampled_from([False] * (chances - 1) + [True]))


def several(strategy: SearchStrategy[Any], most: int = 2) -> SearchStrategy[list[Any]]:
    """A few of them, seldom none."""
    some = st.lists(strategy, min_size=1, max_size=most)
    return st.one_of(some, some, some, st.just([]))
