"""How lists are asked for."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from mlmeta_track.mlmd import errors
from mlmeta_track.wire import metadata_store_pb2 as pb

MAX_NUM_RESULT = 100
"""How many nodes a page has at most."""


@enum.unique
class OrderByField(enum.Enum):
    """What a list can be ordered by; the values are those of the messages."""

    CREATE_TIME = pb.ListOperationOptions.OrderByField.CREATE_TIME
    UPDATE_TIME = pb.ListOperationOptions.OrderByField.LAST_UPDATE_TIME
    ID = pb.ListOperationOptions.OrderByField.ID


@dataclass(order=True)
class ListOptions:
    """Which nodes a list has, and in which order.

    Args:
        limit: How many at most; None and 0 mean all.
        order_by: What they are ordered by; None leaves it to the store, which takes the id.
        is_asc: Whether the smallest comes first.
        filter_query: A condition in ML Metadata's filter language; None and "" mean none.
    """

    limit: int | None = None
    order_by: OrderByField | None = None
    is_asc: bool = True
    filter_query: str | None = None

    def to_message(self) -> pb.ListOperationOptions:
        """Return the options as they are asked for by a request.

        Raises:
            InvalidArgumentError: The limit is negative.
        """
        if self.limit is not None and self.limit < 0:
            message = f"The list options have the limit {self.limit}. Give a positive one, or None."
            raise errors.InvalidArgumentError(message)
        options = pb.ListOperationOptions(max_result_size=min(self.limit or 100, MAX_NUM_RESULT))
        options.order_by_field.is_asc = self.is_asc
        if self.order_by is not None:
            options.order_by_field.field = self.order_by.value
        if self.filter_query:
            options.filter_query = self.filter_query
        return options


class ExtraOptions:
    """What every call takes and none looks at."""

    def __init__(self, euc: Any = None) -> None:
        """Take what ML Metadata's own class takes, and forget it."""
