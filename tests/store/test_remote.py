"""The promise of ``Store``, kept over the service of a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.listing import Joins
from mlmeta_track.domain.nodes import Artifact, Execution, PropertyValue, ProtoValue
from mlmeta_track.errors import InvalidArgumentError, UnimplementedError
from mlmeta_track.server import serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases import filters_outer
from mlmeta_track.testing.store_cases.build import ANYTHING, made, put_artifact, put_step
from mlmeta_track.testing.store_cases.filters_build import artifact, fill, found, put_artifacts
from mlmeta_track.testing.store_cases.lineage import artifact_id, execution_id, keys
from mlmeta_track.testing.store_cases.values import VALUES
from mlmeta_track.testing.store_suite import StoreSuite

_ANY = AnyMessage(type_url="type.googleapis.com/Any", value=bytes(range(256)))
_NO_PROTO = ProtoValue(bytes(range(256)))
_VALUES: dict[str, list[PropertyValue]] = {
    name: [value for value in values if value != _NO_PROTO] for name, values in VALUES.items()
}
_VALUES["proto"].append(ProtoValue(_ANY.SerializeToString()))


def identities(events: Iterable[Event]) -> list[tuple[int, int, int]]:
    """Return what tells events apart where their ids are not known."""
    return [(event.execution_id, event.artifact_id, event.type) for event in events]


def _found_or_refused(store: Store, expected: Mapping[str, list[int] | str]) -> dict[str, Any]:
    """Check that filters find what they mean or are refused; return what was found."""
    every: dict[str, Any] = {}
    for query in expected:
        with suppress(UnimplementedError):
            every[query] = found(store, query, Joins.OUTER)
    assert every == {query: expected[query] for query in every}
    return every


class OverTheWire(StoreSuite):
    """The suite, but for what ML Metadata's service cannot say.

    An event comes without its id, so the three tests that look at ids of events compare here what
    tells events apart.  A property of type PROTO is a ``google.protobuf.Any`` on the wire, so bytes
    that are none are refused; the suite's own example of them is replaced by one that is.
    """

    @pytest.fixture
    def served(self) -> Store:
        message = "A subclass defines the store that is served."
        raise NotImplementedError(message)

    @pytest.fixture
    def address(self, served: Store) -> Iterator[str]:
        with serving(served) as server:
            yield server.address

    @pytest.fixture
    def store(self, address: str) -> Iterator[Store]:
        store = open_store(f"grpc://{address}")
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, address: str) -> Iterator[Store]:
        second = open_store(f"grpc://{address}")
        yield second
        second.close()

    def test_upstream_of_an_artifact(self, chain: Store) -> None:
        graph = chain.get_lineage(artifact_ids=[artifact_id(chain, "d")])
        assert keys(graph) == (["a", "b", "c", "d"], ["zero", "one", "two", "three"])
        assert graph.direction is Direction.UPSTREAM
        assert graph.start_artifacts == (artifact_id(chain, "d"),)
        assert len(graph.events) == 7
        assert [e.execution_id for e in graph.events] == sorted(
            e.execution_id for e in graph.events
        )

    def test_several_starts_make_one_graph(self, chain: Store) -> None:
        graph = chain.get_lineage(
            artifact_ids=[artifact_id(chain, "x"), artifact_id(chain, "b")],
            execution_ids=[execution_id(chain, "two")],
        )
        assert keys(graph) == (["a", "b", "x"], ["zero", "one", "two", "other"])
        assert len(set(identities(graph.events))) == len(graph.events)

    def test_events_come_in_the_order_of_their_ids(self, store: Store) -> None:
        put_step(store, "one", outputs=("a", "b"))
        put_step(store, "two", inputs=("a", "b"))
        artifacts = [a.id for a in store.list_nodes(Artifact)]
        executions = [e.id for e in store.list_nodes(Execution)]
        by_artifact = store.get_events_by_artifact_ids([*reversed(artifacts), *artifacts, 999])
        by_execution = store.get_events_by_execution_ids(reversed(executions))
        assert by_artifact == by_execution
        one, two = executions
        a, b = artifacts
        assert identities(by_artifact) == [(one, a, 4), (one, b, 4), (two, a, 3), (two, b, 3)]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            pytest.param(name, value, id=f"{name} {number}")
            for name, values in _VALUES.items()
            for number, value in enumerate(values)
        ],
    )
    def test_a_value_comes_back_as_it_went_in(
        self, store: Store, name: str, value: PropertyValue
    ) -> None:
        super().test_a_value_comes_back_as_it_went_in(store, name, value)

    def test_what_is_missing_is_null(self, store: Store) -> None:
        fill(store)
        _found_or_refused(store, filters_outer._MISSING)

    def test_a_property_is_compared_by_the_type_of_the_literal(self, store: Store) -> None:
        fill(store)
        yes = artifact(properties={"d": 1.0, "b": True})
        put_artifacts(store, yes, artifact(properties={"b": False}))
        answered = _found_or_refused(store, filters_outer._BY_TYPE)
        assert {"A properties.i = 1", "A properties.s = 'x'", "A properties.b"} <= answered.keys()

    def test_bytes_that_are_no_proto_are_refused_by_name(self, store: Store) -> None:
        with pytest.raises(InvalidArgumentError, match=r"'proto' is no message"):
            put_artifact(store, made("a", ANYTHING, properties={"proto": _NO_PROTO}))
        assert store.list_nodes(Artifact) == []


class TestServerInMemory(OverTheWire):
    @pytest.fixture
    def served(self) -> Iterator[Store]:
        store = open_store("sqlite://")
        yield store
        store.close()


class TestServerOnFile(OverTheWire):
    @pytest.fixture
    def served(self, tmp_path: Path) -> Iterator[Store]:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        yield store
        store.close()
