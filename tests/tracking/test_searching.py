from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import let_time_pass

SEARCHES: list[Callable[..., list[Any]]] = [
    mt.search_artifacts,
    mt.search_executions,
    mt.search_contexts,
]


class Part(mt.Artifact):
    size: int
    kind: str | None = None


@pytest.fixture
def steps(store: Store) -> Store:
    with mt.experiment("Demo", note="a note"):
        for size in (1, 2, 3):
            let_time_pass()
            with mt.step("cut") as step:
                step.log_params({"speed": size / 2})
                step.output(f"{size}.bin", Part(size=size, kind="even" if size == 2 else None))
    with pytest.raises(ZeroDivisionError), mt.step("glue"):
        raise ZeroDivisionError
    return store


def sizes(found: list[Artifact]) -> list[Any]:
    return [node.properties.get("size") for node in found]


def test_artifacts_are_found_by_type_and_property(steps: Store) -> None:
    found = mt.search_artifacts("type = 'Part' AND properties.size > 1")
    assert all(isinstance(node, Artifact) for node in found)
    assert sizes(found) == [2, 3]


def test_executions_are_found_by_state_and_parameter(steps: Store) -> None:
    [failed] = mt.search_executions("last_known_state = FAILED")
    assert isinstance(failed, Execution)
    assert failed.type == "glue"
    assert len(mt.search_executions("custom_properties.speed >= 1")) == 2


def test_contexts_are_found_by_their_parents(steps: Store) -> None:
    found = mt.search_contexts("parent_contexts_p.name = 'Demo'")
    assert all(isinstance(node, Context) for node in found)
    assert {node.type for node in found} == {"Run"}


def test_what_is_missing_is_null(steps: Store) -> None:
    assert sizes(mt.search_artifacts("properties.kind = 'even' OR properties.size = 3")) == [2, 3]
    assert sizes(mt.search_artifacts("properties.kind IS NULL AND type = 'Part'")) == [1, 3]


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.__name__)
@pytest.mark.parametrize("nothing", ["", " ", "\n\t"], ids=repr)
def test_an_empty_filter_finds_all(
    steps: Store, search: Callable[..., list[Any]], nothing: str
) -> None:
    kinds = {"search_artifacts": Artifact, "search_executions": Execution}
    everything = steps.list_nodes(kinds.get(search.__name__, Context))
    assert everything
    assert search(nothing) == search() == everything


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.__name__)
def test_an_empty_store_has_nothing(store: Store, search: Callable[..., list[Any]]) -> None:
    assert search() == search("id > 0") == []


def test_a_limit_cuts_the_list(steps: Store) -> None:
    assert sizes(mt.search_artifacts("type = 'Part'", limit=2)) == [1, 2]
    assert mt.search_artifacts("type = 'Part'", limit=0) == []


def test_a_list_may_begin_with_the_newest(steps: Store) -> None:
    newest = mt.search_artifacts("type = 'Part'", newest_first=True, limit=2)
    assert sizes(newest) == [3, 2]


def test_an_order_may_be_that_of_a_time(steps: Store) -> None:
    first, *_ = steps.get_by_type(Artifact, "Part")
    let_time_pass()
    with mt.step("polish") as step:
        step.output("4.bin", Part(size=4))
    by_creation = mt.search_artifacts("type = 'Part'", order_by="create_time", newest_first=True)
    assert sizes(by_creation) == [4, 3, 2, 1]
    assert mt.search_artifacts("type = 'Part'", order_by="update_time")[0].id == first.id


def test_a_filter_that_cannot_be_read_says_where(steps: Store) -> None:
    with pytest.raises(InvalidArgumentError, match=r"At character 8: '=' was not expected here"):
        mt.search_artifacts("size = = 3")
    with pytest.raises(InvalidArgumentError, match=r"there is no 'size' of an artifact; expected"):
        mt.search_artifacts("size = 3")


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.__name__)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"order_by": "size"}, "ordered by 'size'. Give one of id, create_time, update_time"),
        ({"order_by": None}, "ordered by None"),
        ({"limit": -1}, "A limit of -1 nodes cannot be"),
        ({"filter_query": None}, "The filter is None. Give it as a str"),
        ({"filter_query": 5}, "The filter is 5. Give it as a str"),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(
    store: Store, search: Callable[..., list[Any]], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError) as error:
        search(**arguments)
    assert message in str(error.value)
