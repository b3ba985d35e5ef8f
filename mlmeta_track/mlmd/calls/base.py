"""What every call goes through: the way to the store, and trying again."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar, cast

from google.protobuf.message import Message

from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.options import MAX_NUM_RESULT, ListOptions

ResponseT = TypeVar("ResponseT", bound=Message)
EntityT = TypeVar("EntityT")

_MEAN_PAUSE_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Transport(Protocol):
    """The way to a store: in this process, or over the wire."""

    def __call__(self, method: str, request: Message) -> Message:
        """Return what the store answers.

        Args:
            method: The name of the call in ML Metadata's service.
            request: What it is asked.

        Raises:
            StatusError: It refused.
        """
        ...


class Calls:
    """One store, and how often a call to it is tried."""

    _transport: Transport
    _max_num_retries: int

    def _call(self, request: Message, response: type[ResponseT]) -> ResponseT:
        """Return the response of that class, trying again while another writer is in the way."""
        method = response.__name__.removesuffix("Response")
        attempt = 1
        while True:
            try:
                return cast("ResponseT", self._transport(method, request))
            except errors.AbortedError:
                if attempt >= self._max_num_retries:
                    raise
                # Writers that were in each other's way part by chance.
                pause = random.expovariate(1.0 / _MEAN_PAUSE_SECONDS)
                _log.info("%s was aborted; trying again in %.1f s", method, pause)
                time.sleep(pause)
                attempt += 1

    def _list(
        self,
        request: Any,
        response: type[ResponseT],
        entities: Callable[[ResponseT], Iterable[EntityT]],
        list_options: ListOptions | None,
    ) -> list[EntityT]:
        """Return the entities of all pages, up to the limit.

        Args:
            request: What is asked; its options are set here.
            response: The class of a page.
            entities: What a page has.
            list_options: Which entities, in which order; None leaves that to the store.
        """
        limit = None
        if list_options is not None:
            request.options.CopyFrom(list_options.to_message())
            limit = list_options.limit or None
        found: list[EntityT] = []
        while True:
            page: Any = self._call(request, response)
            found.extend(entities(page))
            if not page.next_page_token or (limit is not None and len(found) >= limit):
                return found
            request.options.next_page_token = page.next_page_token
            if limit is not None:
                request.options.max_result_size = min(limit - len(found), MAX_NUM_RESULT)
