"""ML Metadata's service over a store: one method a call, from request to response."""

from __future__ import annotations

from mlmeta_track.mlmd.service.lineage import LineageCalls
from mlmeta_track.mlmd.service.links import LinkCalls
from mlmeta_track.mlmd.service.lists import ListCalls
from mlmeta_track.mlmd.service.nodes import NodeCalls
from mlmeta_track.mlmd.service.types import TypeCalls
from mlmeta_track.mlmd.service.writes import WriteCalls

__all__ = ["MetadataService"]


class MetadataService(WriteCalls, TypeCalls, NodeCalls, ListCalls, LinkCalls, LineageCalls):
    """All calls of ``ml_metadata.MetadataStoreService``, each under its own name.

    Every method takes the request's message and returns the response's, and raises errors of
    ``mlmeta_track.errors`` with ML Metadata's status codes.  It may be called from many threads.
    """
