"""A SQLite file, in MLMD's own schema, that keeps what goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Column, Table, delete, select

from mlmeta_track.domain.nodes import DELETED_AT, Artifact, Context, Execution
from mlmeta_track.errors import FailedPreconditionError, InternalError
from mlmeta_track.store.maintenance import Archive, MemberKind, NodeKind
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.maintenance.copying import (
    Row,
    all_types,
    insert_rows,
    put_types,
    read_rows,
)
from mlmeta_track.store.sql.maintenance.memberships import Memberships
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.schema import (
    ARTIFACT,
    ASSOCIATION,
    ATTRIBUTION,
    CONTEXT,
    EVENT,
    EVENT_PATH,
    EXECUTION,
    PARENT_CONTEXT,
    tables_of,
)

_APPLICATION = 0x6D6C6172
"""What SQLite calls the application id; the number says mlar."""

_KINDS: tuple[NodeKind, ...] = (Artifact, Execution, Context)
_TABLES = {kind: tables_of(kind) for kind in _KINDS}
_DELETE_NODES = {
    kind: OnIds(delete(t.nodes).where(ids_in(t.nodes.c.id))) for kind, t in _TABLES.items()
}
_DELETE_PROPERTIES = {
    kind: OnIds(delete(t.properties).where(ids_in(t.owner))) for kind, t in _TABLES.items()
}
_REMEMBERED = 10_000
_IDENTITY = ("type_id", "name", "external_id", "create_time_since_epoch")
Members: TypeAlias = "Mapping[MemberKind, Memberships]"


def archive_url(path: Path) -> str:
    """Return the URL of a SQLite file, whatever characters its path has."""
    return f"sqlite:///{path.absolute().as_uri()}?uri=true"


class SqlArchive(Archive):
    """An archive that is open for writing; each ``keep`` is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Open the file, which is made if it is not there.

        Raises:
            FailedPreconditionError: There is something else at the path.
            UnavailableError: It cannot be made.
        """
        self._path = path
        url = archive_url(path)
        if not path.exists():
            Database(url, on_open=_nothing, create=True).close()
            with closing(sqlite3.connect(path)) as connection:
                # One file, and every commit on the disk before the store lets go of what is in it.
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        self._database = Database(url, on_open=_nothing, create=False)
        with closing(sqlite3.connect(path)) as connection:
            (found,) = connection.execute("PRAGMA application_id").fetchone()
        if found != _APPLICATION:
            self._database.close()
            message = f"{path} is no archive, but a store in use. Name another file."
            raise FailedPreconditionError(message)
        self._type_ids: dict[int, int] = {}
        self._seen_contexts: dict[int, int] = {}

    def close(self) -> None:
        """See that all is on the disk, and give the file back."""
        self._database.close()
        with closing(sqlite3.connect(self._path)) as connection:
            (found,) = connection.execute("PRAGMA quick_check").fetchone()
        if found != "ok":
            message = f"The archive {self._path} is damaged: {found}. Restore nothing from it."
            raise InternalError(message)

    def keep(
        self,
        session: Session,
        executions: Iterable[int],
        artifacts: Iterable[int],
        members: Members,
    ) -> None:
        """Write nodes with all that belongs to them, and the other ends of their events.

        Args:
            session: The transaction that they are read in.
            executions: The executions.
            artifacts: The artifacts.
            members: What contexts nodes are in.

        Raises:
            FailedPreconditionError: The file has nodes of another store.
        """
        ours = {Execution: set(executions), Artifact: set(artifacts)}
        events = {
            row["id"]: row
            for column, kind in ((EVENT.c.execution_id, Execution), (EVENT.c.artifact_id, Artifact))
            for row in read_rows(session, column, ours[kind])
        }
        others: dict[Any, set[int]] = {
            Execution: {row["execution_id"] for row in events.values()},
            Artifact: {row["artifact_id"] for row in events.values()},
        }
        links = [
            (table, read_rows(session, table.c.id, (o.id for o in members[kind].of(session, ids))))
            for table, kind, ids in (
                (ASSOCIATION, Execution, ours[Execution]),
                (ATTRIBUTION, Artifact, ours[Artifact]),
            )
        ]
        contexts = {row["context_id"] for _, rows in links for row in rows}
        nodes = {kind: self._read(session, kind, ours[kind] | others[kind]) for kind in ours}
        read_contexts = self._read_contexts(session, contexts)
        paths = read_rows(session, EVENT_PATH.c.event_id, events)
        self._type_rows(session, (*nodes.values(), read_contexts[0]))

        def write(here: Session) -> None:
            for kind, found in nodes.items():
                self._write_nodes(here, kind, found, ours[kind])
            self._write_contexts(here, *read_contexts)
            new = _absent(here, EVENT, events)
            insert_rows(here, EVENT, [events[one] for one in sorted(new)])
            insert_rows(here, EVENT_PATH, [row for row in paths if row["event_id"] in new])
            for table, rows in links:
                _insert_absent(here, table, rows)
            self._check(here, ours, events)

        self._database.writing(write)

    def keep_contexts(self, session: Session, ids: Iterable[int]) -> None:
        """Write contexts, with their properties and all contexts above them."""
        found = self._read_contexts(session, ids)
        self._type_rows(session, (found[0],))
        self._database.writing(lambda here: self._write_contexts(here, *found))

    # What is read of the store

    def _read(self, session: Session, kind: NodeKind, ids: Iterable[int]) -> _Nodes:
        tables = _TABLES[kind]
        rows = {row["id"]: row for row in read_rows(session, tables.nodes.c.id, ids)}
        properties = read_rows(session, _column(tables.owner), rows)
        return _Nodes(rows, properties, tables.owner.name)

    def _read_contexts(self, session: Session, ids: Iterable[int]) -> tuple[_Nodes, list[Row]]:
        """Return what is new of some contexts, and of those above them."""
        rest, all_ids, parents = set(ids), set[int](), list[Row]()
        while rest:
            all_ids |= rest
            rows = read_rows(session, PARENT_CONTEXT.c.context_id, rest)
            parents += rows
            rest = {row["parent_context_id"] for row in rows} - all_ids
        rows = read_rows(session, CONTEXT.c.id, all_ids)
        times = {row["id"]: row["last_update_time_since_epoch"] for row in rows}
        changed = {one for one, time in times.items() if self._seen_contexts.get(one) != time}
        if len(self._seen_contexts) > _REMEMBERED:
            self._seen_contexts.clear()
        return self._read(session, Context, changed), parents

    def _type_rows(self, session: Session, found: Iterable[_Nodes]) -> None:
        """See that the archive has the types of some nodes."""
        wanted = {row["type_id"] for nodes in found for row in nodes.rows.values()}
        if not wanted <= self._type_ids.keys():
            types = all_types(session)
            self._type_ids = self._database.writing(lambda here: put_types(here, types))

    # What is written here

    def _write_nodes(self, here: Session, kind: NodeKind, found: _Nodes, going: set[int]) -> None:
        tables = _TABLES[kind]
        rows = {one: self._typed(row) for one, row in found.rows.items()}
        present = {row["id"]: row for row in read_rows(here, tables.nodes.c.id, rows)}
        self._refuse_others(kind, rows, present)
        # A tombstone says less than what the archive may have had from before it was one.
        replaced = (going & present.keys()) - found.tombstones
        _DELETE_NODES[kind].change(here, replaced)
        _DELETE_PROPERTIES[kind].change(here, replaced)
        new = (rows.keys() - present.keys()) | replaced
        insert_rows(here, tables.nodes, [row for one, row in rows.items() if one in new])
        insert_rows(
            here, tables.properties, [row for row in found.properties if row[found.owner] in new]
        )

    def _write_contexts(self, here: Session, found: _Nodes, parents: list[Row]) -> None:
        self._write_nodes(here, Context, found, set(found.rows))
        known = {
            (row["context_id"], row["parent_context_id"])
            for row in read_rows(
                here, PARENT_CONTEXT.c.context_id, {row["context_id"] for row in parents}
            )
        }
        pairs = {(row["context_id"], row["parent_context_id"]): row for row in parents}
        insert_rows(here, PARENT_CONTEXT, [row for pair, row in pairs.items() if pair not in known])
        for one, row in found.rows.items():
            self._seen_contexts[one] = row["last_update_time_since_epoch"]

    def _typed(self, row: Row) -> Row:
        return {**row, "type_id": self._type_ids.get(row["type_id"], row["type_id"])}

    def _refuse_others(
        self, kind: NodeKind, rows: Mapping[int, Row], present: Mapping[int, Row]
    ) -> None:
        for one, row in present.items():
            if any(row[name] != rows[one][name] for name in _IDENTITY):
                message = (
                    f"The archive {self._path} is of another store: its {kind.__name__.lower()}"
                    f" {one} is another. Name a file of its own for each store."
                )
                raise FailedPreconditionError(message)

    def _check(self, here: Session, ours: Mapping[Any, set[int]], events: Iterable[int]) -> None:
        """See that all is there before the store lets go of it."""
        wanted = (
            (EXECUTION, ours[Execution]),
            (ARTIFACT, ours[Artifact]),
            (EVENT, set(events)),
        )
        for table, ids in wanted:
            lacking = _absent(here, table, ids)
            if lacking:
                message = f"The archive {self._path} did not take all; nothing was deleted."
                raise InternalError(message)


class _Nodes:
    """Rows of nodes by id, and those of their properties."""

    def __init__(self, rows: dict[int, Row], properties: list[Row], owner: str) -> None:
        self.rows = rows
        self.properties = properties
        self.owner = owner

    @property
    def tombstones(self) -> set[int]:
        """The nodes that are tombstones."""
        return {row[self.owner] for row in self.properties if is_mark(row)}


def is_mark(row: Row) -> bool:
    """Say whether a property's row is the mark of a tombstone."""
    return bool(row["name"] == DELETED_AT and row["is_custom_property"])


def _nothing() -> None:
    """Do nothing."""


def _column(column: Column[int]) -> Column[Any]:
    return column


_IDS = {
    table: OnIds(select(table.c.id).where(ids_in(table.c.id)))
    for table in (ARTIFACT, EXECUTION, CONTEXT, EVENT, ASSOCIATION, ATTRIBUTION)
}


def _absent(here: Session, table: Table, ids: Iterable[int]) -> set[int]:
    ids = set(ids)
    return ids - {row[0] for row in _IDS[table].rows(here, ids)}


def _insert_absent(here: Session, table: Table, rows: list[Row]) -> None:
    absent = _absent(here, table, (row["id"] for row in rows))
    insert_rows(here, table, [row for row in rows if row["id"] in absent])
