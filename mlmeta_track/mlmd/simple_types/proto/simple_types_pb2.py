"""The message that lists the types that every store has."""

from mlmeta_track.wire.simple_types_pb2 import *  # noqa: F403 - this module is that one
