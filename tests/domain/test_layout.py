"""Nodes in layers: nothing overlaps, data goes one way, and edges end where their nodes are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.domain.layout import Edge, Layout, lay_out

NODE, BEND = 100.0, 10.0


def laid_out(count: int, edges: list[Edge]) -> Layout:
    return lay_out([NODE] * count, edges, bend=BEND)


def crossings(layout: Layout, edges: list[Edge]) -> int:
    """How many pairs of edges between two neighbouring layers cross."""
    ends = [(layout.places[source], layout.places[target]) for source, target in edges]
    return sum(1 for a in ends for b in ends if a[0] < b[0] and a[1] > b[1])


def test_a_chain_is_a_straight_line() -> None:
    layout = laid_out(4, [(0, 1), (1, 2), (2, 3)])
    assert layout.layers == (0, 1, 2, 3)
    assert layout.places == (NODE / 2,) * 4
    assert layout.breadth == NODE


def test_a_node_stands_over_the_middle_of_its_two_targets() -> None:
    layout = laid_out(3, [(0, 1), (0, 2)])
    assert layout.layers == (0, 1, 1)
    assert layout.places[0] == pytest.approx((layout.places[1] + layout.places[2]) / 2)


def test_a_source_stands_right_before_what_it_leads_to() -> None:
    assert laid_out(5, [(0, 1), (1, 2), (2, 3), (4, 3)]).layers == (0, 1, 2, 3, 2)


def test_a_long_edge_passes_its_layers_beside_the_nodes() -> None:
    layout = laid_out(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    route = layout.routes[3]
    assert len(route) == 4
    for node in (1, 2):
        assert abs(route[node] - layout.places[node]) >= (NODE + BEND) / 2 - 1e-6
    assert route[1] == pytest.approx(route[2])


def test_edges_from_one_node_go_together_until_they_part() -> None:
    chain = [(0, 1), (1, 2), (2, 3), (3, 4)]
    layout = laid_out(5, [*chain, (0, 3), (0, 4)])
    shorter, longer = layout.routes[4:]
    assert shorter[:3] == longer[:3]


def test_crossings_that_need_not_be_are_untangled() -> None:
    edges = [(0, 7), (1, 6), (2, 5), (3, 4)]
    assert crossings(laid_out(8, edges), edges) == 0


def test_an_edge_that_closes_a_cycle_goes_back() -> None:
    layout = laid_out(3, [(0, 1), (1, 2), (2, 0)])
    assert layout.layers == (0, 1, 2)
    assert layout.routes[2][0] == layout.places[2]
    assert layout.routes[2][-1] == layout.places[0]
    assert len(layout.routes[2]) == 3


def test_nothing_is_laid_out_as_nothing() -> None:
    assert laid_out(0, []) == Layout((), (), (), 0.0)


def test_wide_nodes_get_the_room_that_they_need() -> None:
    layout = lay_out([200.0, 50.0, 50.0], [(0, 1)], bend=BEND)
    assert sorted(layout.layers) == [0, 0, 1]
    assert abs(layout.places[0] - layout.places[2]) >= 125 - 1e-6


graphs = st.integers(1, 14).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(
            st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(
                lambda edge: edge[0] != edge[1]
            ),
            unique=True,
            max_size=30,
        ),
    )
)


@given(graphs)
def test_whatever_the_graph_nothing_overlaps_and_every_edge_meets_its_nodes(
    graph: tuple[int, list[Edge]],
) -> None:
    count, edges = graph
    layout = laid_out(count, edges)
    for layer in set(layout.layers):
        row = sorted(p for p, own in zip(layout.places, layout.layers, strict=True) if own == layer)
        assert all(right - left >= NODE - 1e-6 for left, right in pairwise(row))
        assert row[0] >= NODE / 2 - 1e-6
        assert row[-1] <= layout.breadth - NODE / 2 + 1e-6
    for (source, target), route in zip(edges, layout.routes, strict=True):
        assert (route[0], route[-1]) == (layout.places[source], layout.places[target])
        assert len(route) == abs(layout.layers[source] - layout.layers[target]) + 1
        assert len(route) > 1
        assert all(0 <= place <= layout.breadth for place in route)


@given(graphs)
def test_without_cycles_every_edge_leads_to_a_later_layer(
    graph: tuple[int, list[Edge]],
) -> None:
    count, edges = graph
    forward = [(min(edge), max(edge)) for edge in edges]
    layers = laid_out(count, forward).layers
    assert all(layers[source] < layers[target] for source, target in forward)


@given(graphs)
def test_the_same_graph_is_laid_out_the_same_way(graph: tuple[int, list[Edge]]) -> None:
    assert laid_out(*graph) == laid_out(*graph)
