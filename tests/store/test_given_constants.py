"""Filters that differ in their constants alone share a statement, and mean what each says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql import listing
from mlmeta_track.testing.store_cases.filters_build import artifact, declare, put_artifacts

_BIG = 2**53


@pytest.fixture
def store() -> Iterator[Store]:
    """Artifacts 1 to 4."""
    store = open_store("sqlite://")
    declare(store)
    put_artifacts(
        store,
        artifact(name="a", properties={"i": 1, "s": "x"}),
        artifact(name="b", properties={"i": _BIG + 1, "s": "line\nbreak"}),
        artifact(name="c", properties={"d": float(_BIG), "s": "y"}),
        artifact(name="d", properties={"d": 1.0}),
    )
    yield store
    store.close()


def _found(store: Store, text: str) -> list[int]:
    query = ListQuery(limit=9, filter=text, joins=Joins.OUTER)
    return [node.id for node in store.list_page(Artifact, query).nodes]


def test_other_constants_need_no_other_statement(store: Store) -> None:
    assert _found(store, "properties.s = 'x' AND id IN (1, 2)") == [1]
    made = listing._search.cache_info().misses
    assert _found(store, "properties.s = 'y and more' AND id IN (10, 20)") == []
    assert _found(store, "properties.s = 'y' AND id IN (3, 300)") == [3]
    assert listing._search.cache_info().misses == made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("properties.i = 1", [1]),
        ("properties.d = 1", [4]),
        (f"properties.i = {_BIG + 1}", [2]),
        (f"properties.i > {_BIG}", [2]),
        (f"properties.d = {_BIG}", [3]),
        (f"properties.d < {_BIG + 2}", [3, 4]),
        (f"properties.i < {2**64 - 1}", [1, 2]),
        ("properties.d = 1.0 OR properties.i = 1.0", [1, 4]),
        ("properties.i < 1.5", [1]),
        ("properties.i = 1.5", []),
        (r"properties.s = 'line\nbreak'", [2]),
        ("'x' = properties.s", [1]),
        ("name BETWEEN 'b' AND 'c'", [2, 3]),
        ("name = 'a' AND 'a' = 'b'", []),
    ],
)
def test_each_constant_is_the_one_that_is_written(
    store: Store, text: str, expected: list[int]
) -> None:
    assert _found(store, text) == expected


def test_a_mistake_is_where_it_is_written(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="character 24"):
        _found(store, "name = 'somebody' AND (nobody = 1)")
