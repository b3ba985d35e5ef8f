from __future__ import annotations

from mlmeta_track.wire import metadata_store_service_pb2 as messages
from mlmeta_track.wire.service import METHODS


def test_path_is_that_of_ml_metadata() -> None:
    path = METHODS["PutArtifacts"].path

    assert path == "/ml_metadata.MetadataStoreService/PutArtifacts"


def test_method_has_the_messages_of_its_name() -> None:
    method = METHODS["GetArtifactsByURI"]

    assert method.request is messages.GetArtifactsByURIRequest
    assert method.response is messages.GetArtifactsByURIResponse
