"""What all parts of the service share: the store, and turning nodes into messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from mlmeta_track.domain.listing import Joins
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import Store

FoundT = TypeVar("FoundT")


class ServiceBase:
    """A part of the service."""

    def __init__(self, store: Store, joins: Joins = Joins.INNER) -> None:
        """Serve a store.

        Args:
            store: The store.
            joins: What filters mean by neighbours that are missing.
        """
        self._store = store
        self._joins = joins


def check_external_ids(external_ids: Iterable[str]) -> None:
    """Raise ``InvalidArgumentError`` if one of the external ids is empty."""
    if not all(external_ids):
        message = "One of the external_ids is empty. Ask for external ids that are not."
        raise InvalidArgumentError(message)


def refuse_none(found: Sequence[FoundT], external_ids: Sequence[str]) -> Sequence[FoundT]:
    """Return what was found by external ids; as ML Metadata, refuse to have found nothing.

    Raises:
        NotFoundError: Something was asked for, and nothing found.
    """
    if external_ids and not found:
        message = f"Nothing has any of the external_ids {list(external_ids)!r}."
        raise NotFoundError(message)
    return found
