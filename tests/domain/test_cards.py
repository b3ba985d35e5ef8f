"""What a notebook shows of nodes and of lineage."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from mlmeta_track.domain import cards
from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    StructValue,
)

NASTY = "</td><script>alert('x')</script>&"

DATA = Artifact(
    id=3,
    type="DataSet",
    type_id=1,
    name="taxi",
    uri="/data/train.csv",
    state=ArtifactState.LIVE,
    properties={"split": "train", "version": 1},
    custom_properties={"mlmeta_fingerprint": "sha256:ab", "rows": 15_002},
    create_time_since_epoch=1_790_000_000_000,
)
FAILED = Execution(
    id=7,
    type="train",
    type_id=2,
    last_known_state=ExecutionState.FAILED,
    properties={"state": "FAILED"},
    custom_properties={
        "mlmeta_duration_ms": 2500.0,
        "mlmeta_traceback": "Traceback:\n  line 1\nValueError: no\n",
        "epochs": 3,
    },
)
GRAPH = LineageGraph(
    Direction.DOWNSTREAM,
    start_artifacts=(3,),
    artifacts=(DATA,),
    executions=(FAILED,),
    events=(Event(artifact_id=3, execution_id=7, type=EventType.INPUT),),
)


class Reader(HTMLParser):
    """Checks that elements close in the order in which they open, and collects rows of text."""

    empty: ClassVar = {"rect", "circle", "path"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.tags: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_an_artifact_is_a_table_of_what_is_known_of_it() -> None:
    assert Reader(DATA._repr_html_()).rows == [
        ["uri", "/data/train.csv"],
        ["state", "LIVE"],
        ["name", "taxi"],
        ["split", "train"],
        ["version", "1"],
        ["rows", "15002"],
        ["mlmeta_fingerprint", "sha256:ab"],
        ["created", "2026-09-21 14:13:20 UTC"],
    ]
    assert "artifact:3" in DATA._repr_html_()


def test_an_execution_says_how_it_ended_once() -> None:
    rows = Reader(FAILED._repr_html_()).rows
    assert rows[:2] == [["state", "FAILED, 2.5 s"], ["epochs", "3"]]
    assert [name for name, _ in rows].count("state") == 1


def test_of_a_traceback_the_last_line_is_seen_and_the_rest_unfolds() -> None:
    shown = FAILED._repr_html_()
    assert "<summary>ValueError: no</summary><pre>Traceback:\n  line 1\n" in shown
    assert Reader(shown).rows


def test_a_context_is_shown_too() -> None:
    context = Context(id=1, type="Experiment", type_id=3, name="Demo", properties={"note": "x"})
    assert Reader(context._repr_html_()).rows == [["name", "Demo"], ["note", "x"]]


def test_an_artifact_in_memory_says_so() -> None:
    assert ["uri", "in memory"] in Reader(replace(DATA, uri=None)._repr_html_()).rows


@pytest.mark.parametrize("field", ["type", "name", "uri"])
def test_text_is_text_whatever_is_in_it(field: str) -> None:
    node = replace(DATA, properties={NASTY: NASTY}, custom_properties={"x": NASTY})
    node = replace(node, **{field: NASTY})  # type: ignore[arg-type]
    for shown in (node._repr_html_(), replace(GRAPH, artifacts=(node,))._repr_html_()):
        assert "script" not in Reader(shown).tags
        assert "<script" not in shown


def test_long_values_are_cut_and_whole_in_the_title() -> None:
    shown = replace(DATA, custom_properties={"note": "ab" * 500})._repr_html_()
    (row,) = (row for row in Reader(shown).rows if row[0] == "note")
    assert len(row[1]) == 201
    assert f'title="{"ab" * 500}"' in shown


@pytest.mark.parametrize("value", [1.5, True, StructValue(b"\xff<"), "数据", "", 2**62], ids=repr)
def test_every_kind_of_value_is_shown(value: object) -> None:
    node = replace(DATA, custom_properties={"value": value})  # type: ignore[dict-item]
    assert any(row[0] == "value" for row in Reader(node._repr_html_()).rows)


@pytest.mark.parametrize("time", [2**62, -1])
def test_a_time_that_is_none_is_no_error(time: int) -> None:
    rows = Reader(replace(DATA, create_time_since_epoch=time)._repr_html_()).rows
    assert rows[-1][0] == "created"


def test_a_graph_is_a_picture_and_a_table_of_its_nodes() -> None:
    shown = Reader(GRAPH._repr_html_())
    assert "svg" in shown.tags
    assert shown.rows == [
        ["artifact:3", "DataSet", "/data/train.csv", "split train, version 1, rows 15002"],
        ["execution:7", "train", "FAILED, 2.5 s", "epochs 3"],
    ]
    assert "1 artifact, 1 execution" in GRAPH._repr_html_()


def test_the_table_of_a_large_graph_is_folded_and_bounded_and_says_so() -> None:
    many = tuple(replace(DATA, id=i, type=f"T{i}") for i in range(1000))
    shown = replace(GRAPH, artifacts=many)._repr_html_()
    assert len(Reader(shown).rows) == cards.MOST_ROWS
    assert "<details>" in shown
    assert "300 of 1,001 nodes are drawn" in shown
    assert "300 of 1,001 nodes are listed" in shown


def test_a_small_graph_leaves_nothing_out() -> None:
    assert "<details open>" in GRAPH._repr_html_()
    assert "nodes are" not in GRAPH._repr_html_()


def test_nothing_is_asked_from_elsewhere() -> None:
    shown = GRAPH._repr_html_() + DATA._repr_html_()
    assert not re.search(r"(?i)<script|<link|<img|href|url\(|@import|src=", shown)


def test_styles_reach_nothing_but_our_own() -> None:
    style = re.search(r"<style>(.*?)</style>", DATA._repr_html_())
    assert style is not None
    selectors = [s for rule in re.findall(r"([^{}]+)\{", style[1]) for s in rule.split(",")]
    assert [s for s in selectors if not s.startswith(".mlmeta-track ")] == []


def test_looking_at_values_imports_no_pictures() -> None:
    code = "import sys, mlmeta_track; print('mlmeta_track.domain.cards' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
