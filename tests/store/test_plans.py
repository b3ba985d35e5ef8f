"""The indexes serve filters and lineage, on every database, whether or not it was analyzed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, PropertyType
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.lineage import _query as lineage_query

ARTIFACTS, OF_A_RUN, USED, SELDOM = 4_000, 50, 5, 20
_TEXT, _INT = PropertyType.STRING, PropertyType.INT
_TABLES = ("Artifact", "ArtifactProperty", "Execution", "Event", "Context", "Attribution", "Type")


@dataclass(frozen=True)
class Filled:
    """A store with some thousand artifacts, and the database that it is in."""

    store: Store
    database: Database
    kind: str

    def plan(self, text: str, joins: Joins, order_by: OrderBy = OrderBy.ID) -> str:
        """Return the plan for the first page of a filter, in which the page was found."""
        query = ListQuery(limit=20, filter=text, joins=joins, order_by=order_by)
        return self.store.explain(Artifact, query).partition("plan:\n")[2]

    def run(self, *statements: str) -> None:
        with self.database.outside() as session:
            for statement in statements:
                session.cursor.execute(statement)
                session.cursor.fetchall()

    def analyze(self) -> None:
        """Have the database look at what it holds."""
        if self.kind == "sqlite":
            with self.database.write() as session:
                session.cursor.execute("ANALYZE")
        elif self.kind == "postgresql":
            self.run_without_rows("ANALYZE")
        else:
            self.run("ANALYZE TABLE " + ", ".join(_TABLES))

    def run_without_rows(self, statement: str) -> None:
        with self.database.outside() as session:
            session.cursor.execute(statement)


def _fill(url: str) -> Database:
    """Make artifacts, nearly all of a split and a type, each made by a step out of those before."""
    store = open_store(url)
    declared = {"split": _TEXT, "name": _TEXT, "rank": _INT}
    kinds = (
        *(ArtifactType(f"Seldom {number}", declared) for number in range(SELDOM)),
        ArtifactType("Often", declared),
        ExecutionType("Step"),
        ContextType("Run"),
    )
    *seldom, often, step, run = store.put_types(kinds, can_add_fields=True, can_omit_fields=True)
    store.close()
    numbers = range(1, ARTIFACTS + 1)
    runs = range(1, ARTIFACTS // OF_A_RUN + 1)
    database = Database(url, on_open=lambda: None, create=False)
    types = ((n, seldom[n % 100] if n % 100 < SELDOM else often) for n in numbers)
    _insert(database, "Artifact", "id type_id", types)
    _insert(database, "Execution", "id type_id", ((n, step) for n in numbers))
    _insert(database, "Context", "id type_id name", ((n, run, f"run {n}") for n in runs))
    pairs = ((-(-n // OF_A_RUN), n) for n in numbers)
    _insert(database, "Attribution", "context_id artifact_id", pairs)
    events = (
        *((n, n, int(EventType.OUTPUT)) for n in numbers),
        *((n - k, n, int(EventType.INPUT)) for n in numbers for k in range(1, USED) if k < n),
    )
    _insert(database, "Event", "artifact_id execution_id type", events)
    columns = "artifact_id name is_custom_property string_value int_value"
    _insert(database, "ArtifactProperty", columns, (row for n in numbers for row in _properties(n)))
    return database


def _properties(n: int) -> Iterator[tuple[Any, ...]]:
    yield n, "split", False, "train" if n % 5 else "eval", None
    yield n, "name", False, f"artifact {n}", None
    yield n, "rank", False, None, n


def _insert(database: Database, table: str, columns: str, rows: Any) -> None:
    names = columns.split()
    with database.write() as session:
        mark = "?" if session.dialect.name == "sqlite" else "%s"
        name = table.lower() if session.dialect.name == "postgresql" else table
        marks = ", ".join([mark] * len(names))
        text = f"INSERT INTO {name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - ours
        session.cursor.executemany(text, list(rows))


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'store.db'}"
    else:
        new_url: Callable[[], str] = request.getfixturevalue(request.param).new_url
        url = new_url()
    database = _fill(url)
    store = open_store(url)
    found = Filled(store, database, request.param)
    found.analyze()
    yield found
    store.close()
    database.close()


@pytest.fixture(scope="module", params=["analyzed", "never analyzed"])
def sqlite_file(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """A store on SQLite, which plans in another way when it knows what there is."""
    url = f"sqlite:///{tmp_path_factory.mktemp('plans') / Path('store.db')}"
    found = Filled(open_store(url), _fill(url), "sqlite")
    if request.param == "analyzed":
        found.analyze()
    yield found
    found.store.close()
    found.database.close()


RARE = {
    "properties.name.string_value = 'artifact 77'": "idx_artifact_property_string",
    "properties.rank.int_value < 12": "idx_artifact_property_int",
    "properties.split.string_value = 'eval' AND properties.rank.int_value = 5": (
        "idx_artifact_property_int"
    ),
    "type = 'Seldom 3' AND state IS NULL": "UniqueArtifactTypeName|autoindex_Artifact_2",
    "contexts_a.name = 'run 3'": "UniqueContext|attribution.*key|context_id|autoindex_Attribution",
}
_READ_IN_ORDER = "(Artifact|others) USING (COVERING )?INDEX"
_WHOLE_TABLE = re.compile(rf"BLOOM|AUTOMATIC|SCAN (?!{_READ_IN_ORDER}|Type$)", re.MULTILINE)
OFTEN = (
    "properties.split.string_value = 'train' AND properties.rank.int_value > 3",
    "type = 'Often' AND state IS NULL",
    "properties.split.string_value = 'train'",
)


@pytest.mark.parametrize("joins", Joins)
@pytest.mark.parametrize("text", RARE)
def test_what_is_rare_is_found_by_its_index(filled: Filled, text: str, joins: Joins) -> None:
    plan = filled.plan(text, joins)
    assert re.search(RARE[text], plan, re.IGNORECASE), plan


@pytest.mark.parametrize("joins", Joins)
@pytest.mark.parametrize("text", OFTEN)
def test_what_is_frequent_is_neither_gathered_nor_sorted(
    filled: Filled, text: str, joins: Joins
) -> None:
    plan = filled.plan(text, joins)
    assert not re.search(r"TEMP B-TREE|\bSort\b|filesort|temporary", plan), plan


@pytest.mark.parametrize("text", [*OFTEN, *RARE])
def test_sqlite_needs_no_statistics(sqlite_file: Filled, text: str) -> None:
    """Nor do they lead it astray."""
    plan = sqlite_file.plan(text, Joins.OUTER, OrderBy.CREATE_TIME)
    assert not _WHOLE_TABLE.search(plan), plan


@pytest.mark.parametrize("direction", Direction)
def test_lineage_reads_the_events_of_what_it_reaches_alone(
    sqlite_file: Filled, direction: Direction
) -> None:
    query = lineage_query(direction, 1, 0, limited=True)
    with sqlite_file.database.read() as session:
        _, _, plan = query.explained(session, depth=10, a_0=ARTIFACTS // 2)
    assert not re.search(r"BLOOM|SCAN (Event|near|far)", "\n".join(plan)), plan
