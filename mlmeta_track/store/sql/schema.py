"""MLMD's schema, version 10: fifteen tables in the order, with the columns and indexes, of MLMD.

A store that is created here is the same as one that ``ml_metadata`` creates, down to the order of
the columns and the names of the indexes; ``tests/interop/test_schema.py`` compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BIGINT,
    BOOLEAN,
    DOUBLE_PRECISION,
    INTEGER,
    SMALLINT,
    TEXT,
    VARCHAR,
    Column,
    Connection,
    Dialect,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    func,
    insert,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import BLOB, DOUBLE, TypeEngine, UserDefinedType

from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.domain.types import SIMPLE_TYPES, TypeKind

SCHEMA_VERSION = 10


class _Spelled(UserDefinedType[Any]):
    """A column type written exactly so.

    SQLite keeps the spelling, and MLMD's is not generic; and what only one server has, SQLAlchemy
    has only with that server's whole dialect, for which a store in a file need not wait.
    """

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_: Any) -> str:
        """Return the spelling."""
        return self.spelling


_INT = INTEGER().with_variant(_Spelled("INT"), "sqlite")
_WIDE = BIGINT().with_variant(_Spelled("INT"), "sqlite")
_FLAG = BOOLEAN().with_variant(_Spelled("TINYINT(1)"), "sqlite")
_KIND = (
    SMALLINT()
    .with_variant(_Spelled("TINYINT(1)"), "sqlite")
    .with_variant(_Spelled("TINYINT(1)"), "mysql")
)
_NAME = VARCHAR(255)
_LONG_TEXT = TEXT().with_variant(_Spelled("MEDIUMTEXT"), "mysql")
_BYTES = (
    BLOB()
    .with_variant(_Spelled("MEDIUMBLOB"), "mysql")
    .with_variant(_Spelled("BYTEA"), "postgresql")
)
_DOUBLE: TypeEngine[float] = DOUBLE().with_variant(DOUBLE_PRECISION(), "postgresql")

METADATA = MetaData()
_MYSQL_COLLATION = "utf8mb4_bin"
_SINCE_MYSQL = (8, 0, 17)

INDEXED_CHARACTERS = 255
"""How much of a long text the servers' indexes hold; PostgreSQL refuses longer ones."""


def _table(name: str, *parts: Column[Any] | PrimaryKeyConstraint | UniqueConstraint) -> Table:
    # AUTOINCREMENT, so that SQLite never gives an id again that once belonged to another row.
    return Table(
        name,
        METADATA,
        *parts,
        sqlite_autoincrement=any(_is_id(part) for part in parts),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=_MYSQL_COLLATION,
    )


def _is_server(*_: Any, dialect: Dialect, **__: Any) -> bool:
    return dialect.name != "sqlite"


def _is_not_postgresql(*_: Any, dialect: Dialect, **__: Any) -> bool:
    return dialect.name != "postgresql"


def _unique(name: str, *columns: str) -> tuple[UniqueConstraint, UniqueConstraint]:
    """Return a unique key that has a name on the servers, and none on SQLite."""
    return (
        UniqueConstraint(*columns).ddl_if(dialect="sqlite"),
        UniqueConstraint(*columns, name=name).ddl_if(callable_=_is_server),
    )


def _id() -> Column[int]:
    # MLMD does not write NOT NULL here; a primary key is never NULL all the same.
    return Column("id", INTEGER, primary_key=True, nullable=True)


def _is_id(part: object) -> bool:
    return isinstance(part, Column) and part.name == "id"


def _required(name: str, column_type: TypeEngine[Any] = _INT) -> Column[Any]:
    return Column(name, column_type, nullable=False)


def _external_id() -> Column[str]:
    return Column("external_id", _NAME)


def _times() -> tuple[Column[int], Column[int]]:
    return (
        Column("create_time_since_epoch", _WIDE, nullable=False, server_default=text("0")),
        Column("last_update_time_since_epoch", _WIDE, nullable=False, server_default=text("0")),
    )


def _property_table(name: str, owner: str) -> Table:
    return _table(
        name,
        _required(owner),
        _required("name", _NAME),
        _required("is_custom_property", _FLAG),
        # ML Metadata's own is 32 bits wide on the servers, and takes no more.
        Column("int_value", _WIDE),
        Column("double_value", _DOUBLE),
        Column("string_value", _LONG_TEXT),
        Column("byte_value", _BYTES),
        Column("proto_value", _BYTES),
        Column("bool_value", BOOLEAN),
        PrimaryKeyConstraint(owner, "name", "is_custom_property"),
    )


TYPE = _table(
    "Type",
    _id(),
    _required("name", _NAME),
    Column("version", _NAME),
    _required("type_kind", _KIND),
    Column("description", TEXT),
    Column("input_type", TEXT),
    Column("output_type", TEXT),
    _external_id(),
    UniqueConstraint("external_id"),
)
TYPE_PROPERTY = _table(
    "TypeProperty",
    _required("type_id"),
    _required("name", _NAME),
    Column("data_type", _INT),
    PrimaryKeyConstraint("type_id", "name"),
)
PARENT_TYPE = _table(
    "ParentType",
    _required("type_id"),
    _required("parent_type_id"),
    PrimaryKeyConstraint("type_id", "parent_type_id"),
)
ARTIFACT = _table(
    "Artifact",
    _id(),
    _required("type_id"),
    Column("uri", TEXT),
    Column("state", _INT),
    Column("name", _NAME),
    _external_id(),
    *_times(),
    UniqueConstraint("external_id"),
    *_unique("UniqueArtifactTypeName", "type_id", "name"),
)
ARTIFACT_PROPERTY = _property_table("ArtifactProperty", "artifact_id")
EXECUTION = _table(
    "Execution",
    _id(),
    _required("type_id"),
    Column("last_known_state", _INT),
    Column("name", _NAME),
    _external_id(),
    *_times(),
    UniqueConstraint("external_id"),
    *_unique("UniqueExecutionTypeName", "type_id", "name"),
)
EXECUTION_PROPERTY = _property_table("ExecutionProperty", "execution_id")
EVENT = _table(
    "Event",
    _id(),
    _required("artifact_id"),
    _required("execution_id"),
    _required("type"),
    Column("milliseconds_since_epoch", _WIDE),
    *_unique("UniqueEvent", "artifact_id", "execution_id", "type"),
)
EVENT_PATH = _table(
    "EventPath",
    _required("event_id"),
    _required("is_index_step", _FLAG),
    Column("step_index", _INT),
    Column("step_key", TEXT),
)
MLMD_ENV = _table(
    "MLMDEnv",
    Column("schema_version", INTEGER, primary_key=True, nullable=True, autoincrement=False),
)
CONTEXT = _table(
    "Context",
    _id(),
    _required("type_id"),
    _required("name", _NAME),
    _external_id(),
    *_times(),
    UniqueConstraint("external_id"),
    UniqueConstraint("type_id", "name"),
)
CONTEXT_PROPERTY = _property_table("ContextProperty", "context_id")
PARENT_CONTEXT = _table(
    "ParentContext",
    _required("context_id"),  # the child
    _required("parent_context_id"),
    PrimaryKeyConstraint("context_id", "parent_context_id"),
)
ASSOCIATION = _table(
    "Association",
    _id(),
    _required("context_id"),
    _required("execution_id"),
    UniqueConstraint("context_id", "execution_id"),
)
ATTRIBUTION = _table(
    "Attribution",
    _id(),
    _required("context_id"),
    _required("artifact_id"),
    UniqueConstraint("context_id", "artifact_id"),
)


@compiles(CreateTable, "mysql")
def _collated(element: CreateTable, compiler: Any, **options: Any) -> str:
    """Have texts be the same if they are so to the last byte, as on the other databases."""
    text: str = compiler.visit_create_table(element, **options)
    dialect = compiler.dialect
    # The collation that all servers have takes "a" and "a " for the same.
    if dialect.is_mariadb:
        return text.replace(_MYSQL_COLLATION, "utf8mb4_nopad_bin")
    if dialect.server_version_info >= _SINCE_MYSQL:
        return text.replace(_MYSQL_COLLATION, "utf8mb4_0900_bin")
    return text


def _index_properties(table: Table, prefix: str) -> None:
    for value in ("int", "double", "string"):
        column = table.c[f"{value}_value"]
        _index(f"idx_{prefix}_property_{value}", table.c.name, table.c.is_custom_property, column)


def _index(name: str, *columns: Column[Any]) -> None:
    """Index some columns; of a long text, its beginning where the database wants it so."""
    *first, last = columns
    if not isinstance(last.type, TEXT):
        Index(name, *columns, sqlite_where=last.is_not(None) if first else None)
        return
    Index(
        name,
        *columns,
        sqlite_where=last.is_not(None) if first else None,
        mysql_length={last.name: INDEXED_CHARACTERS},
    ).ddl_if(callable_=_is_not_postgresql)
    beginning = func.left(last, literal_column(str(INDEXED_CHARACTERS)))
    Index(name, *first, beginning).ddl_if(dialect="postgresql")


def _index_all() -> None:
    for table, prefix in ((ARTIFACT, "artifact"), (EXECUTION, "execution"), (CONTEXT, "context")):
        for time in ("create_time_since_epoch", "last_update_time_since_epoch"):
            Index(f"idx_{prefix}_{time}", table.c[time])
        Index(f"idx_{prefix}_external_id", table.c.external_id)
        _index_properties(METADATA.tables[f"{table.name}Property"], prefix)
    _index("idx_artifact_uri", ARTIFACT.c.uri)
    Index("idx_type_name", TYPE.c.name)
    Index("idx_type_external_id", TYPE.c.external_id)
    Index("idx_event_execution_id", EVENT.c.execution_id)
    Index("idx_eventpath_event_id", EVENT_PATH.c.event_id)
    Index("idx_parentcontext_parent_context_id", PARENT_CONTEXT.c.parent_context_id)


_index_all()


class same_text(FunctionElement[bool]):  # noqa: N801 - it reads as a function of SQL
    """The condition that a long text, whose beginning may be indexed, is the same as another."""

    inherit_cache = True
    type = BOOLEAN()

    def self_group(self, against: Any = None) -> same_text:  # noqa: ARG002 - SQLAlchemy's name
        """Stay as it is beside other conditions: compared with "true", no index would serve it."""
        return self


@compiles(same_text)
def _same(element: same_text, compiler: Any, **options: Any) -> str:
    column, text = (compiler.process(clause, **options) for clause in element.clauses)
    return f"({column} = {text})"


@compiles(same_text, "postgresql")
def _same_by_beginning(element: same_text, compiler: Any, **options: Any) -> str:
    column, text = (compiler.process(clause, **options) for clause in element.clauses)
    size = INDEXED_CHARACTERS
    return f"(left({column}, {size}) = left({text}, {size}) AND {column} = {text})"


@dataclass(frozen=True, eq=False)
class NodeTables:
    """The tables of one kind of nodes, so that one piece of code serves all three."""

    kind: TypeKind
    nodes: Table
    properties: Table
    owner: Column[int]
    state: Column[int] | None = None
    members: Table | None = None

    @property
    def member(self) -> Column[int]:
        """The column of ``members`` that holds this kind of nodes."""
        assert self.members is not None  # noqa: S101 - contexts are no members of contexts
        return self.members.c[self.owner.name]


_TABLES: dict[type[Node], NodeTables] = {
    Artifact: NodeTables(
        TypeKind.ARTIFACT,
        ARTIFACT,
        ARTIFACT_PROPERTY,
        ARTIFACT_PROPERTY.c.artifact_id,
        ARTIFACT.c.state,
        ATTRIBUTION,
    ),
    Execution: NodeTables(
        TypeKind.EXECUTION,
        EXECUTION,
        EXECUTION_PROPERTY,
        EXECUTION_PROPERTY.c.execution_id,
        EXECUTION.c.last_known_state,
        ASSOCIATION,
    ),
    Context: NodeTables(TypeKind.CONTEXT, CONTEXT, CONTEXT_PROPERTY, CONTEXT_PROPERTY.c.context_id),
}


def tables_of(kind: type[Node]) -> NodeTables:
    """Return the tables that hold nodes of that kind."""
    return _TABLES[kind]


def create_schema(connection: Connection) -> None:
    """Create all tables and indexes, add the simple types, and write the version."""
    METADATA.create_all(connection, checkfirst=False)
    _make_usable(connection)


def finish_schema(connection: Connection) -> None:
    """Create what is missing of tables and indexes, and do what ``create_schema`` does then."""
    METADATA.create_all(connection)
    for table in METADATA.tables.values():
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    _make_usable(connection)


def _make_usable(connection: Connection) -> None:
    """Write what makes the tables a store, last and at once: until then they are unfinished."""
    if connection.dialect.name == "mysql":
        # It has committed every table by itself; the rest is to be seen as a whole.
        connection.exec_driver_sql("START TRANSACTION")
    add_simple_types(connection)
    connection.execute(insert(MLMD_ENV).values(schema_version=SCHEMA_VERSION))


def missing_simple_types(connection: Connection) -> list[dict[str, Any]]:
    """Return rows for those of MLMD's nine simple types that the store does not have."""
    wanted = [{"name": declared.name, "type_kind": int(declared.kind)} for declared in SIMPLE_TYPES]
    query = select(TYPE.c.name, TYPE.c.type_kind).where(
        TYPE.c.name.in_([row["name"] for row in wanted]), TYPE.c.version.is_(None)
    )
    present = {(row.name, row.type_kind) for row in connection.execute(query)}
    return [row for row in wanted if (row["name"], row["type_kind"]) not in present]


def add_simple_types(connection: Connection) -> None:
    """Add those of MLMD's nine simple types that the store does not have."""
    missing = missing_simple_types(connection)
    if missing:
        connection.execute(insert(TYPE), missing)
