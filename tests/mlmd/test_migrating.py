"""MetadataStore and downgrade_schema on databases of other schema versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.mlmd import MetadataStore, downgrade_schema, errors
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb


@pytest.fixture
def config(tmp_path: Path) -> pb.ConnectionConfig:
    """The configuration of a store that has the type T."""
    found = pb.ConnectionConfig()
    found.sqlite.filename_uri = str(tmp_path / "metadata.db")
    MetadataStore(found).put_artifact_type(pb.ArtifactType(name="T"))
    return found


@pytest.mark.parametrize("version", range(10))
def test_what_was_brought_back_is_brought_up_to_date(
    config: pb.ConnectionConfig, version: int
) -> None:
    downgrade_schema(config, version)

    store = MetadataStore(config, enable_upgrade_migration=True)

    assert [found.name for found in store.get_artifact_types()] == ["T"]


def test_an_older_schema_is_not_opened_unless_it_may_be_upgraded(
    config: pb.ConnectionConfig,
) -> None:
    downgrade_schema(config, 9)

    with pytest.raises(RuntimeError, match="migration is disabled"):
        MetadataStore(config)


def test_a_new_store_needs_no_upgrade(tmp_path: Path) -> None:
    new = pb.ConnectionConfig()
    new.sqlite.filename_uri = str(tmp_path / "new.db")

    assert MetadataStore(new, enable_upgrade_migration=True).get_artifact_types() == []


def test_the_version_that_it_has_is_left_as_it_is(config: pb.ConnectionConfig) -> None:
    downgrade_schema(config, 10)

    assert len(MetadataStore(config).get_artifact_types()) == 1


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (-1, "downgrade_to_schema_version not specified"),
        (11, "MLMD cannot be downgraded to schema_version"),
    ],
)
def test_a_version_that_there_is_none_of_is_refused(
    config: pb.ConnectionConfig, version: int, words: str
) -> None:
    with pytest.raises(errors.InvalidArgumentError, match=words):
        downgrade_schema(config, version)


def test_an_empty_database_is_not_downgraded(tmp_path: Path) -> None:
    empty = pb.ConnectionConfig()
    empty.sqlite.filename_uri = str(tmp_path / "empty.db")

    with pytest.raises(RuntimeError):
        downgrade_schema(empty, 9)


def test_no_database_is_not_downgraded() -> None:
    with pytest.raises(RuntimeError, match="unset"):
        downgrade_schema(pb.ConnectionConfig(), 9)
