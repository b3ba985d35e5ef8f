"""ML Metadata's gRPC service as a table: every method with its request and its response.

The path of a method names ML Metadata's package, which our messages do not have; so the service is
no generated code but this table, from which clients and servers are made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlmeta_track.wire import metadata_store_service_pb2 as messages

SERVICE = "ml_metadata.MetadataStoreService"
"""The service's name on the wire."""


class Method(NamedTuple):
    """A method of the service: its path, and the classes of what goes in and what comes out."""

    path: str
    request: type[Any]
    response: type[Any]


def _methods() -> Mapping[str, Method]:
    # Every request of the generated module is a method's, and has a response of the same name.
    names = [n.removesuffix("Request") for n in vars(messages) if n.endswith("Request")]
    return {
        name: Method(
            f"/{SERVICE}/{name}",
            getattr(messages, f"{name}Request"),
            getattr(messages, f"{name}Response"),
        )
        for name in names
    }


METHODS: Mapping[str, Method] = _methods()
"""All methods by name, such as ``PutArtifacts``."""
