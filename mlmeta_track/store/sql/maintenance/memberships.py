"""Which contexts nodes are in, where MLMD's schema has no index to ask for it.

Its tables of memberships are read once, page by page, into a database of SQLite's own temporary
files, which has the index; what was written since is added before each look.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, select

from mlmeta_track.store.maintenance import MemberKind
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.schema import tables_of

_PAGE = 10_000
_AT_ONCE = 500


class Membership(NamedTuple):
    """One row: its id, and the context."""

    id: int
    context_id: int


@cache
def _newer(table: Table, column: str) -> Prepared:
    return Prepared(
        select(table.c[column], table.c.id, table.c.context_id)
        .where(table.c.id > bindparam("after"))
        .order_by(table.c.id)
        .limit(_PAGE)
    )


class Memberships:
    """The memberships of one kind of nodes, by node."""

    def __init__(self, kind: MemberKind) -> None:
        """Know none yet."""
        member = tables_of(kind).member
        self._query = _newer(member.table, member.name)
        self._last = -(2**63)
        # SQLite's temporary files: in memory while they are small, and deleted by themselves.
        self._index = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._index.close)
        self._index.execute(
            "CREATE TABLE row (node INTEGER, id INTEGER, context INTEGER, PRIMARY KEY (node, id))"
            " WITHOUT ROWID"
        )

    def prepare(self, database: Database) -> None:
        """Read what is new in short transactions, so that little is left for the writer's own."""
        more = True
        while more:
            with database.read() as session:
                more = self._read_page(session)

    def of(self, session: Session, ids: Iterable[int]) -> list[Membership]:
        """Return the memberships of some nodes, as a transaction sees them."""
        while self._read_page(session):
            pass
        return [Membership(*row) for row in self._look(sorted(set(ids)))]

    def _look(self, ids: list[int]) -> Iterator[Any]:
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            marks = ", ".join("?" * len(some))
            yield from self._index.execute(
                f"SELECT id, context FROM row WHERE node IN ({marks})",  # noqa: S608 - only marks
                some,
            )

    def _read_page(self, session: Session) -> bool:
        """Take a page of new rows, and say whether there may be another."""
        rows = self._query.all(session, after=self._last)
        if rows:
            self._last = rows[-1][1]
            self._index.execute("BEGIN")
            self._index.executemany("INSERT OR IGNORE INTO row VALUES (?, ?, ?)", rows)
            self._index.execute("COMMIT")
        return len(rows) == _PAGE
