"""The way to a store in a database, without a server between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlmeta_track.errors import InvalidArgumentError, MlmetaTrackError, SchemaVersionError
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.location import hide_password, is_read_only, store_url
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.wire import metadata_store_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message


class DirectTransport:
    """Calls a store in this process."""

    def __init__(self, store: Store) -> None:
        """Take the store, which lives as long as this object.

        Args:
            store: The store.
        """
        self._service = MetadataService(store)

    def __call__(self, method: str, request: Message) -> Message:
        """Return what the store answers.

        Raises:
            StatusError: It refused.
        """
        try:
            response: Message = getattr(self._service, method)(request)
        except MlmetaTrackError as error:
            # To ML Metadata, whatever a database of its own cannot do is an internal error.
            away = error.status_code == errors.UNAVAILABLE
            code = errors.INTERNAL if away else error.status_code
            raise errors.make_exception(str(error), code) from error
        return response


def open_configured(config: pb.ConnectionConfig, *, upgrade: bool) -> Store:
    """Open the store that a configuration names.

    Args:
        config: Where it is.
        upgrade: Whether a store of an older schema is brought up to date.

    Raises:
        RuntimeError: It cannot be opened: ML Metadata knows no other error here.
    """
    with _as_runtime_errors(config):
        url, create = store_url(config), not is_read_only(config)
        try:
            return open_store(url, create=create)
        except SchemaVersionError as error:
            if not upgrade:
                message = (
                    f"{error} Schema migration is disabled here;"
                    " MetadataStore(config, enable_upgrade_migration=True) enables it."
                )
                raise SchemaVersionError(message) from error
            _migrations().upgrade(url)
            return open_store(url, create=create)


def downgrade(config: pb.ConnectionConfig, version: int) -> None:
    """Bring the store that a configuration names back to an older schema.

    Args:
        config: Where it is.
        version: The version of that schema.

    Raises:
        InvalidArgumentError: There is no such version.
        RuntimeError: The store cannot be opened, or has nothing in it.
    """
    if version < 0:
        message = f"downgrade_to_schema_version not specified: {version} is no version."
        raise errors.InvalidArgumentError(message)
    with _as_runtime_errors(config):
        url = store_url(config)
        try:
            _migrations().downgrade(url, version)
        except InvalidArgumentError as error:
            message = f"MLMD cannot be downgraded to schema_version {version}. {error}"
            raise errors.InvalidArgumentError(hide_password(config, message)) from error


@contextmanager
def _as_runtime_errors(config: pb.ConnectionConfig) -> Iterator[None]:
    """Raise errors of this library as what ML Metadata raises, without passwords."""
    try:
        yield
    except errors.StatusError:
        raise
    except MlmetaTrackError as error:
        # Without its cause, whose text may name the password.
        raise RuntimeError(hide_password(config, str(error))) from None


def _migrations() -> Any:
    # By name, so that a database's libraries are imported when there is something to migrate.
    return import_module("mlmeta_track.store.sql.migrations")
