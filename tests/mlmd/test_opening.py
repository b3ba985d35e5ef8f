"""What MetadataStore opens, and what it says when it cannot."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlmeta_track.mlmd import MetadataStore, errors, proto
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb

Sqlite = proto.SqliteMetadataSourceConfig


def config(path: Path | str, mode: Sqlite.ConnectionMode = Sqlite.UNKNOWN) -> pb.ConnectionConfig:
    return pb.ConnectionConfig(sqlite=Sqlite(filename_uri=str(path), connection_mode=mode))


def type_names(store: MetadataStore) -> list[str]:
    return [found.name for found in store.get_artifact_types()]


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The file of a store that has the type T."""
    path = tmp_path / "metadata.db"
    MetadataStore(config(path)).put_artifact_type(pb.ArtifactType(name="T"))
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda: pb.ConnectionConfig(fake_database=pb.FakeDatabaseConfig()),
        lambda: pb.ConnectionConfig(sqlite=Sqlite()),
    ],
    ids=["fake", "sqlite without a file"],
)
def test_a_store_in_memory_is_its_own(make: Callable[[], pb.ConnectionConfig]) -> None:
    first, second = MetadataStore(make()), MetadataStore(make())

    first.put_artifact_type(pb.ArtifactType(name="T"))

    assert (type_names(first), type_names(second)) == (["T"], [])


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    assert type_names(MetadataStore(config(tmp_path / "new.db"))) == []
    assert (tmp_path / "new.db").exists()


def test_a_file_is_found_again(filled: Path) -> None:
    assert type_names(MetadataStore(config(filled))) == ["T"]


def test_a_file_may_be_named_by_a_uri(filled: Path) -> None:
    assert type_names(MetadataStore(config(filled.as_uri()))) == ["T"]


def test_a_path_may_have_anything_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a b?c#d%20e.db"
    MetadataStore(config(path)).put_artifact_type(pb.ArtifactType(name="T"))

    assert path.exists()
    assert type_names(MetadataStore(config(path))) == ["T"]


@pytest.mark.parametrize("mode", [Sqlite.READONLY, Sqlite.READWRITE])
def test_a_file_that_must_be_there_is_not_made(tmp_path: Path, mode: Sqlite.ConnectionMode) -> None:
    with pytest.raises(RuntimeError, match=r"new\.db"):
        MetadataStore(config(tmp_path / "new.db", mode))

    assert not (tmp_path / "new.db").exists()


def test_an_existing_file_is_written_to_in_mode_readwrite(filled: Path) -> None:
    store = MetadataStore(config(filled, Sqlite.READWRITE))

    store.put_artifact_type(pb.ArtifactType(name="U"))

    assert type_names(store) == ["T", "U"]


def test_a_file_is_read_in_mode_readonly(filled: Path) -> None:
    assert type_names(MetadataStore(config(filled, Sqlite.READONLY))) == ["T"]


def test_writing_in_mode_readonly_is_an_internal_error_as_in_ml_metadata(filled: Path) -> None:
    store = MetadataStore(config(filled, Sqlite.READONLY))

    with pytest.raises(errors.InternalError, match="readonly"):
        store.put_artifact_type(pb.ArtifactType(name="U"))


def test_a_configuration_without_a_database_is_a_runtime_error() -> None:
    with pytest.raises(RuntimeError, match="unset"):
        MetadataStore(pb.ConnectionConfig())


def test_what_is_no_configuration_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="from a str"):
        MetadataStore("sqlite://")  # type: ignore[arg-type]


def test_a_database_of_something_else_is_a_runtime_error(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE songs (title)")
    other.close()

    with pytest.raises(RuntimeError, match="songs"):
        MetadataStore(config(tmp_path / "other.db"))


@pytest.mark.parametrize("kind", ["mysql", "postgresql"])
def test_a_database_that_is_away_is_a_runtime_error_without_the_password(kind: str) -> None:
    away = pb.ConnectionConfig()
    away.mysql.MergeFrom(pb.MySQLDatabaseConfig(host="localhost", port=1, database="m", user="u"))
    away.mysql.password = "s/cret"  # noqa: S105 - of no database
    if kind == "postgresql":
        away.postgresql.MergeFrom(
            pb.PostgreSQLDatabaseConfig(host="localhost", port="1", dbname="m", user="u")
        )
        away.postgresql.password = "s/cret"  # noqa: S105 - of no database

    with pytest.raises(RuntimeError) as raised:
        MetadataStore(away)

    assert "cret" not in f"{raised.value}{raised.value.__cause__}"


def test_the_number_of_tries_is_that_of_the_retry_options() -> None:
    options = pb.RetryOptions(max_num_retries=7)

    store = MetadataStore(pb.ConnectionConfig(sqlite=Sqlite(), retry_options=options))

    assert store._max_num_retries == 7


def test_there_is_no_pipeline_asset() -> None:
    assert MetadataStore(pb.ConnectionConfig(sqlite=Sqlite())).pipeline_asset is None


@pytest.mark.parametrize("missing", ["grpc", "google.protobuf"])
def test_without_the_extra_the_import_says_what_to_install(missing: str) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "try: import mlmeta_track.mlmd\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "pip install 'mlmeta-track[mlmd]'" in done.stdout
