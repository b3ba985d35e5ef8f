"""ML Metadata's walk through lineage: from hop to hop, between the nodes that filters name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final, TypeAlias

from sqlalchemy import select

from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event
from mlmeta_track.domain.listing import Joins, Subgraph, SubgraphDirection, SubgraphQuery
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.writes import Association, Attribution
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.sql.filters.matching import matching, matching_ids
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks
from mlmeta_track.store.sql.read import events_by
from mlmeta_track.store.sql.schema import ASSOCIATION, ATTRIBUTION, tables_of

MAX_HOPS: Final = 100
"""How far ML Metadata walks at most; the longest of its own walks, and of ours."""

_Kind: TypeAlias = Any
"""``Artifact`` or ``Execution``; mypy takes the classes for what cannot be hashed."""

_COLUMNS = {Artifact: "artifact_id", Execution: "execution_id"}
_OTHERS: dict[_Kind, _Kind] = {Artifact: Execution, Execution: Artifact}
_MEMBERSHIPS = {Artifact: ATTRIBUTION, Execution: ASSOCIATION}


def read_subgraph(session: Session, query: SubgraphQuery) -> Subgraph:
    """Walk from hop to hop as ML Metadata does, and return what was reached.

    Raises:
        InvalidArgumentError: Nothing says where to start, or the walk is less than no hop long.
        NotFoundError: No node is where the walk is to start.
    """
    if query.max_num_hops < 0:
        message = f"max_num_hops cannot be negative: {query.max_num_hops}. Give 0 or more."
        raise InvalidArgumentError(message)
    kind, ids = _start(session, query)
    walk = _Walk(session, query)
    walk.begin(kind, ids)
    for _ in range(min(query.max_num_hops, MAX_HOPS)):
        if not walk.hop():
            break
    return walk.result()


def _start(session: Session, query: SubgraphQuery) -> tuple[_Kind, list[int]]:
    kind: _Kind = Artifact if query.starting_artifacts is not None else Execution
    text = query.starting_artifacts if kind is Artifact else query.starting_executions
    if not text:
        message = (
            "The walk has no starting nodes. Set the filter_query of starting_artifacts or of"
            " starting_executions."
        )
        raise InvalidArgumentError(message)
    ids = sorted(row[0] for row in _matching(kind, text).all(session))
    if not ids:
        message = f"No {kind.__name__.lower()} matches the filter of the starting nodes: {text!r}."
        raise NotFoundError(message)
    return kind, ids


@lru_cache(maxsize=64)
def _matching(kind: _Kind, text: str) -> Prepared:
    return Prepared(matching_ids(kind, text, Joins.INNER))


@lru_cache(maxsize=64)
def _matching_among(kind: _Kind, text: str, size: int) -> Prepared:
    node_id = tables_of(kind).nodes.c.id
    matches = matching(kind, text, Joins.INNER).condition
    return Prepared(select(node_id).where(among(node_id, "x", size), matches))


@dataclass
class _Walk:
    """Where a walk has been, and where it stands."""

    session: Session
    query: SubgraphQuery
    visited: dict[_Kind, set[int]] = field(
        default_factory=lambda: {Artifact: set(), Execution: set()}
    )
    events: dict[int, Event] = field(default_factory=dict)
    kind: _Kind = Artifact
    frontier: list[int] = field(default_factory=list)

    def begin(self, kind: _Kind, ids: list[int]) -> None:
        """Stand on the starting nodes."""
        self.kind = kind
        ending = self._ending(kind, ids)
        self.visited[kind].update(ids if self._includes_ending(kind) else set(ids) - ending)
        self.frontier = [i for i in ids if i not in ending]

    def hop(self) -> bool:
        """Go one hop further; say whether that led anywhere."""
        found, other = self._events(), _OTHERS[self.kind]
        reached = {getattr(event, _COLUMNS[other]) for event in found}
        known = self.visited[other]
        ending = self._ending(other, reached)
        dropped = set() if self._includes_ending(other) else ending
        for event in found:
            if getattr(event, _COLUMNS[other]) not in dropped:
                self.events[event.id or 0] = event
        self.frontier = sorted(reached - known - ending)
        known |= reached - dropped
        self.kind = other
        return bool(self.frontier)

    def _events(self) -> list[Event]:
        wanted = self._event_types()
        found = events_by(self.session, _COLUMNS[self.kind], self.frontier)
        return [event for event in found if event.type in wanted]

    def _event_types(self) -> frozenset[Any]:
        if self.query.direction is SubgraphDirection.UPSTREAM:
            return OUTPUT_EVENTS if self.kind is Artifact else INPUT_EVENTS
        if self.query.direction is SubgraphDirection.DOWNSTREAM:
            return INPUT_EVENTS if self.kind is Artifact else OUTPUT_EVENTS
        return INPUT_EVENTS | OUTPUT_EVENTS

    def _ending(self, kind: _Kind, ids: Iterable[int]) -> set[int]:
        """Return those of the ids at which the walk ends."""
        query = self.query
        text = query.ending_artifacts if kind is Artifact else query.ending_executions
        if text is None:
            return set()
        if not text:
            return set(ids)
        found: set[int] = set()
        for size, values in chunks(ids, "x"):
            rows = _matching_among(kind, text, size).all(self.session, **values)
            found |= {row[0] for row in rows}
        return found

    def _includes_ending(self, kind: _Kind) -> bool:
        query = self.query
        if kind is Artifact:
            return query.include_ending_artifacts
        return query.include_ending_executions

    def result(self) -> Subgraph:
        """Return all that was reached, with the contexts it belongs to."""
        attributions = self._memberships(Artifact)
        associations = self._memberships(Execution)
        contexts = {context_id for context_id, _ in (*attributions, *associations)}
        return Subgraph(
            artifact_ids=tuple(sorted(self.visited[Artifact])),
            execution_ids=tuple(sorted(self.visited[Execution])),
            context_ids=tuple(sorted(contexts)),
            events=tuple(self.events[i] for i in sorted(self.events)),
            attributions=tuple(Attribution(node, context) for context, node in attributions),
            associations=tuple(Association(node, context) for context, node in associations),
        )

    def _memberships(self, kind: _Kind) -> list[tuple[int, int]]:
        rows: list[Any] = []
        for size, values in chunks(sorted(self.visited[kind]), "x"):
            rows += _members(kind, size).all(self.session, **values)
        return [(context_id, node_id) for _, context_id, node_id in sorted(rows)]


@cache
def _members(kind: _Kind, size: int) -> Prepared:
    table = _MEMBERSHIPS[kind]
    member = table.c[_COLUMNS[kind]]
    return Prepared(select(table.c.id, table.c.context_id, member).where(among(member, "x", size)))
