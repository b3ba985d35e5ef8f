"""Where our look-alike and the wheel differ, each with the calls that show it and the reason.

This is all: the random calls of ``test_same_replies.py`` meet none of them, for they leave out what
shows them, or meet one, which then says by ``met`` what of the replies differs.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb

from .asking import FIRST_TYPE, Call, sent
from .replies import CHANGED, MOST_PAGES, OPTIONS, PAGES, RAW


def error_or_number(reply: Any) -> Any:
    """The error's class, or how many were found."""
    return len(reply[1]) if reply[0] == "returned" else _error(reply)


def _error(reply: Any) -> str:
    return str(reply[1] if reply[0] == "raised" else reply[0])


def first_node(reply: Any) -> Any:
    """The first node of those that were read."""
    assert reply[0] == "returned", reply
    _, name, data = reply[1][0]
    return getattr(pb, name).FromString(base64.b64decode(data))


def properties(reply: Any) -> dict[str, Any]:
    """The properties of the first node, custom ones with a star."""
    node = first_node(reply)
    maps = (("", node.properties), ("*", node.custom_properties))
    return {
        f"{star}{name}": getattr(value, value.WhichOneof("value"))
        for star, values in maps
        for name, value in values.items()
    }


def is_as_it_was_made(reply: Any) -> bool:
    """Whether the first node counts as never updated."""
    node = first_node(reply)
    return bool(node.create_time_since_epoch == node.last_update_time_since_epoch)


def artifacts_of_graph(reply: Any) -> int:
    """How many artifacts a walk reached."""
    return len(pb.LineageGraph.FromString(base64.b64decode(reply[1][2])).artifacts)


def _never(_call: Call, _ours: Any, _theirs: Any) -> bool:
    return False


@dataclass(frozen=True)
class Fault:
    """A difference: calls after ``asking.beginning()``, and what the last one's reply shows."""

    name: str
    reason: str
    calls: Sequence[Call]
    ours: Any
    theirs: Any
    look: Callable[[Any], Any] = error_or_number
    met: Callable[[Call, Any, Any], bool] = _never


# --- the calls -----------------------------------------------------------------------------------


def _artifact(**fields: Any) -> pb.Artifact:
    return pb.Artifact(type_id=FIRST_TYPE, **fields)


def _custom(**values: pb.Value) -> pb.Artifact:
    return _artifact(custom_properties=values)


def _several(number: int) -> list[pb.Artifact]:
    return [_artifact() for _ in range(number)]


def _put(*artifacts: pb.Artifact) -> Call:
    return ["put_artifacts", [[sent(artifact) for artifact in artifacts]], {}]


def _read(*ids: int) -> Call:
    return ["get_artifacts_by_id", [list(ids)], {}]


def _again(node_id: int, changes: pb.Artifact | None = None) -> Call:
    """Put a node again as it is stored, with changes."""
    change = changes or pb.Artifact()
    return ["put_artifacts", [[[CHANGED, "Artifact", node_id, sent(change)[2], []]]], {}]


def _twice() -> Call:
    """A type with an external id, and again without."""
    types = [pb.ContextType(name="N", external_id="e"), pb.ContextType(name="N")]
    return [RAW, ["PutTypes", sent(service_pb.PutTypesRequest(context_types=types))], {}]


def _filtered(kind: str, text: str) -> Call:
    return [f"get_{kind}s", [], {"list_options": [OPTIONS, {"filter_query": text}]}]


def _pages(field: Any, size: int) -> Call:
    """All pages of that size."""
    options = pb.ListOperationOptions()
    options.order_by_field.field, options.order_by_field.is_asc = field, True
    request = service_pb.GetArtifactsRequest(options=options)
    return [PAGES, ["GetArtifacts", sent(request), [size]], {}]


def _from_all() -> Call:
    """A walk of no hops from all artifacts."""
    query = pb.LineageSubgraphQueryOptions(max_num_hops=0)
    query.starting_artifacts.filter_query = "id > 0"
    return ["get_lineage_subgraph", [sent(query)], {}]


def _nothing_in_a_context() -> Call:
    """An execution in the context 1, with a pair that has neither artifact nor event."""
    request = service_pb.PutExecutionRequest(
        execution=pb.Execution(type_id=FIRST_TYPE + 1),
        contexts=[pb.Context(type_id=FIRST_TYPE + 2, name="a")],
    )
    request.options.reuse_context_if_already_exist = True
    request.artifact_event_pairs.add()
    return [RAW, ["PutExecution", sent(request)], {}]


# --- what of it the random calls meet ------------------------------------------------------------


def _cannot_list(call: Call, ours: Any, theirs: Any) -> bool:
    """A list of a context's artifacts, of which one does not exist."""
    method = call[1][0] if call[0] in {RAW, PAGES} else call[0]
    return (
        method in {"get_artifacts_by_context", "GetArtifactsByContext"}
        and ours[0] == "returned"
        and theirs[:2] == ["raised", "InternalError"]
        and theirs[2].startswith("Results missing for ids: {")
    )


def _is_of_no_artifact(call: Call, ours: Any, theirs: Any) -> bool:
    """The contexts of the artifact -1, which stands for none."""
    return (
        call[:2] == ["get_contexts_by_artifact", [-1]]
        and ours[:2] == ["raised", "NotFoundError"]
        and theirs[0] == "returned"
    )


# --- the table -----------------------------------------------------------------------------------

_ORDER = pb.ListOperationOptions.OrderByField
_SAME_NAME = _artifact(
    properties={"i": pb.Value(int_value=1)}, custom_properties={"i": pb.Value(int_value=2)}
)

FAULTS = [
    Fault(
        "doubles with six decimals",
        "The wheel writes a double as `std::to_string` does, and loses what is behind.",
        [_put(_custom(p=pb.Value(double_value=1e-9))), _read(5)],
        {"*p": 1e-9},
        {"*p": 0.0},
        properties,
    ),
    Fault(
        "doubles with fifteen digits",
        "The wheel reads a double from SQLite's text of it, and loses what is behind.",
        [_put(_custom(p=pb.Value(double_value=17179869183.984375))), _read(5)],
        {"*p": 17179869183.984375},
        {"*p": 17179869183.9844},
        properties,
    ),
    Fault(
        "doubles that change by being put again",
        "The wheel compares what is put with the six decimals that it stored.",
        [
            _put(_custom(p=pb.Value(double_value=1e-9))),
            _again(5, pb.Artifact(custom_properties={"p": pb.Value(double_value=1e-9)})),
            _read(5),
        ],
        True,
        False,
        is_as_it_was_made,
    ),
    *(
        Fault(
            f"{number} as a double",
            "The wheel lets SQLite fail over the text of it. The caller gave what cannot be"
            " stored, and that is an invalid argument.",
            [_put(_custom(p=pb.Value(double_value=number)))],
            "InvalidArgumentError",
            "InternalError",
        )
        for number in (float("nan"), float("inf"), float("-inf"))
    ),
    Fault(
        "a declared property overwrites the custom one of its name",
        "The wheel updates both rows, for it does not ask which is which.",
        [
            _put(_SAME_NAME),
            _again(5, pb.Artifact(properties={"i": pb.Value(int_value=7)})),
            _read(5),
        ],
        {"i": 7, "*i": 2},
        {"i": 7, "*i": 7},
        properties,
    ),
    Fault(
        "a custom property deletes the declared one of its name",
        "The wheel replaces a custom property by deleting both rows.",
        [
            _put(_SAME_NAME),
            _again(5, pb.Artifact(custom_properties={"i": pb.Value(string_value="s")})),
            _read(5),
        ],
        {"i": 1, "*i": "s"},
        {"*i": "s"},
        properties,
    ),
    Fault(
        "a custom property without a value",
        "The wheel ends the whole process.",
        [_put(_custom(p=pb.Value()))],
        "InvalidArgumentError",
        "died",
    ),
    Fault(
        "a text that looks like a struct",
        "The wheel stores it, and can then not read the node. Here it is refused.",
        [_put(_custom(p=pb.Value(string_value="mlmd-struct::!!"))), _read(1, 5)],
        1,
        "InvalidArgumentError",
    ),
    Fault(
        "a proto without a type_url",
        "The wheel stores it, and can then not read the node.",
        [_put(_custom(p=pb.Value(proto_value=AnyMessage(value=b"x")))), _read(1, 5)],
        2,
        "InternalError",
    ),
    Fault(
        "a text with a NUL",
        "The wheel cuts it there. Here it is refused.",
        [_put(_artifact(uri="u\0v")), _read(1, 5)],
        1,
        2,
    ),
    Fault(
        "a new type that comes twice in PutTypes",
        "The second time it has no external id, and the wheel then empties the first one's.",
        [_twice(), ["get_context_types_by_external_ids", [["e"]], {}]],
        1,
        "NotFoundError",
    ),
    Fault(
        "pages by update time",
        "The wheel's token names the nodes of the last page alone, so that after two pages of one"
        " time the first comes again, for ever.",
        [_put(*_several(6)), _pages(_ORDER.LAST_UPDATE_TIME, 1)],
        10,
        MOST_PAGES,
    ),
    Fault(
        "pages of more than 100 nodes",
        "The wheel's page ends after 101 of them without a token, and the others are lost.",
        [_put(*_several(150)), _pages(_ORDER.ID, 101)],
        2,
        1,
    ),
    Fault(
        "walks from more than 101 nodes",
        "The wheel walks from the first 101 that the filter finds, and does not say so.",
        [_put(*_several(150)), _from_all()],
        154,
        101,
        artifacts_of_graph,
    ),
    Fault(
        "no artifact in a context",
        "`PutExecution` answers -1 for a pair without an artifact, and the wheel then puts the"
        " artifact -1 into the contexts; nobody can list their artifacts any more.",
        [_nothing_in_a_context(), ["get_artifacts_by_context", [1], {}]],
        1,
        "InternalError",
        met=_cannot_list,
    ),
    Fault(
        "the contexts of no artifact",
        "They are those that the wheel put the artifact -1 into.",
        [_nothing_in_a_context(), ["get_contexts_by_artifact", [-1], {}]],
        "NotFoundError",
        1,
        met=_is_of_no_artifact,
    ),
    *(
        Fault(
            f"filter: {text}",
            reason,
            [_filtered(kind, text)],
            ours,
            theirs,
        )
        for kind, text, ours, theirs, reason in (
            (
                *("context", "artifacts_a.state != LIVE", 1, "InvalidArgumentError"),
                "The wheel rewrites != and NOT IN of a neighbour's state into what it cannot read.",
            ),
            (
                *("artifact", "state = ABANDONED", 0, "InvalidArgumentError"),
                "The wheel's list of states was not continued.",
            ),
            (
                *("artifact", "events_e.type = PENDING_OUTPUT", 0, "InvalidArgumentError"),
                "The wheel's list of events was not continued.",
            ),
            (
                *("artifact", """uri = 'a"b\\'c'""", 0, "InternalError"),
                "The wheel puts texts into SQL between quotes of the other kind.",
            ),
        )
    ),
]


def is_known(call: Call, ours: Any, theirs: Any) -> bool:
    """Whether two replies differ by a fault that the random calls may meet."""
    return any(fault.met(call, ours, theirs) for fault in FAULTS)
