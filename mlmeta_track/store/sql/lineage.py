"""Lineage: one recursive query walks from execution to execution, whatever the store's size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    CTE,
    ColumnElement,
    bindparam,
    func,
    literal_column,
    select,
)

from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks, one_of
from mlmeta_track.store.sql.read import (
    EVENT_COLUMNS,
    EVENT_ORDER,
    build_events,
    nodes_by_ids,
    possible_ids,
)
from mlmeta_track.store.sql.schema import EVENT, EVENT_PATH, EXECUTION

_INPUTS = sorted(int(kind) for kind in INPUT_EVENTS)
_OUTPUTS = sorted(int(kind) for kind in OUTPUT_EVENTS)
_HIGHEST_ID = Prepared(select(func.max(EXECUTION.c.id)))


def read_lineage(
    session: Session,
    artifact_ids: Iterable[int],
    execution_ids: Iterable[int],
    direction: Direction,
    depth: int | None,
) -> LineageGraph:
    """Return what lies before (or behind) the given nodes, the nodes themselves included.

    Args:
        session: A transaction.
        artifact_ids: Artifacts to start from.
        execution_ids: Executions to start from.
        direction: Which way to walk.
        depth: How many executions deep; None walks to the end.
    """
    if depth is not None and depth < 0:
        message = f"A depth of {depth} executions cannot be. Give a number from 0 on, or None."
        raise InvalidArgumentError(message)
    start_artifacts = possible_ids(artifact_ids)
    start_executions = possible_ids(execution_ids)
    rows: list[Any] = []
    if depth != 0:
        depth = _useful(session, depth)
        for artifacts in chunks(sorted(start_artifacts), "a"):
            rows += _walk(session, direction, depth, artifacts=artifacts)
        for executions in chunks(sorted(start_executions), "e"):
            rows += _walk(session, direction, depth, executions=executions)
    return _assemble(session, direction, rows, start_artifacts, start_executions)


def _useful(session: Session, depth: int | None) -> int | None:
    """Return None for a depth that no walk can reach, so that circles are not walked so often."""
    if depth is None:
        return None
    row = _HIGHEST_ID.first(session)
    return None if row is None or row[0] is None or depth >= row[0] else depth


_Chunk: TypeAlias = "tuple[int, dict[str, int | None]]"
_NONE: _Chunk = (0, {})


def _walk(
    session: Session,
    direction: Direction,
    depth: int | None,
    artifacts: _Chunk = _NONE,
    executions: _Chunk = _NONE,
) -> Sequence[Any]:
    """Return the executions that are reached, each with its events, a row for each path step."""
    (n_artifacts, artifact_values), (n_executions, execution_values) = artifacts, executions
    query = _query(direction, n_artifacts, n_executions, limited=depth is not None)
    return query.all(session, depth=depth, **artifact_values, **execution_values)


@cache
def _query(direction: Direction, n_artifacts: int, n_executions: int, *, limited: bool) -> Prepared:
    walk = _walk_cte(direction, n_artifacts, n_executions, limited=limited)
    reached = select(walk.c.execution_id).distinct().subquery("reached")
    return Prepared(
        select(reached.c.execution_id, *EVENT_COLUMNS)
        .select_from(reached)
        .outerjoin(EVENT, EVENT.c.execution_id == reached.c.execution_id)
        .outerjoin(EVENT_PATH, EVENT_PATH.c.event_id == EVENT.c.id)
        .order_by(EVENT_ORDER)
    )


def _walk_cte(direction: Direction, n_artifacts: int, n_executions: int, *, limited: bool) -> CTE:
    """Return the query for the ids of the executions that are reached, and how deep they lie.

    UNION leaves out what was reached before, so that circles come to an end.
    """
    towards_artifacts, towards_executions = _edges(direction)
    start = select(EXECUTION.c.id.label("execution_id"), literal_column("1").label("depth"))
    walk = start.where(_starts(n_artifacts, n_executions, towards_executions)).cte(
        "walk", recursive=True
    )
    near, far = EVENT.alias("near"), EVENT.alias("far")
    # Without a limit the depth stays the same, so that UNION sees each execution once.
    deeper = walk.c.depth + literal_column("1") if limited else walk.c.depth
    step = (
        select(far.c.execution_id, deeper)
        .select_from(walk)
        # IN and not =: of a database that was ANALYZEd, SQLite would build a Bloom filter for an
        # equality, for which it reads the whole table.
        .join(near, near.c.execution_id.in_([walk.c.execution_id]))
        .join(far, far.c.artifact_id.in_([near.c.artifact_id]))
        .where(one_of(near.c.type, towards_artifacts), one_of(far.c.type, towards_executions))
    )
    return walk.union(step.where(walk.c.depth < bindparam("depth")) if limited else step)


def _edges(direction: Direction) -> tuple[list[int], list[int]]:
    """Return the event types that lead to artifacts, and those that lead to executions."""
    return (_INPUTS, _OUTPUTS) if direction is Direction.UPSTREAM else (_OUTPUTS, _INPUTS)


def _starts(
    n_artifacts: int, n_executions: int, towards_executions: list[int]
) -> ColumnElement[bool]:
    if n_executions:
        return among(EXECUTION.c.id, "e", n_executions)
    return EXECUTION.c.id.in_(
        select(EVENT.c.execution_id).where(
            among(EVENT.c.artifact_id, "a", n_artifacts), one_of(EVENT.c.type, towards_executions)
        )
    )


def _assemble(
    session: Session,
    direction: Direction,
    rows: list[Any],
    start_artifacts: set[int],
    start_executions: set[int],
) -> LineageGraph:
    reached = {row[0] for row in rows} | start_executions
    steps = list(dict.fromkeys(tuple(row[1:]) for row in rows if row[1] is not None))
    events = build_events(steps)
    near = {e.artifact_id for e in events if _leads_to_artifact(e, direction)}
    artifacts = nodes_by_ids(session, Artifact, near | start_artifacts)
    executions = nodes_by_ids(session, Execution, reached)
    artifact_ids = {artifact.id for artifact in artifacts}
    execution_ids = {execution.id for execution in executions}
    return LineageGraph(
        direction=direction,
        start_artifacts=tuple(sorted(start_artifacts & artifact_ids)),
        start_executions=tuple(sorted(start_executions & execution_ids)),
        artifacts=tuple(artifacts),
        executions=tuple(executions),
        events=tuple(
            event
            for event in sorted(events, key=lambda event: event.id or 0)
            if event.artifact_id in artifact_ids
            and event.execution_id in execution_ids
            and event.type is not EventType.UNKNOWN
        ),
    )


def _leads_to_artifact(event: Event, direction: Direction) -> bool:
    wanted = INPUT_EVENTS if direction is Direction.UPSTREAM else OUTPUT_EVENTS
    return event.type in wanted
