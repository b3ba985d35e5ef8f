"""Answers calls of ML Metadata's interface, one a line: ``replies.py PACKAGE``.

``PACKAGE`` is ``ml_metadata`` or ``mlmeta_track.mlmd``: run once with each, the two can be asked
the same.  A line in is ``["begin", configuration]``, for a new store, or ``[method, arguments,
named arguments]``; a line out is ``["returned", value]`` or ``["raised", name of the class,
message]``, as JSON, where messages are lists of their class and their bytes.

A method of the service is asked as ``["raw", [method, request], {}]``, and as ``["pages", [method,
request, sizes], {}]`` page by page; all others are those of ``MetadataStore``.  A node in an
argument may be a ``changed`` one: it is read from the store first, so that each side puts back the
times that it gave itself.

The two sides have their own clocks.  So a time in an answer stands as the number of the call in
which it was given, counted from ``FIRST_CALL``.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import importlib
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

BEGIN, RAW, PAGES = "begin", "raw", "pages"
MESSAGE, TUPLE, CHANGED, OPTIONS, REQUEST = "message", "tuple", "changed", "options", "request"
FIRST_CALL = 10**15
"""A time after all that a clock shows, and that a test gives: the first call's."""

TIMES = ("create_time_since_epoch", "last_update_time_since_epoch", "milliseconds_since_epoch")
READERS = {
    "Artifact": "get_artifacts_by_id",
    "Execution": "get_executions_by_id",
    "Context": "get_contexts_by_id",
}
MOST_PAGES = 12


class Clock:
    """When the calls began, so that each time belongs to one of them."""

    def __init__(self) -> None:
        self._begun: list[int] = []

    @staticmethod
    def _now() -> int:
        return time.time_ns() // 1_000_000

    def tick(self) -> None:
        """Begin a call, in a millisecond in which no other was."""
        before = self._now()
        while self._now() <= before + 1:
            time.sleep(0.0005)
        self._begun.append(self._now())

    def call_at(self, milliseconds: int) -> int:
        """Return the number of the call that gave this time; a time of no call as it is."""
        if not self._begun[0] <= milliseconds <= self._now() + 1000:
            return milliseconds
        return FIRST_CALL + bisect.bisect_right(self._begun, milliseconds)


class Side:
    """One implementation, with a store of its own."""

    def __init__(self, package: str) -> None:
        self._messages = importlib.import_module(f"{package}.proto.metadata_store_pb2")
        self._requests = importlib.import_module(f"{package}.proto.metadata_store_service_pb2")
        self._stores = importlib.import_module(f"{package}.metadata_store.metadata_store")
        self._store: Any = None
        self._clock = Clock()

    def answer(self, asked: list[Any]) -> list[Any]:
        """Begin, or call a method, and return what it returned or raised."""
        self._clock.tick()
        try:
            if asked[0] == BEGIN:
                config = self._messages.ConnectionConfig.FromString(base64.b64decode(asked[1]))
                self._store = None  # the one before is closed
                self._store = self._stores.MetadataStore(config)
                return ["returned", None]
            return ["returned", self._encoded(self._call(*asked))]
        except Exception as error:  # which one it is, is the answer
            return ["raised", type(error).__name__, str(error)]

    def _call(self, method: str, arguments: list[Any], named: dict[str, Any]) -> Any:
        given = [self._decoded(a) for a in arguments]
        if method == RAW:
            return self._raw(*given)
        if method == PAGES:
            return self._pages(*given)
        options = {name: self._decoded(a) for name, a in named.items()}
        return getattr(self._store, method)(*given, **options)

    def _raw(self, method: str, request: Any) -> Any:
        if hasattr(self._store, "_transport"):
            return self._store._transport(method, request)
        response = getattr(self._requests, f"{method}Response")()
        self._store._call(method, request, response)
        return response

    def _pages(self, method: str, request: Any, sizes: list[int]) -> list[Any]:
        """The pages of a list, of those sizes in turn, as far as they go."""
        found: list[Any] = []
        for number in range(MOST_PAGES):
            request.options.max_result_size = sizes[number % len(sizes)]
            found.append(self._raw(method, request))
            token = found[-1].next_page_token
            if not token:
                break
            request.options.next_page_token = token
        return found

    # --- what comes in

    def _decoded(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        readers: dict[str, Callable[..., Any]] = {
            MESSAGE: self._message,
            REQUEST: self._request,
            CHANGED: self._changed,
            OPTIONS: self._options,
            TUPLE: lambda *ones: tuple(self._decoded(one) for one in ones),
        }
        if value and isinstance(value[0], str) and value[0] in readers:
            return readers[value[0]](*value[1:])
        return [self._decoded(one) for one in value]

    def _message(self, name: str, data: str) -> Any:
        where = self._messages if hasattr(self._messages, name) else self._requests
        return getattr(where, name).FromString(base64.b64decode(data))

    def _request(self, name: str, data: str, more: dict[str, list[Any]]) -> Any:
        """A request with more nodes than it can hold as a message: changed ones."""
        request = self._message(name, data)
        for field, nodes in more.items():
            getattr(request, field).extend(self._decoded(nodes))
        return request

    def _changed(self, name: str, node_id: int, data: str, cleared: list[str]) -> Any:
        """A node as it is stored, with changes; a new one with that id if it is not there."""
        found = getattr(self._store, READERS[name])([node_id])
        node = found[0] if found else getattr(self._messages, name)(id=node_id)
        for field in cleared:
            node.ClearField(field)
        node.MergeFrom(self._message(name, data))
        return node

    def _options(self, given: dict[str, Any]) -> Any:
        order = given.get("order_by")
        by = None if order is None else self._stores.OrderByField[order]
        return self._stores.ListOptions(**{**given, "order_by": by})

    # --- what goes out

    def _encoded(self, value: Any) -> Any:
        """A value as JSON has it."""
        if hasattr(value, "SerializeToString"):
            data = self._timed(value).SerializeToString(deterministic=True)
            return [MESSAGE, type(value).__name__, base64.b64encode(data).decode()]
        if isinstance(value, tuple):
            return [TUPLE, [self._encoded(one) for one in value]]
        if isinstance(value, (list, set)):
            return [self._encoded(one) for one in value]
        return value

    def _timed(self, message: Any) -> Any:
        """Put the numbers of the calls in the places of times, also in the tokens of pages."""
        for field, value in message.ListFields():
            if field.name in TIMES:
                setattr(message, field.name, self._clock.call_at(value))
            elif field.name == "next_page_token" and value:
                message.next_page_token = self._timed_token(value)
            elif field.type == field.TYPE_MESSAGE and not _is_of_values(field):
                for one in [value] if hasattr(value, "ListFields") else value:
                    self._timed(one)
        return message

    def _timed_token(self, text: str) -> str:
        kind = self._messages.ListOperationNextPageToken
        try:
            token = kind.FromString(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (binascii.Error, ValueError):
            return text
        token.field_offset = self._clock.call_at(token.field_offset)
        # A page may end between nodes that one side wrote in one millisecond, the other in two.
        del token.listed_ids[:]
        return base64.urlsafe_b64encode(token.SerializeToString(deterministic=True)).decode()


def _is_of_values(field: Any) -> bool:
    """Whether it is the map of a node's properties, in which there are no times."""
    return bool(field.message_type.GetOptions().map_entry)


def main(package: str) -> None:
    """Answer until nobody asks any more."""
    logging.disable()
    side = Side(package)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(side.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
