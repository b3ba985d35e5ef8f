"""The real wheel's client against a server; run by its own Python with what is asked as JSON.

Prints its answer as JSON: what it saw, or the class of the error.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ml_metadata as mlmd
from ml_metadata.proto import metadata_store_pb2 as pb


def connect(asked: dict[str, Any]) -> Any:
    """Return a client with the fields of the configuration that are asked for."""
    config = pb.MetadataStoreClientConfig(host=asked["host"], port=asked["port"])
    for name, text in asked.get("ssl", {}).items():
        setattr(config.ssl_config, name, text)
    for name, number in asked.get("channel", {}).items():
        setattr(config.channel_arguments, name, number)
    if "timeout" in asked:
        config.client_timeout_sec = asked["timeout"]
    return mlmd.MetadataStore(config)


def types(asked: dict[str, Any]) -> list[str]:
    """Make a type, and return the names of all."""
    store = connect(asked)
    store.put_artifact_type(pb.ArtifactType(name="T"))
    return [found.name for found in store.get_artifact_types()]


def uris(asked: dict[str, Any]) -> list[str]:
    """Return the URIs of all artifacts."""
    return [artifact.uri for artifact in connect(asked).get_artifacts()]


def put(asked: dict[str, Any]) -> list[int]:
    """Write an artifact that is as large as asked, and return its id."""
    store = connect(asked)
    type_id = store.put_artifact_type(pb.ArtifactType(name="T"))
    ids: list[int] = store.put_artifacts([pb.Artifact(type_id=type_id, uri="u" * asked["size"])])
    return ids


def crowd(asked: dict[str, Any]) -> list[int]:
    """Make the same type, and five artifacts each, by many clients at once."""

    def work(number: int) -> int:
        store = connect(asked)
        type_id: int = store.put_artifact_type(pb.ArtifactType(name="T"))
        artifacts = [pb.Artifact(type_id=type_id, name=f"{number}-{n}") for n in range(5)]
        store.put_artifacts(artifacts)
        return type_id

    with ThreadPoolExecutor(asked["clients"]) as pool:
        return sorted(set(pool.map(work, range(asked["clients"]))))


if __name__ == "__main__":
    command, arguments = sys.argv[1], json.loads(sys.argv[2])
    try:
        answer = globals()[command](arguments)
    except mlmd.errors.StatusError as error:
        answer = {"error": type(error).__name__, "message": error.message}
    print(json.dumps(answer))  # noqa: T201 - its answer
