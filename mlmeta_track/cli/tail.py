"""``mlmeta-track tail``: steps as they begin and end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.output import cell, duration_text, time_text
from mlmeta_track.domain.listing import ListQuery, OrderBy
from mlmeta_track.domain.nodes import Context, Execution, ExecutionState
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.overview.listing import StepRow, step_row
from mlmeta_track.overview.plain import plain
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.finding import find_anything

_EXAMPLE = """\b
Examples:
  mlmeta-track tail
  mlmeta-track tail --run "train.py 2026-01-31T12:00:00Z 1a2b3c" --until-done
"""
_AT_ONCE = 200
"""So many of the steps that changed last are looked at each time."""

_OPEN = {ExecutionState.NEW, ExecutionState.RUNNING}


@click.command(epilog=_EXAMPLE)
@click.option("--run", "run_name", metavar="RUN", help="Only the steps of this run (name or id).")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.05, max=3600),
    default=1.0,
    show_default=True,
    help="Seconds between two looks at the store.",
)
@click.option(
    "--lines",
    type=click.IntRange(min=0, max=_AT_ONCE),
    default=10,
    show_default=True,
    help="How many of the latest changes to begin with.",
)
@click.option("--until-done", is_flag=True, help="End when no step is running any more.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@store_option
def tail(  # noqa: PLR0913 - one argument an option
    *,
    run_name: str | None,
    interval: float,
    lines: int,
    until_done: bool,
    as_json: bool,
    store: str | None,
) -> None:
    """Watch steps begin and end, one line a change, until interrupted."""
    opened = open_to_read(store)
    context_id = None if run_name is None else _run_id(opened, run_name)
    seen: dict[int, str] = {}
    latest = list(_changes(opened, context_id, seen))
    for row in latest[len(latest) - lines :]:
        _print(row, as_json=as_json)
    try:
        while True:
            # Asked first: what ends after the question shows in the changes.
            is_done = until_done and not _is_open(opened, context_id)
            for row in _changes(opened, context_id, seen):
                _print(row, as_json=as_json)
            if is_done:
                break
            time.sleep(interval)
    except KeyboardInterrupt:
        pass  # That is how it is meant to end.


def _run_id(store: Store, name: str) -> int:
    found = find_anything(store, f"run:{name}" if name.isdecimal() else name)
    if not isinstance(found, Context):
        message = f"{name!r} is no run. See mlmeta-track runs list."
        raise InvalidArgumentError(message)
    return found.id


def _changes(store: Store, context_id: int | None, seen: dict[int, str]) -> Iterator[StepRow]:
    """Yield the steps that are new or stand otherwise than when they were last seen."""
    query = ListQuery(
        limit=_AT_ONCE, order_by=OrderBy.UPDATE_TIME, ascending=False, context_id=context_id
    )
    for execution in reversed(store.list_page(Execution, query).nodes):
        row = step_row(execution)
        if seen.get(row.id) != row.state:
            seen[row.id] = row.state
            yield row


def _is_open(store: Store, context_id: int | None) -> bool:
    query = ListQuery(
        limit=_AT_ONCE, order_by=OrderBy.UPDATE_TIME, ascending=False, context_id=context_id
    )
    return any(step.last_known_state in _OPEN for step in store.list_page(Execution, query).nodes)


def _print(row: StepRow, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plain(row), ensure_ascii=False))
        return
    parts = (time_text(row.updated), row.state.ljust(9), f"execution:{row.id}", row.type)
    click.echo("  ".join((*map(cell, parts), duration_text(row.duration_ms))).rstrip())
