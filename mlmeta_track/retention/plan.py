"""What goes, and what stays as a tombstone: seen from the edges, in sets of ids.

Nothing is read as a whole: the events pass by three times, page by page, and what is remembered is
a few bits a node.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import islice

from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import EXPERIMENT, RUN
from mlmeta_track.retention.idset import IdSet
from mlmeta_track.retention.policy import EMPTY_AGE, Policy
from mlmeta_track.store.maintenance import Candidates, Going, Link, Maintenance, MemberKind

_FRONTIER = 2_000
_KINDS: tuple[MemberKind, ...] = (Artifact, Execution)


@dataclass
class Plan:
    """What one run of the retention is to do.

    Args:
        executions: Executions to delete.
        artifacts: Artifacts to delete.
        buried_executions: Executions that become tombstones.
        buried_artifacts: Artifacts that become tombstones.
        contexts: Contexts that nothing living will be in.
        began: When it was made, in milliseconds since the epoch.
        contexts_before: Contexts updated at or after this time stay.
        last_event: The newest event that it knows of.
    """

    began: int
    contexts_before: int
    last_event: int
    executions: IdSet = field(default_factory=IdSet)
    artifacts: IdSet = field(default_factory=IdSet)
    buried_executions: IdSet = field(default_factory=IdSet)
    buried_artifacts: IdSet = field(default_factory=IdSet)
    contexts: IdSet = field(default_factory=IdSet)

    @property
    def going(self) -> Going:
        """What each transaction must know of it."""
        return Going(
            executions=self.executions,
            artifacts=self.artifacts,
            contexts=self.contexts,
            unchanged_since=self.began,
            contexts_before=self.contexts_before,
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        sets = (self.executions, self.artifacts, self.buried_executions, self.buried_artifacts)
        return not any(len(one) for one in (*sets, self.contexts))


def make_plan(maintenance: Maintenance, policy: Policy, now: int | None = None) -> Plan:
    """Find out what a policy lets go.

    Args:
        maintenance: The store's.
        policy: What may go.
        now: The time, in milliseconds since the epoch; the clock's if it is not given.

    Raises:
        SettingsError: The policy says nothing, or what cannot be.
        InvalidArgumentError: One of its filters cannot be read.
    """
    policy.check()
    return _Planning(
        maintenance, policy, time.time_ns() // 1_000_000 if now is None else now
    ).make()


class _Planning:
    """One plan while it is made."""

    def __init__(self, maintenance: Maintenance, policy: Policy, now: int) -> None:
        self._store = maintenance
        self._policy = policy
        self._now = now
        self._old = Candidates(updated_before=now - int(policy.age.total_seconds() * 1000))
        self._protected: dict[MemberKind, IdSet] = {kind: IdSet() for kind in _KINDS}
        self._in_runs = IdSet()
        self._kept_runs = IdSet()
        self._tombs: dict[MemberKind, IdSet] = {kind: IdSet() for kind in _KINDS}
        self._going: dict[MemberKind, IdSet] = {kind: IdSet() for kind in _KINDS}
        self._needed: dict[MemberKind, IdSet] = {kind: IdSet() for kind in _KINDS}
        self._fresh: dict[MemberKind, IdSet] | None = None

    def make(self) -> Plan:
        contexts_before = self._contexts_before()
        plan = Plan(self._now, contexts_before, self._store.last_event())
        self._choose_runs()
        for kind in _KINDS:
            self._tombs[kind] = _ids(self._store.tombstones(kind))
        self._choose_executions()
        self._choose_artifacts()
        self._keep_what_is_needed()
        for kind, deleted, buried in (
            (Execution, plan.executions, plan.buried_executions),
            (Artifact, plan.artifacts, plan.buried_artifacts),
        ):
            for one in self._going[kind]:
                if one not in self._needed[kind]:
                    deleted.add(one)
                elif one not in self._tombs[kind]:
                    buried.add(one)
        self._choose_contexts(plan)
        return plan

    def _contexts_before(self) -> int:
        if self._policy.older_than is not None:
            return self._old.updated_before
        return self._now - int(self._policy.grace.total_seconds() * 1000)

    # Executions

    def _choose_runs(self) -> None:
        """Find out which runs are the last of their experiments, and what is in them."""
        if self._policy.keep_last is None:
            return
        runs = self._find_runs(self._policy.keep_last)
        for kind in _KINDS:
            for page in self._store.memberships(kind):
                for context, node in page:
                    if context in self._kept_runs:
                        self._protected[kind].add(node)
                    if kind is Execution and context in runs:
                        self._in_runs.add(node)

    def _find_runs(self, keep: int) -> IdSet:
        """Return all runs, having noted the newest of each experiment as those that are kept."""
        every = Candidates(updated_before=_EVER)
        runs = _ids(self._store.selected(Context, replace(every, type_name=RUN.name)))
        experiments = _ids(self._store.selected(Context, replace(every, type_name=EXPERIMENT.name)))
        newest: defaultdict[int | None, list[int]] = defaultdict(list)
        grouped = IdSet()
        for child, parent in self._parents():
            # Not only ours: a pipeline's runs are the children of the pipeline.
            if child in runs or child not in experiments:
                grouped.add(child)
                _note(newest[parent], child, keep)
        for run in runs:
            if run not in grouped:
                _note(newest[None], run, keep)
        for kept in newest.values():
            self._kept_runs.update(kept)
        runs.update(grouped)
        return runs

    def _parents(self) -> Iterator[tuple[int, int]]:
        for pairs in self._store.parents():
            yield from pairs

    def _choose_executions(self) -> None:
        policy, going = self._policy, self._going[Execution]
        if policy.chooses_executions:
            candidates = replace(
                self._old, states=policy.states, filter=policy.executions, contexts=policy.contexts
            )
            for page in self._store.selected(Execution, candidates):
                going.update(one for one in page if self._may_go(one))
        going.update(self._tombs[Execution])
        going.remove(_ids(self._store.selected(Execution, _RUNNING)))

    def _may_go(self, execution: int) -> bool:
        if self._policy.keep_last is None:
            return True
        return execution in self._in_runs and execution not in self._protected[Execution]

    # Artifacts

    def _choose_artifacts(self) -> None:
        old = _ids(self._store.selected(Artifact, self._old))
        touched, held = self._touched_and_held()
        protected = self._protected[Artifact]
        going = self._going[Artifact]
        going.update(
            one for one in touched if one in old and one not in held and one not in protected
        )
        if self._policy.chooses_loose_artifacts:
            loose = replace(self._old, contexts=self._policy.contexts, loose=True)
            kept_last = self._policy.keep_last is not None
            for page in self._store.selected(Artifact, loose):
                going.update(one for one in page if not kept_last and one not in protected)
        if self._policy.artifacts.strip():
            named = replace(self._old, filter=self._policy.artifacts)
            for page in self._store.selected(Artifact, named):
                going.update(one for one in page if one not in protected)
        going.update(self._tombs[Artifact])

    def _touched_and_held(self) -> tuple[IdSet, IdSet]:
        """Return the artifacts that an execution that goes has an event with, and those that stay.

        Made by an execution that stays, or used by one.
        """
        touched, held = IdSet(), IdSet()
        going = self._going[Execution]
        for page in self._store.links():
            for link in page:
                if link.execution_id in going:
                    touched.add(link.artifact_id)
                elif not (link.is_input and self._policy.inputs_too):
                    held.add(link.artifact_id)
        return touched, held

    # Tombstones

    def _keep_what_is_needed(self) -> None:
        """Find out what has living descendants, or is linked with a living execution."""
        self._walk_by()
        self._fresh = {kind: IdSet() for kind in _KINDS}
        # The second time nothing is new, unless events were not written in the order of the steps.
        self._walk_by()
        while any(len(one) for one in self._fresh.values()):
            fresh, self._fresh = self._fresh, {kind: IdSet() for kind in _KINDS}
            for kind, ids in fresh.items():
                waiting = iter(ids)
                while page := list(islice(waiting, _FRONTIER)):
                    for link in self._store.links_of(kind, page):
                        self._follow(link)

    def _walk_by(self) -> None:
        for page in self._store.links():
            for link in page:
                self._follow(link)

    def _follow(self, link: Link) -> None:
        """See what the one end of an event means for the other."""
        artifact, execution, _ = link
        if link.is_input:
            # What a step that stays has used, is needed for where its results came from.
            if self._stays(Execution, execution):
                self._need(Artifact, artifact)
        elif self._stays(Artifact, artifact):
            self._need(Execution, execution)
        elif execution not in self._going[Execution]:
            # Nor does a step that stays forget what it has made.
            self._need(Artifact, artifact)

    def _stays(self, kind: MemberKind, one: int) -> bool:
        return one not in self._going[kind] or one in self._needed[kind]

    def _need(self, kind: MemberKind, one: int) -> None:
        if one in self._going[kind] and self._needed[kind].add(one) and self._fresh is not None:
            self._fresh[kind].add(one)

    # Contexts

    def _choose_contexts(self, plan: Plan) -> None:
        """Find the contexts that nothing living will be in."""
        alive, lost = IdSet(self._kept_runs), IdSet()
        for kind in _KINDS:
            going = self._going[kind]
            for page in self._store.memberships(kind):
                for context, node in page:
                    (lost if node in going else alive).add(context)
        dead = IdSet(one for one in lost if one not in alive)
        before = min(plan.contexts_before, self._now - int(EMPTY_AGE.total_seconds() * 1000))
        for name in (RUN.name, EXPERIMENT.name):
            empty = Candidates(updated_before=before, type_name=name)
            for ids in self._store.selected(Context, empty):
                dead.update(one for one in ids if one not in alive and one not in lost)
        old = _ids(self._store.selected(Context, Candidates(updated_before=plan.contexts_before)))
        dead.remove([one for one in dead if one not in old])
        self._follow_parents(dead, alive, old)
        plan.contexts.update(dead)

    def _follow_parents(self, dead: IdSet, alive: IdSet, old: IdSet) -> None:
        """Add the contexts above those that go, and take out those above one that stays."""
        while self._add_parents(dead, alive, old):
            pass
        while above := self._above_living(dead):
            dead.remove(above)

    def _add_parents(self, dead: IdSet, alive: IdSet, old: IdSet) -> bool:
        size = len(dead)
        for pairs in self._store.parents():
            for child, parent in pairs:
                if child in dead and parent in old and parent not in alive:
                    dead.add(parent)
        return len(dead) > size

    def _above_living(self, dead: IdSet) -> list[int]:
        return [above for child, above in self._parents() if above in dead and child not in dead]


def _note(newest: list[int], run: int, keep: int) -> None:
    """Keep a run among the newest of its group, if it is one."""
    heappush(newest, run)
    if len(newest) > keep:
        heappop(newest)


_EVER = 2**62
_RUNNING = Candidates(updated_before=_EVER, states=frozenset({ExecutionState.RUNNING}))


def _ids(pages: Iterable[Iterable[int]]) -> IdSet:
    found = IdSet()
    for page in pages:
        found.update(page)
    return found
