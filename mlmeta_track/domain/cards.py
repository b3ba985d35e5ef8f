"""What a notebook shows of nodes and of lineage: tables, and the picture above them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from itertools import chain, islice
from typing import TYPE_CHECKING

from mlmeta_track.domain import drawing, picture
from mlmeta_track.domain.comparison import shown, title
from mlmeta_track.domain.markup import escape
from mlmeta_track.domain.nodes import STATE_PROPERTY, Artifact, Execution, Node, Properties

if TYPE_CHECKING:
    from mlmeta_track.domain.comparison import Comparison
    from mlmeta_track.domain.drawing import NodeKey
    from mlmeta_track.domain.lineage import LineageGraph

MOST_ROWS = 300
"""Of longer tables so many rows are shown."""

_LONGEST_VALUE = 200
_OPEN_UP_TO = 12  # nodes; longer tables are folded up
_OWN = "mlmeta_"  # what the names of the library's own facts begin with

# The colours are those of what it stands in, so that it can be read on light ground and on dark.
_STYLE = (
    "<style>.mlmeta-track table{border-collapse:collapse;margin:4px 0}"
    ".mlmeta-track th,.mlmeta-track td{text-align:left;vertical-align:top;padding:3px 12px 3px 0;"
    "border:0;font-size:12px;overflow-wrap:anywhere}"
    ".mlmeta-track th{font-weight:600;white-space:nowrap}"
    ".mlmeta-track caption{text-align:left;font-size:13px;padding:2px 0}"
    ".mlmeta-track summary{cursor:pointer;font-size:12px}"
    ".mlmeta-track .picture{overflow-x:auto;padding-bottom:6px}"
    ".mlmeta-track pre{margin:0;white-space:pre-wrap;background:none;color:inherit;font-size:11px}"
    ".mlmeta-track .faint{opacity:.65}</style>"
)


def node_html(node: Node) -> str:
    """Show a node: what it is, where it lies or how it ended, and its properties."""
    rows = _table(_facts(node), caption=f"<b>{escape(node.type)}</b> {_faint(_id(node))}")
    return f'<div class="mlmeta-track">{_STYLE}{rows}</div>'


def graph_html(graph: LineageGraph) -> str:
    """Show a lineage graph: its picture, and below it a table of its nodes."""
    count = len(graph.artifacts) + len(graph.executions)
    piles = picture.chosen(graph)
    listed = sorted(islice(chain.from_iterable(piles), MOST_ROWS))
    summary = f"{_count(graph.artifacts, 'artifact')}, {_count(graph.executions, 'execution')}"
    return (
        f'<div class="mlmeta-track">{_STYLE}<div class="picture">{picture.svg(graph, piles)}</div>'
        f"{_left_out(count, sum(map(len, piles)), 'drawn')}"
        f"<details{' open' if count <= _OPEN_UP_TO else ''}><summary>{summary}</summary>"
        f"{_node_table(graph, listed)}{_left_out(count, len(listed), 'listed')}</details></div>"
    )


def comparison_html(comparison: Comparison) -> str:
    """Show how two things differ: one row a difference, section by section."""
    head = f"<b>{escape(title(comparison.a))}</b> → <b>{escape(title(comparison.b))}</b>"
    rows = _table(
        (
            (_faint(one.section), escape(one.name), _compared(one.a), "→", _compared(one.b))
            for one in comparison.differences
        ),
        caption=head if comparison else f"{head}: no differences",
    )
    return f'<div class="mlmeta-track">{_STYLE}{rows}</div>'


def _compared(value: object) -> str:
    return _faint("—") if value is None else _value(shown(value))


def _facts(node: Node) -> Iterator[tuple[str, str]]:
    if isinstance(node, Artifact):
        yield "uri", escape(node.uri) if node.uri else _faint("in memory")
        if node.state is not None:
            yield "state", escape(node.state.name)
    elif isinstance(node, Execution):
        yield "state", escape(drawing.outcome(node))
    if node.name:
        yield "name", escape(node.name)
    yield from _named(node, node.properties)
    yield from _named(node, node.custom_properties)
    times = {
        "created": node.create_time_since_epoch,
        "updated": node.last_update_time_since_epoch,
    }
    yield from ((_faint(name), _time(time)) for name, time in times.items() if time)


def _named(node: Node, properties: Properties) -> Iterator[tuple[str, str]]:
    """Yield properties in the order of their names, the library's own behind the others."""
    for name in sorted(properties, key=lambda name: (name.startswith(_OWN), name)):
        if not _is_told_already(node, name):
            shown = _faint(name) if name.startswith(_OWN) else escape(name)
            yield shown, _value(properties[name])


def _node_table(graph: LineageGraph, keys: Iterable[NodeKey]) -> str:
    return _table(
        (
            _faint(f"{kind}:{number}"),
            escape(node.type),
            escape(node.uri or "in memory") if isinstance(node, Artifact) else _ended(node),
            _properties(node),
        )
        for kind, number, node in ((*key, graph.node(key)) for key in keys)
    )


def _ended(node: Artifact | Execution) -> str:
    return escape(drawing.outcome(node)) if isinstance(node, Execution) else ""


def _properties(node: Node) -> str:
    """Return the properties on one line, without those that are ours or said elsewhere."""
    properties: Properties = {**node.properties, **node.custom_properties}
    return ", ".join(
        f"{_faint(name)} {_value(value)}"
        for name, value in properties.items()
        if not name.startswith(_OWN) and not _is_told_already(node, name)
    )


def _is_told_already(node: Node, name: str) -> bool:
    return name == STATE_PROPERTY and isinstance(node, Execution)


def _table(rows: Iterable[tuple[str, ...]], caption: str = "") -> str:
    """Return a table of cells that are HTML already; the first of each row heads it."""
    body = "".join(
        f"<tr><th>{first}</th>{''.join(f'<td>{cell}</td>' for cell in others)}</tr>"
        for first, *others in rows
    )
    head = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _value(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    if "\n" in text.strip():
        # Of a traceback the last line tells most.
        last = escape(text.strip().splitlines()[-1][:_LONGEST_VALUE])
        return f"<details><summary>{last}</summary><pre>{escape(text)}</pre></details>"
    if len(text) <= _LONGEST_VALUE:
        return escape(text)
    return f'<span title="{escape(text)}">{escape(text[:_LONGEST_VALUE])}…</span>'


def _faint(text: str) -> str:
    return f'<span class="faint">{escape(text)}</span>'


def _id(node: Node) -> str:
    return f"{type(node).__name__.lower()}:{node.id}"


def _time(milliseconds: int) -> str:
    try:
        time = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return escape(milliseconds)  # Others may write any number.
    return escape(time.strftime("%Y-%m-%d %H:%M:%S UTC"))


def _count(nodes: tuple[Node, ...], name: str) -> str:
    return f"{len(nodes):,} {name}{'' if len(nodes) == 1 else 's'}"


def _left_out(count: int, shown: int, what: str) -> str:
    if count <= shown:
        return ""
    return (
        f"<p class='faint'>{shown:,} of {count:,} nodes are {what}, those nearest to the start.</p>"
    )
