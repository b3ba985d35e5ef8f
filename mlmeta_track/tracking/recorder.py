"""The only writer: it holds the store that records go to, and keeps its failures from the user."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from mlmeta_track.domain.types import ArtifactType
from mlmeta_track.errors import (
    MlmetaTrackError,
    SettingsError,
    TypeConflictError,
    UnavailableError,
)
from mlmeta_track.plugins import hooks
from mlmeta_track.store.connect import check_url, open_store
from mlmeta_track.tracking import active
from mlmeta_track.tracking.artifacts import declaration_checks, declared_classes
from mlmeta_track.tracking.capture import KnownArtifacts
from mlmeta_track.tracking.delivery.delivering import Delivery
from mlmeta_track.tracking.delivery.places import store_place
from mlmeta_track.tracking.forking import ForkSafeLock
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.leases import ends
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.tracking.redaction import rules
from mlmeta_track.tracking.redaction.batches import clean_batch
from mlmeta_track.tracking.redaction.texts import clean
from mlmeta_track.tracking.settings import Settings, resolve

if TYPE_CHECKING:
    from mlmeta_track.domain.batch import Batch, PutResult
    from mlmeta_track.store.base import Store
    from mlmeta_track.tracking.leases.sweeping import BackgroundSweep


SETTLE_SECONDS: Final = 5.0
"""How long who reads waits for what was recorded before, and may still be on its way."""


class Recorder:
    """Writes batches to the store of its settings, opening it when first needed."""

    def __init__(self, settings: Settings, *, is_set_up: bool = False) -> None:
        """Record as the settings say.

        Args:
            settings: The settings.
            is_set_up: Whether code has asked for them; else they are those of the surroundings.

        Raises:
            SettingsError: There is no store for such a URL.
        """
        check_url(settings.store)
        self.settings = settings
        self.set_up_by = os.getpid() if is_set_up else None
        self.guard = Guard(strict=settings.strict)
        self.rules = rules.of_setting(settings.redact)
        self.known = KnownArtifacts()
        self.payloads = Payloads(settings)
        self._store: Store | None = None
        self._sweep: BackgroundSweep | None = None
        self._lock = ForkSafeLock()
        self.delivery = Delivery(settings, self.guard, self._open_store)

    @property
    def store(self) -> Store:
        """The store, opened at first use; every error of opening it comes through.

        What was recorded before is in it, unless the store is away.
        """
        self.settle()
        return self._open_store()

    def opened_store(self) -> Store:
        """Return the store, without waiting for what is still on its way to it."""
        return self._open_store()

    def settle(self, timeout: float = SETTLE_SECONDS) -> None:
        """Wait until what was recorded is in the store, as far as it takes it in that time."""
        if not self.delivery.is_settled:
            self.delivery.flush(timeout)

    def _open_store(self) -> Store:
        if self._store is None:
            with self._lock:
                if self._store is None:
                    self._store = open_store(self.settings.store)
        return self._store

    def put(
        self, batch: Batch, task: str, landed: Callable[[PutResult], object] | None = None
    ) -> PutResult | None:
        """Write a batch, without secrets; None if it was lost, which the guard has said.

        Args:
            batch: The batch.
            task: What it is to record, for messages.
            landed: Is told what came of it, if it is written later: then the result is empty.
        """
        with self.guard(task):
            # The task is spooled with the batch, and may name what the user named.
            public = _public_task(task, self.rules)
            cleaned = clean_batch(batch, self.rules)
            if self.settings.export:
                hooks.call("batch_recorded", batch=cleaned, exports=self.settings.export)
            return self.delivery.put(cleaned, public, landed)
        return None

    def put_sign_of_life(self, batch: Batch) -> None:
        """Write what is worth something only now: into an open store, or not at all.

        Raises:
            MlmetaTrackError: The store did not take it.
        """
        if self._store is not None:
            self._store.put(clean_batch(batch, self.rules))

    def sweep_this_host(self) -> None:
        """End in the background what dead processes of this host have left under way."""
        if store_place(self.settings.store) is not None:
            # Imported when it is needed: processes that only record do without.
            sweeping = import_module("mlmeta_track.tracking.leases.sweeping")
            self._sweep = sweeping.BackgroundSweep(self._store_with_all)

    def _store_with_all(self) -> Store | None:
        # What waits in the spool may be the ends of processes that are no more: they were not
        # abandoned.
        return self._open_store() if self.delivery.bring_all(SETTLE_SECONDS) else None

    def check_declared(self, declared: ArtifactType) -> None:
        """Raise ``TypeConflictError`` if an open store has the type with other property types."""
        if self._store is None:
            return
        try:
            self._store.check_type(declared)
        except TypeConflictError:
            raise
        except MlmetaTrackError as error:
            self.guard.report(f"compare the type {declared.name!r} with the store", error)

    def open(self) -> None:
        """Open the store now, so that what is wrong with it shows where it is configured.

        A store that is merely out of reach is reported; what is recorded waits for it.

        Raises:
            FailedPreconditionError: It is no store of MLMD, or has another schema version.
            TypeConflictError: It has a type that an artifact class declares otherwise.
        """
        try:
            self._open_store()
        except UnavailableError as error:
            with self.guard("open the store"):
                self.delivery.store_is_away(error, "open the store")
        else:
            self.delivery.look_for_others()
        for declared in list(declared_classes):
            self.check_declared(declared.artifact_type)

    def close(self) -> None:
        """Write what is still on its way, or spool it, and give back the store's connections."""
        if self._sweep is not None:
            self._sweep.give_up()
        self.delivery.close()
        with self._lock:
            if self._store is not None:
                self._store.close()


@lru_cache(maxsize=256)
def _public_task(task: str, in_force: rules.Rules) -> str:
    """Return a task without secrets; a step's two tasks are the same each time that it runs."""
    return clean(task, in_force)


_current: Recorder | None = None
_beside: dict[Settings, Recorder] = {}  # of contexts that are recorded elsewhere
_MOST_BESIDE = 16
arrivals: list[Callable[[], None]] = []
"""Called before something is recorded: they attach the context that an engine has brought."""
_lock = ForkSafeLock()


followers: list[Callable[[Recorder], object]] = []
"""Are told which recorder becomes the one of this process."""

_FOLLOWING: Final = (
    "mlmeta_track.tracking.context.patches",
    "mlmeta_track.tracking.libraries.carrying",
)
"""What takes the context along and brings it stands above; it enters itself in the lists here."""


def install(recorder: Recorder) -> None:
    """Make a recorder the one of this process."""
    global _current
    hooks.restrict(recorder.settings.load_plugins)
    for name in _FOLLOWING:  # whichever way this process has come to record
        import_module(name)
    for follow in followers:
        follow(recorder)
    rules.put_in_force(recorder.rules)
    with _lock:
        previous, _current = _current, recorder
    if previous is not None and previous is not recorder:
        previous.close()


def current() -> Recorder:
    """Return the recorder of this process, set up from its surroundings if nobody did.

    Surroundings that make no sense are reported once and disable recording: the code that runs did
    not ask for them.  In an attached context it is the recorder of that.
    """
    writer = active.recorder.get() or of_process()
    if writer.settings.disabled:
        return writer
    for arrive in arrivals:
        arrive()
    return active.recorder.get() or writer


def of_process() -> Recorder:
    """Return the recorder of this process, whatever context is attached here."""
    if _current is None:
        try:
            settings = resolve({})
            recorder = Recorder(settings)
        except SettingsError as error:
            recorder = Recorder(Settings(disabled=True))
            recorder.guard.report("set up recording", error)
        install(recorder)
        return recorder
    return _current


def for_settings(settings: Settings) -> Recorder:
    """Return the recorder of this process if it has these settings, else one beside it.

    Raises:
        SettingsError: There is no store for such a URL.
    """
    if _current is not None and _current.settings == settings:
        return _current
    with _lock:
        beside = _beside.pop(settings, None) or Recorder(settings)
        _beside[settings] = beside  # as the newest
        oldest = next(iter(_beside)) if len(_beside) > _MOST_BESIDE else None
        gone = None if oldest is None else _beside.pop(oldest)
    if gone is not None:
        gone.close()
    return beside


def install_if_none(recorder: Recorder) -> None:
    """Make a recorder the one of this process, unless there is one."""
    if _current is None:
        install(recorder)


def is_there() -> bool:
    """Tell whether this process has a recorder that records."""
    return _current is not None and not _current.settings.disabled


def is_set_up() -> bool:
    """Tell whether somebody has set up recording in this process, in code."""
    return _current is not None and _current.set_up_by is not None


def is_set_up_here() -> bool:
    """Tell the same of this very process, and not of one that it was forked from."""
    return _current is not None and _current.set_up_by == os.getpid()


def release() -> None:
    """Let go of the objects that the recorder of this process holds, if there is one."""
    if _current is not None:
        _current.known.release()


def _check_declaration(declared: ArtifactType) -> None:
    if _current is not None:
        _current.check_declared(declared)


def _bring_out() -> None:
    for recorder in (_current, *_beside.values()):
        if recorder is not None:
            recorder.delivery.close(ends.SIGNAL_SECONDS)


declaration_checks.append(_check_declaration)
ends.last_words.append(_bring_out)
