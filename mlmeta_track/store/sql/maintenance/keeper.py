"""The maintenance of a store on a SQL database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import FailedPreconditionError, InternalError
from mlmeta_track.store.maintenance import (
    Archive,
    Candidates,
    Going,
    Gone,
    Link,
    Maintenance,
    MemberKind,
    NodeKind,
    Restored,
)
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.maintenance import finding, space
from mlmeta_track.store.sql.maintenance.archiving import SqlArchive, archive_url
from mlmeta_track.store.sql.maintenance.burying import bury
from mlmeta_track.store.sql.maintenance.contexts import delete_contexts
from mlmeta_track.store.sql.maintenance.deleting import delete_nodes
from mlmeta_track.store.sql.maintenance.memberships import Memberships
from mlmeta_track.store.sql.maintenance.orphans import delete_orphans
from mlmeta_track.store.sql.maintenance.restoring import Restoring
from mlmeta_track.store.sql.prepared import Session

ResultT = TypeVar("ResultT")
_KINDS: tuple[MemberKind, ...] = (Artifact, Execution)


class SqlMaintenance(Maintenance):
    """What a store on a SQL database lets its keeper do; see ``Maintenance``."""

    def __init__(self, database: Database) -> None:
        """Keep that database."""
        self._database = database
        self._members = {kind: Memberships(kind) for kind in _KINDS}

    def selected(self, kind: NodeKind, candidates: Candidates) -> Iterator[Sequence[int]]:
        """Give the ids of the nodes that are meant, in pages."""
        return finding.selected(self._database, kind, candidates)

    def tombstones(self, kind: MemberKind) -> Iterator[Sequence[int]]:
        """Give the ids of the tombstones, in pages."""
        return finding.tombstones(self._database, kind)

    def links(self) -> Iterator[Sequence[Link]]:
        """Give all events, the newest first, in pages."""
        return finding.links(self._database)

    def links_of(self, kind: MemberKind, ids: Sequence[int]) -> Sequence[Link]:
        """Return the events of some nodes."""
        with self._database.read() as session:
            return finding.links_of(session, kind, ids)

    def last_event(self) -> int:
        """Return the id of the newest event; 0 if there is none."""
        with self._database.read() as session:
            return finding.last_event(session)

    def memberships(self, kind: MemberKind) -> Iterator[Sequence[tuple[int, int]]]:
        """Give which context (first) holds which node (second), in pages."""
        return finding.memberships(self._database, kind)

    def parents(self) -> Iterator[Sequence[tuple[int, int]]]:
        """Give which context (first) is the child of which other (second), in pages."""
        return finding.parents(self._database)

    def delete(
        self,
        executions: Sequence[int],
        artifacts: Sequence[int],
        going: Going,
        archive: Archive | None = None,
    ) -> Gone:
        """Delete executions with what they made, and artifacts by themselves."""
        kept = _ours(archive)
        self._prepare()
        return self._write(
            lambda session: delete_nodes(session, executions, artifacts, going, self._members, kept)
        )

    def bury(
        self,
        kind: MemberKind,
        ids: Sequence[int],
        *,
        unchanged_since: int,
        unused_since: int | None,
        archive: Archive | None = None,
    ) -> Gone:
        """Make tombstones of nodes."""
        kept = _ours(archive)
        if kept is not None:
            self._prepare()
        return self._write(
            lambda session: bury(
                session,
                kind,
                ids,
                time.time_ns() // 1_000_000,
                unchanged_since=unchanged_since,
                unused_since=unused_since,
                members=self._members,
                archive=kept,
            )
        )

    def delete_contexts(
        self, ids: Sequence[int], going: Going, archive: Archive | None = None
    ) -> int:
        """Delete those of the contexts that have no living member and no child."""
        kept = _ours(archive)
        return self._write(lambda session: delete_contexts(session, ids, going, kept))

    def delete_orphans(self, *, before: int, dry_run: bool = False) -> int:
        """Delete rows whose nodes are not there."""
        return delete_orphans(self._database, before, dry_run=dry_run)

    def copy(self, executions: Sequence[int], artifacts: Sequence[int], archive: Archive) -> None:
        """Write nodes into an archive, and delete nothing."""
        kept = _ours(archive)
        self._prepare()
        with self._database.read() as session:
            if kept is not None:
                kept.keep(session, executions, artifacts, self._members)

    def copy_contexts(self, ids: Sequence[int], archive: Archive) -> None:
        """Write contexts into an archive."""
        kept = _ours(archive)
        with self._database.read() as session:
            if kept is not None:
                kept.keep_contexts(session, ids)

    def open_archive(self, path: Path) -> Archive:
        """Open a file to archive in."""
        self._refuse_itself(path)
        return SqlArchive(path)

    def restore(self, path: Path) -> Restored:
        """Put back what a file holds."""
        self._refuse_itself(path)
        archive = Database(archive_url(path), on_open=lambda: None, create=False)
        with closing(archive):
            return Restoring(self._database, archive).restore()

    def uris_in_use(self, uris: Sequence[str]) -> set[str]:
        """Return those of the URIs that an artifact has which is not deleted."""
        with self._database.read() as session:
            return finding.uris_in_use(session, uris)

    def vacuum(self, *, full: bool = False) -> int:
        """Give the room of deleted rows back."""
        return space.vacuum(self._database, full=full)

    def _write(self, work: Callable[[Session], ResultT]) -> ResultT:
        """Do some work in a transaction whose statements all go by an index."""

        def write(session: Session) -> ResultT:
            if session.dialect.name == "postgresql":
                # It judges by what a table was like when it last looked, and reads all of it.
                session.cursor.execute("SET LOCAL enable_seqscan = off")
            return work(session)

        return self._database.writing(write)

    def _prepare(self) -> None:
        for members in self._members.values():
            members.prepare(self._database)

    def _refuse_itself(self, path: Path) -> None:
        if path.exists():
            found = os.stat(path)  # noqa: PTH116 - as the database tells itself from others
            if (found.st_dev, found.st_ino) == self._database.identity:
                message = f"{path} is the store itself. Name another file for the archive."
                raise FailedPreconditionError(message)


def _ours(archive: Archive | None) -> SqlArchive | None:
    if archive is None or isinstance(archive, SqlArchive):
        return archive
    message = f"{archive!r} was opened by another store."
    raise InternalError(message)
