"""The room of deleted rows given back."""

from __future__ import annotations

from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.schema import METADATA

_SIZES = {
    "sqlite": "SELECT (SELECT page_count FROM pragma_page_count) * page_size FROM pragma_page_size",
    "postgresql": "SELECT pg_database_size(current_database())",
    "mysql": (
        "SELECT SUM(data_length + index_length) FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
    ),
}


def vacuum(database: Database, *, full: bool) -> int:
    """Give the room of deleted rows back; return how many bytes the store is smaller now."""
    with database.outside() as session:
        before = _size(session)
        for statement in _statements(session.dialect.name, full=full):
            session.cursor.execute(statement)
            if session.cursor.description:
                session.cursor.fetchall()
        return before - _size(session)


def _statements(dialect: str, *, full: bool) -> list[str]:
    names = list(METADATA.tables)
    if dialect == "sqlite":
        return ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA optimize"]
    if dialect == "postgresql":
        how = "FULL, ANALYZE" if full else "ANALYZE"
        return [f"VACUUM ({how}) {name.lower()}" for name in names]
    return [f"OPTIMIZE TABLE `{name}`" for name in names]


def _size(session: Session) -> int:
    if session.dialect.name == "mysql":
        # Counted anew, and not as it was remembered.
        for name in METADATA.tables:
            session.cursor.execute(f"ANALYZE TABLE `{name}`")
            session.cursor.fetchall()
    session.cursor.execute(_SIZES[session.dialect.name])
    row = session.cursor.fetchone()
    return int(row[0] or 0) if row else 0
