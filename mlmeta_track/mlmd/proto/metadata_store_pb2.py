"""ML Metadata's messages for nodes, types, configurations and queries."""

from mlmeta_track.wire.metadata_store_pb2 import *  # noqa: F403 - this module is that one
