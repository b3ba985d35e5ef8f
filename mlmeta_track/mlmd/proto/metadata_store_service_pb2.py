"""The requests and the responses of ML Metadata's service."""

from mlmeta_track.wire.metadata_store_service_pb2 import *  # noqa: F403 - this module is that one
