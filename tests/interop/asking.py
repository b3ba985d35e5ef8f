"""What may be asked of two implementations of ML Metadata: hypothesis' strategies for calls.

Names and ids are drawn from few, so that calls meet what earlier calls made.
"""

from __future__ import annotations

import base64
from typing import Any, TypeAlias

from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlmeta_track.wire import metadata_store_pb2 as pb

from .replies import CHANGED, MESSAGE, OPTIONS, TUPLE

Call: TypeAlias = "list[Any]"

KINDS = {"artifact": pb.Artifact, "execution": pb.Execution, "context": pb.Context}
TYPES = {"artifact": pb.ArtifactType, "execution": pb.ExecutionType, "context": pb.ContextType}
PROPERTIES = {"i": pb.INT, "d": pb.DOUBLE, "s": pb.STRING, "b": pb.BOOLEAN, "st": pb.STRUCT}
FIRST_TYPE = 10
"""The ids of a new store's first types: before them come the nine simple ones."""

ids = st.integers(1, 4)
odd_ids = st.one_of(ids, ids, ids, st.sampled_from([0, 7, -1]))
names = st.sampled_from(["a", "b", "c"])
versions = st.sampled_from([None, None, "1", ""])
external_ids = st.sampled_from(["x", "y", "z"])
states = st.integers(0, 7)
flags = st.booleans()


def sent(message: Message) -> list[Any]:
    """A message as a call's argument."""
    data = message.SerializeToString(deterministic=True)
    return [MESSAGE, type(message).__name__, base64.b64encode(data).decode()]


def _sometimes(draw: st.DrawFn, chances: int = 3) -> bool:
    # Not 1 of them: hypothesis prefers what is small, and a call without much in it.
    return draw(st.sampled_from([False] * (chances - 1) + [True]))


def several(strategy: SearchStrategy[Any], most: int = 2) -> SearchStrategy[list[Any]]:
    """A few of them, seldom none."""
    some = st.lists(strategy, min_size=1, max_size=most)
    return st.one_of(some, some, some, st.just([]))


@st.composite
def values(draw: st.DrawFn, kind: int | None = None) -> pb.Value:
    """A property's value."""
    value = pb.Value()
    kind = kind or draw(st.sampled_from(list(PROPERTIES.values())))
    if kind == pb.INT:
        value.int_value = draw(st.sampled_from([0, 1, -5, 2**63 - 1]))
    elif kind == pb.DOUBLE:
        value.double_value = draw(st.sampled_from([0.0, 1.0, 0.1, -1e300]))
    elif kind == pb.STRING:
        value.string_value = draw(st.sampled_from(["", "u", "it's", "é€😀"]))
    elif kind == pb.BOOLEAN:
        value.bool_value = draw(flags)
    else:
        value.struct_value.update({draw(names): draw(st.sampled_from([1.5, "t", True, None]))})
    return value


def _draw_properties(draw: st.DrawFn, node: Any) -> None:
    for name, declared in PROPERTIES.items():
        if _sometimes(draw, 4):
            kind = None if _sometimes(draw, 12) else declared
            node.properties[name].CopyFrom(draw(values(kind)))
    if _sometimes(draw, 12):
        node.properties["undeclared"].CopyFrom(draw(values()))
    for name in draw(several(names)):
        node.custom_properties[name].CopyFrom(draw(values()))


def _draw_own_fields(draw: st.DrawFn, node: Any) -> None:
    if isinstance(node, pb.Artifact) and _sometimes(draw, 2):
        node.uri = draw(st.sampled_from(["", "u1", "u2"]))
    if isinstance(node, pb.Artifact) and _sometimes(draw):
        node.state = draw(st.integers(0, 4))  # type: ignore[assignment]  # any number of the enum
    if isinstance(node, pb.Execution) and _sometimes(draw):
        node.last_known_state = draw(st.integers(0, 6))  # type: ignore[assignment]


@st.composite
def nodes(draw: st.DrawFn, kind: str, *, new: bool = True) -> Any:
    """A node to be put: a new one, or the changes of one that exists."""
    node: Any = KINDS[kind]()
    offset = list(KINDS).index(kind)
    if (new and not _sometimes(draw, 20)) or _sometimes(draw, 6):
        node.type_id = FIRST_TYPE + (draw(st.integers(0, 4)) if _sometimes(draw, 8) else offset)
    if _sometimes(draw, 2) or (kind == "context" and new):
        node.name = draw(st.one_of(names, names, names, st.just("")))
    if _sometimes(draw, 4):
        node.external_id = draw(external_ids)
    _draw_own_fields(draw, node)
    _draw_properties(draw, node)
    return node


def beginning() -> list[Call]:
    """Three types ``T``; a chain of artifact 1, execution 1, artifact 2; and two contexts."""
    artifacts = [pb.Artifact(type_id=FIRST_TYPE, uri=uri) for uri in ("u1", "u2")]
    execution = pb.Execution(type_id=FIRST_TYPE + 1, name="a")
    contexts = [pb.Context(type_id=FIRST_TYPE + 2, name=name) for name in ("a", "b")]
    took = pb.Event(artifact_id=1, execution_id=1, type=pb.Event.INPUT)
    made = pb.Event(artifact_id=2, execution_id=1, type=pb.Event.OUTPUT)
    first = [(kind, t(name="T", properties=PROPERTIES)) for kind, t in TYPES.items()]
    return [
        *([f"put_{kind}_type", [sent(message)], {}] for kind, message in first),
        ["put_artifacts", [[sent(a) for a in artifacts]], {}],
        ["put_executions", [[sent(execution)]], {}],
        ["put_contexts", [[sent(c) for c in contexts]], {}],
        ["put_events", [[sent(took), sent(made)]], {}],
    ]


@st.composite
def put_nodes(draw: st.DrawFn, kind: str) -> Call:
    """New nodes and changed ones, with or without a field mask."""
    given = [sent(n) for n in draw(several(nodes(kind)))]
    if _sometimes(draw, 2):
        change = draw(nodes(kind, new=False))
        data = sent(change)[2]
        cleared = draw(several(st.sampled_from(["properties", "custom_properties", "external_id"])))
        given.append([CHANGED, type(change).__name__, draw(odd_ids), data, cleared])
    named: dict[str, Any] = {}
    if _sometimes(draw):
        named["field_mask_paths"] = draw(several(masks(kind), 3))
    return [f"put_{kind}s", [given], named]


def masks(kind: str) -> SearchStrategy[str]:
    """A path of a field mask."""
    fields = ["name", "external_id", "properties", "custom_properties", "nowhere", "properties.i"]
    fields += ["properties.s", "custom_properties.a", "custom_properties.b"]
    own = {"artifact": ["uri", "state"], "execution": ["last_known_state"], "context": []}
    return st.sampled_from(fields + own[kind])


@st.composite
def put_types(draw: st.DrawFn, kind: str) -> Call:
    """A type, perhaps one that exists, with the same properties or others."""
    found: Any = TYPES[kind](name=draw(st.sampled_from(["T", "T", "U", ""])))
    version = draw(versions)
    if version is not None:
        found.version = version
    if _sometimes(draw, 4):
        found.description = "described"
    if _sometimes(draw, 5):
        found.external_id = draw(external_ids)
    for name, declared in PROPERTIES.items():
        if not _sometimes(draw, 6):
            found.properties[name] = declared
    if _sometimes(draw, 4):
        found.properties["more"] = draw(st.sampled_from([pb.INT, pb.STRING, pb.UNKNOWN]))
    if kind != "context" and _sometimes(draw, 5):
        found.base_type = draw(st.sampled_from([1, 1, 2, 0]))
    named = {"can_add_fields": draw(flags), "can_omit_fields": draw(flags)}
    return [f"put_{kind}_type", [sent(found)], named]


@st.composite
def events(draw: st.DrawFn, *, ends: bool = True) -> pb.Event:
    """An event."""
    kind: Any = draw(st.integers(0 if _sometimes(draw, 8) else 1, 7))
    event = pb.Event(type=kind)
    if ends or _sometimes(draw, 6):
        event.artifact_id = draw(odd_ids)
        event.execution_id = draw(odd_ids)
    if _sometimes(draw, 12):
        event.ClearField("execution_id")
    if _sometimes(draw):
        event.path.steps.add(key=draw(names))
        event.path.steps.add(index=draw(ids))
    return event


@st.composite
def put_links(draw: st.DrawFn) -> Call:
    """Attributions and associations."""
    attributions = draw(several(st.builds(pb.Attribution, artifact_id=odd_ids, context_id=odd_ids)))
    associations = draw(
        several(st.builds(pb.Association, execution_id=odd_ids, context_id=odd_ids))
    )
    given = [[sent(a) for a in attributions], [sent(a) for a in associations]]
    return ["put_attributions_and_associations", given, {}]


@st.composite
def put_executions_whole(draw: st.DrawFn) -> Call:
    """``put_execution`` with its artifacts, events and contexts."""
    pairs = [
        [TUPLE, sent(draw(nodes("artifact"))), sent(draw(events(ends=False)))]
        for _ in range(draw(st.integers(0, 2)))
    ]
    contexts = [sent(c) for c in draw(several(nodes("context")))]
    if _sometimes(draw):
        context = draw(nodes("context"))
        context.id = draw(ids)
        contexts.append(sent(context))
    named = {
        "reuse_context_if_already_exist": draw(flags),
        "reuse_artifact_if_already_exist_by_external_id": draw(flags),
        "force_reuse_context": draw(flags),
        "force_update_time": draw(flags),
    }
    execution = draw(nodes("execution"))
    if _sometimes(draw):
        execution.id = draw(ids)
    return ["put_execution", [sent(execution), pairs, contexts], named]


@st.composite
def put_subgraphs(draw: st.DrawFn) -> Call:
    """``put_lineage_subgraph``."""
    executions = draw(several(nodes("execution")))
    artifacts = draw(several(nodes("artifact")))
    contexts = draw(several(nodes("context")))
    ends = st.sampled_from([None, 0, 0, 0, 1, 2])
    edges = [
        [TUPLE, draw(ends), draw(ends), sent(draw(events(ends=False)))]
        for _ in range(draw(st.integers(0, 2)))
    ]
    if _sometimes(draw, 4) and artifacts:
        artifacts[0].id = draw(ids)
    named = {
        "reuse_context_if_already_exist": draw(flags),
        "reuse_artifact_if_already_exist_by_external_id": draw(flags),
    }
    given = [[sent(n) for n in ns] for ns in (executions, artifacts, contexts)]
    return ["put_lineage_subgraph", [*given, edges], named]


FILTERS = [
    "id > 1",
    "name = 'a' OR name IS NULL",
    "type = 'T' AND NOT (id = 2)",
    "properties.i.int_value > 0",
    "custom_properties.a.string_value LIKE 'u%'",
    "contexts_c.name = 'a'",
    "external_id IN ('x', 'y')",
    "name = ",
    "nowhere = 1",
]


@st.composite
def lists(draw: st.DrawFn, kind: str) -> Call:
    """A list of all nodes, or of some, in an order."""
    given: dict[str, Any] = {}
    if not _sometimes(draw):
        given = {
            "limit": draw(st.sampled_from([None, None, 1, 2, 0])),
            "order_by": draw(st.sampled_from([None, "ID", "CREATE_TIME"])),
            "is_asc": draw(flags),
            "filter_query": draw(st.sampled_from([None, *FILTERS])),
        }
    return [f"get_{kind}s", [], {"list_options": [OPTIONS, given]} if given else {}]


@st.composite
def reads(draw: st.DrawFn, kind: str) -> Call:
    """Some nodes, or types, of a kind."""
    type_name = draw(st.sampled_from(["T", "U", "V"]))
    by_type = [type_name, draw(versions)]
    asked: list[Call] = [
        [f"get_{kind}s_by_id", [draw(st.lists(odd_ids, max_size=4))], {}],
        [f"get_{kind}s_by_type", by_type, {}],
        [f"get_{kind}_by_type_and_name", [type_name, draw(names), by_type[1]], {}],
        [f"get_{kind}s_by_external_ids", [draw(several(external_ids))], {}],
        [f"get_{kind}_types", [], {}],
        [f"get_{kind}_type", by_type, {}],
        [f"get_{kind}_types_by_id", [draw(several(st.integers(8, 15)))], {}],
        [f"get_{kind}_types_by_external_ids", [draw(several(external_ids))], {}],
    ]
    return draw(st.sampled_from(asked))


@st.composite
def neighbours(draw: st.DrawFn) -> Call:
    """What is linked with a node."""
    node = draw(odd_ids)
    asked: list[Call] = [
        ["get_artifacts_by_context", [node], {}],
        ["get_executions_by_context", [node], {}],
        ["get_contexts_by_artifact", [node], {}],
        ["get_contexts_by_execution", [node], {}],
        ["get_parent_contexts_by_context", [node], {}],
        ["get_children_contexts_by_context", [node], {}],
        ["get_events_by_artifact_ids", [[node, draw(odd_ids)]], {}],
        ["get_events_by_execution_ids", [[node, draw(odd_ids)]], {}],
        ["get_artifacts_by_uri", [draw(st.sampled_from(["u1", "u2", ""]))], {}],
        ["get_artifacts_and_types_by_artifact_ids", [[node]], {}],
    ]
    return draw(st.sampled_from(asked))


@st.composite
def walks(draw: st.DrawFn) -> Call:
    """A walk through lineage."""
    query = pb.LineageSubgraphQueryOptions()
    start = draw(st.sampled_from(["id > 0", "id = 1", "name = 'a'", "id > 9", ""]))
    if draw(flags):
        query.starting_artifacts.filter_query = start
    else:
        query.starting_executions.filter_query = start
    if not _sometimes(draw):
        query.max_num_hops = draw(st.integers(-1 if _sometimes(draw, 8) else 0, 5))
    direction: Any = draw(st.integers(0, 3))
    query.direction = direction
    if _sometimes(draw, 4):
        query.ending_artifacts.filter_query = draw(st.sampled_from(["id = 2", "name = 'b'"]))
        query.ending_artifacts.include_ending_nodes = draw(flags)
    if _sometimes(draw, 4):
        query.ending_executions.filter_query = "id = 2"
        query.ending_executions.include_ending_nodes = draw(flags)
    masked = draw(
        st.one_of(
            st.none(),
            several(st.sampled_from(["artifacts", "events", "contexts", "artifact_types"])),
        )
    )
    return ["get_lineage_subgraph", [sent(query)], {"field_mask_paths": masked}]


@st.composite
def put_events(draw: st.DrawFn) -> Call:
    """Events between nodes that may be there."""
    return ["put_events", [[sent(e) for e in draw(several(events()))]], {}]


@st.composite
def put_parents(draw: st.DrawFn) -> Call:
    """Contexts made children of others."""
    links = st.builds(pb.ParentContext, child_id=odd_ids, parent_id=odd_ids)
    return ["put_parent_contexts", [[sent(p) for p in draw(several(links))]], {}]
