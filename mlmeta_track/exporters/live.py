"""Sending OpenLineage's events as steps begin and end, on a thread of its own.

Where they go says OpenLineage's own configuration: ``OPENLINEAGE_URL``, ``openlineage.yml`` and so
on, with its file, HTTP and other transports.  A receiver that is not there harms nobody: what
cannot be sent is said once and counted.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections import OrderedDict
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.batch import ArtifactPut, Batch, EventPut
from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.domain.types import RUN
from mlmeta_track.exporters.openlineage import PARENT, events_module, metrics, parameters

if TYPE_CHECKING:
    from mlmeta_track.exporters.openlineage_events import DatasetFacts, StepFacts

_logger = logging.getLogger("mlmeta_track.openlineage")

MOST_WAITING = 10_000
"""So many events wait for the receiver; those behind them are left out, and said to be."""

SECONDS_AT_EXIT = 5.0
"""How long the end of the process waits for what is still to be sent."""

_MOST_OPEN = 10_000


class Sender:
    """Turns batches into events, and sends them in their order."""

    def __init__(self, client: Any) -> None:
        """Send with a client of OpenLineage."""
        self._client = client
        self._waiting: queue.Queue[StepFacts | None] = queue.Queue(MOST_WAITING)
        self._open: OrderedDict[str, StepFacts] = OrderedDict()
        self._names: OrderedDict[str, str] = OrderedDict()
        self._lost = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._send_all, name="mlmeta-track-openlineage", daemon=True
        )
        self._thread.start()
        atexit.register(self.close)

    def take(self, batch: Batch) -> None:
        """Queue the event of a batch; the caller never waits."""
        with self._lock:
            step = self._step(batch)
            if step is None:
                return
            try:
                self._waiting.put_nowait(step)
            except queue.Full:
                self._lose(OverflowError(f"{MOST_WAITING} events are waiting to be sent"))

    def close(self, timeout: float = SECONDS_AT_EXIT) -> None:
        """Send what is waiting, as far as it can be sent in that time (seconds)."""
        try:
            self._waiting.put(None, timeout=timeout)
        except queue.Full:
            return
        self._thread.join(timeout)

    def _step(self, batch: Batch) -> StepFacts | None:
        execution = batch.execution
        if execution is None:
            return None
        made = events_module()
        known = self._open.pop(execution.external_id, None)
        artifacts = {put.external_id: put for put in batch.artifacts}
        facts = {
            event.is_input: tuple(
                _dataset(one, artifacts[one.artifact])
                for one in batch.events
                if one.type.is_input is event.is_input and one.artifact in artifacts
            )
            for event in {event.type for event in batch.events}
        }
        custom = execution.custom_properties
        parent = custom.get(PARENT)
        self._names[execution.external_id] = execution.type.name
        step: StepFacts = made.StepFacts(
            type=execution.type.name,
            key=execution.external_id,
            state=execution.state,
            time=_now(batch),
            parameters=parameters(execution.properties, custom),
            metrics=metrics(custom),
            facts=dict(custom),
            parent_step=(
                (parent, self._names.get(parent, "unknown step"))
                if isinstance(parent, str)
                else None
            ),
            run=_run(batch),
            inputs=facts.get(True, ()),
            outputs=facts.get(False, ()),
        )
        if known is not None:
            step = replace(
                step,
                parameters={**known.parameters, **step.parameters},
                parent_step=step.parent_step or known.parent_step,
                run=known.run or step.run,
                inputs=known.inputs + step.inputs,
            )
        if execution.state in {ExecutionState.NEW, ExecutionState.RUNNING}:
            self._remember(step)
        return step

    def _remember(self, step: StepFacts) -> None:
        self._open[step.key] = step
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        while len(self._names) > _MOST_OPEN:
            self._names.popitem(last=False)

    def _send_all(self) -> None:
        made = events_module()
        while True:
            step = self._waiting.get()
            if step is None:
                return
            try:
                self._client.emit(made.event(step))
            except Exception as error:  # noqa: BLE001 - it may fail in any way
                self._lose(error)

    def _lose(self, error: Exception) -> None:
        self._lost += 1
        if self._lost == 1:
            _logger.warning(
                "An OpenLineage event could not be sent: %s: %s. The store has its record; further"
                " losses are only counted.",
                type(error).__name__,
                error,
            )


_sender: tuple[int, Sender] | None = None
_lock = threading.Lock()


def emit(batch: Batch) -> None:
    """Send the event of a batch, by the configuration that OpenLineage finds."""
    _sender_of_this_process().take(batch)


def close() -> None:
    """Send what is waiting, and forget the client; the next event looks for its configuration."""
    global _sender
    with _lock:
        previous, _sender = _sender, None
    if previous is not None and previous[0] == os.getpid():
        previous[1].close()


def _sender_of_this_process() -> Sender:
    global _sender  # noqa: PLW0603 - one a process
    with _lock:
        # A fork has no thread of its parent's.
        if _sender is None or _sender[0] != os.getpid():
            events_module()
            client = import_module("openlineage.client").OpenLineageClient()
            _sender = (os.getpid(), Sender(client))
        return _sender[1]


def _dataset(event: EventPut, put: ArtifactPut) -> DatasetFacts:
    both = {**put.custom_properties, **put.properties}
    facts: DatasetFacts = events_module().DatasetFacts(
        type=put.type.name,
        key=put.external_id,
        uri=put.uri,
        path=".".join(map(str, event.path)),
        fingerprint=put.fingerprint,
        properties={n: v for n, v in both.items() if not n.startswith("mlmeta_")},
    )
    return facts


def _run(batch: Batch) -> tuple[str, dict[str, Any]] | None:
    for context in batch.contexts:
        if context.type.name == RUN.name:
            return context.name, dict(context.custom_properties)
    return None


def _now(batch: Batch) -> int:
    times = [event.milliseconds_since_epoch for event in batch.events]
    return max([time.time_ns() // 1_000_000, *times])
