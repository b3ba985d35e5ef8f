"""Every bad input is the same class of error with our look-alike as with the wheel."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.domain.listing import Position
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb
from mlmeta_track.wire.paging import encode_token

from . import asking
from .asking import FIRST_TYPE, PROPERTIES, Call, sent
from .peers import Peer, comparable, our_peer, their_peer
from .replies import BEGIN, CHANGED, OPTIONS, RAW, TUPLE

INVALID, NOT_FOUND, EXISTS = "InvalidArgumentError", "NotFoundError", "AlreadyExistsError"
UNIMPLEMENTED, INTERNAL, OUT_OF_RANGE = "UnimplementedError", "InternalError", "OutOfRangeError"
TYPE_IDS = dict(zip(asking.KINDS, range(FIRST_TYPE, FIRST_TYPE + 3), strict=True))
UNKNOWN_ID = 99


@pytest.fixture(scope="module")
def both(wheel_python: str) -> Iterator[tuple[Peer, Peer]]:
    """Our look-alike and the wheel."""
    with our_peer() as ours, their_peer(wheel_python) as theirs:
        yield ours, theirs


def _raw(request: Any) -> Call:
    return [RAW, [type(request).__name__.removesuffix("Request"), sent(request)], {}]


def _node(kind: str, **fields: Any) -> Any:
    return asking.KINDS[kind](**{"type_id": TYPE_IDS[kind], **fields})


def _put(kind: str, *nodes: Any) -> Call:
    return [f"put_{kind}s", [[sent(node) for node in nodes]], {}]


# --- types ---------------------------------------------------------------------------------------


def _put_type(kind: str, name: str = "T", *, properties: Any = None, **fields: Any) -> Call:
    declared = PROPERTIES if properties is None else properties
    message = asking.TYPES[kind](name=name, properties=declared, **fields)
    return [f"put_{kind}_type", [sent(message)], {}]


def _of_types(kind: str) -> Iterator[tuple[str, list[Call], str]]:
    fewer = {name: number for name, number in PROPERTIES.items() if name != "i"}
    yield "type without a name", [_put_type(kind, "")], INVALID
    unknown = _put_type(kind, "U", properties={"p": pb.UNKNOWN})
    yield "type with a property of type UNKNOWN", [unknown], INVALID
    added = _put_type(kind, properties={**PROPERTIES, "new": pb.INT})
    yield "property that the stored type lacks", [added], EXISTS
    yield "property that is missing", [_put_type(kind, properties=fewer)], EXISTS
    changed = _put_type(kind, properties={**PROPERTIES, "i": pb.STRING})
    changed[2] = {"can_add_fields": True, "can_omit_fields": True}
    yield "property of another type", [changed], EXISTS
    yield "base type UNSET", [_put_type(kind, "U", base_type=0)], UNIMPLEMENTED
    yield "type of an unknown name", [[f"get_{kind}_type", ["nowhere"], {}]], NOT_FOUND
    yield "type of an unknown version", [[f"get_{kind}_type", ["T", "v"], {}]], NOT_FOUND
    other = "artifact" if kind == "context" else "context"
    wrong = [_put_type(other, "W"), [f"get_{kind}_type", ["W"], {}]]
    yield "type of another kind", wrong, NOT_FOUND
    named = [_put_type(kind, "U", external_id="x"), _put_type(kind, "V", external_id="x")]
    yield "external id of a type of its kind", named, EXISTS
    named = [_put_type(other, "U", external_id="x"), _put_type(kind, "V", external_id="x")]
    yield "external id of a type of another kind", named, INTERNAL
    named = [_put_type(kind, "U", external_id="x"), _put_type(kind, external_id="x")]
    yield "external id of another type, in an update", named, INTERNAL


def _of_type_requests() -> Iterator[tuple[str, list[Call], str]]:
    for kind in ("artifact", "execution"):
        based = [_put_type(kind, "B", base_type=1), _put_type(kind, "B", base_type=2)]
        yield f"{kind}: another base type", based, UNIMPLEMENTED
    requests: list[Any] = [
        service_pb.PutArtifactTypeRequest(artifact_type=pb.ArtifactType(name="U")),
        service_pb.PutExecutionTypeRequest(execution_type=pb.ExecutionType(name="U")),
        service_pb.PutContextTypeRequest(context_type=pb.ContextType(name="U")),
        service_pb.PutTypesRequest(artifact_types=[pb.ArtifactType(name="U")]),
    ]
    for request in requests:
        request.all_fields_match = False
        yield f"all_fields_match in {type(request).__name__}", [_raw(request)], UNIMPLEMENTED


# --- nodes ---------------------------------------------------------------------------------------


def _of_nodes(kind: str) -> Iterator[tuple[str, list[Call], str]]:
    def new(**fields: Any) -> Any:
        return _node(kind, **{"name": "new", **fields})

    other = next(k for k in TYPE_IDS if k != kind)
    yield "no type_id", [_put(kind, asking.KINDS[kind](name="new"))], INVALID
    yield "unknown type_id", [_put(kind, new(type_id=UNKNOWN_ID))], NOT_FOUND
    yield "type_id of another kind", [_put(kind, new(type_id=TYPE_IDS[other]))], NOT_FOUND
    undeclared = new(properties={"no": pb.Value(int_value=1)})
    yield "undeclared property", [_put(kind, undeclared)], INVALID
    yield "value of another type", [_put(kind, new(properties={"i": _text("1")}))], INVALID
    yield "name of another", [_put(kind, new(), new())], EXISTS
    twins = new(name="b1", external_id="e"), new(name="b2", external_id="e")
    yield "external id of another", [_put(kind, *twins)], EXISTS
    yield "unknown id", [_put(kind, new(id=UNKNOWN_ID))], INVALID
    yield "other type in an update", [_put(kind, new(id=1, type_id=UNKNOWN_ID))], INVALID
    taken = [_put(kind, new(external_id="e")), _put(kind, new(id=2, external_id="e"))]
    yield "external id of another in an update", taken, INTERNAL
    yield "empty external id", [[f"get_{kind}s_by_external_ids", [["x", ""]], {}]], INVALID
    yield "unknown external id", [[f"get_{kind}s_by_external_ids", [["no"]], {}]], NOT_FOUND
    types = f"get_{kind}_types_by_external_ids"
    yield "empty external id of a type", [[types, [["x", ""]], {}]], INVALID
    yield "unknown external id of a type", [[types, [["no"]], {}]], NOT_FOUND
    yield "negative limit", [_list(kind, limit=-1)], INVALID
    for text in ("nowhere = 1", "id = '1'", "id = ", "id"):
        yield f"filter {text}", [_list(kind, filter_query=text)], INVALID


def _text(text: str) -> pb.Value:
    return pb.Value(string_value=text)


def _list(kind: str, **options: Any) -> Call:
    return [f"get_{kind}s", [], {"list_options": [OPTIONS, options]}]


def _of_contexts_and_times() -> Iterator[tuple[str, list[Call], str]]:
    yield "context without a name", [_put("context", _node("context"))], INVALID
    yield "context with an empty name", [_put("context", _node("context", name=""))], INVALID
    yield "update without a name", [_put("context", _node("context", id=1))], INVALID
    yield "update with an empty name", [_put("context", _node("context", id=1, name=""))], INVALID
    yield (
        "update with another's name",
        [_put("context", _node("context", id=2, name="a"))],
        INTERNAL,
    )
    stale = service_pb.PutArtifactsRequest(artifacts=[_node("artifact", id=1)])
    stale.options.abort_if_latest_updated_time_changed = True
    yield "artifact that was updated since", [_raw(stale)], "FailedPreconditionError"
    yield "no link to an artifact", [["get_contexts_by_artifact", [4], {}]], NOT_FOUND
    yield "no link to an execution", [["get_contexts_by_execution", [4], {}]], NOT_FOUND
    yield "unknown artifact's contexts", [["get_contexts_by_artifact", [99], {}]], NOT_FOUND
    yield "unknown execution's contexts", [["get_contexts_by_execution", [99], {}]], NOT_FOUND
    # A request of a client from before there were several: the field 1, a text.
    old = [
        RAW,
        ["GetArtifactsByURI", ["message", "GetArtifactsByURIRequest", _base64(b"\n\1u")]],
        {},
    ]
    yield "one URI, as it was asked for once", [old], INVALID


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# --- links ---------------------------------------------------------------------------------------


def _of_links() -> Iterator[tuple[str, list[Call], str]]:
    def event(**fields: Any) -> list[Call]:
        given = {"artifact_id": 1, "execution_id": 3, "type": pb.Event.INPUT, **fields}
        set_fields = {name: value for name, value in given.items() if value is not None}
        return [["put_events", [[sent(pb.Event(**set_fields))]], {}]]

    yield "event without artifact_id", event(artifact_id=None), INVALID
    yield "event without execution_id", event(execution_id=None), INVALID
    yield "event without a type", event(type=None), INVALID
    yield "event of type UNKNOWN", event(type=pb.Event.UNKNOWN), INVALID
    yield "event of an unknown artifact", event(artifact_id=UNKNOWN_ID), INVALID
    yield "event of an unknown execution", event(execution_id=UNKNOWN_ID), INVALID
    yield "event that is there", event(execution_id=1), EXISTS

    for field in ("artifact_id", "context_id"):
        for number in (UNKNOWN_ID, None):
            ends: dict[str, Any] = {"artifact_id": 1, "context_id": 1, field: number}
            call = _links([pb.Attribution(**ends)], [])
            yield f"attribution with {field} {number}", [call], INVALID
    for field in ("execution_id", "context_id"):
        for number in (UNKNOWN_ID, None):
            ends = {"execution_id": 1, "context_id": 1, field: number}
            call = _links([], [pb.Association(**ends)])
            yield f"association with {field} {number}", [call], INVALID

    for child, parent, error in (
        (None, 1, INVALID),
        (1, None, INVALID),
        (UNKNOWN_ID, 1, INVALID),
        (1, UNKNOWN_ID, INVALID),
        (3, 3, INVALID),
        (1, 2, INVALID),  # 2 is a child of 1
        (2, 1, EXISTS),
    ):
        link = pb.ParentContext(child_id=child, parent_id=parent)
        yield f"parent {parent} of {child}", [["put_parent_contexts", [[sent(link)]], {}]], error


def _links(attributions: list[Any], associations: list[Any]) -> Call:
    given = [[sent(link) for link in links] for links in (attributions, associations)]
    return ["put_attributions_and_associations", given, {}]


# --- many at once --------------------------------------------------------------------------------


def _execution(pairs: Any = (), contexts: Any = (), **options: bool) -> list[Call]:
    given = [sent(_node("execution")), list(pairs), [sent(context) for context in contexts]]
    return [["put_execution", given, options]]


def _subgraph(
    executions: Any = (), artifacts: Any = (), contexts: Any = (), edges: Any = ()
) -> list[Call]:
    nodes = [[sent(node) for node in given] for given in (executions, artifacts, contexts)]
    return [["put_lineage_subgraph", [*nodes, list(edges)], {}]]


def _of_executions() -> Iterator[tuple[str, list[Call], str]]:
    took = pb.Event.INPUT
    artifact = sent(_node("artifact"))
    event = sent(pb.Event(type=took, execution_id=UNKNOWN_ID))
    yield "no execution", [_raw(service_pb.PutExecutionRequest())], INVALID
    yield "event of another execution", _execution([[TUPLE, artifact, event]]), INVALID
    event = sent(pb.Event(type=took, artifact_id=UNKNOWN_ID))
    yield "event of another artifact", _execution([[TUPLE, artifact, event]]), INVALID
    event = sent(pb.Event(type=took))
    yield "event of no artifact", _execution([[TUPLE, None, event]]), INVALID
    yield "event of no type", _execution([[TUPLE, artifact, sent(pb.Event())]]), INVALID
    for what, fields in (("type_id", {"name": "a"}), ("name", {"type_id": TYPE_IDS["context"]})):
        for node_id in (None, 1):
            context = pb.Context(id=node_id, **fields)
            case = f"context {node_id} without {what}"
            yield f"{case} in an execution", _execution(contexts=[context]), INVALID
            yield f"{case} in a subgraph", _subgraph(contexts=[context]), INVALID
    forced = _execution(contexts=[pb.Context(id=UNKNOWN_ID)], force_reuse_context=True)
    yield "unknown context to be reused", forced, NOT_FOUND
    known = _node("context", name="a")
    yield "context that is there in an execution", _execution(contexts=[known]), EXISTS
    yield "context that is there in a subgraph", _subgraph(contexts=[known]), EXISTS


def _of_subgraphs() -> Iterator[tuple[str, list[Call], str]]:
    execution, artifact = _node("execution"), _node("artifact")

    def edge(execution_index: Any, artifact_index: Any, **ends: Any) -> list[Call]:
        event = sent(pb.Event(type=pb.Event.INPUT, **ends))
        edges = [[TUPLE, execution_index, artifact_index, event]]
        return _subgraph([execution], [artifact], edges=edges)

    for index in (-1, 1):
        yield f"execution_index {index}", edge(index, 0), OUT_OF_RANGE
        yield f"artifact_index {index}", edge(0, index), OUT_OF_RANGE
    yield "no execution of an edge", edge(None, 0), INVALID
    yield "no artifact of an edge", edge(0, None), INVALID
    yield "index and id of a new execution", edge(0, 0, execution_id=1), INVALID
    yield "index and id of a new artifact", edge(0, 0, artifact_id=1), INVALID
    named = sent(pb.Event(type=pb.Event.INPUT, artifact_id=2))
    other = _subgraph([execution], [_node("artifact", id=1)], edges=[[TUPLE, 0, 0, named]])
    yield "index of one artifact and id of another", other, INVALID
    no_event = _subgraph([execution], [artifact], edges=[[TUPLE, 0, 0, None]])
    yield "edge without an event", no_event, INVALID
    for kind, place in (("execution", 0), ("artifact", 1)):
        for node_id in (None, 1):
            lists: list[Any] = [[], []]
            lists[place] = [asking.KINDS[kind](id=node_id)]
            yield f"{kind} {node_id} without type_id", _subgraph(*lists), INVALID
        lists[place] = [asking.KINDS[kind](type_id=UNKNOWN_ID)]
        yield f"{kind} of an unknown type", _subgraph(*lists), NOT_FOUND


# --- walks and lists -----------------------------------------------------------------------------


def _of_walks() -> Iterator[tuple[str, list[Call], str]]:
    def walk(**fields: Any) -> list[Call]:
        query = pb.LineageSubgraphQueryOptions(**fields)
        return [["get_lineage_subgraph", [sent(query)], {}]]

    def start(text: str) -> Any:
        return pb.LineageSubgraphQueryOptions.StartingNodes(filter_query=text)

    yield "no starting nodes", walk(), INVALID
    for field in ("starting_artifacts", "starting_executions"):
        yield f"empty {field}", walk(**{field: start("")}), INVALID
        yield f"bad {field}", walk(**{field: start("nowhere = 1")}), INVALID
        yield f"no node for {field}", walk(**{field: start("id = 99")}), NOT_FOUND
        yield f"{field} and no hops", walk(**{field: start("id = 1")}, max_num_hops=-1), INVALID


def _of_pages() -> Iterator[tuple[str, list[Call], str]]:
    field = pb.ListOperationOptions.OrderByField
    by_id = pb.ListOperationOptions(max_result_size=1, order_by_field=field(field=field.ID))
    by_id.order_by_field.is_asc = True
    token = encode_token(Position(field=1, id=1), by_id)

    def listed(**changes: Any) -> list[Call]:
        options = pb.ListOperationOptions(**changes)
        if not options.HasField("order_by_field"):
            options.order_by_field.CopyFrom(by_id.order_by_field)
        return [_raw(service_pb.GetArtifactsRequest(options=options))]

    yield "max_result_size 0", listed(max_result_size=0), INVALID
    yield "max_result_size -1", listed(max_result_size=-1), INVALID
    unspecified = field(field=field.FIELD_UNSPECIFIED)
    yield "order by nothing", listed(order_by_field=unspecified), INVALID
    for text in ("!!", "AAAA", token[:-1] + "?", "e30", "x"):
        yield f"token {text}", listed(next_page_token=text), INVALID
    for number, is_asc in ((field.CREATE_TIME, True), (field.ID, False)):
        other = field(field=number, is_asc=is_asc)
        case = f"token of a list in another order than {number} {is_asc}"
        yield case, listed(next_page_token=token, order_by_field=other), INVALID


ROWS = [
    *(
        pytest.param(calls, error, id=f"{kind}: {name}")
        for kind in asking.KINDS
        for rows in (_of_types(kind), _of_nodes(kind))
        for name, calls, error in rows
    ),
    *(
        pytest.param(calls, error, id=name)
        for rows in (
            _of_type_requests(),
            _of_contexts_and_times(),
            _of_links(),
            _of_executions(),
            _of_subgraphs(),
            _of_walks(),
            _of_pages(),
        )
        for name, calls, error in rows
    ),
]


def _replies(peer: Peer, calls: list[Call]) -> list[Any]:
    peer.begin()
    return [peer.ask(call) for call in [*asking.beginning(), *calls]]


@pytest.mark.parametrize(("calls", "error"), ROWS)
def test_bad_input_is_the_same_error(
    both: tuple[Peer, Peer], calls: list[Call], error: str
) -> None:
    for peer in both:
        *before, last = _replies(peer, calls)

        assert [reply for reply in before if reply[0] != "returned"] == []
        assert last[:2] == ["raised", error]


NO_ERRORS: list[Call] = [
    *([f"get_{kind}s_by_external_ids", [[]], {}] for kind in asking.KINDS),
    *([f"get_{kind}_types_by_external_ids", [[]], {}] for kind in asking.KINDS),
    *([f"get_{kind}s_by_id", [[UNKNOWN_ID]], {}] for kind in asking.KINDS),
    *([f"get_{kind}_types_by_id", [[UNKNOWN_ID]], {}] for kind in asking.KINDS),
    *([f"get_{kind}s_by_type", ["nowhere"], {}] for kind in asking.KINDS),
    *([f"get_{kind}_by_type_and_name", ["T", "nowhere"], {}] for kind in asking.KINDS),
    ["get_artifacts_by_context", [UNKNOWN_ID], {}],
    ["get_executions_by_context", [UNKNOWN_ID], {}],
    ["get_parent_contexts_by_context", [UNKNOWN_ID], {}],
    ["get_children_contexts_by_context", [UNKNOWN_ID], {}],
    ["get_events_by_artifact_ids", [[]], {}],
    ["get_events_by_execution_ids", [[UNKNOWN_ID]], {}],
    _links([pb.Attribution(artifact_id=1, context_id=1)] * 2, []),
    _list("artifact", limit=0),
    ["put_artifacts", [[[CHANGED, "Artifact", 1, "", ["type_id"]]]], {}],
]


@pytest.mark.parametrize("call", NO_ERRORS, ids=str)
def test_what_may_be_asked_for_in_vain_is_no_error(both: tuple[Peer, Peer], call: Call) -> None:
    got, expected = (_replies(peer, [call])[-1] for peer in both)

    assert expected[0] == "returned"
    assert comparable(call, got) == comparable(call, expected)


def test_a_token_goes_on_with_another_filter_and_another_size(both: tuple[Peer, Peer]) -> None:
    field = pb.ListOperationOptions.OrderByField
    by_id = pb.ListOperationOptions(order_by_field=field(field=field.ID, is_asc=True))
    by_id.next_page_token = encode_token(Position(field=1, id=1), by_id)
    by_id.filter_query, by_id.max_result_size = "id < 4", 1
    call = _raw(service_pb.GetArtifactsRequest(options=by_id))

    got, expected = (_replies(peer, [call])[-1] for peer in both)

    assert expected[0] == "returned"
    assert comparable(call, got) == comparable(call, expected)


@pytest.mark.parametrize("mode", ["READONLY", "READWRITE"])
def test_a_store_that_cannot_be_opened_is_the_same_error(
    both: tuple[Peer, Peer], tmp_path: Path, mode: str
) -> None:
    config = pb.ConnectionConfig()
    config.sqlite.filename_uri = str(tmp_path / "no" / "file")
    config.sqlite.connection_mode = getattr(pb.SqliteMetadataSourceConfig, mode)
    for peer in both:
        reply = peer.ask([BEGIN, _base64(config.SerializeToString())])

        assert reply[:2] == ["raised", "RuntimeError"]


def test_a_configuration_that_names_no_store_is_the_same_error(both: tuple[Peer, Peer]) -> None:
    for peer in both:
        assert peer.ask([BEGIN, ""])[:2] == ["raised", "RuntimeError"]
