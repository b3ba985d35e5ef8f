"""Nodes and events, asked of a server."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.listing import ListQuery
from mlmeta_track.domain.nodes import (
    FILE_FINGERPRINT,
    FINGERPRINT,
    Artifact,
    Context,
)
from mlmeta_track.errors import NotFoundError
from mlmeta_track.store.base import MemberT, NodeT
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.listing import nodes_of
from mlmeta_track.wire.replies import NODE_REPLIES, event_reply, in_order

ItemT = TypeVar("ItemT")

_INT64 = range(-(2**63), 2**63)
_NODES_AT_ONCE = 1000
_EVENTS_AT_ONCE = 20_000
_FEW = 20

# Some servers put the texts of a filter into SQL in double quotes, where a text that is the name of
# a column would be that column, and one with quotes, backslashes or words of the filter language
# would be something else.
_PLAIN = re.compile(r"[A-Za-z0-9_.:/@+~=-]+")
_COLUMNS = frozenset(
    {
        *("id", "name", "type", "version", "type_kind", "description", "uri", "state"),
        *("last_known_state", "external_id", "input_type", "output_type", "data_type"),
        *("create_time_since_epoch", "last_update_time_since_epoch", "milliseconds_since_epoch"),
        *("type_id", "parent_type_id", "artifact_id", "execution_id", "context_id"),
        *("parent_context_id", "event_id", "is_custom_property", "is_index_step", "step_index"),
        *("step_key", "int_value", "double_value", "string_value", "byte_value", "proto_value"),
        *("bool_value", "schema_version", "rowid", "oid", "_rowid_"),
    }
)


def may_be_in_filter(text: str) -> bool:
    """Say whether every server takes a text in a filter for the text that it is."""
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _COLUMNS


def plural(kind: type[Any]) -> str:
    """Return what requests and replies call nodes of a kind."""
    return f"{kind.__name__.lower()}s"


def possible_ids(ids: Iterable[int]) -> list[int]:
    """Return those of the ids that can be asked for, in order and each once."""
    return sorted({int(i) for i in ids if i in _INT64})


def chunks(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Return items in lists that are no longer than a size."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def read_nodes(kind: type[NodeT], reply: Any) -> list[NodeT]:
    """Return the nodes of a reply in the order of their ids."""
    return in_order(map(NODE_REPLIES[kind], getattr(reply, plural(kind))))


def by_ids(connection: Connection, kind: type[NodeT], ids: Iterable[int]) -> list[NodeT]:
    """Return the nodes with those ids, in the order of their ids."""
    found: list[NodeT] = []
    for some in chunks(possible_ids(ids), _NODES_AT_ONCE):
        reply = connection.ask(f"Get{kind.__name__}sByID", **{f"{kind.__name__.lower()}_ids": some})
        found += read_nodes(kind, reply)
    return found


def begin_by_external_ids(
    connection: Connection, kind: type[NodeT], external_ids: Iterable[str]
) -> Callable[[], list[NodeT]]:
    """Begin to ask for nodes by their external ids; return what waits for them."""
    # Empty ones are refused by servers, and those with a NUL are in no store.
    wanted = [one for one in dict.fromkeys(external_ids) if one and "\0" not in one]
    method = f"Get{kind.__name__}sByExternalIds"
    answers = [
        connection.begin(method, external_ids=some) for some in chunks(wanted, _NODES_AT_ONCE)
    ]
    return lambda: in_order(node for answer in answers for node in _found(kind, answer))


def _found(kind: type[NodeT], answer: Callable[[], Any]) -> Sequence[NodeT]:
    try:
        return read_nodes(kind, answer())
    except NotFoundError:  # how servers say that there is none
        return []


def begin_by_name(
    connection: Connection, kind: type[NodeT], type_name: str, name: str, version: str | None
) -> Callable[[], NodeT | None]:
    """Begin to ask for the node of a type and name; return what waits for it."""
    word = kind.__name__.lower()
    fields = {"type_name": type_name, f"{word}_name": name}
    fields |= {"type_version": version} if version else {}
    answer = connection.begin(f"Get{kind.__name__}ByTypeAndName", **fields)

    def found() -> NodeT | None:
        reply = answer()
        return NODE_REPLIES[kind](getattr(reply, word)) if reply.HasField(word) else None

    return found


def contexts_of(connection: Connection, kind: type[MemberT], node_id: int) -> list[Context]:
    """Return the contexts that an artifact or an execution belongs to."""
    word = kind.__name__.lower()
    method = f"GetContextsBy{kind.__name__}"
    return list(_found(Context, lambda: connection.ask(method, **{f"{word}_id": node_id})))


def relatives(connection: Connection, whose: str, context_id: int) -> list[Context]:
    """Return the ``Parent`` or the ``Children`` contexts of a context."""
    return read_nodes(
        Context, connection.ask(f"Get{whose}ContextsByContext", context_id=context_id)
    )


def by_uri(connection: Connection, uri: str) -> list[Artifact]:
    """Return the artifacts with exactly that URI."""
    found = read_nodes(Artifact, connection.ask("GetArtifactsByURI", uris=[uri]))
    # Not every database tells upper case from lower case.
    return [artifact for artifact in found if (artifact.uri or "") == uri]


def newest_first(connection: Connection, kind: type[NodeT], *filters: str) -> Iterator[NodeT]:
    """Return the nodes that match any of the filters, the newest first, each once."""
    queries = (ListQuery(filter=text, ascending=False) for text in filters)
    lists = (nodes_of(connection, kind, query, _FEW) for query in queries)
    last = None
    for node in heapq.merge(*lists, key=lambda node: -node.id):
        if node.id != last:
            yield node
        last = node.id


def with_fingerprints(
    connection: Connection, fingerprints: Iterable[str], *conditions: str
) -> Iterator[Artifact]:
    """Return artifacts whose content, or whose file, has one of the fingerprints; newest first.

    Args:
        connection: The way to the server.
        fingerprints: What is looked for.
        conditions: Filters that they must meet besides.
    """
    wanted = set(fingerprints)
    ways = [
        " AND ".join((*conditions, f"custom_properties.{name}.string_value = '{text}'"))
        for name in (FINGERPRINT, FILE_FINGERPRINT)
        for text in sorted(wanted)
    ]
    if not all(map(may_be_in_filter, wanted)):
        ways = [" AND ".join(conditions)]
    for artifact in newest_first(connection, Artifact, *ways):
        custom = artifact.custom_properties
        if not wanted.isdisjoint({custom.get(FINGERPRINT), custom.get(FILE_FINGERPRINT)}):
            yield artifact


def events_by(connection: Connection, kind: type[MemberT], ids: Iterable[int]) -> list[Event]:
    """Return the events of artifacts or executions, as the server orders them: by their ids."""
    word = kind.__name__.lower()
    found: list[Event] = []
    for some in chunks(possible_ids(ids), _EVENTS_AT_ONCE):
        reply = connection.ask(f"GetEventsBy{kind.__name__}IDs", **{f"{word}_ids": some})
        found += map(event_reply, reply.events)
    return found
