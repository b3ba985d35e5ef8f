"""Filters with this library's own joins: a neighbour that is missing is NULL."""

from __future__ import annotations

from mlmeta_track.domain.listing import Joins
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.filters_build import (
    REFUSED,
    all_found,
    artifact,
    fill,
    put_artifacts,
)

_MISSING: dict[str, list[int] | str] = {
    "A properties.i.int_value = 1 OR id = 3": [1, 3],
    "A properties.zz.int_value IS NULL": [1, 2, 3, 4, 5],
    "A properties.i IS NULL": [3, 4, 5],
    "A properties.i IS NOT NULL": [1, 2],
    "A NOT properties.i = 1": [2],
    "A NOT properties.i = 1 OR properties.i IS NULL": [2, 3, 4, 5],
    "A contexts_a.id IS NULL": [3, 4, 5],
    "A contexts_a.name = 'c2' OR events_0.type = PENDING_OUTPUT": [1, 3],
    "A events_0.id IS NULL": REFUSED,
    "A events_0.type IS NULL": [4, 5],
    "A events_0.type != INPUT": [1, 2, 3],
    "E contexts_a.name IS NULL": [3],
    "C artifacts_a.id IS NULL AND executions_a.id IS NULL": [3],
    "C artifacts_a.state != LIVE": [1],
    "C parent_contexts_p.name IS NULL": [1, 3],
    "C parent_contexts_p.name = 'c1' OR child_contexts_c.name = 'c2'": [1, 2],
}
_BY_TYPE: dict[str, list[int] | str] = {
    "A properties.i = 1": [1],
    "A properties.i = 1.0": [1],
    "A properties.d = 1": [6],
    "A properties.d >= 1 AND properties.d < 1.5": [6],
    "A 1 < properties.i": [2],
    "A properties.s = 'x'": [1],
    "A properties.s > 'w' AND properties.s LIKE '%x'": [1],
    "A properties.b = true": [6],
    "A properties.b": [6],
    "A NOT properties.b": [7],
    "A properties.b IS NOT TRUE": [1, 2, 3, 4, 5, 7],
    "A custom_properties.c = 5": [1],
    "A custom_properties.c = 'str'": [3],
    "A custom_properties.c != 'str'": [],
    "A custom_properties.c IN (5, 'str')": [1, 3],
    "A custom_properties.c NOT IN ('str', 6)": [1],
    "A custom_properties.c IN (NULL)": [],
    "A properties.i BETWEEN 1 AND 1.5": [1],
    "A properties.i BETWEEN 1 AND 'x'": REFUSED,
    "A properties.i + 1 = 3": [2],
    "A LENGTH(properties.s) = 1": [1],
    "A COALESCE(properties.i, 0) = 0": [3, 4, 5, 6, 7],
    "A COALESCE(properties.s, 'none') = 'none'": [2, 3, 4, 5, 6, 7],
    "A properties.i = properties.d": REFUSED,
    "A properties.i = properties.d.double_value": [],
    "A properties.i = id": [1, 2],
    "A COALESCE(properties.i, properties.d) = 1": REFUSED,
    "A CAST(properties.i AS STRING) = '1'": REFUSED,
    "A properties.i.foo = 1": REFUSED,
}


class OuterFilterCases:
    """What a filter finds that means what this library means by it."""

    def test_what_is_missing_is_null(self, store: Store) -> None:
        """So that OR, NOT and IS NULL mean what they say."""
        fill(store)
        assert all_found(store, _MISSING, Joins.OUTER) == _MISSING

    def test_a_property_is_compared_by_the_type_of_the_literal(self, store: Store) -> None:
        """Numbers with int and double values alike."""
        fill(store)
        yes = artifact(properties={"d": 1.0, "b": True})
        put_artifacts(store, yes, artifact(properties={"b": False}))
        assert all_found(store, _BY_TYPE, Joins.OUTER) == _BY_TYPE
