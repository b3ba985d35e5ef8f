"""Ending what the dead have left under way: executions that are RUNNING, and nobody runs them.

Only executions that name their process are judged; what others write is left alone.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Final

from mlmeta_track.domain.listing import ListQuery, OrderBy, Page
from mlmeta_track.domain.nodes import STATE_PROPERTY, STATE_WORDS, Execution, ExecutionState
from mlmeta_track.domain.types import RUN
from mlmeta_track.domain.writes import ExecutionWrite, UpdateOptions
from mlmeta_track.errors import FailedPreconditionError, NotFoundError, UnimplementedError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.leases.keeper import BEAT_SECONDS
from mlmeta_track.tracking.leases.processes import PROCESS, Process, Verdict, parse
from mlmeta_track.tracking.leases.quiet import at_work
from mlmeta_track.tracking.leases.under_way import ABANDONED

HOST_TIMEOUT_SECONDS: Final = 600.0
"""How long nothing was heard of a process elsewhere when it counts as dead: twenty heartbeats."""

SHORTEST_HOST_TIMEOUT_SECONDS: Final = 2 * BEAT_SECONDS

CALM_SECONDS: Final = 1.0
"""How long after its `init` a process sweeps, if it lives so long."""

EXIT_SECONDS: Final = 2.0
"""How long a process that ends waits for its sweep."""

# By the property, which is indexed, and by the state itself, which counts.
_RUNNING = f"properties.{STATE_PROPERTY}.string_value = 'RUNNING' AND last_known_state = RUNNING"
_PAGE = 200
_FAILED = STATE_WORDS[ExecutionState.FAILED]
_REASON = "mlmeta_error_type"
_MESSAGE = "mlmeta_error_message"

_logger = logging.getLogger("mlmeta_track")


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An execution whose process is dead, and why that is said."""

    execution: Execution
    process: Process
    why: str


def find_abandoned(store: Store, host_timeout: float = HOST_TIMEOUT_SECONDS) -> Iterator[Abandoned]:
    """Yield the executions whose processes are dead, in the order of their ids.

    Args:
        store: Where to look.
        host_timeout: How many seconds nothing was heard of a process that cannot be looked at from
            here when it counts as dead.
    """
    query = ListQuery(filter=_RUNNING, limit=_PAGE)
    while True:
        page: Page[Execution] = store.list_page(Execution, query)
        for execution in page.nodes:
            found = _judged(execution, lambda e, p: _unheard(store, e, p, host_timeout))
            if found is not None:
                yield found
        if page.next is None:
            return
        query = replace(query, after=page.next)


def mark(store: Store, abandoned: Abandoned) -> bool:
    """Mark an execution as failed; tell whether it was still as it was found."""
    execution = abandoned.execution
    reasons = {_REASON: ABANDONED, _MESSAGE: f"{abandoned.why} It left the step under way."}
    # The whole, for servers that know no masks.
    write = ExecutionWrite(
        id=execution.id,
        type_id=execution.type_id,
        type=execution.type,
        name=execution.name,
        external_id=execution.external_id,
        last_known_state=ExecutionState.FAILED,
        properties={**execution.properties, STATE_PROPERTY: _FAILED},
        custom_properties={**execution.custom_properties, **reasons},
        last_update_time_since_epoch=execution.last_update_time_since_epoch,
    )
    changed = ("last_known_state", f"properties.{STATE_PROPERTY}")
    mask = (*changed, *(f"custom_properties.{name}" for name in reasons))
    if store.get_by_id(Execution, [execution.id]) != [execution]:
        return False  # It has come to its end, or was deleted, since it was found.
    try:
        _update(store, write, mask)
    except (FailedPreconditionError, NotFoundError):
        return False  # Or even since it was looked at again.
    return True


def _update(store: Store, write: ExecutionWrite, mask: tuple[str, ...]) -> None:
    options = UpdateOptions(mask=mask, abort_if_latest_updated_time_changed=True)
    try:
        store.put_nodes(Execution, [write], options)
    except UnimplementedError:
        # ML Metadata's service cannot refuse; an end that is written at this very moment is lost.
        store.put_nodes(Execution, [write], UpdateOptions(mask=mask))


def sweep_this_host(store: Store) -> int:
    """Mark the newest of what processes of this machine have left, and return how many it was."""
    query = ListQuery(filter=_RUNNING, limit=_PAGE, order_by=OrderBy.ID, ascending=False)
    page: Page[Execution] = store.list_page(Execution, query)
    found = [_judged(execution, lambda _, __: None) for execution in page.nodes]
    return sum(mark(store, one) for one in found if one is not None)


class BackgroundSweep:
    """Sweeps this host once, in a thread: when a new process has settled down, or at its end.

    Not at once, for what it imports would slow down what the user's script does first.
    """

    def __init__(self, open_store: Callable[[], Store | None]) -> None:
        """Begin to wait.

        Args:
            open_store: Returns the store, or None if it must not be done now; called in the thread.
        """
        self._open_store: Callable[[], Store | None] | None = open_store
        self._is_time = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlmeta-track-sweep", daemon=True)
        self._thread.start()
        atexit.register(self.finish)

    def finish(self) -> None:
        """Sweep now, if it was not done; it is waited for, but not for long."""
        atexit.unregister(self.finish)
        self._is_time.set()
        self._thread.join(EXIT_SECONDS)

    def give_up(self) -> None:
        """Do not sweep, unless it has begun: the store is about to be closed."""
        atexit.unregister(self.finish)
        self._open_store = None
        self._is_time.set()

    def _run(self) -> None:
        self._is_time.wait(CALM_SECONDS)
        open_store = self._open_store
        if open_store is not None:
            _sweep_unseen(open_store)


def _sweep_unseen(open_store: Callable[[], Store | None]) -> None:
    try:
        store = open_store()
        with at_work():
            count = 0 if store is None else sweep_this_host(store)
    except Exception as error:
        # Of any kind: no record of this process depends on it, and the next one sweeps again.
        _logger.debug("Could not look for what dead processes left.", exc_info=error)
        return
    if count:
        _logger.info("Marked %d steps as FAILED that dead processes left under way.", count)


def _judged(
    execution: Execution, unheard: Callable[[Execution, Process], str | None]
) -> Abandoned | None:
    """Return the execution if its process is dead; ``unheard`` judges those that are elsewhere."""
    process = parse(execution.custom_properties.get(PROCESS))
    if process is None:
        return None
    verdict = process.seen_from_here()
    if verdict is Verdict.DEAD:
        why: str | None = f"Process {process.pid} on {process.host} is no more."
    else:
        why = unheard(execution, process) if verdict is Verdict.ELSEWHERE else None
    return None if why is None else Abandoned(execution, process, why)


def _last_sign(store: Store, execution: Execution, process: Process) -> int:
    """Return when anything was heard of an execution's process, in milliseconds of the epoch."""
    heard = execution.last_update_time_since_epoch
    for run in store.get_contexts_of(Execution, execution.id):
        beat = run.custom_properties.get(process.heartbeat)
        if run.type == RUN.name and isinstance(beat, int):
            heard = max(heard, beat)
    return heard


def _unheard(
    store: Store, execution: Execution, process: Process, host_timeout: float
) -> str | None:
    now = time.time_ns() // 1_000_000
    longest = host_timeout * 1000
    if now - execution.last_update_time_since_epoch <= longest:
        return None  # Without asking for its heartbeat.
    heard = _last_sign(store, execution, process)
    if now - heard <= longest:
        return None
    when = datetime.fromtimestamp(heard / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"Nothing was heard of process {process.pid} on {process.host} since {when}."
