"""MLMD's own writing calls, each within a transaction that the caller began."""

from mlmeta_track.store.sql.calls.execution import put_execution
from mlmeta_track.store.sql.calls.links import put_events, put_links, put_parent_contexts
from mlmeta_track.store.sql.calls.nodes import put_nodes
from mlmeta_track.store.sql.calls.subgraph import put_lineage_subgraph
from mlmeta_track.store.sql.calls.types import put_types

__all__ = [
    "put_events",
    "put_execution",
    "put_lineage_subgraph",
    "put_links",
    "put_nodes",
    "put_parent_contexts",
    "put_types",
]
