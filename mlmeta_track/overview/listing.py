"""Lists of runs, steps, artifacts and experiments, the newest first, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from mlmeta_track.domain.drawing import DURATION, short_name
from mlmeta_track.domain.listing import Joins, ListQuery, Page
from mlmeta_track.domain.nodes import STATE_WORDS, Artifact, Context, Execution
from mlmeta_track.domain.types import EXPERIMENT, RUN
from mlmeta_track.overview.pages import Listed, decode, encode
from mlmeta_track.store.base import Store

NodeT = TypeVar("NodeT", Artifact, Execution, Context)
RowT = TypeVar("RowT")

PAGE = 20
"""How many rows a list has unless it is asked for another number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run: its experiments, and how its newest step stands; times in ms since the epoch."""

    id: int
    name: str
    experiments: tuple[str, ...]
    state: str
    last_step: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """An execution: how it stands, and how long it took in milliseconds, if that is known."""

    id: int
    type: str
    name: str
    state: str
    duration_ms: float | None
    created: int
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """An artifact: what it is and where it lies."""

    id: int
    type: str
    name: str
    uri: str
    state: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRow:
    """A context of any type; of an experiment ``note`` is what its author says of it."""

    id: int
    type: str
    name: str
    note: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows: those that fit a filter, of one group, so many, after those of a token.

    Args:
        filter: A condition in the filter language, or the empty text.
        limit: How many at most.
        token: What the last page came with; None begins.
        newest_first: Which way.
        context_id: Of artifacts and executions, only those of this context.
    """

    filter: str = ""
    limit: int = PAGE
    token: str | None = None
    newest_first: bool = True
    context_id: int | None = None


def runs(store: Store, wanted: Wanted, *, experiment_id: int | None = None) -> Listed[RunRow]:
    """Return runs.

    Args:
        store: Where to look.
        wanted: Which ones.
        experiment_id: Only those of the experiment of this id.

    Raises:
        InvalidArgumentError: The filter or the token cannot be used.
    """
    condition = None if experiment_id is None else f"parent_contexts_x.id = {experiment_id}"
    page = _page(store, Context, wanted, type_name=RUN.name, condition=condition)
    return _listed(page, lambda run: _run_row(store, run))


def steps(store: Store, wanted: Wanted) -> Listed[StepRow]:
    """Return executions; errors as for ``runs``."""
    return _listed(_page(store, Execution, wanted), step_row)


def artifacts(store: Store, wanted: Wanted) -> Listed[ArtifactRow]:
    """Return artifacts; errors as for ``runs``."""
    return _listed(_page(store, Artifact, wanted), artifact_row)


def experiments(store: Store, wanted: Wanted) -> Listed[ContextRow]:
    """Return experiments; errors as for ``runs``."""
    return _listed(_page(store, Context, wanted, type_name=EXPERIMENT.name), context_row)


def contexts(store: Store, wanted: Wanted) -> Listed[ContextRow]:
    """Return contexts of every type; errors as for ``runs``."""
    return _listed(_page(store, Context, wanted), context_row)


def step_row(execution: Execution) -> StepRow:
    """Return the row of an execution."""
    return StepRow(
        id=execution.id,
        type=execution.type,
        name=execution.name or "",
        state=state_word(execution),
        duration_ms=duration_ms(execution),
        created=execution.create_time_since_epoch,
        updated=execution.last_update_time_since_epoch,
    )


def artifact_row(artifact: Artifact) -> ArtifactRow:
    """Return the row of an artifact."""
    return ArtifactRow(
        id=artifact.id,
        type=artifact.type,
        name=short_name(artifact),
        uri=artifact.uri or "",
        state=artifact.state.name if artifact.state else "",
        created=artifact.create_time_since_epoch,
        updated=artifact.last_update_time_since_epoch,
    )


def context_row(context: Context) -> ContextRow:
    """Return the row of a context."""
    return ContextRow(
        id=context.id,
        type=context.type,
        name=context.name,
        note=str(context.properties.get("note", "")),
        created=context.create_time_since_epoch,
        updated=context.last_update_time_since_epoch,
    )


def state_word(execution: Execution) -> str:
    """Return the walkthrough's word for an execution's state; empty if it has none."""
    state = execution.last_known_state
    return "" if state is None else STATE_WORDS.get(state, state.name)


def duration_ms(execution: Execution) -> float | None:
    """Return how long an execution took in milliseconds, if that is known."""
    value = execution.custom_properties.get(DURATION)
    return float(value) if isinstance(value, (int, float)) else None


def _run_row(store: Store, run: Context) -> RunRow:
    query = ListQuery(limit=1, ascending=False, context_id=run.id)
    newest = next(iter(store.list_page(Execution, query).nodes), None)
    parents = store.get_parent_contexts(run.id)
    return RunRow(
        id=run.id,
        name=run.name,
        experiments=tuple(p.name for p in parents if p.type == EXPERIMENT.name),
        state="" if newest is None else state_word(newest),
        last_step="" if newest is None else newest.type,
        created=run.create_time_since_epoch,
        updated=max(run.last_update_time_since_epoch, _updated(newest)),
    )


def _updated(execution: Execution | None) -> int:
    return 0 if execution is None else execution.last_update_time_since_epoch


def _page(
    store: Store,
    kind: type[NodeT],
    wanted: Wanted,
    *,
    type_name: str | None = None,
    condition: str | None = None,
) -> Page[NodeT]:
    given = wanted.filter.strip() and wanted.filter
    both = [part for part in (given and f"({given})", condition) if part]
    # A filter alone is passed as it was written, so that what is wrong in it stands where it stood.
    text = " AND ".join(both) if condition else given
    query = ListQuery(
        limit=wanted.limit,
        ascending=not wanted.newest_first,
        filter=text,
        joins=Joins.OUTER,
        after=decode(wanted.token),
        type_name=type_name,
        context_id=wanted.context_id,
    )
    return store.list_page(kind, query)


def _listed(page: Page[NodeT], row: Callable[[NodeT], RowT]) -> Listed[RowT]:
    return Listed(tuple(map(row, page.nodes)), encode(page.next))
