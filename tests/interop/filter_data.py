"""The store that both sides filter, as calls: the nodes and edges of the filter table, and more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, TypeVar

from mlmeta_track.wire import metadata_store_pb2 as pb

from .asking import FIRST_TYPE, Call, sent

_TYPES = {"i": pb.INT, "d": pb.DOUBLE, "s": pb.STRING, "b": pb.BOOLEAN}
_Values: TypeAlias = "Mapping[str, int | float | str | bool]"
NodeT = TypeVar("NodeT", pb.Artifact, pb.Execution, pb.Context)


def filling() -> Iterator[Call]:
    """The calls that fill a new store."""
    for name, kind in (("AT", pb.ArtifactType), ("ET", pb.ExecutionType), ("CT", pb.ContextType)):
        method = f"put_{kind.__name__.removesuffix('Type').lower()}_type"
        yield [method, [sent(kind(name=name, properties=_TYPES))], {}]
    yield ["put_artifacts", [[sent(node) for node in _artifacts()]], {}]
    yield ["put_executions", [[sent(node) for node in _executions()]], {}]
    yield ["put_contexts", [[sent(node) for node in _contexts()]], {}]
    parents = [pb.ParentContext(parent_id=1, child_id=2), pb.ParentContext(parent_id=1, child_id=4)]
    yield ["put_parent_contexts", [[sent(link) for link in parents]], {}]
    yield ["put_events", [[sent(event) for event in _events()]], {}]
    attributed = [(1, 1), (2, 1), (1, 2), (6, 4), (7, 3)]
    associated = [(1, 1), (2, 1), (4, 2)]
    yield [
        "put_attributions_and_associations",
        [
            [sent(pb.Attribution(artifact_id=a, context_id=c)) for a, c in attributed],
            [sent(pb.Association(execution_id=e, context_id=c)) for e, c in associated],
        ],
        {},
    ]


def _artifacts() -> Iterator[pb.Artifact]:
    def artifact(properties: _Values, custom: _Values, **fields: Any) -> pb.Artifact:
        return _filled(pb.Artifact(type_id=FIRST_TYPE, **fields), properties, custom)

    yield artifact({"i": 1, "s": "x"}, {"c": 5}, name="a1", uri="u1", state=pb.Artifact.LIVE)
    yield artifact({"i": 2}, {}, name="a2", uri="u2", state=pb.Artifact.DELETED)
    yield artifact({}, {"c": "str", "my prop": 9}, name="a3", uri="u3")
    yield artifact({}, {}, name="uri", uri="q\"uo'te")
    yield artifact({}, {}, uri="u5", external_id="ext5")
    numbers: _Values = {"i": -3, "d": 2.5, "s": "12", "b": True}
    yield artifact(numbers, {"c": 2.5}, name="12", uri="", state=pb.Artifact.UNKNOWN)
    more: _Values = {"i": 2**53 + 1, "d": 0.0, "s": "", "b": False}
    yield artifact(more, {"c": True}, name="B2", uri="u1", state=pb.Artifact.PENDING)


def _executions() -> Iterator[pb.Execution]:
    def execution(properties: _Values, **fields: Any) -> pb.Execution:
        return _filled(pb.Execution(type_id=FIRST_TYPE + 1, **fields), properties, {})

    yield execution({}, name="e1", last_known_state=pb.Execution.COMPLETE)
    yield execution({"i": 3}, name="e2", last_known_state=pb.Execution.RUNNING)
    yield execution({})
    yield execution({"d": 1.0, "s": "x"}, name="e4", last_known_state=pb.Execution.CACHED)


def _contexts() -> Iterator[pb.Context]:
    def context(properties: _Values, custom: _Values, **fields: Any) -> pb.Context:
        return _filled(pb.Context(type_id=FIRST_TYPE + 2, **fields), properties, custom)

    yield context({}, {}, name="c1")
    yield context({"i": 1}, {}, name="c2")
    yield context({}, {"c": 5}, name="c3")
    yield context({"s": "x", "b": True}, {}, name="a1", external_id="ext5")


def _events() -> Iterator[pb.Event]:
    kinds = pb.Event.Type
    for artifact, execution, kind in (
        (1, 1, kinds.INPUT),
        (2, 1, kinds.OUTPUT),
        (2, 2, kinds.DECLARED_INPUT),
        (3, 2, kinds.PENDING_OUTPUT),
        (1, 1, kinds.DECLARED_INPUT),
        (6, 4, kinds.INTERNAL_OUTPUT),
        (7, 4, kinds.DECLARED_OUTPUT),
    ):
        # The time is that of the event's number: both sides have the same.
        yield pb.Event(
            artifact_id=artifact,
            execution_id=execution,
            type=kind,
            milliseconds_since_epoch=70 + artifact + execution,
        )


def _filled(node: NodeT, properties: _Values, custom: _Values) -> NodeT:
    for where, values in ((node.properties, properties), (node.custom_properties, custom)):
        for name, value in values.items():
            kind = {bool: "bool", int: "int", float: "double", str: "string"}[type(value)]
            setattr(where[name], f"{kind}_value", value)
    return node
