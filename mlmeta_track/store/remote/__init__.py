"""The store on a server of ML Metadata's gRPC service: a client that is a ``Store``."""

from __future__ import annotations

# First of all, for it imports gRPC so that processes may be forked.
from mlmeta_track.wire import channel as _channel  # noqa: F401
