"""The real wheel and we read the same from one database on a server, whoever made or wrote it."""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import Any

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    UpdateOptions,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd import MetadataStore
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import (
    ANYTHING,
    context,
    demo,
    made,
    put_artifact,
    start_of_step,
    used,
)
from mlmeta_track.testing.store_cases.calls_build import MODEL, STUDY, TRAINING
from tests.servers import DatabaseServer, configured
from tests.store.writing import REUSE

from .conftest import Wheel
from .places import place
from .test_same_contents import dump, write

NARROW = 2**31 - 1
BEYOND_ASCII = "Zürich 東京 🚕 “x” \x81\x8d"


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    found: DatabaseServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def url(server: DatabaseServer) -> str:
    """The URL of a database that is not there yet."""
    return server.new_url()


def by_id(contents: dict[str, Any]) -> dict[str, Any]:
    """Return a dump with its nodes in the order of their ids: PostgreSQL gives the wheel none."""
    nodes = {
        kind: sorted(contents[kind], key=lambda node: int(node["id"]))
        for kind in ("artifacts", "executions", "contexts")
    }
    return {**contents, **nodes}


def check_same(wheel: Wheel, url: str) -> dict[str, Any]:
    """Have both read all that there is, and return it."""
    store = open_store(url)
    ours = by_id(dump(store))
    store.close()
    assert by_id(wheel("dump", place(url))) == ours
    return ours


# Whoever made it


def test_a_database_of_the_wheel_is_read_and_written(url: str, wheel: Wheel) -> None:
    wheel("write_narrow", place(url))
    theirs = check_same(wheel, url)
    assert len(theirs["artifacts"]) == 2
    store = open_store(url)
    write(store, NARROW)
    store.close()
    both = check_same(wheel, url)
    assert len(both["artifacts"]) == 6
    assert both["artifacts"][:2] == theirs["artifacts"]
    wheel("update", place(url))
    changed = check_same(wheel, url)
    assert all(node["custom"]["touched"] for node in changed["artifacts"])


def test_a_database_of_ours_is_read_and_written_by_the_wheel(url: str, wheel: Wheel) -> None:
    store = open_store(url)
    write(store)
    store.close()
    ours = check_same(wheel, url)
    wheel("write", place(url))
    both = check_same(wheel, url)
    assert len(both["artifacts"]) == len(ours["artifacts"]) + 2
    wheel("update", place(url))
    check_same(wheel, url)


def test_an_artifact_of_the_wheel_is_found(url: str, wheel: Wheel) -> None:
    wheel("write_narrow", place(url))
    store = open_store(url)
    kind = ArtifactType("Wheel's")
    found = store.put(Batch(artifacts=(used("x", kind, uri="/full"),))).artifacts["x"]
    assert found.external_id == "wheel-1"
    store.close()


# What the wheel's own tables hold


@pytest.fixture
def theirs(url: str, wheel: Wheel) -> Store:
    """A store that the wheel created."""
    wheel("create", place(url))
    return open_store(url)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63 - 1])
def test_a_number_of_more_than_32_bits_is_refused_there(theirs: Store, number: int) -> None:
    wide = made("wide", custom_properties={"n": number})
    with pytest.raises(InvalidArgumentError, match=r"ML Metadata.*32 bits.*as a str"):
        put_artifact(theirs, wide)
    assert theirs.list_nodes(Artifact) == []
    put_artifact(theirs, made("narrow", custom_properties={"high": NARROW, "low": -NARROW - 1}))
    theirs.close()


def test_a_long_text_is_held_as_far_as_the_wheel_s_index_goes(
    server: DatabaseServer, theirs: Store, wheel: Wheel
) -> None:
    digests = [hashlib.sha512(str(number).encode()).digest() for number in range(100)]
    noise = base64.b64encode(b"".join(digests)).decode()  # nothing that can be compressed
    put_artifact(theirs, made("short", custom_properties={"text": noise[:2500]}))
    long = made("long", custom_properties={"text": noise})
    if server.is_postgresql:
        with pytest.raises(InvalidArgumentError, match="index takes no text as long as this"):
            put_artifact(theirs, long)
        assert len(theirs.list_nodes(Artifact)) == 1
    else:
        put_artifact(theirs, long)
    check_same(wheel, theirs_url(theirs, server))
    theirs.close()


def theirs_url(store: Store, server: DatabaseServer) -> str:
    return server.url.set(database=store.url.rpartition("/")[2]).render_as_string(
        hide_password=False
    )


def test_all_kinds_of_values_are_the_same_to_both(
    server: DatabaseServer, theirs: Store, wheel: Wheel
) -> None:
    doubles = {"small": 1e-300, "large": 1.7976931348623157e308, "exact": 0.1 + 0.2, "zero": -0.0}
    texts = {"empty": "", "quotes": "'\"`\\'", "lines": "a\n\tb", "beyond": BEYOND_ASCII}
    flags = {"yes": True, "no": False}
    everything = {**doubles, **texts, **flags}
    put_artifact(theirs, made("all", uri=BEYOND_ASCII, custom_properties=everything))
    theirs.put(Batch(contexts=(demo(BEYOND_ASCII, name=BEYOND_ASCII),)))
    contents = check_same(wheel, theirs_url(theirs, server))
    [node] = contents["artifacts"]
    assert node["custom"] == {name: [_kind(v), v] for name, v in everything.items()}
    assert node["uri"] == BEYOND_ASCII
    found = theirs.get_by_name(Context, "Experiment", BEYOND_ASCII)
    assert found is not None
    theirs.close()


def _kind(value: object) -> str:
    return {float: "double_value", str: "string_value", bool: "bool_value"}[type(value)]


def test_protos_lie_as_the_wheel_puts_them(server: DatabaseServer, url: str, wheel: Wheel) -> None:
    """Plain bytes on PostgreSQL, base64 elsewhere."""
    wheel("write_narrow", place(url))
    table = "artifactproperty" if server.is_postgresql else "ArtifactProperty"
    question = f"SELECT proto_value FROM {table} WHERE proto_value IS NOT NULL"  # noqa: S608
    rows = {bytes(data) for (data,) in server.run(question, url=url)}
    assert len(rows) == 1
    store = open_store(url)
    [full, _] = store.list_nodes(Artifact)
    again = made("again", ANYTHING, custom_properties=full.custom_properties)
    put_artifact(store, again)
    store.close()
    assert {bytes(data) for (data,) in server.run(question, url=url)} == rows
    check_same(wheel, url)


def test_empty_is_not_unset_to_either(theirs: Store, server: DatabaseServer, wheel: Wheel) -> None:
    [type_id] = theirs.put_types([ArtifactType("T")], can_add_fields=False, can_omit_fields=False)
    nodes = [
        ArtifactWrite(type_id=type_id),
        ArtifactWrite(type_id=type_id, uri="", name="", external_id=""),
    ]
    theirs.put_nodes(Artifact, nodes, UpdateOptions())
    theirs.close()
    url = theirs_url(theirs, server)
    table = "artifact" if server.is_postgresql else "Artifact"
    question = f"SELECT uri, name, external_id, state FROM {table} ORDER BY id"  # noqa: S608
    rows = [tuple(row) for row in server.run(question, url=url)]
    assert rows == [("", None, None, None), ("", "", "", None)]
    assert set_fields(url) == wheel("set_fields", place(url))
    # Others may have written NULL; to us it lies nowhere as well.
    server.run(f"UPDATE {table} SET uri = NULL", url=url)  # noqa: S608
    assert check_same(wheel, url)["artifacts"][0]["uri"] is None


def set_fields(url: str) -> list[list[str]]:
    """Return which fields of each artifact are set, as users of ML Metadata see them."""
    artifacts = sorted(MetadataStore(configured(url)).get_artifacts(), key=lambda node: node.id)
    return [sorted(field.name for field, _ in node.ListFields()) for node in artifacts]


def test_the_steps_of_a_path_stay_in_order(
    theirs: Store, server: DatabaseServer, wheel: Wheel
) -> None:
    theirs.put(start_of_step())
    steps = tuple(step for number in range(20, 0, -1) for step in (f"k{number}", number))
    event = EventWrite(artifact_id=1, execution_id=1, type=EventType.OUTPUT, path=steps)
    theirs.put_events([event])
    contents = check_same(wheel, theirs_url(theirs, server))
    assert [1, 1, 4, list(steps)] in [found[:4] for found in contents["events by artifact"]]
    theirs.close()


# At once


def test_the_wheel_writes_among_ours(url: str, wheel: Wheel) -> None:
    """Whatever becomes of the wheel, which takes no turns, ours succeed, and nothing doubles."""
    store = open_store(url)
    model, training, study = store.put_types(
        [MODEL, TRAINING, STUDY], can_add_fields=True, can_omit_fields=True
    )
    outcomes: list[dict[str, int]] = []
    theirs = threading.Thread(
        target=lambda: outcomes.append(wheel("write_among_others", place(url)))
    )
    theirs.start()
    written = 0
    while theirs.is_alive() or written < 40:
        number = written % 40
        store.put_execution(
            ExecutionWrite(type_id=training, name=f"ours {written}"),
            [
                (
                    ArtifactWrite(type_id=model, external_id=f"shared {number}", uri="/shared"),
                    EventWrite(type=EventType.INPUT),
                )
            ],
            [ContextWrite(type_id=study, name=f"shared {number}")],
            REUSE,
        )
        store.put(Batch(contexts=(context(f"run {written}"),)))
        written += 1
    theirs.join()
    assert len(outcomes) == 1, "the wheel ended otherwise than by its own errors"
    done = outcomes[0]["done"]
    executions = store.list_nodes(Execution)
    assert len([e for e in executions if str(e.name).startswith("ours")]) == written
    assert len([e for e in executions if str(e.name).startswith("wheel")]) == done
    shared = {f"shared {number}" for number in range(40)}
    assert {a.external_id for a in store.list_nodes(Artifact)} == shared
    assert len(store.list_nodes(Artifact)) == 40
    assert len(store.get_by_type(Context, "Study")) == 40
    assert len(store.get_by_type(Context, "Run")) == written
    store.close()
    check_same(wheel, url)
