"""The store as users of ML Metadata know it."""

from __future__ import annotations

from mlmeta_track.mlmd import errors, proto
from mlmeta_track.mlmd.calls.lineage import Lineage
from mlmeta_track.mlmd.calls.links import Links
from mlmeta_track.mlmd.calls.writing import Writing
from mlmeta_track.mlmd.direct import DirectTransport, downgrade, open_configured
from mlmeta_track.mlmd.options import MAX_NUM_RESULT, ExtraOptions, ListOptions, OrderByField
from mlmeta_track.mlmd.proto import (
    metadata_store_pb2,
    metadata_store_service_pb2,
    metadata_store_service_pb2_grpc,
)
from mlmeta_track.mlmd.remote import RemoteTransport

__all__ = [
    "MAX_NUM_RESULT",
    "ExtraOptions",
    "ListOptions",
    "MetadataStore",
    "OrderByField",
    "downgrade_schema",
    "errors",
    "metadata_store_pb2",
    "metadata_store_service_pb2",
    "metadata_store_service_pb2_grpc",
    "proto",
]

_DEFAULT_TRIES = 5


class MetadataStore(Lineage, Links, Writing):
    """A store of ML Metadata: a database, or a server that has one.

    It may be used from many threads at once.  Every call is one transaction.  A call that another
    writer is in the way of is tried again; how often, ``ConnectionConfig.retry_options`` says.
    """

    def __init__(
        self,
        config: proto.ConnectionConfig | proto.MetadataStoreClientConfig,
        enable_upgrade_migration: bool = False,
    ) -> None:
        """Open the database, or prepare to call the server.

        Args:
            config: Where the database, or the server, is.
            enable_upgrade_migration: Whether a database of an older schema is brought up to date.

        Raises:
            RuntimeError: The database cannot be opened, or has another schema version.
            ValueError: The configuration is none, or a server's database is to be upgraded.
        """
        self._max_num_retries = _DEFAULT_TRIES
        if isinstance(config, proto.ConnectionConfig):
            self._transport = DirectTransport(
                open_configured(config, upgrade=enable_upgrade_migration)
            )
            if config.HasField("retry_options"):
                self._max_num_retries = config.retry_options.max_num_retries
        else:
            self._transport = RemoteTransport(_checked(config, upgrade=enable_upgrade_migration))

    @property
    def pipeline_asset(self) -> None:
        """Nothing: ML Metadata's open version has none."""
        return


def _checked(config: object, *, upgrade: bool) -> proto.MetadataStoreClientConfig:
    if not isinstance(config, proto.MetadataStoreClientConfig):
        message = (
            "A MetadataStore is made from a ConnectionConfig or a MetadataStoreClientConfig of"
            f" mlmeta_track.mlmd.proto, not from a {type(config).__qualname__}."
        )
        raise ValueError(message)  # noqa: TRY004 - it is what ML Metadata raises
    if upgrade:
        message = "A server's database is upgraded where the server is, not from a client."
        raise ValueError(message)
    return config


def downgrade_schema(config: proto.ConnectionConfig, downgrade_to_schema_version: int) -> None:
    """Bring a database back to an older schema, for an older library.

    Args:
        config: Where the database is.
        downgrade_to_schema_version: The version, from 0 on.

    Raises:
        InvalidArgumentError: There is no such version.
        RuntimeError: The database cannot be opened, or has nothing in it.
    """
    downgrade(config, downgrade_to_schema_version)
