"""A lineage graph and its forms as text."""

from __future__ import annotations

import json

import pytest

from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState, StructValue


def artifact(number: int, uri: str | None = None, **properties: str) -> Artifact:
    return Artifact(id=number, type="Schema", type_id=10, uri=uri, properties=properties)


def execution(number: int, **more: object) -> Execution:
    return Execution(
        id=number,
        type="infer",
        type_id=11,
        last_known_state=ExecutionState.COMPLETE,
        custom_properties=dict(more),  # type: ignore[arg-type]
    )


def event(artifact_id: int, execution_id: int, kind: EventType) -> Event:
    return Event(artifact_id=artifact_id, execution_id=execution_id, type=kind, path=("x", 1))


@pytest.fixture
def graph() -> LineageGraph:
    """1 → 1 → 2 → 2 → 3, where execution 2 uses artifact 1 as well."""
    return LineageGraph(
        direction=Direction.UPSTREAM,
        start_artifacts=(3,),
        artifacts=(artifact(1, "/data"), artifact(2, name="taxi"), artifact(3, "/out", name="n")),
        executions=(execution(1, mlmeta_duration_ms=12), execution(2, mlmeta_duration_ms=1500.0)),
        events=(
            event(1, 1, EventType.INPUT),
            event(2, 1, EventType.OUTPUT),
            event(2, 2, EventType.DECLARED_INPUT),
            event(1, 2, EventType.DECLARED_INPUT),
            event(3, 2, EventType.DECLARED_OUTPUT),
        ),
    )


def test_a_tree_shows_each_node_once_and_points_back(graph: LineageGraph) -> None:
    assert graph.to_tree().splitlines() == [
        "Schema “n” /out  [artifact 3]",
        "└── infer  COMPLETED, 1.5 s  [execution 2]",
        "    ├── Schema “taxi”  [artifact 2]",
        "    │   └── infer  COMPLETED, 12 ms  [execution 1]",
        "    │       └── Schema /data  [artifact 1]",
        "    └── Schema /data  [artifact 1]",
    ]
    assert str(graph) == graph.to_tree()


def test_the_walk_goes_in_the_graphs_direction(graph: LineageGraph) -> None:
    assert graph.next(("artifact", 3)) == (("execution", 2),)
    assert graph.next(("execution", 2)) == (("artifact", 2), ("artifact", 1))
    assert graph.next(("artifact", 1)) == ()
    down = LineageGraph(
        direction=Direction.DOWNSTREAM,
        artifacts=graph.artifacts,
        executions=graph.executions,
        events=graph.events,
    )
    assert down.next(("artifact", 1)) == (("execution", 1), ("execution", 2))
    assert down.next(("execution", 2)) == (("artifact", 3),)


def test_a_circle_is_drawn_once() -> None:
    circle = LineageGraph(
        direction=Direction.UPSTREAM,
        start_artifacts=(1,),
        artifacts=(artifact(1),),
        executions=(execution(1),),
        events=(event(1, 1, EventType.INPUT), event(1, 1, EventType.OUTPUT)),
    )
    assert len(circle.to_tree().splitlines()) == 3
    assert "(see above)" in circle.to_tree()


def test_arrows_point_the_way_the_data_went(graph: LineageGraph) -> None:
    arrows = ["a1 --> e1", "e1 --> a2", "a2 --> e2", "a1 --> e2", "e2 --> a3"]
    lines = [line.strip() for line in graph.to_mermaid().splitlines()]
    assert lines[0] == "flowchart LR"
    assert lines[-5:] == arrows
    dots = [line.strip() for line in graph.to_dot().splitlines()]
    assert dots[-6:-1] == [arrow.replace("-->", "->") + ";" for arrow in arrows]


@pytest.mark.parametrize("name", ['say "x"', "back\\slash", "two\nlines", "<b>", "a;b[c]{d}"])
def test_names_cannot_break_a_drawing(name: str) -> None:
    graph = LineageGraph(
        direction=Direction.UPSTREAM, start_artifacts=(1,), artifacts=(artifact(1, name=name),)
    )
    [_, mermaid] = graph.to_mermaid().splitlines()
    label = mermaid.partition('(["')[2].removesuffix('"])')
    assert not set(label) & set('"<>[]{}\\')
    dot = graph.to_dot().splitlines()
    assert len(dot) == 4
    assert dot[2].count('"') - dot[2].count('\\"') == 2


def test_json_holds_everything(graph: LineageGraph) -> None:
    plain = json.loads(graph.to_json())
    assert plain == json.loads(json.dumps(graph.to_dict()))
    assert plain["start"] == [{"kind": "artifact", "id": 3}]
    assert [node["id"] for node in plain["artifacts"]] == [1, 2, 3]
    assert plain["executions"][0]["last_known_state"] == "COMPLETE"
    assert plain["events"][0]["path"] == ["x", 1]


def test_json_holds_structs_as_base64() -> None:
    node = Artifact(
        id=1, type="T", type_id=1, custom_properties={"s": StructValue(b"\0\1"), "n": 1}
    )
    graph = LineageGraph(direction=Direction.UPSTREAM, artifacts=(node,))
    assert json.loads(graph.to_json())["artifacts"][0]["custom_properties"] == {"n": 1, "s": "AAE="}


def test_every_kind_of_event_is_an_input_or_an_output() -> None:
    assert INPUT_EVENTS | OUTPUT_EVENTS | {EventType.UNKNOWN} == set(EventType)
    assert not INPUT_EVENTS & OUTPUT_EVENTS
    assert {kind for kind in EventType if kind.is_input} == INPUT_EVENTS
