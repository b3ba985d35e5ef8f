"""Calls that read."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb
from tests.interop.replies import OPTIONS, PAGES, RAW

from .base import (
    FIRST_TYPE,
    Call,
    external_ids,
    flags,
    names,
    odd_ids,
    sent,
    several,
    sometimes,
    versions,
)
from .nodes import uris

ANY_NODE = [
    "id > 1",
    "id IN (1, 3)",
    "name = 'a' OR name IS NULL",
    "type = 'T' AND NOT (id = 2)",
    "properties.i.int_value > 0",
    "properties.d.double_value <= 0.5",
    "properties.b.bool_value = true OR properties.s.string_value != 'u'",
    "custom_properties.p.string_value LIKE '% %'",
    "custom_properties.`mine, é`.int_value IS NULL",
    "external_id IN ('x', 'y')",
    "create_time_since_epoch > 0 AND last_update_time_since_epoch < 9000000000000",
    "name = ",
    "nowhere = 1",
    "id = '1'",
]
OF_KIND = {
    "artifact": [
        "uri = 'u1'",
        "state = LIVE",
        "state != LIVE",
        "state IN (PENDING, DELETED)",
        "events_0.type = INPUT",
        "events_0.execution_id = 1 AND NOT (events_1.type = OUTPUT)",
        "contexts_c.name = 'a'",
        "last_known_state = NEW",
    ],
    "execution": [
        "last_known_state = RUNNING OR last_known_state IS NULL",
        "events_0.artifact_id = 1",
        "contexts_c.type = 'T' AND contexts_d.id = 1",
        "uri = 'u1'",
    ],
    "context": [
        "parent_contexts_p.name = 'a'",
        "child_contexts_c.id > 1",
        "artifacts_a.uri = 'u1' OR artifacts_a.state = LIVE",
        "executions_e.last_known_state = NEW",  # the wheel cannot read != here
        "contexts_c.name = 'a'",
    ],
}


def filters(kind: str) -> SearchStrategy[str]:
    """A filter of nodes, perhaps one that is refused."""
    return st.sampled_from([*ANY_NODE, *OF_KIND[kind]])


@st.composite
def options(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """The options of a list, perhaps none."""
    if sometimes(draw):
        return {}
    given = {
        "limit": draw(st.sampled_from([None, None, 1, 2, 3, 0, 1000, -1])),
        "order_by": draw(st.sampled_from([None, "ID", "CREATE_TIME", "UPDATE_TIME"])),
        "is_asc": draw(flags),
        "filter_query": draw(st.one_of(st.none(), filters(kind))),
    }
    return {"list_options": [OPTIONS, given]}


@st.composite
def lists(draw: st.DrawFn, kind: str) -> Call:
    """A list of all nodes, or of some, in an order."""
    if kind != "context" and sometimes(draw):
        return [f"get_{kind}s_by_context", [draw(odd_ids)], draw(options(kind))]
    return [f"get_{kind}s", [], draw(options(kind))]


_REQUESTS: dict[str, list[Any]] = {
    "artifact": [
        service_pb.GetArtifactsRequest,
        service_pb.GetArtifactsByTypeRequest,
        service_pb.GetArtifactsByContextRequest,
    ],
    "execution": [
        service_pb.GetExecutionsRequest,
        service_pb.GetExecutionsByTypeRequest,
        service_pb.GetExecutionsByContextRequest,
    ],
    "context": [service_pb.GetContextsRequest, service_pb.GetContextsByTypeRequest],
}
_IN_PAGES = ["ID", "CREATE_TIME", "CREATE_TIME", "FIELD_UNSPECIFIED"]


@st.composite
def pages(draw: st.DrawFn, kind: str) -> Call:
    """All pages of a list."""
    request = draw(st.sampled_from(_REQUESTS[kind]))()
    if hasattr(request, "type_name"):
        request.type_name = draw(st.sampled_from(["T", "T", "U", "V"]))
        request.type_version = draw(versions) or ""
    if hasattr(request, "context_id"):
        request.context_id = draw(odd_ids)
    request.options.SetInParent()
    if not sometimes(draw, 12):
        # By update time, more than two pages of one time never end with the wheel.
        field = draw(st.sampled_from(_IN_PAGES))
        request.options.order_by_field.field = pb.ListOperationOptions.OrderByField.Field.Value(
            field
        )
        request.options.order_by_field.is_asc = draw(flags)
    if sometimes(draw, 2):
        request.options.filter_query = draw(filters(kind))
    method = type(request).__name__.removesuffix("Request")
    sizes = draw(st.sampled_from([[1], [2], [1, 3], [2, 1], [100], [0], [-1]]))
    return [PAGES, [method, sent(request), sizes], {}]


@st.composite
def reads(draw: st.DrawFn, kind: str) -> Call:
    """Some nodes, or types, of a kind."""
    type_name = draw(st.sampled_from(["T", "T", "U", "V", "mlmd.Dataset", "é's", ""]))
    version = draw(versions)
    type_ids = st.one_of(st.integers(FIRST_TYPE - 2, FIRST_TYPE + 6), odd_ids)
    asked: list[Call] = [
        [f"get_{kind}s_by_id", [draw(st.lists(odd_ids, max_size=4))], {}],
        [f"get_{kind}s_by_type", [type_name, version], {}],
        [f"get_{kind}_by_type_and_name", [type_name, draw(names), version], {}],
        [f"get_{kind}_by_type_and_name", [type_name, ""], {}],
        [f"get_{kind}s_by_external_ids", [draw(st.lists(external_ids, max_size=3))], {}],
        [f"get_{kind}_types", [], {}],
        [f"get_{kind}_type", [type_name, version], {}],
        [f"get_{kind}_types_by_id", [draw(st.lists(type_ids, max_size=4))], {}],
        [f"get_{kind}_types_by_external_ids", [draw(st.lists(external_ids, max_size=3))], {}],
    ]
    return draw(st.sampled_from(asked))


@st.composite
def neighbours(draw: st.DrawFn) -> Call:
    """What is linked with a node."""
    node = draw(odd_ids)
    some = draw(st.lists(odd_ids, max_size=3))
    by_uri = service_pb.GetArtifactsByURIRequest(uris=draw(st.lists(uris, max_size=3)))
    asked: list[Call] = [
        ["get_contexts_by_artifact", [node], {}],
        ["get_contexts_by_execution", [node], {}],
        ["get_parent_contexts_by_context", [node], {}],
        ["get_children_contexts_by_context", [node], {}],
        ["get_events_by_artifact_ids", [some], {}],
        ["get_events_by_execution_ids", [some], {}],
        ["get_artifacts_by_uri", [draw(uris)], {}],
        [RAW, ["GetArtifactsByURI", sent(by_uri)], {}],
        ["get_artifacts_and_types_by_artifact_ids", [some], {}],
    ]
    return draw(st.sampled_from(asked))


# --- walks ---------------------------------------------------------------------------------------

_MASKS = ["artifacts", "executions", "contexts", "events", "attributions", "associations"]
_TYPE_MASKS = ["artifact_types", "execution_types", "context_types", "nowhere", ""]


def _draw_start(draw: st.DrawFn, query: pb.LineageSubgraphQueryOptions) -> None:
    kind = draw(st.sampled_from(["artifact", "artifact", "execution", "execution", ""]))
    if not kind:
        return
    nodes = getattr(query, f"starting_{kind}s")
    nodes.SetInParent()
    if not sometimes(draw, 12):
        simple = st.sampled_from(["id > 0", "id = 1", "id IN (1, 2)", "name = 'a'", "id > 9", ""])
        nodes.filter_query = draw(st.one_of(simple, simple, filters(kind)))


@st.composite
def queries(draw: st.DrawFn) -> pb.LineageSubgraphQueryOptions:
    """Where a walk begins, which way it goes, and where it ends."""
    query = pb.LineageSubgraphQueryOptions()
    _draw_start(draw, query)
    if not sometimes(draw):
        query.max_num_hops = draw(st.sampled_from([0, 1, 1, 2, 2, 3, 4, 5, 100, 101, -1]))
    direction: Any = draw(st.integers(0, 3))
    query.direction = direction
    for kind in ("artifact", "execution"):
        if sometimes(draw, 4):
            ending = getattr(query, f"ending_{kind}s")
            simple = st.sampled_from(["id = 2", "id = 1", "name = 'b'", "id > 9", ""])
            ending.SetInParent()
            if not sometimes(draw, 12):
                ending.filter_query = draw(st.one_of(simple, simple, filters(kind)))
            ending.include_ending_nodes = draw(flags)
    return query


@st.composite
def walks(draw: st.DrawFn) -> Call:
    """A walk through lineage."""
    query = draw(queries())
    masked = draw(st.one_of(st.none(), several(st.sampled_from(_MASKS + _TYPE_MASKS), 4)))
    return ["get_lineage_subgraph", [sent(query)], {"field_mask_paths": masked}]


@st.composite
def walks_raw(draw: st.DrawFn) -> Call:
    """A walk as the service answers it: nodes by their ids, and all types."""
    request = service_pb.GetLineageSubgraphRequest(lineage_subgraph_query_options=draw(queries()))
    if draw(flags):
        request.read_mask.paths.extend(draw(several(st.sampled_from(_MASKS + _TYPE_MASKS), 4)))
    return [RAW, ["GetLineageSubgraph", sent(request)], {}]
