"""Identities that are made without asking a store."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.tracking.identity import new_id, source_id


def test_an_id_is_a_uuid_of_version_seven() -> None:
    parsed = uuid.UUID(new_id())
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_an_id_holds_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0x0190_0000_0001 * 1_000_000 + 7)
    assert new_id().startswith("01900000-0001-7")


def test_ids_are_ordered_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(10**15, 10**15 + 50 * 10**6, 10**6))
    monkeypatch.setattr(time, "time_ns", lambda: next(clock))
    ids = [new_id() for _ in range(50)]
    assert ids == sorted(ids)


def test_ids_made_together_differ() -> None:
    together = threading.Barrier(4)

    def make(_: int) -> list[str]:
        together.wait()
        return [new_id() for _ in range(1_000)]

    with ThreadPoolExecutor(4) as pool:
        ids = [one for many in pool.map(make, range(4)) for one in many]
    assert len(set(ids)) == 4_000


def test_a_source_without_place_and_content_has_no_derived_id() -> None:
    assert source_id(Description(ArtifactType("T"))) is None


def test_a_sources_id_is_the_same_in_every_process_and_version() -> None:
    source = Description(ArtifactType("DataSet"), "/data.csv", "sha256:1", {"version": 1})
    assert source_id(source) == "source-249bb0fe83cfc445991e5c3cb73afef4bcd67759"


TEXTS = st.one_of(st.none(), st.text(st.characters(), max_size=3))
PROPERTIES = st.dictionaries(
    st.sampled_from(["a", "b"]), st.one_of(st.integers(0, 2), st.booleans(), st.sampled_from("01"))
)
SOURCES = st.builds(
    Description,
    st.builds(ArtifactType, st.sampled_from(["A", "B"])),
    TEXTS,
    TEXTS,
    PROPERTIES,
)


def facts(source: Description) -> object:
    properties = sorted((name, repr(value)) for name, value in source.properties.items())
    return source.type.name, source.uri, source.fingerprint, properties


@given(first=SOURCES, second=SOURCES)
def test_two_sources_have_one_id_if_and_only_if_they_are_one(
    first: Description, second: Description
) -> None:
    if None not in (source_id(first), source_id(second)):
        assert (source_id(first) == source_id(second)) is (facts(first) == facts(second))


def test_the_order_of_properties_does_not_matter() -> None:
    forth = Description(ArtifactType("T"), "/x", properties={"a": 1, "b": 2})
    back = Description(ArtifactType("T"), "/x", properties={"b": 2, "a": 1})
    assert source_id(forth) == source_id(back)
