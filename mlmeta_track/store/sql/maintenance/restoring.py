"""What an archive holds put back into a store, each page of it one transaction.

Each page can be put back any number of times: what is there already is found, by its id and
identity, by its external id, by its type and name, or by the external id that it got when its own
id was taken.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Table, and_, bindparam, delete, or_, select, update

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.store.maintenance import NodeKind, Restored
from mlmeta_track.store.sql.edges import insert_paths
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.maintenance.archiving import is_mark
from mlmeta_track.store.sql.maintenance.copying import (
    Row,
    all_types,
    insert_anew,
    insert_rows,
    put_types,
    read_rows,
)
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks
from mlmeta_track.store.sql.schema import (
    ASSOCIATION,
    ATTRIBUTION,
    EVENT,
    EVENT_PATH,
    PARENT_CONTEXT,
    NodeTables,
    tables_of,
)

_PAGE = 500
_IDENTITY = ("type_id", "name", "external_id", "create_time_since_epoch")
_COUNTED = {Artifact: "artifacts", Execution: "executions", Context: "contexts"}
_ENDS: tuple[tuple[Table, dict[str, NodeKind]], ...] = (
    (ASSOCIATION, {"context_id": Context, "execution_id": Execution}),
    (ATTRIBUTION, {"context_id": Context, "artifact_id": Artifact}),
)
_EVENT_ENDS: dict[str, NodeKind] = {"artifact_id": Artifact, "execution_id": Execution}
_PARENT_ENDS: dict[str, NodeKind] = {"context_id": Context, "parent_context_id": Context}


class Restoring:
    """Puts an archive back into a store; used once."""

    def __init__(self, store: Database, archive: Database) -> None:
        """Know both."""
        self._store = store
        self._archive = archive
        self._done = Restored()
        self._type_ids: dict[int, int] = {}

    def restore(self) -> Restored:
        """Put everything back, and say what that was."""
        with self._archive.read() as session:
            types = all_types(session)
        self._type_ids = self._store.writing(lambda here: put_types(here, types))
        for kind in (Context, Artifact, Execution):
            for ids in self._pages(tables_of(kind).nodes.c.id):
                self._in_both(lambda there, here, k=kind, i=ids: self._nodes(there, here, k, i))
        for ids in self._pages(PARENT_CONTEXT.c.context_id):
            self._in_both(lambda there, here, i=ids: self._parents(there, here, i))
        for ids in self._pages(EVENT.c.id):
            self._in_both(lambda there, here, i=ids: self._events(there, here, i))
        for table, ends in _ENDS:
            for ids in self._pages(table.c.id):
                self._in_both(
                    lambda there, here, t=table, e=ends, i=ids: self._links(there, here, t, e, i)
                )
        return self._done

    def _pages(self, column: Column[Any]) -> Iterator[list[int]]:
        after = -(2**63)
        while True:
            with self._archive.read() as session:
                rows = _ids_after(column).all(session, after=after)
            if rows:
                after = rows[-1][0]
                yield [row[0] for row in rows]
            if len(rows) < _PAGE:
                return

    def _in_both(self, work: Any) -> None:
        """Do some work in a transaction of the store, with one that reads the archive."""
        with self._archive.read() as there:
            counts = self._store.writing(lambda here: work(there, here))
        # Only now: a transaction may be done again.
        for name, count in counts.items():
            setattr(self._done, name, getattr(self._done, name) + count)

    # Nodes

    def _nodes(
        self, there: Session, here: Session, kind: NodeKind, ids: list[int]
    ) -> dict[str, int]:
        tables = tables_of(kind)
        rows, properties = self._read(there, tables, ids)
        targets = self._targets(here, tables, rows)
        new = {one: row for one, row in rows.items() if one not in targets}
        if read_rows(here, tables.nodes.c.id, new):
            # An id is another node's: all of them get new ones, in the same order.
            owners = {
                one: insert_anew(here, tables.nodes, _with_external_id(kind, row))
                for one, row in new.items()
            }
        else:
            insert_rows(here, tables.nodes, list(new.values()))
            _move_on(here, tables.nodes, new)
            owners = {one: one for one in new}
        revived = self._revive(here, tables, {o: rows[o] for o in targets}, targets, properties)
        owners |= revived
        name = tables.owner.name
        insert_rows(
            here,
            tables.properties,
            [{**row, name: owners[row[name]]} for row in properties if row[name] in owners],
        )
        return {_COUNTED[kind]: len(new), "revived": len(revived)}

    def _read(
        self, there: Session, tables: NodeTables, ids: Iterable[int]
    ) -> tuple[dict[int, Row], list[Row]]:
        """Return rows of nodes by id, with the store's types, and those of their properties."""
        rows = {
            row["id"]: {**row, "type_id": self._type_ids.get(row["type_id"], row["type_id"])}
            for row in sorted(read_rows(there, tables.nodes.c.id, ids), key=itemgetter("id"))
        }
        return rows, read_rows(there, tables.owner, rows)

    def _targets(
        self, here: Session, tables: NodeTables, rows: Mapping[int, Row]
    ) -> dict[int, int]:
        """Return which nodes of the store are those of the archive, as far as it has them."""
        found = {
            row["id"]: row["id"]
            for row in read_rows(here, tables.nodes.c.id, rows)
            if all(row[name] == rows[row["id"]][name] for name in _IDENTITY)
        }
        for identify in (_by_external_ids, _by_names, _by_given_ids):
            rest = {one: row for one, row in rows.items() if one not in found}
            if rest:
                found |= identify(here, tables, rest)
        return found

    def _revive(
        self,
        here: Session,
        tables: NodeTables,
        rows: Mapping[int, Row],
        targets: Mapping[int, int],
        properties: list[Row],
    ) -> dict[int, int]:
        """Let tombstones be again what they were; return their ids by those in the archive."""
        if tables.state is None:
            return {}
        name = tables.owner.name
        buried = {row[name] for row in properties if is_mark(row)}
        marks = read_rows(here, tables.owner, targets.values())
        dead = {row[name] for row in marks if is_mark(row)}
        revived = {o: t for o, t in targets.items() if t in dead and o not in buried}
        _forget(tables).change(here, revived.values())
        for one, target in revived.items():
            row = rows[one]
            _set_again(tables).run(
                here,
                node_id=target,
                old_state=row[tables.state.name],
                old_time=row["last_update_time_since_epoch"],
            )
        return revived

    # Edges

    def _ends(
        self, there: Session, here: Session, rows: list[Row], ends: Mapping[str, NodeKind]
    ) -> list[Row]:
        """Return rows with the store's ids of their ends; without those whose ends are nowhere."""
        for column, kind in ends.items():
            tables = tables_of(kind)
            nodes, _ = self._read(there, tables, {row[column] for row in rows})
            targets = self._targets(here, tables, nodes)
            rows = [{**row, column: targets[row[column]]} for row in rows if row[column] in targets]
        return rows

    def _parents(self, there: Session, here: Session, ids: list[int]) -> dict[str, int]:
        rows = read_rows(there, PARENT_CONTEXT.c.context_id, ids)
        rows = self._ends(there, here, rows, _PARENT_ENDS)
        children = {row["context_id"] for row in rows}
        known = [tuple(r.values()) for r in read_rows(here, PARENT_CONTEXT.c.context_id, children)]
        insert_rows(here, PARENT_CONTEXT, [row for row in rows if tuple(row.values()) not in known])
        return {}

    def _events(self, there: Session, here: Session, ids: list[int]) -> dict[str, int]:
        rows = self._ends(there, here, read_rows(there, EVENT.c.id, ids), _EVENT_ENDS)
        known = {
            (row["artifact_id"], row["execution_id"], row["type"])
            for row in read_rows(here, EVENT.c.execution_id, {row["execution_id"] for row in rows})
        }
        new = [
            row
            for row in rows
            if (row["artifact_id"], row["execution_id"], row["type"]) not in known
        ]
        owners = _insert_edges(here, EVENT, new)
        paths = read_rows(there, EVENT_PATH.c.event_id, owners)
        insert_paths(here, [{**row, "event_id": owners[row["event_id"]]} for row in paths])
        return {"events": len(new)}

    def _links(
        self,
        there: Session,
        here: Session,
        table: Table,
        ends: Mapping[str, NodeKind],
        ids: list[int],
    ) -> dict[str, int]:
        rows = self._ends(there, here, read_rows(there, table.c.id, ids), ends)
        _, member = ends
        pairs = {(row["context_id"], row[member]): row for row in rows}
        known: set[tuple[int, int]] = set()
        for size, values in chunks(pairs, "x"):
            both = {f"context_{n[2:]}": pair and pair[0] for n, pair in values.items()}
            both |= {f"member_{n[2:]}": pair and pair[1] for n, pair in values.items()}
            known.update(tuple(row) for row in _known_links(table, member, size).all(here, **both))
        _insert_edges(here, table, [row for pair, row in pairs.items() if pair not in known])
        return {}


def _insert_edges(here: Session, table: Table, rows: list[Row]) -> dict[int, int]:
    """Insert rows, under their own ids if all of these are free; return the new ids by the old."""
    if read_rows(here, table.c.id, (row["id"] for row in rows)):
        return {row["id"]: insert_anew(here, table, row) for row in rows}
    insert_rows(here, table, rows)
    ids = [row["id"] for row in rows]
    _move_on(here, table, ids)
    return dict(zip(ids, ids, strict=True))


@cache
def _ids_after(column: Column[Any]) -> Prepared:
    query = select(column).where(column > bindparam("after")).distinct()
    return Prepared(query.order_by(column).limit(_PAGE))


@cache
def _known_links(table: Table, member: str, size: int) -> Prepared:
    pairs = (
        and_(
            table.c.context_id == bindparam(f"context_{i}"),
            table.c[member] == bindparam(f"member_{i}"),
        )
        for i in range(size)
    )
    return Prepared(select(table.c.context_id, table.c[member]).where(or_(*pairs)))


@cache
def _forget(tables: NodeTables) -> OnIds:
    return OnIds(delete(tables.properties).where(ids_in(tables.owner)))


@cache
def _set_again(tables: NodeTables) -> Prepared:
    assert tables.state is not None  # noqa: S101 - contexts are no tombstones
    values: dict[str, Any] = {
        tables.state.name: bindparam("old_state"),
        "last_update_time_since_epoch": bindparam("old_time"),
    }
    nodes = tables.nodes
    return Prepared(update(nodes).where(nodes.c.id == bindparam("node_id")).values(values))


# Who is who


@cache
def _find_external_ids(tables: NodeTables, size: int) -> Prepared:
    nodes = tables.nodes
    return Prepared(
        select(nodes.c.external_id, nodes.c.id).where(among(nodes.c.external_id, "x", size))
    )


def _external_ids(here: Session, tables: NodeTables, wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for size, values in chunks(wanted, "x"):
        found |= {row[0]: row[1] for row in _find_external_ids(tables, size).all(here, **values)}
    return found


def _by_external_ids(here: Session, tables: NodeTables, rows: Mapping[int, Row]) -> dict[int, int]:
    wanted = {row["external_id"]: one for one, row in rows.items() if row["external_id"]}
    return {wanted[key]: target for key, target in _external_ids(here, tables, wanted).items()}


@cache
def _find_names(tables: NodeTables, size: int) -> Prepared:
    nodes = tables.nodes
    return Prepared(
        select(nodes.c.type_id, nodes.c.name, nodes.c.id).where(
            nodes.c.type_id == bindparam("wanted_type"), among(nodes.c.name, "x", size)
        )
    )


def _by_names(here: Session, tables: NodeTables, rows: Mapping[int, Row]) -> dict[int, int]:
    wanted = {
        (row["type_id"], row["name"]): one for one, row in rows.items() if row["name"] is not None
    }
    found: dict[int, int] = {}
    for type_id in {key[0] for key in wanted}:
        names: list[str] = [name for of_type, name in wanted if of_type == type_id]
        for size, values in chunks(names, "x"):
            query = _find_names(tables, size)
            for _, name, target in query.all(here, wanted_type=type_id, **values):
                found[wanted[type_id, name]] = target
    return found


def _by_given_ids(here: Session, tables: NodeTables, rows: Mapping[int, Row]) -> dict[int, int]:
    wanted = {_given_id(tables.nodes.name, row): one for one, row in rows.items()}
    return {wanted[key]: target for key, target in _external_ids(here, tables, wanted).items()}


def _given_id(kind: str, row: Row) -> str:
    """Return the external id of a node that has none, and whose id another node has."""
    facts = (kind, row["id"], row["type_id"], row["create_time_since_epoch"])
    return f"restored-{hashlib.sha256(ascii(facts).encode()).hexdigest()[:40]}"


def _with_external_id(kind: NodeKind, row: Row) -> Row:
    if row["external_id"] or row["name"] is not None:
        return row
    return {**row, "external_id": _given_id(tables_of(kind).nodes.name, row)}


def _move_on(here: Session, table: Table, ids: Iterable[int]) -> None:
    """Have PostgreSQL give no id to another row that was just given by hand."""
    highest = max(ids, default=None)
    if highest is None or here.dialect.name != "postgresql":
        return
    name = table.name.lower()
    here.cursor.execute(f"SELECT pg_get_serial_sequence('{name}', 'id')")
    row = here.cursor.fetchone()
    if row is None or row[0] is None:
        return
    here.cursor.execute(
        f"SELECT setval('{row[0]}', GREATEST((SELECT last_value FROM {row[0]}), {int(highest)}))"  # noqa: S608 - names of ours
    )
