"""The picture of a lineage: well-formed, escaped, nothing on top of anything, all names there."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest

from mlmeta_track.domain import picture
from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState

SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<script>alert("x")</script> & 'y' ]]> \x00"""


def artifact(node_id: int, uri: str | None = None, kind: str = "DataSet") -> Artifact:
    return Artifact(id=node_id, type=kind, type_id=1, uri=uri or f"/data/{node_id}.csv")


def execution(node_id: int, kind: str = "train") -> Execution:
    return Execution(
        id=node_id,
        type=kind,
        type_id=2,
        last_known_state=ExecutionState.COMPLETE,
        custom_properties={"mlmeta_duration_ms": 1200.0},
    )


def graph(
    steps: Sequence[tuple[Sequence[int], Sequence[int]]], start: int | None = None
) -> LineageGraph:
    """A graph of executions by the ids of the artifacts that each used and made."""
    events = []
    for number, (used, made) in enumerate(steps, 1):
        for ids, kind in ((used, EventType.INPUT), (made, EventType.OUTPUT)):
            events += [
                Event(artifact_id=i, execution_id=number, type=kind, path=("data", i)) for i in ids
            ]
    ids = sorted({event.artifact_id for event in events})
    return LineageGraph(
        Direction.UPSTREAM,
        (ids[-1] if start is None else start,),
        (),
        tuple(artifact(i) for i in ids),
        tuple(execution(number) for number in range(1, len(steps) + 1)),
        tuple(events),
    )


def random_graph(nodes: int) -> LineageGraph:
    chance = random.Random(7)  # noqa: S311 - a shape, not a secret
    steps: list[tuple[list[int], list[int]]] = []
    for made in range(11, 11 + (nodes - 10) // 2):
        near = range(max(1, made - 12), made)
        steps.append((chance.sample(near, min(len(near), chance.choice([1, 1, 2, 3]))), [made]))
    return graph(steps)


def parsed(of: LineageGraph) -> ET.Element:
    return ET.fromstring(of.to_svg())  # noqa: S314 - our own


def boxes(svg: ET.Element) -> list[tuple[float, float, float, float]]:
    """Left, upper, right and lower edge of every node."""
    found = []
    for rect in svg.iter(f"{SVG}rect"):
        x, y, wide, high = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        found.append((x, y, x + wide, y + high))
    return found


def texts(svg: ET.Element) -> list[str]:
    return [str(text.text) for text in svg.iter(f"{SVG}text")]


def overlapping(svg: ET.Element) -> Iterator[object]:
    for one, other in combinations(boxes(svg), 2):
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]:
            yield one, other


SHAPES = {
    "chain": graph([([1], [2]), ([2], [3])]),
    "fan": graph([([1, 2, 3], [4]), ([1], [5]), ([4, 5], [6, 7])]),
    "cycle": graph([([1], [1, 2]), ([2], [1])]),
    "long way": graph([([1], [2]), ([2], [3]), ([3, 1], [4]), ([4, 1], [5])]),
    "apart": graph([([1], [2]), ([3], [4])]),
    "200 nodes": random_graph(200),
    "wide": graph([([i], [100 + i]) for i in range(1, 30)]),
}
each_shape = pytest.mark.parametrize("of", SHAPES.values(), ids=SHAPES)


@each_shape
def test_nodes_lie_beside_each_other_inside_the_picture(of: LineageGraph) -> None:
    svg = parsed(of)
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    assert len(boxes(svg)) == len(of.artifacts) + len(of.executions)
    assert list(overlapping(svg)) == []
    for left, top, right, bottom in boxes(svg):
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height


@each_shape
def test_lines_stay_inside_the_picture_and_every_one_has_a_head(of: LineageGraph) -> None:
    svg = parsed(of)
    lines, heads = svg.findall(f"{SVG}g")[:2]
    assert len(lines) == len(heads) > 0
    width, height = float(svg.attrib["width"]), float(svg.attrib["height"])
    for path in (*lines, *heads):
        for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path.attrib["d"]):
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


@each_shape
def test_a_picture_asks_for_nothing_and_runs_nothing(of: LineageGraph) -> None:
    assert re.sub(r'xmlns="[^"]*"', "", of.to_svg()).count("://") == 0
    assert not re.search(r"(?i)<script|<style|href|url\(|\bon\w+=|@import|\bid=", of.to_svg())


def test_the_same_graph_is_the_same_picture() -> None:
    assert random_graph(60).to_svg() == random_graph(60).to_svg()


def test_data_goes_downwards() -> None:
    tops = [box[1] for box in boxes(parsed(SHAPES["chain"]))]
    order = picture.chosen(SHAPES["chain"])
    place = {pile[0]: top for pile, top in zip(order, tops, strict=True)}
    path = ["artifact:1", "execution:1", "artifact:2", "execution:2", "artifact:3"]
    keys = [(kind, int(number)) for kind, number in (text.split(":") for text in path)]
    assert [place[key] for key in keys] == sorted(place.values())  # type: ignore[index]


def test_data_goes_to_the_right_where_that_is_less_wide() -> None:
    svg = parsed(SHAPES["wide"])
    assert float(svg.attrib["width"]) < 980 < float(svg.attrib["height"])


def test_a_node_says_what_it_is_and_its_title_says_all() -> None:
    of = SHAPES["chain"]
    svg = parsed(of)
    assert set(texts(svg)) == {"DataSet", "1.csv", "2.csv", "3.csv", "train", "COMPLETED, 1.2 s"}
    titles = [title.text for title in svg.findall(f"{SVG}g/{SVG}title")]
    assert "DataSet /data/1.csv  [artifact 1]" in titles
    assert "train  COMPLETED, 1.2 s  [execution 2]" in titles


def test_an_edge_tells_the_name_that_the_data_went_by() -> None:
    lines = parsed(SHAPES["chain"]).findall(f"{SVG}g")[0]
    assert [title.text for title in lines.iter(f"{SVG}title")] == [
        "data.1",
        "data.2",
        "data.2",
        "data.3",
    ]


def test_text_is_text_whatever_is_in_it() -> None:
    of = graph([([1], [2])])
    nasty = Artifact(id=2, type=NASTY, type_id=1, name=NASTY, uri=NASTY)
    events = tuple(replace(event, path=(NASTY,)) for event in of.events)
    of = replace(
        of,
        artifacts=(of.artifacts[0], nasty),
        executions=(execution(1, NASTY),),
        events=events,
    )
    assert "<script" not in of.to_svg()
    assert any('alert("x")' in str(title.text) for title in parsed(of).iter(f"{SVG}title"))


def test_long_names_are_cut_and_whole_in_the_title() -> None:
    name = f"{'very-' * 60}long.parquet"
    of = replace(SHAPES["chain"], artifacts=(artifact(1, f"/x/{name}"), artifact(2), artifact(3)))
    svg = parsed(of)
    assert not any(name in text for text in texts(svg))
    assert any(text.startswith("very-") and text.endswith("parquet") for text in texts(svg))
    assert any(name in str(title.text) for title in svg.iter(f"{SVG}title"))
    assert max(right - left for left, _, right, _ in boxes(svg)) < 300


@pytest.mark.parametrize(
    ("state", "colour"),
    [
        (ExecutionState.COMPLETE, "#22a559"),
        (ExecutionState.FAILED, "#e5484d"),
        (ExecutionState.RUNNING, "#d99a00"),
        (None, "#8b949e"),
    ],
)
def test_an_executions_colour_is_its_states(state: ExecutionState | None, colour: str) -> None:
    of = graph([([1], [2])])
    of = replace(of, executions=(replace(of.executions[0], last_known_state=state),))
    assert [dot.attrib["fill"] for dot in parsed(of).iter(f"{SVG}circle")] == [colour]


def test_the_start_is_drawn_stronger_than_the_others() -> None:
    strokes = [
        float(rect.attrib["stroke-width"]) for rect in parsed(SHAPES["fan"]).iter(f"{SVG}rect")
    ]
    assert strokes.count(max(strokes)) == 1
    assert strokes[0] == max(strokes)


def test_files_that_one_execution_reads_are_one_pile() -> None:
    of = graph([(range(1, 101), [101])])
    svg = parsed(of)
    assert len(boxes(svg)) == 3
    assert "100 \N{MULTIPLICATION SIGN} DataSet" in texts(svg)
    (title,) = (t for t in svg.iter(f"{SVG}title") if "[artifact 1]" in str(t.text))
    assert str(title.text).splitlines()[-1] == "…"
    assert len(str(title.text).splitlines()) == 21


def test_a_few_of_a_kind_are_drawn_one_by_one() -> None:
    assert len(boxes(parsed(graph([([1, 2, 3, 4], [5])])))) == 6


def test_the_start_is_in_no_pile() -> None:
    svg = parsed(graph([(range(1, 101), [101])], start=50))
    assert len(boxes(svg)) == 4
    assert "99 \N{MULTIPLICATION SIGN} DataSet" in texts(svg)


def test_what_is_used_elsewhere_as_well_is_in_no_pile() -> None:
    of = graph([(range(1, 11), [11]), ([3], [12])])
    assert "9 \N{MULTIPLICATION SIGN} DataSet" in texts(parsed(of))


def test_of_a_large_graph_the_nodes_near_the_start_are_drawn() -> None:
    of = graph([([i], [i + 1]) for i in range(1, 1000)], start=1000)
    piles = picture.chosen(of)
    assert len(piles) == picture.MOST_NODES
    assert piles[0] == (("artifact", 1000),)
    assert {number for ((kind, number),) in piles if kind == "artifact"} == set(range(851, 1001))
    assert len(boxes(parsed(of))) == picture.MOST_NODES


def test_a_start_that_is_not_there_is_no_error() -> None:
    assert len(boxes(parsed(replace(SHAPES["chain"], start_artifacts=(77,))))) == 5


def test_an_empty_graph_is_an_empty_picture() -> None:
    assert boxes(parsed(LineageGraph(Direction.UPSTREAM))) == []
