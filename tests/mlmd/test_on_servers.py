"""MetadataStore on PostgreSQL and MariaDB, by ML Metadata's configurations."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from mlmeta_track.mlmd import ListOptions, MetadataStore
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from tests.servers import DatabaseServer, configured


@pytest.fixture(params=["postgresql", "mariadb"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a database that is not there yet."""
    server: DatabaseServer = request.getfixturevalue(request.param)
    return server.new_url()


def test_what_is_written_is_found_by_another(url: str) -> None:
    store = MetadataStore(configured(url))
    type_id = store.put_artifact_type(pb.ArtifactType(name="T", properties={"p": pb.DOUBLE}))
    artifact = pb.Artifact(type_id=type_id, uri="u", state=pb.Artifact.LIVE)
    artifact.properties["p"].double_value = 0.1 + 0.2
    artifact.custom_properties["c"].int_value = 2**62
    ids = store.put_artifacts([artifact])

    [found] = MetadataStore(configured(url)).get_artifacts(
        ListOptions(filter_query="state = LIVE AND custom_properties.c.int_value > 0")
    )

    assert [found.id] == ids
    assert found.properties["p"].double_value == 0.1 + 0.2
    assert found.custom_properties["c"].int_value == 2**62


def test_wrong_credentials_are_a_runtime_error_that_does_not_name_them(url: str) -> None:
    if not urlsplit(url).password:
        pytest.skip("the server takes everybody")

    with pytest.raises(RuntimeError) as raised:
        MetadataStore(configured(url, password="wr/ong"))  # noqa: S106 - of nobody

    assert "ong" not in str(raised.value)
