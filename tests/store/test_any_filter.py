"""Any filter of any nodes finds on every database what plain Python finds, in both ways of joining.

``MLMETA_TEST_FILTERS`` says how many filters are drawn.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact, ArtifactState, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    Attribution,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    UpdateOptions,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.filtering import parse_filter
from mlmeta_track.store.sql import searching
from mlmeta_track.testing.store_cases.filters_build import declare
from tests.interop.filter_strategies import filters
from tests.store.filter_model import ModelArtifact, matches

FILTERS = int(os.environ.get("MLMETA_TEST_FILTERS", "300"))
_SOME: dict[str, list[Any]] = {
    "i": [-3, 0, 1, 2, 3, 12],
    "d": [-1.5, 0.0, 0.5, 1.0, 2.5],
    "s": ["", "a1", "A1", "x", "12", "zz"],
    "b": [True, False],
}
_ARTIFACTS, _CONTEXTS, _EXECUTIONS = 25, 3, 3


@dataclass(frozen=True)
class Way:
    """How to look for a page: how many candidates are few or many, and how long a stretch is."""

    few: int
    many: int
    stretch: int
    limit: int | None
    ascending: bool

    def __enter__(self) -> None:
        searching._FEW, searching._MANY = self.few, self.many
        searching._STRETCH, searching._STRETCH_OF_A_ROW = self.stretch, 0

    def __exit__(self, *_: object) -> None:
        searching._FEW, searching._MANY, searching._STRETCH, searching._STRETCH_OF_A_ROW = _USUAL


_USUAL = (
    *(searching._FEW, searching._MANY),
    *(searching._STRETCH, searching._STRETCH_OF_A_ROW),
)


def _ways() -> st.SearchStrategy[Way]:
    """Every way, though the stores are small."""
    return st.builds(
        Way,
        few=st.sampled_from([1, 5, 1_000]),
        many=st.sampled_from([1, 1_000]),
        stretch=st.sampled_from([0, 8, 1_000]),
        limit=st.sampled_from([None, 1, 3, _ARTIFACTS]),
        ascending=st.booleans(),
    )


class Filled:
    """A store with nodes drawn at random, and the same nodes as the model has them."""

    def __init__(self, store: Store, chance: random.Random) -> None:
        self.store = store
        self.is_sqlite = store.url.startswith("sqlite")
        declare(store)
        names = [f"c{number}" for number in range(1, _CONTEXTS + 1)]
        contexts = [ContextWrite(type_id=12, name=name) for name in names]
        store.put_nodes(Context, contexts, UpdateOptions())
        executions = [ExecutionWrite(type_id=11)] * _EXECUTIONS
        store.put_nodes(Execution, executions, UpdateOptions())
        self.nodes = [self._put_artifact(chance, number) for number in range(1, _ARTIFACTS + 1)]

    def _put_artifact(self, chance: random.Random, number: int) -> ModelArtifact:
        attributes: dict[str, Any] = {
            "name": chance.choice([None, f"a{number}", f"A{number}", f"u{number}"]),
            "uri": chance.choice(["", "u1", "u2", "x"]),
            "state": chance.choice([None, *ArtifactState]),
            "external_id": chance.choice([None, None, f"ext{number}"]),
        }
        own = {name: chance.choice(some) for name, some in _SOME.items() if chance.random() < 0.5}
        custom = {
            name: chance.choice([value for some in _SOME.values() for value in some])
            for name in ("c", "i", "s", "my prop")
            if chance.random() < 0.5
        }
        made = ArtifactWrite(type_id=10, properties=own, custom_properties=custom, **attributes)
        assert self.store.put_nodes(Artifact, [made], UpdateOptions()) == [number]
        attributes |= {"id": number, "type_id": 10, "type": "AT", "state": _number(made.state)}
        node = ModelArtifact(attributes, own, custom)
        self._link(chance, number, node)
        return node

    def _link(self, chance: random.Random, number: int, node: ModelArtifact) -> None:
        for context in chance.sample(range(1, _CONTEXTS + 1), chance.randint(0, 2)):
            self.store.put_links([Attribution(artifact_id=number, context_id=context)], [])
            node.contexts.append({"id": context, "name": f"c{context}", "type": "CT"})
        for kind in chance.sample(list(EventType)[1:], chance.randint(0, 2)):
            execution = chance.randint(1, _EXECUTIONS)
            made = EventWrite(artifact_id=number, execution_id=execution, type=kind)
            self.store.put_events([made])
            node.events.append({"execution_id": execution, "type": int(kind)})

    def check(self, text: str, joins: Joins, way: Way) -> None:
        """Ask for the nodes that fit a filter, and compare their ids with the model's."""
        condition, outer = parse_filter(text), joins is Joins.OUTER
        expected = [
            node.attributes["id"]
            for node in self.nodes
            if matches(node, condition, outer=outer, is_sqlite=self.is_sqlite)
        ]
        if not way.ascending:
            expected.reverse()
        query = ListQuery(filter=text, joins=joins, limit=way.limit, ascending=way.ascending)
        with way:
            try:
                found = self.store.list_page(Artifact, query).nodes
            except InvalidArgumentError:
                reject()  # tests/interop compares what is refused
        assert [node.id for node in found] == expected[: way.limit]


def _number(state: ArtifactState | None) -> int | None:
    return None if state is None else int(state)


def _urls(request: pytest.FixtureRequest) -> Callable[[], str]:
    if request.param == "sqlite":
        return lambda: "sqlite://"
    server = request.getfixturevalue(request.param)
    made: Callable[[], str] = server.new_url
    return made


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def filled(request: pytest.FixtureRequest) -> Iterator[list[Filled]]:
    """Some stores on one kind of database, each with other nodes."""
    new_url = _urls(request)
    chances = map(random.Random, range(3))
    found = [Filled(open_store(new_url()), chance) for chance in chances]
    yield found
    for one in found:
        one.store.close()


def _without_column() -> st.SearchStrategy[str]:
    """Conditions on properties that name no value column."""
    literals = st.sampled_from(["1", "0", "-3", "1.0", "0.5", "'a1'", "'x'", "''", "true", "false"])
    name = st.builds(
        "{}.{}".format,
        st.sampled_from(["properties", "custom_properties"]),
        st.sampled_from(["i", "d", "s", "b", "c", "`my prop`", "zz"]),
    )
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    numbers = st.sampled_from(["0", "1", "2.5", "-1.5"])
    negation = st.sampled_from(["", "NOT "])
    leaves = st.one_of(
        st.builds("{} {} {}".format, name, operators, literals),
        st.builds("{} {} {}".format, literals, operators, name),
        st.builds("{} IS {}NULL".format, name, negation),
        st.builds("{} {}IN ({}, {})".format, name, negation, literals, literals),
        st.builds("{} {}BETWEEN {} AND {}".format, name, negation, numbers, numbers),
        st.builds("{} {}LIKE {}".format, name, negation, st.sampled_from(["'a%'", "'_'", "'%1'"])),
        st.builds("{} + {} > 1".format, name, name),
        name,
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds("({}) AND ({})".format, inner, inner),
            st.builds("({}) OR ({})".format, inner, inner),
            st.builds("NOT ({})".format, inner),
        ),
        max_leaves=4,
    )


def _settings() -> settings:
    health = list(HealthCheck)
    return settings(max_examples=FILTERS, deadline=None, suppress_health_check=health)


@pytest.mark.timeout(0 if FILTERS > 1000 else 300)
@pytest.mark.parametrize("joins", Joins)
def test_any_filter_finds_what_it_means(filled: list[Filled], joins: Joins) -> None:
    @_settings()
    @given(st.sampled_from(filled), filters("artifact"), _ways())
    def check(one: Filled, text: str, way: Way) -> None:
        # Databases differ in which letters beyond ASCII have capitals.
        assume("é" not in text)
        one.check(text, joins, way)

    check()


@pytest.mark.timeout(0 if FILTERS > 1000 else 300)
def test_any_property_is_compared_by_the_type_of_the_literal(filled: list[Filled]) -> None:
    @_settings()
    @given(st.sampled_from(filled), _without_column(), _ways())
    def check(one: Filled, text: str, way: Way) -> None:
        one.check(text, Joins.OUTER, way)

    check()
