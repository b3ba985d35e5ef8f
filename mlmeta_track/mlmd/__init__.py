"""ML Metadata's own Python API on this library's stores.

Code that was written for ``ml_metadata`` runs with its imports changed to this package; its modules
lie at the same places below it.
"""

from __future__ import annotations

try:
    import google.protobuf as _protobuf  # noqa: F401 - only whether it is there

    from mlmeta_track.wire import channel as _channel  # noqa: F401 - imports grpc, so that forks work
except ImportError as error:
    _MESSAGE = (
        "mlmeta_track.mlmd needs protobuf and grpcio, which come with its extra: pip install"
        " 'mlmeta-track[mlmd]'."
    )
    raise ImportError(_MESSAGE, name=error.name) from error

from mlmeta_track.mlmd import errors as errors
from mlmeta_track.mlmd import metadata_store as metadata_store
from mlmeta_track.mlmd import proto as proto
from mlmeta_track.mlmd import simple_types as simple_types
from mlmeta_track.mlmd.metadata_store import (
    ListOptions,
    MetadataStore,
    OrderByField,
    downgrade_schema,
)
from mlmeta_track.mlmd.version import __version__ as __version__

__all__ = ["ListOptions", "MetadataStore", "OrderByField", "downgrade_schema"]
