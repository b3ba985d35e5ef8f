"""Calls that put events and links, and those that put nodes together with them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb
from tests.interop.replies import RAW, TUPLE

from .base import Call, flags, ids, names, odd_ids, sent, several, sometimes
from .nodes import changed, nodes


@st.composite
def events(draw: st.DrawFn, *, ends: bool = True) -> pb.Event:
    """An event."""
    event = pb.Event()
    if not sometimes(draw, 25):
        kind: Any = draw(st.integers(0 if sometimes(draw, 12) else 1, 7))
        event.type = kind
    if ends or sometimes(draw, 12):
        event.artifact_id = draw(odd_ids)
    if ends or sometimes(draw, 12):
        event.execution_id = draw(odd_ids)
    if sometimes(draw, 25):
        event.ClearField(draw(st.sampled_from(["execution_id", "artifact_id"])))
    if sometimes(draw):
        event.path.SetInParent()
        for _ in range(draw(st.integers(0, 3))):
            _draw_step(draw, event)
    if sometimes(draw, 5):
        event.milliseconds_since_epoch = draw(st.sampled_from([0, 5, -1, 2**40]))
    if sometimes(draw, 25):
        event.system_metadata.type_url = "t"
    return event


def _draw_step(draw: st.DrawFn, event: pb.Event) -> None:
    step = event.path.steps.add()
    if sometimes(draw, 12):
        return  # a step that is none
    if draw(flags):
        step.key = draw(st.one_of(names, st.just("")))
    else:
        step.index = draw(st.sampled_from([0, 1, 2, -1, 2**31 - 1]))


@st.composite
def put_events(draw: st.DrawFn) -> Call:
    """Events between nodes that may be there."""
    return ["put_events", [[sent(e) for e in draw(several(events(), 3))]], {}]


def _ends(draw: st.DrawFn, kind: Any, *fields: str) -> Any:
    link = kind()
    for field in fields:
        if not sometimes(draw, 25):
            setattr(link, field, draw(odd_ids))
    return link


@st.composite
def put_links(draw: st.DrawFn) -> Call:
    """Attributions and associations."""
    attributions = [
        _ends(draw, pb.Attribution, "artifact_id", "context_id")
        for _ in range(draw(st.integers(0, 3)))
    ]
    associations = [
        _ends(draw, pb.Association, "execution_id", "context_id")
        for _ in range(draw(st.integers(0, 3)))
    ]
    given = [[sent(a) for a in attributions], [sent(a) for a in associations]]
    return ["put_attributions_and_associations", given, {}]


@st.composite
def put_parents(draw: st.DrawFn) -> Call:
    """Contexts made children of others."""
    links = [
        _ends(draw, pb.ParentContext, "child_id", "parent_id")
        for _ in range(draw(st.integers(1, 3)))
    ]
    return ["put_parent_contexts", [[sent(link) for link in links]], {}]


def _stored_or_new(draw: st.DrawFn, kind: str) -> list[Any]:
    """A new node, one with an id of its own choice, or one as it is stored."""
    if sometimes(draw, 4):
        return draw(changed(kind))
    node = draw(nodes(kind))
    if sometimes(draw, 5):
        node.id = draw(odd_ids)
    return sent(node)


def _pair(draw: st.DrawFn) -> list[Any] | None:
    """An artifact and an event, or what may be left out of them."""
    form = draw(st.sampled_from(["both"] * 6 + ["artifact", "alone", "event", "nothing", "none"]))
    if form == "none":
        return None
    if form == "nothing":
        return [TUPLE]
    artifact = None if form == "event" else _stored_or_new(draw, "artifact")
    if form == "artifact":
        return [TUPLE, artifact]
    event = None
    if form != "alone":
        drawn = draw(events(ends=False))
        if form == "event":
            drawn.artifact_id = draw(ids)
        event = sent(drawn)
    return [TUPLE, artifact, event]


@st.composite
def put_executions_whole(draw: st.DrawFn) -> Call:
    """``put_execution`` with its artifacts, events and contexts."""
    pairs = [_pair(draw) for _ in range(draw(st.integers(0, 3)))]
    contexts = [_stored_or_new(draw, "context") for _ in range(draw(st.integers(0, 2)))]
    named = {
        "reuse_context_if_already_exist": draw(flags),
        "reuse_artifact_if_already_exist_by_external_id": draw(flags),
        "force_reuse_context": draw(flags),
        "force_update_time": draw(flags),
    }
    return ["put_execution", [_stored_or_new(draw, "execution"), pairs, contexts], named]


@st.composite
def put_executions_raw(draw: st.DrawFn) -> Call:
    """``PutExecution`` with what the client cannot say: no execution, and pairs of nothing."""
    request = service_pb.PutExecutionRequest()
    if not sometimes(draw, 4):
        request.execution.CopyFrom(draw(nodes("execution")))
    for _ in range(draw(st.integers(0, 2))):
        pair = request.artifact_event_pairs.add()
        if draw(flags):
            pair.artifact.CopyFrom(draw(nodes("artifact")))
        if sometimes(draw, 2):
            pair.event.CopyFrom(draw(events(ends=False)))
    request.contexts.extend(draw(several(nodes("context"))))
    request.options.reuse_context_if_already_exist = draw(flags)
    return [RAW, ["PutExecution", sent(request)], {}]


@st.composite
def put_subgraphs(draw: st.DrawFn) -> Call:
    """``put_lineage_subgraph``."""
    given = [
        [_stored_or_new(draw, kind) for _ in range(draw(st.integers(0, 2)))]
        for kind in ("execution", "artifact", "context")
    ]
    edges = [_edge(draw, len(given[0]), len(given[1])) for _ in range(draw(st.integers(0, 3)))]
    named = {
        "reuse_context_if_already_exist": draw(flags),
        "reuse_artifact_if_already_exist_by_external_id": draw(flags),
    }
    return ["put_lineage_subgraph", [*given, edges], named]


def _edge(draw: st.DrawFn, executions: int, artifacts: int) -> list[Any]:
    """An edge between two places in the call, or with ends that the event names by their ids."""
    event = draw(events(ends=False))
    places: list[int | None] = []
    for field, number in (("execution_id", executions), ("artifact_id", artifacts)):
        by_place = number > 0 and not sometimes(draw)
        places.append(draw(st.integers(0, number - 1)) if by_place else None)
        if not by_place and not sometimes(draw, 12):
            setattr(event, field, draw(odd_ids))
        if sometimes(draw, 25):
            places[-1] = draw(st.sampled_from([number, -1, None]))
    return [TUPLE, *places, None if sometimes(draw, 25) else sent(event)]
