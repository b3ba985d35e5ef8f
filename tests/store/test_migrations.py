"""Stores brought to older schema versions and back, on every database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.domain.types import ArtifactType, ContextType
from mlmeta_track.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotAnMlmdStoreError,
    NotFoundError,
    SchemaVersionError,
    SettingsError,
    UnavailableError,
)
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.migrations import downgrade, stored_version, upgrade
from mlmeta_track.testing.store_cases.build import ANYTHING, EXPERIMENT, made, put_artifact
from tests.servers import PASSWORD, DatabaseServer

from .old_schemas import (
    DATABASES,
    Interrupted,
    contents,
    describe,
    fill,
    interrupted_after,
    left_of,
    new_url,
    run,
)

ON_ALL = [(name, version) for name in DATABASES for version in range(10)]
ON_ALL.remove(("postgresql", 0))


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that has some of everything."""
    found = new_url(request, request.param, tmp_path)
    fill(found)
    return found


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    """The URL of such a store on SQLite."""
    found = f"sqlite:///{tmp_path / 'metadata.db'}"
    fill(found)
    return found


@pytest.fixture
def mariadb_url(mariadb: DatabaseServer) -> str:
    """The URL of such a store on MariaDB."""
    found = mariadb.new_url()
    fill(found)
    return found


# There and back


@pytest.mark.parametrize(("database", "version"), ON_ALL)
def test_the_schema_and_what_the_older_version_holds_come_back(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, version: int
) -> None:
    url = new_url(request, database, tmp_path)
    fill(url)
    schema, before = describe(url), contents(url)

    assert downgrade(url, version) == 10
    assert stored_version(url) == version
    assert upgrade(url) == version

    assert stored_version(url) == 10
    assert describe(url) == schema
    assert contents(url) == left_of(before, version)


@pytest.mark.parametrize("database", DATABASES)
def test_one_version_at_a_time_is_the_same_as_all_at_once(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    (tmp_path / "one").mkdir()
    url, other = (new_url(request, database, folder) for folder in (tmp_path, tmp_path / "one"))
    fill(url)
    fill(other)
    oldest = 1 if database == "postgresql" else 0
    downgrade(url, oldest)
    for version in range(9, oldest - 1, -1):
        assert downgrade(other, version) == version + 1
        assert downgrade(other, version) == version
    assert describe(other) == describe(url)


def test_a_store_that_came_back_is_written_and_gives_new_ids(url: str) -> None:
    downgrade(url, 3)
    upgrade(url)
    store = open_store(url)
    assert put_artifact(store, made("new", ANYTHING, properties={"boolean": True})) == 3
    store.close()


def test_a_store_of_this_version_is_left_as_it_is(url: str) -> None:
    before = contents(url)
    assert upgrade(url) == 10
    assert downgrade(url, 10) == 10
    assert contents(url) == before


def test_a_store_that_is_older_already_is_not_downgraded(url: str) -> None:
    downgrade(url, 5)
    schema = describe(url)
    assert downgrade(url, 8) == 5
    assert describe(url) == schema


def test_many_that_upgrade_one_store_at_once_do_it_once(url: str) -> None:
    schema = describe(url)
    downgrade(url, 4)
    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(upgrade, [url] * 4))
    assert found == [4, 10, 10, 10]
    assert describe(url) == schema


# What the versions mean


def test_version_8_keeps_the_newest_of_events_that_are_the_same(url: str) -> None:
    downgrade(url, 7)
    run(
        url,
        "INSERT INTO Event VALUES (11, 2, 1, 1, 5), (12, 2, 1, 1, 6), (13, 2, 1, 2, 7)",
        "INSERT INTO EventPath VALUES (11, FALSE, NULL, 'dropped'), (12, FALSE, NULL, 'kept')",
    )
    upgrade(url)
    assert run(url, "SELECT id FROM Event ORDER BY id") == [(2,), (12,), (13,)]
    assert run(url, "SELECT event_id, step_key FROM EventPath") == [(12, "kept")]


def test_version_10_mends_what_an_ml_metadata_that_went_back_left_unreadable(url: str) -> None:
    downgrade(url, 9)
    run(
        url,
        "INSERT INTO ArtifactProperty VALUES (1, 'lost', TRUE, NULL, NULL, NULL, NULL)",
        "INSERT INTO ArtifactProperty VALUES (1, 'zero', TRUE, 0, NULL, NULL, NULL)",
    )
    upgrade(url)
    found = run(url, "SELECT name FROM ArtifactProperty WHERE name IN ('lost', 'zero')")
    assert found == [("zero",)]


def test_version_1_has_no_types_of_contexts_and_none_of_their_properties(url: str) -> None:
    store = open_store(url)
    experiment = store.get_type(ContextType, EXPERIMENT.name)
    store.close()
    assert experiment is not None
    types_with_properties = "SELECT DISTINCT type_id FROM TypeProperty"
    assert (experiment.id,) in run(url, types_with_properties)
    downgrade(url, 1)
    assert (experiment.id,) not in run(url, types_with_properties)
    assert run(url, "SELECT DISTINCT is_artifact_type FROM Type ORDER BY 1") == [(0,), (1,)]


def test_long_texts_are_upgraded(url: str) -> None:
    # Longer than an entry of PostgreSQL's indexes may be, by which they would be found.
    text = "".join(f"{number:x}" for number in range(30_000))
    store = open_store(url)
    long = made("long", ANYTHING, uri=text[:60_000], properties={"string": text})
    long_id = put_artifact(store, long)
    store.close()
    downgrade(url, 7)
    upgrade(url)
    store = open_store(url)
    [found] = store.get_by_id(Artifact, [long_id])
    store.close()
    assert (found.uri, found.properties["string"]) == (text[:60_000], text)


def test_version_6_cuts_texts_on_mysql_that_are_too_long_for_it(mariadb_url: str) -> None:
    fits, too_long = "x" * 65_535, "ü" * 40_000
    store = open_store(mariadb_url)
    texts = {"string": fits}
    artifact = made("l", ANYTHING, properties=texts, custom_properties={"long": too_long})
    artifact_id = put_artifact(store, artifact)
    store.close()
    downgrade(mariadb_url, 6)
    upgrade(mariadb_url)
    store = open_store(mariadb_url)
    [found] = store.get_by_id(Artifact, [artifact_id])
    store.close()
    assert found.properties["string"] == fits
    assert found.custom_properties["long"] == "ü" * 16_383  # four bytes each, as it stands there


# What is somebody else's


def test_sqlite_keeps_indexes_triggers_and_views_of_others(file_url: str) -> None:
    run(
        file_url,
        "CREATE INDEX somebodys_index ON Artifact (type_id, uri)",
        "CREATE TABLE seen (id INTEGER)",
        "CREATE TRIGGER somebodys_trigger AFTER INSERT ON Artifact"
        " BEGIN INSERT INTO seen VALUES (new.id); END",
        "CREATE VIEW somebodys_view AS SELECT uri FROM Artifact",
    )
    names = "SELECT name, sql FROM sqlite_master WHERE name LIKE 'somebodys%' ORDER BY name"
    before = run(file_url, names)
    assert len(before) == 3
    downgrade(file_url, 0)
    upgrade(file_url)
    assert run(file_url, names) == before
    assert run(file_url, "SELECT uri FROM somebodys_view ORDER BY 1") == [("/a",), ("/b",)]
    assert run(file_url, "SELECT id FROM seen") == []


def test_sqlite_never_gives_an_id_again_that_a_row_had(file_url: str) -> None:
    run(file_url, "DELETE FROM Artifact", "DELETE FROM Execution")
    downgrade(file_url, 4)
    upgrade(file_url)
    store = open_store(file_url)
    assert put_artifact(store, made("new")) == 3
    store.close()


def test_sqlite_refuses_to_lose_a_column_of_somebody_else(file_url: str) -> None:
    run(file_url, "ALTER TABLE Artifact ADD COLUMN mood TEXT", "UPDATE Artifact SET mood = 'good'")
    schema = describe(file_url)
    with pytest.raises(FailedPreconditionError, match=r"metadata\.db.*Artifact.*mood.*elsewhere"):
        downgrade(file_url, 8)
    assert describe(file_url) == schema
    assert run(file_url, "SELECT DISTINCT mood FROM Artifact") == [("good",)]


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_a_server_keeps_a_column_of_somebody_else(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = new_url(request, database, tmp_path)
    fill(url)
    run(url, "ALTER TABLE Artifact ADD COLUMN mood TEXT", "UPDATE Artifact SET mood = 'good'")
    downgrade(url, 3)
    upgrade(url)
    assert run(url, "SELECT DISTINCT mood FROM Artifact") == [("good",)]


# What goes wrong


@pytest.mark.parametrize("changes", [0, 3, 20, 60])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_goes_wrong_in_the_middle_leaves_the_store_whole(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, changes: int
) -> None:
    url = new_url(request, database, tmp_path)
    fill(url)
    schema, before = describe(url), contents(url)
    with interrupted_after(changes), pytest.raises(Interrupted):
        downgrade(url, 1)
    assert (describe(url), contents(url)) == (schema, before)

    downgrade(url, 1)
    older = describe(url)
    with interrupted_after(changes), pytest.raises(Interrupted):
        upgrade(url)
    assert describe(url) == older
    assert stored_version(url) == 1


def test_an_error_of_postgresql_in_the_middle_leaves_the_store_whole(
    postgresql: DatabaseServer,
) -> None:
    url = postgresql.new_url()
    fill(url)
    downgrade(url, 5)
    # Of a schema's indexes no two have one name, and the last to be made is this.
    run(
        url,
        "CREATE TABLE songs (title INT)",
        "CREATE INDEX idx_context_external_id ON songs (title)",
    )
    schema = describe(url)
    with pytest.raises(AlreadyExistsError, match="idx_context_external_id") as raised:
        upgrade(url)
    assert PASSWORD not in str(raised.value)
    assert describe(url) == schema
    assert stored_version(url) == 5


def _until_done(work: Callable[[], object]) -> int:
    """Do something until it is done, interrupted a change later each time; return how often."""
    for changes in range(200):
        try:
            with interrupted_after(changes):
                work()
        except Interrupted:
            continue
        return changes
    raise AssertionError("it never came to the end")


def test_mysql_takes_up_again_what_was_interrupted(mariadb_url: str) -> None:
    schema, before = describe(mariadb_url), contents(mariadb_url)
    assert _until_done(lambda: downgrade(mariadb_url, 0)) > 10
    assert stored_version(mariadb_url) == 0
    assert _until_done(lambda: upgrade(mariadb_url)) > 10
    assert describe(mariadb_url) == schema
    assert contents(mariadb_url) == left_of(before, 0)


@pytest.mark.parametrize("changes", range(1, 60, 6))
def test_mysql_upgrades_a_store_whose_downgrade_was_interrupted(
    mariadb_url: str, changes: int
) -> None:
    schema = describe(mariadb_url)
    with interrupted_after(changes), pytest.raises(Interrupted):
        downgrade(mariadb_url, 0)
    upgrade(mariadb_url)
    assert describe(mariadb_url) == schema


@pytest.mark.parametrize("changes", range(1, 50, 7))
def test_mysql_downgrades_a_store_whose_upgrade_was_interrupted(
    mariadb_url: str, changes: int
) -> None:
    downgrade(mariadb_url, 0)
    schema = describe(mariadb_url)
    with interrupted_after(changes), pytest.raises(Interrupted):
        upgrade(mariadb_url)
    downgrade(mariadb_url, 0)
    assert describe(mariadb_url) == schema


# What is refused


@pytest.mark.parametrize("version", [-1, 11, 999999])
def test_a_version_that_there_is_none_of_is_refused(url: str, version: int) -> None:
    with pytest.raises(InvalidArgumentError, match=rf"no schema version {version}.*0 to 10"):
        downgrade(url, version)


def test_postgresql_never_had_version_0(postgresql: DatabaseServer) -> None:
    url = postgresql.new_url()
    fill(url)
    with pytest.raises(FailedPreconditionError, match=r"PostgreSQL.*from 1 on"):
        downgrade(url, 0)
    assert stored_version(url) == 10


def _both_refuse(url: str, kind: type[MlmetaTrackError], says: str) -> None:
    """See that neither upgrading nor downgrading does anything but raise such an error."""
    schema = describe(url)
    for migrate in (upgrade, lambda found: downgrade(found, 5)):
        with pytest.raises(kind, match=says) as raised:
            migrate(url)
        assert PASSWORD not in str(raised.value)
    assert describe(url) == schema


def test_a_newer_store_is_refused(url: str) -> None:
    run(url, "UPDATE MLMDEnv SET schema_version = 11")
    _both_refuse(url, SchemaVersionError, "version 11.*version 10.*newer")
    assert stored_version(url) == 11


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DELETE FROM MLMDEnv", "0 rows"),
        ("INSERT INTO MLMDEnv VALUES (8)", "2 rows"),
        ("DROP TABLE Event", "no table Event"),
        ("DROP TABLE ParentContext", "no table ParentContext"),
    ],
)
def test_half_a_store_is_refused(url: str, statement: str, says: str) -> None:
    downgrade(url, 7)
    run(url, statement)
    _both_refuse(url, FailedPreconditionError, says)


def test_a_table_that_its_version_did_not_have_is_not_missed(url: str) -> None:
    downgrade(url, 2)
    run(url, "DROP TABLE EventPath")
    _both_refuse(url, FailedPreconditionError, r"no table EventPath\.")


@pytest.mark.parametrize("database", DATABASES)
def test_an_empty_database_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = new_url(request, database, tmp_path)
    fill(url)
    tables = "Type TypeProperty ParentType Artifact ArtifactProperty Execution ExecutionProperty"
    tables += " Event EventPath MLMDEnv Context ContextProperty ParentContext Association"
    run(url, *(f"DROP TABLE {table}" for table in [*tables.split(), "Attribution"]))
    _both_refuse(url, FailedPreconditionError, "is empty")


@pytest.mark.parametrize("database", DATABASES)
def test_a_database_of_something_else_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = new_url(request, database, tmp_path)
    if database != "sqlite":
        request.getfixturevalue(database).run(f"CREATE DATABASE {url.rpartition('/')[2]}")
    run(url, "CREATE TABLE songs (title INT)")
    _both_refuse(url, NotAnMlmdStoreError, "something else.*songs")


@pytest.mark.parametrize("database", DATABASES)
def test_a_database_that_is_not_there_is_not_created(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = new_url(request, database, tmp_path)
    for _ in range(2):
        with pytest.raises(NotFoundError, match=r"metadata\.db|mlmeta_test"):
            upgrade(url)
        with pytest.raises(NotFoundError):
            downgrade(url, 5)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no folder"):
        upgrade(f"sqlite:///{tmp_path / 'missing' / 'metadata.db'}")


def test_a_store_on_a_server_is_migrated_by_the_url_of_its_database() -> None:
    with pytest.raises(SettingsError, match="URL of its database"):
        upgrade("grpc://127.0.0.1:8080")


def test_a_file_that_may_only_be_read_is_left_as_it_is(file_url: str, tmp_path: Path) -> None:
    downgrade(file_url, 7)
    read_only = f"sqlite:///file:{tmp_path / 'metadata.db'}?mode=ro&uri=true"
    with pytest.raises(UnavailableError, match="read-only"):
        upgrade(read_only)
    assert stored_version(read_only) == 7


# What a file is otherwise


def test_a_file_keeps_its_journal(file_url: str, tmp_path: Path) -> None:
    run(file_url, "PRAGMA journal_mode = DELETE")
    downgrade(file_url, 7)
    upgrade(file_url)
    with closing(sqlite3.connect(tmp_path / "metadata.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_the_simple_types_come_with_the_first_write(url: str) -> None:
    # A store of a time when there were none.
    run(url, "DELETE FROM Type WHERE substr(name, 1, 5) = 'mlmd.'")
    downgrade(url, 4)
    upgrade(url)
    store = open_store(url)
    put_artifact(store, made("new"))
    assert "mlmd.Dataset" in {found.name for found in store.get_types(ArtifactType)}
    store.close()
