"""What may be asked of two implementations of ML Metadata: hypothesis' strategies for calls.

What the wheel does wrong is left out where it is drawn; ``tests/interop/faults.py`` lists it, with
the calls that show it.
"""

from __future__ import annotations

from mlmeta_track.wire import metadata_store_pb2 as pb

from .base import FIRST_TYPE, KINDS, PROPERTIES, TYPES, Call, sent
from .links import (
    put_events,
    put_executions_raw,
    put_executions_whole,
    put_links,
    put_parents,
    put_subgraphs,
)
from .nodes import put_nodes, put_unless_changed
from .reads import lists, neighbours, pages, reads, walks, walks_raw
from .types import put_type, put_types

__all__ = [
    "FIRST_TYPE",
    "KINDS",
    "PROPERTIES",
    "TYPES",
    "Call",
    "beginning",
    "ending",
    "lists",
    "neighbours",
    "pages",
    "put_events",
    "put_executions_raw",
    "put_executions_whole",
    "put_links",
    "put_nodes",
    "put_parents",
    "put_subgraphs",
    "put_type",
    "put_types",
    "put_unless_changed",
    "reads",
    "sent",
    "walks",
    "walks_raw",
]


def beginning() -> list[Call]:
    """Types ``T``, four nodes of each kind, and links of all kinds between them."""
    artifacts = [pb.Artifact(type_id=FIRST_TYPE, uri=uri) for uri in ("u1", "u2", "u1", "")]
    artifacts[0].name, artifacts[2].external_id = "a", "x"
    executions = [pb.Execution(type_id=FIRST_TYPE + 1) for _ in range(4)]
    executions[0].name, executions[1].last_known_state = "a", pb.Execution.RUNNING
    contexts = [pb.Context(type_id=FIRST_TYPE + 2, name=name) for name in ("a", "b", "d", "e")]
    took = [pb.Event(artifact_id=i, execution_id=i, type=pb.Event.INPUT) for i in (1, 2)]
    made = [pb.Event(artifact_id=i + 1, execution_id=i, type=pb.Event.OUTPUT) for i in (1, 2)]
    first = [(kind, t(name="T", properties=PROPERTIES)) for kind, t in TYPES.items()]
    return [
        *([f"put_{kind}_type", [sent(message)], {}] for kind, message in first),
        ["put_artifacts", [[sent(a) for a in artifacts]], {}],
        ["put_executions", [[sent(e) for e in executions]], {}],
        ["put_contexts", [[sent(c) for c in contexts]], {}],
        ["put_events", [[sent(e) for e in took + made]], {}],
        [
            "put_attributions_and_associations",
            [
                [sent(pb.Attribution(artifact_id=1, context_id=1))],
                [sent(pb.Association(execution_id=2, context_id=1))],
            ],
            {},
        ],
        ["put_parent_contexts", [[sent(pb.ParentContext(child_id=2, parent_id=1))]], {}],
    ]


def ending() -> list[Call]:
    """All that a store holds."""
    some = list(range(-1, 30))
    whole = pb.LineageSubgraphQueryOptions()
    whole.starting_artifacts.filter_query = "id > 0"
    of_all = [*(f"get_{kind}s" for kind in KINDS), *(f"get_{kind}_types" for kind in KINDS)]
    return [
        *([method, [], {}] for method in of_all),
        *([f"get_{kind}_types_by_id", [some], {}] for kind in KINDS),
        *([f"get_events_by_{kind}_ids", [some], {}] for kind in ("artifact", "execution")),
        *(["get_artifacts_by_context", [i], {}] for i in range(1, 6)),
        *(["get_executions_by_context", [i], {}] for i in range(1, 6)),
        *(["get_children_contexts_by_context", [i], {}] for i in range(1, 6)),
        ["get_lineage_subgraph", [sent(whole)], {}],
    ]
