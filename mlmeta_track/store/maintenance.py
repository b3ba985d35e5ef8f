"""The promise of a store that can be tidied: what is found for it, and what is done to it.

Every method that writes is one short transaction, in which everything that was planned before is
looked at again: nothing goes that was used, changed or begun meanwhile.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mlmeta_track.domain.events import INPUT_EVENTS, EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState

NodeKind = type[Artifact] | type[Execution] | type[Context]
MemberKind = type[Artifact] | type[Execution]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Which nodes may go: all that is given must hold.

    Args:
        updated_before: Last updated before this time, in milliseconds since the epoch.
        states: Executions with one of these states.
        filter: A filter of the nodes themselves; a missing neighbour is NULL in it.
        contexts: A filter of contexts: only members of one that matches.
        type_name: Only nodes of a type of this name.
        loose: Only nodes without any event.
    """

    updated_before: int
    states: frozenset[ExecutionState] = frozenset()
    filter: str = ""
    contexts: str = ""
    type_name: str | None = None
    loose: bool = False


class Link(NamedTuple):
    """An event, as far as the shape of the lineage goes."""

    artifact_id: int
    execution_id: int
    type: int

    @property
    def is_input(self) -> bool:
        """Whether the execution used the artifact."""
        return self.type in _INPUTS


_INPUTS = frozenset(int(kind) for kind in INPUT_EVENTS)
assert int(EventType.UNKNOWN) not in _INPUTS  # noqa: S101 - what is not known counts as an output


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What is planned to go, as far as one transaction must know it.

    Args:
        executions: The executions that are to be deleted.
        artifacts: The artifacts that are to be deleted.
        contexts: The contexts that are to be deleted when nothing living is left in them.
        unchanged_since: Nothing goes that was updated at or after this time (milliseconds since
            the epoch), tombstones apart.
        contexts_before: No context goes that was updated at or after this time.
    """

    executions: Container[int]
    artifacts: Container[int]
    contexts: Container[int]
    unchanged_since: int
    contexts_before: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What a transaction has deleted, or made tombstones.

    ``uris`` are those that its artifacts had, each with the fingerprint of the file's content,
    or None.
    """

    executions: tuple[int, ...] = ()
    artifacts: tuple[int, ...] = ()
    contexts: int = 0
    events: int = 0
    uris: tuple[tuple[str, str | None], ...] = field(default=(), repr=False)


@dataclass(slots=True)
class Restored:
    """How many rows a restore has put back; ``revived`` are tombstones that live again."""

    artifacts: int = 0
    executions: int = 0
    contexts: int = 0
    events: int = 0
    revived: int = 0


class Archive(ABC):
    """A file that keeps what goes, in MLMD's own schema."""

    @abstractmethod
    def close(self) -> None:
        """See that all is on the disk, and give the file back.

        Raises:
            InternalError: The file is damaged.
        """


class Maintenance(ABC):
    """What a store lets its keeper do; see ``Store.maintenance``."""

    @abstractmethod
    def selected(self, kind: NodeKind, candidates: Candidates) -> Iterator[Sequence[int]]:
        """Give the ids of the nodes that are meant, in pages.

        Raises:
            InvalidArgumentError: A filter cannot be read.
        """

    @abstractmethod
    def tombstones(self, kind: MemberKind) -> Iterator[Sequence[int]]:
        """Give the ids of the tombstones, in pages."""

    @abstractmethod
    def links(self) -> Iterator[Sequence[Link]]:
        """Give all events, the newest first, in pages."""

    @abstractmethod
    def links_of(self, kind: MemberKind, ids: Sequence[int]) -> Sequence[Link]:
        """Return the events of some nodes."""

    @abstractmethod
    def last_event(self) -> int:
        """Return the id of the newest event; 0 if there is none."""

    @abstractmethod
    def memberships(self, kind: MemberKind) -> Iterator[Sequence[tuple[int, int]]]:
        """Give which context (first) holds which node (second), in pages."""

    @abstractmethod
    def parents(self) -> Iterator[Sequence[tuple[int, int]]]:
        """Give which context (first) is the child of which other (second), in pages."""

    @abstractmethod
    def delete(
        self,
        executions: Sequence[int],
        artifacts: Sequence[int],
        going: Going,
        archive: Archive | None = None,
    ) -> Gone:
        """Delete executions with what they made, and artifacts by themselves.

        What is left alone: what is RUNNING or was updated meanwhile, an artifact that an execution
        uses which stays, and an execution that made an artifact which stays.
        """

    @abstractmethod
    def bury(
        self,
        kind: MemberKind,
        ids: Sequence[int],
        *,
        unchanged_since: int,
        unused_since: int | None,
        archive: Archive | None = None,
    ) -> Gone:
        """Make tombstones of nodes: they keep row and events, and lose their properties.

        Args:
            kind: Artifacts, which become DELETED and keep their fingerprints, or executions.
            ids: The nodes.
            unchanged_since: What was updated at or after this time is left alone.
            unused_since: Artifacts with an event whose id is above this are left alone.
            archive: Where the whole nodes are written first.
        """

    @abstractmethod
    def delete_contexts(
        self, ids: Sequence[int], going: Going, archive: Archive | None = None
    ) -> int:
        """Delete those of the contexts that have no living member and no child; return how many."""

    @abstractmethod
    def delete_orphans(self, *, before: int, dry_run: bool = False) -> int:
        """Delete rows whose nodes are not there; return how many.

        Args:
            before: Events that happened at or after this time are left alone.
            dry_run: Whether they are only counted.
        """

    @abstractmethod
    def copy(self, executions: Sequence[int], artifacts: Sequence[int], archive: Archive) -> None:
        """Write nodes into an archive, with all that belongs to them, and delete nothing."""

    @abstractmethod
    def copy_contexts(self, ids: Sequence[int], archive: Archive) -> None:
        """Write contexts into an archive."""

    @abstractmethod
    def open_archive(self, path: Path) -> Archive:
        """Open a file to archive in; it is made, or added to if it is an archive of this store.

        Raises:
            FailedPreconditionError: There is something else at the path.
        """

    @abstractmethod
    def restore(self, path: Path) -> Restored:
        """Put back what a file holds; what is there already stays as it is.

        Raises:
            NotFoundError: There is no such file.
            FailedPreconditionError: It is no store of MLMD, or the store itself.
        """

    @abstractmethod
    def uris_in_use(self, uris: Sequence[str]) -> set[str]:
        """Return those of the URIs that an artifact has which is not deleted."""

    @abstractmethod
    def vacuum(self, *, full: bool = False) -> int:
        """Give the room of deleted rows back; return how many bytes the store is smaller now.

        Args:
            full: Whether PostgreSQL writes its tables anew, while nobody can use them.
        """
