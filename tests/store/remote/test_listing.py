"""Lists and walks over the wire are those of the store that is served."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.domain.listing import (
    Joins,
    ListQuery,
    OrderBy,
    SubgraphDirection,
    SubgraphQuery,
)
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.domain.writes import UpdateOptions
from mlmeta_track.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import end_of_step, put_step, start_of_step
from mlmeta_track.testing.store_cases.calls_build import declare_types, model
from tests.store.remote.conftest import MeddledStore


def put_models(served: Store, count: int) -> None:
    declare_types(served)
    nodes = [
        model(name=f"m{n}", uri=f"/{n % 3}", properties={"int": n % 5} if n % 2 else {})
        for n in range(count)
    ]
    more = {"string": "s'1'\n", "boolean": True, "double": 0.5}
    nodes.append(model(name="more", properties=more, custom_properties={"my prop": "x"}))
    served.put_nodes(Artifact, nodes, UpdateOptions())


@pytest.mark.parametrize("order_by", list(OrderBy))
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("limit", [None, 0, 1, 7, 99, 100, 101, 250, 400])
def test_a_page_is_that_of_the_store_that_is_served(
    served: MeddledStore, store: Store, order_by: OrderBy, ascending: bool, limit: int | None
) -> None:
    put_models(served, 249)
    query = ListQuery(limit=limit, order_by=order_by, ascending=ascending)
    ours, theirs = store.list_page(Artifact, query), served.list_page(Artifact, query)
    assert [node.id for node in ours.nodes] == [node.id for node in theirs.nodes]
    assert (ours.next is None) is (theirs.next is None)


@pytest.mark.parametrize("order_by", list(OrderBy))
@pytest.mark.parametrize("ascending", [True, False])
def test_pages_go_on_where_the_last_one_ended(
    served: MeddledStore, store: Store, order_by: OrderBy, ascending: bool
) -> None:
    put_models(served, 249)
    query = ListQuery(limit=60, order_by=order_by, ascending=ascending)
    seen: list[int] = []
    after, pages = None, 0
    while pages == 0 or after is not None:
        more: dict[str, Any] = {"limit": 60, "order_by": order_by, "ascending": ascending}
        page = store.list_page(Artifact, ListQuery(**more, after=after))
        seen += [node.id for node in page.nodes]
        after, pages = page.next, pages + 1
    everything = served.list_page(Artifact, ListQuery(order_by=order_by, ascending=ascending))
    assert seen == [node.id for node in everything.nodes]
    assert (pages, query.limit) == (5, 60)


@pytest.mark.parametrize(
    "query",
    [
        ListQuery(filter="uri = '/1'"),
        ListQuery(filter="properties.int.int_value > 2", ascending=False, limit=3),
        ListQuery(filter="uri = '/1' -- or not", type_name="Model"),
        ListQuery(type_name="Model", limit=5),
        ListQuery(type_name="Model", type_version="2"),
        ListQuery(type_name="None such"),
        ListQuery(context_id=1),
        ListQuery(context_id=1, type_name="Schema"),
        ListQuery(context_id=1, type_name="Schema", filter="id > 0 OR id < 0 -- all"),
        ListQuery(context_id=1, type_name="None such"),
        ListQuery(context_id=99),
    ],
)
def test_a_list_is_that_of_the_store_that_is_served(
    served: MeddledStore, store: Store, query: ListQuery
) -> None:
    put_models(served, 20)
    served.put(start_of_step())
    served.put(end_of_step())
    assert store.list_page(Artifact, query).nodes == served.list_page(Artifact, query).nodes


def test_a_negative_limit_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="-1"):
        store.list_page(Artifact, ListQuery(limit=-1))


def test_what_is_wrong_with_a_filter_is_said_by_the_server(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="filter_query"):
        store.list_page(Artifact, ListQuery(filter="nothing = 1"))


# Missing neighbours


@pytest.mark.parametrize(
    "text",
    [
        "uri = '/1' OR name IS NULL",
        "properties.int.int_value > 2",
        "properties.int.int_value IN (1, 2) AND NOT uri = '/1'",
        "properties.int.int_value BETWEEN 1 AND 2 + 1 AND type_id = 10",
        "name LIKE 'm%' AND contexts_a.name LIKE 'run%'",
        "type = 'Model' AND properties.int = 3",
        "properties.int > 1.5 AND (uri = '/1' OR name IS NULL OR NOT type_id = 10)",
        "2 <= properties.int",
        "properties.int IN (1, 2.0, 'x') AND uri != '/2'",
        "properties.int BETWEEN 1 AND 2",
        "properties.string LIKE 's%'",
        "properties.string = 's\\'1\\'\\n' -- with a quote",
        "properties.boolean AND properties.boolean = true",
        "custom_properties.`my prop` = 'x' AND CASE WHEN id > 3 THEN true ELSE false END",
    ],
)
def test_a_filter_that_needs_its_neighbours_may_count_missing_ones_as_null(
    served: MeddledStore, store: Store, text: str
) -> None:
    put_models(served, 20)
    query = ListQuery(filter=text, joins=Joins.OUTER)
    theirs = served.list_page(Artifact, query).nodes
    assert store.list_page(Artifact, query).nodes == theirs
    assert bool(theirs) is ("contexts_a" not in text)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("id = 3 OR properties.int.int_value = 1", r"character 11, properties\.int\.int_value"),
        ("NOT properties.int.int_value = 1", "character 5"),
        ("uri = '/1' AND properties.int.int_value IS NULL", "character 16"),
        ("events_a.type != INPUT", r"events_a\.type"),
        ("contexts_a.name NOT IN ('x')", r"contexts_a\.name"),
        ("COALESCE(properties.int.int_value, 1) = 1", r"properties\.int"),
        ("properties.int + 1 = 2", r"no value column.*properties\.int\.int_value"),
        ("properties.int = properties.double", r"no value column"),
        ("properties.int IN (1, NULL)", r"no value column"),
        ("properties.int BETWEEN 1 AND 'x'", r"no value column"),
    ],
)
def test_a_filter_that_would_mean_something_else_is_refused(
    store: Store, text: str, named: str
) -> None:
    with pytest.raises(UnimplementedError, match=named):
        store.list_page(Artifact, ListQuery(filter=text, joins=Joins.OUTER))


# Walks


@pytest.mark.parametrize("direction", list(SubgraphDirection))
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"max_num_hops": 0},
        {"max_num_hops": 2},
        {"ending_executions": "external_id = 'two'"},
        {"ending_executions": "external_id = 'two'", "include_ending_executions": True},
        {"ending_artifacts": "external_id = 'c'", "include_ending_artifacts": True},
    ],
)
def test_a_walk_is_that_of_the_store_that_is_served(
    served: MeddledStore, store: Store, direction: SubgraphDirection, more: dict[str, Any]
) -> None:
    served.put(start_of_step(data="source"))
    put_step(served, "one", ("a",), ("b",))
    put_step(served, "two", ("b",), ("c",))
    put_step(served, "three", ("c",), ("d",))
    query = SubgraphQuery(starting_artifacts="id > 0", direction=direction, **more)
    ours, theirs = store.get_lineage_subgraph(query), served.get_lineage_subgraph(query)
    assert ours.artifact_ids == theirs.artifact_ids
    assert ours.execution_ids == theirs.execution_ids
    assert ours.context_ids == theirs.context_ids
    assert (ours.attributions, ours.associations) == (theirs.attributions, theirs.associations)
    assert [(e.artifact_id, e.execution_id, e.type) for e in ours.events] == [
        (e.artifact_id, e.execution_id, e.type) for e in theirs.events
    ]


def test_a_walk_from_nowhere_is_an_error(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.get_lineage_subgraph(SubgraphQuery(starting_executions="id = 1"))
    with pytest.raises(InvalidArgumentError):
        store.get_lineage_subgraph(SubgraphQuery())


def test_lineage_from_hundreds_of_starts_is_few_calls(served: MeddledStore, store: Store) -> None:
    for number in range(150):
        put_step(served, f"e{number}", (f"a{number}",), (f"b{number}",))
    made = [a.id for a in served.list_nodes(Artifact) if (a.external_id or "").startswith("b")]
    served.calls.clear()
    graph = store.get_lineage(artifact_ids=made)
    assert (len(graph.artifacts), len(graph.executions)) == (300, 150)
    assert served.calls.count("get_lineage_subgraph") == 2
    assert len(served.calls) == 5


def test_a_long_chain_is_a_call_for_a_hundred_hops(served: MeddledStore, store: Store) -> None:
    for number in range(120):
        put_step(served, f"e{number}", (f"a{number}",), (f"a{number + 1}",))
    [last] = served.get_by_external_id(Artifact, ["a120"])
    served.calls.clear()
    graph = store.get_lineage(artifact_ids=[last.id])
    assert (len(graph.artifacts), len(graph.executions)) == (121, 120)
    assert served.calls.count("get_lineage_subgraph") == 3
    served.calls.clear()
    assert len(store.get_lineage(artifact_ids=[last.id], depth=70).executions) == 70
    assert served.calls.count("get_lineage_subgraph") == 2
