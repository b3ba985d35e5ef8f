"""Objects without weak references are recognised as themselves, and edits of them are recorded."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import held, recorder
from mlmeta_track.tracking.held import HeldValues, Seen
from mlmeta_track.tracking.steps import EDIT


class Proto:
    """Has a content, and no weak references, as messages of protobuf."""

    __slots__ = ("content",)

    def __init__(self, content: str) -> None:
        self.content = content


class Counted(Proto):
    """The same, and tells when it is gone."""

    __slots__ = ("alive",)

    def __init__(self, alive: list[str]) -> None:
        super().__init__("x")
        self.alive = alive

    def __del__(self) -> None:
        self.alive.append("gone")


SEEN = Seen("f", "id")


def test_an_object_is_recognised_and_another_of_its_content_is_not() -> None:
    values, one, other = HeldValues(), Proto("x"), Proto("x")
    values.put(one, 1, SEEN)
    assert values.get(one) == SEEN
    assert values.get(other) is None
    with pytest.raises(TypeError):
        weakref.ref(one)


def test_what_nobody_else_has_is_let_go() -> None:
    values, alive = HeldValues(), list[str]()
    values.put(Counted(alive), 1, SEEN)
    assert alive == []
    values.put(Proto("y"), 1, SEEN)
    assert alive == ["gone"]


def test_the_objects_that_were_used_last_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST", 2)
    values, protos = HeldValues(), [Proto(text) for text in "abc"]
    for i in (0, 1, 0, 2):
        values.put(protos[i], 1, SEEN)
    assert [values.get(proto) for proto in protos] == [SEEN, None, SEEN]


def test_so_many_bytes_are_held_and_no_larger_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "MOST_BYTES", 10)
    values, protos = HeldValues(), [Proto(text) for text in "abcd"]
    for proto, size in zip(protos, (4, 4, 4, 11), strict=True):
        values.put(proto, size, SEEN)
    assert [values.get(proto) for proto in protos] == [None, SEEN, SEEN, None]


# In steps.


class Describing:
    @hookimpl
    def describe_artifact(self, value: Any) -> Description | None:
        if not isinstance(value, Proto):
            return None
        size = None if value.content.startswith("of unknown size") else len(value.content)
        return Description(ArtifactType("Proto"), fingerprint=f"proto:{value.content}", size=size)


@pytest.fixture(autouse=True)
def plugin() -> Iterator[None]:
    described = Describing()
    hooks.register(described)
    yield
    hooks.unregister(described)


@mt.step
def make(content: str) -> Proto:
    return Proto(content)


@mt.step
def use(proto: Proto) -> None:
    del proto


def types(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def upstream(store: Store) -> list[str]:
    [last] = store.get_by_type(Execution, "use")[-1:]
    [event] = store.get_events_by_execution_ids([last.id])
    [artifact] = store.get_by_id(Artifact, [event.artifact_id])
    return [execution.type for execution in mt.lineage(artifact).upstream().executions]


def test_an_edit_between_two_uses_is_an_execution_of_its_own(store: Store) -> None:
    proto = make("x")
    proto.content = "y"
    use(proto)
    assert types(store) == ["make", EDIT, "use"]
    [edit] = store.get_by_type(Execution, EDIT)
    assert edit.last_known_state is ExecutionState.COMPLETE
    assert edit.properties == {"state": "COMPLETED"}
    fingerprints = {a.id: a.fingerprint for a in store.list_nodes(Artifact)}
    events = store.get_events_by_execution_ids([edit.id])
    assert [(e.type, e.path, fingerprints[e.artifact_id]) for e in events] == [
        (EventType.INPUT, ("proto",), "proto:x"),
        (EventType.OUTPUT, ("proto",), "proto:y"),
    ]
    assert len(fingerprints) == 2
    assert upstream(store) == ["make", EDIT]


def test_an_edit_of_what_came_from_nowhere_is_recorded_too(store: Store) -> None:
    proto = Proto("x")
    use(proto)
    proto.content = "y"
    use(proto)
    use(proto)
    assert types(store) == ["use", EDIT, "use", "use"]


def test_an_edit_that_was_undone_is_none(store: Store) -> None:
    proto = make("x")
    proto.content = "y"
    proto.content = "x"
    use(proto)
    assert types(store) == ["make", "use"]


def test_an_object_that_comes_back_to_known_content_is_that_artifact(store: Store) -> None:
    proto = make("x")
    for content in "yxy":
        proto.content = content
        use(proto)
    assert types(store) == ["make", EDIT, "use", "use", "use"]
    assert len(store.list_nodes(Artifact)) == 2


def test_another_object_is_never_taken_for_an_edit(store: Store) -> None:
    first = make("x")
    use(Proto("y"))
    assert types(store) == ["make", "use"]
    assert upstream(store) == []
    del first


def test_of_equal_objects_each_is_its_own_artifact(store: Store) -> None:
    first, second = make("x"), make("x")
    use(first)
    use(second)
    used = store.get_by_type(Execution, "use")
    events = store.get_events_by_execution_ids([execution.id for execution in used])
    assert len({event.artifact_id for event in events}) == 2


def test_an_object_of_unknown_size_is_known_by_content_only(store: Store) -> None:
    proto = make("of unknown size")
    proto.content += ", edited"
    use(proto)
    assert types(store) == ["make", "use"]


def test_inside_a_step_the_edited_object_that_it_returns_is_one_artifact(store: Store) -> None:
    @mt.step
    def outer() -> Proto:
        proto = make("x")
        proto.content = "y"
        use(proto)
        return proto

    outer()
    assert types(store) == ["outer", "make", EDIT, "use"]
    edited = [a for a in store.list_nodes(Artifact) if a.fingerprint == "proto:y"]
    assert len(edited) == 1
    outermost = store.get_by_type(Execution, "outer")[0].external_id
    [edit] = store.get_by_type(Execution, EDIT)
    assert edit.custom_properties["mlmeta_parent_execution"] == outermost


def test_untrack_lets_go_of_what_is_held(store: Store) -> None:
    alive: list[str] = []
    use(Counted(alive))
    assert alive == []
    mt.untrack()
    assert alive == ["gone"]
    assert recorder.current().store is store
