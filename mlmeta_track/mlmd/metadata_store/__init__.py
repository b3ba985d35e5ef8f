"""ML Metadata's store."""

from __future__ import annotations

from mlmeta_track.mlmd.metadata_store import mlmd_types as mlmd_types
from mlmeta_track.mlmd.metadata_store.metadata_store import (
    ListOptions,
    MetadataStore,
    OrderByField,
    downgrade_schema,
)

__all__ = ["ListOptions", "MetadataStore", "OrderByField", "downgrade_schema"]
