"""ML Metadata's gRPC service over a store."""

from __future__ import annotations

from mlmeta_track.server.options import ServerOptions, Tls
from mlmeta_track.server.server import MetadataServer, serving

__all__ = ["MetadataServer", "ServerOptions", "Tls", "serving"]
