"""A plan carried out: in short transactions, with room for writers between them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.retention.idset import IdSet
from mlmeta_track.retention.plan import Plan
from mlmeta_track.store.maintenance import Archive, Gone, Link, Maintenance, MemberKind

ResultT = TypeVar("ResultT")

_SMALLEST, _FIRST, _LARGEST = 20, 200, 2_000
_SHORT_SECONDS, _LONG_SECONDS = 0.03, 0.1
"""Between these a transaction is as long as it should be."""

_LONGEST_PAUSE = 0.05
_LARGEST_RING = 20_000
"""How many executions are deleted at once that use in a ring what the others have made."""


@dataclass
class Collected:
    """What was deleted, and what became a tombstone."""

    executions: int = 0
    artifacts: int = 0
    events: int = 0
    contexts: int = 0
    buried_executions: int = 0
    buried_artifacts: int = 0
    orphans: int = 0
    left: int = 0
    """Executions and artifacts that the plan let go, and that were used or changed since."""

    longest_seconds: float = 0.0
    """How long the longest transaction kept writers waiting."""


Taken = Callable[[Gone], None]
"""Told of each transaction once it is committed."""


def carry_out(
    maintenance: Maintenance,
    plan: Plan,
    *,
    archive: Archive | None = None,
    taken: Taken | None = None,
) -> Collected:
    """Delete what a plan lets go; it may be interrupted at any moment and made anew.

    Args:
        maintenance: The store's.
        plan: What goes; it is used up.
        archive: Where everything is written first.
        taken: Told of what each transaction took.
    """
    return _Collecting(maintenance, plan, archive, taken).run()


def archive_plan(maintenance: Maintenance, plan: Plan, archive: Archive) -> None:
    """Write what a plan lets go into an archive, and delete nothing."""
    for executions in (plan.executions, plan.buried_executions):
        for page in _pages(executions, _FIRST):
            maintenance.copy(page, (), archive)
    for artifacts in (plan.artifacts, plan.buried_artifacts):
        for page in _pages(artifacts, _FIRST):
            maintenance.copy((), page, archive)
    for page in _pages(plan.contexts, _FIRST):
        maintenance.copy_contexts(page, archive)


class _Collecting:
    """One plan while it is carried out."""

    def __init__(
        self, maintenance: Maintenance, plan: Plan, archive: Archive | None, taken: Taken | None
    ) -> None:
        self._store = maintenance
        self._plan = plan
        self._archive = archive
        self._taken = taken
        self._size = _FIRST
        self._done = Collected()

    def run(self) -> Collected:
        done, plan = self._done, self._plan
        # The store reads what it must know for deleting, which keeps nobody waiting.
        self._store.delete((), (), plan.going, self._archive)
        done.buried_executions = self._bury(Execution, plan.buried_executions)
        done.buried_artifacts = self._bury(Artifact, plan.buried_artifacts)
        self._delete_executions()
        for page in self._batches(plan.artifacts):
            self._delete((), page)
        for page in self._batches(plan.contexts):
            done.contexts += self._timed(
                lambda page=page: self._store.delete_contexts(page, plan.going, self._archive)  # type: ignore[misc]
            )
        done.orphans = self._store.delete_orphans(before=plan.contexts_before)
        done.left = len(plan.executions) + len(plan.artifacts)
        return done

    def _bury(self, kind: MemberKind, ids: IdSet) -> int:
        count = 0
        for page in self._batches(ids):
            gone = self._timed(
                lambda page=page: self._store.bury(  # type: ignore[misc]
                    kind,
                    page,
                    unchanged_since=self._plan.began,
                    unused_since=self._plan.last_event,
                    archive=self._archive,
                )
            )
            self._tell(gone)
            count += len(gone.executions) + len(gone.artifacts)
        return count

    def _delete_executions(self) -> None:
        """Delete the executions from the last to the first, for a later one uses what one made.

        Where that is not so, the other way round, and so on while that helps; what then is left
        are rings.
        """
        plan, backwards = self._plan, True
        while len(plan.executions):
            before = len(plan.executions)
            ids = reversed(plan.executions) if backwards else iter(plan.executions)
            for page in self._batches(ids):
                self._delete(page, ())
            if len(plan.executions) == before and not backwards:
                break
            backwards = not backwards
        for one in list(islice(plan.executions, _LARGEST_RING)):
            if one in plan.executions and (ring := self._ring(one)):
                self._delete(ring, ())

    def _ring(self, execution: int) -> list[int]:
        """Return an execution with all that use what it made, and so on; none if it is too many."""
        ring, rest = {execution}, [execution]
        while rest:
            made = {link.artifact_id for link in self._of(Execution, rest) if not link.is_input}
            users = {link.execution_id for link in self._of(Artifact, made) if link.is_input}
            rest = [one for one in users if one not in ring]
            ring.update(rest)
            if len(ring) > _LARGEST_RING or any(one not in self._plan.executions for one in rest):
                return []
        return sorted(ring)

    def _of(self, kind: MemberKind, ids: Iterable[int]) -> Iterable[Link]:
        return self._store.links_of(kind, sorted(ids))

    def _delete(self, executions: Iterable[int], artifacts: Iterable[int]) -> None:
        some, others = list(executions), list(artifacts)
        gone = self._timed(
            lambda: self._store.delete(some, others, self._plan.going, self._archive)
        )
        self._plan.executions.remove(gone.executions)
        self._plan.artifacts.remove(gone.artifacts)
        self._done.executions += len(gone.executions)
        self._done.artifacts += len(gone.artifacts)
        self._done.events += gone.events
        self._done.contexts += gone.contexts
        self._tell(gone)

    def _tell(self, gone: Gone) -> None:
        if self._taken is not None:
            self._taken(gone)

    def _batches(self, ids: Iterable[int]) -> Iterator[list[int]]:
        """Give ids in batches of the size that is right at the time."""
        waiting = iter(ids)
        while page := list(islice(waiting, self._size)):
            yield page

    def _timed(self, work: Callable[[], ResultT]) -> ResultT:
        """Do some work, learn from how long it took, and leave writers as long as that."""
        began = time.monotonic()
        result = work()
        took = time.monotonic() - began
        self._done.longest_seconds = max(self._done.longest_seconds, took)
        if took > _LONG_SECONDS:
            self._size = max(_SMALLEST, self._size // 2)
        elif took < _SHORT_SECONDS:
            self._size = min(_LARGEST, self._size * 2)
        time.sleep(min(took / 2, _LONGEST_PAUSE))
        return result


def _pages(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    waiting = iter(ids)
    while page := list(islice(waiting, size)):
        yield page
