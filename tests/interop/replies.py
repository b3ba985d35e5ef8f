"""Answers calls of ML Metadata's interface, one a line: ``replies.py PACKAGE``.

``PACKAGE`` is ``ml_metadata`` or ``mlmeta_track.mlmd``: run once with each, the two can be asked
the same.  A line in is ``null``, for a new store, or ``[method, arguments, named arguments]``; a
line out is ``["returned", value]`` or ``["raised", name of the class, message]``, as JSON, where
messages are lists of their class and their bytes.  A node in an argument may be a ``changed`` one:
it is read from the store first, so that each side puts back the times that it gave itself.
"""

from __future__ import annotations

import base64
import importlib
import json
import logging
import sys
from collections.abc import Callable
from typing import Any

MESSAGE, TUPLE, CHANGED, OPTIONS = "message", "tuple", "changed", "options"
READERS = {
    "Artifact": "get_artifacts_by_id",
    "Execution": "get_executions_by_id",
    "Context": "get_contexts_by_id",
}


class Side:
    """One implementation, with a store in memory."""

    def __init__(self, package: str) -> None:
        self._messages = importlib.import_module(f"{package}.proto.metadata_store_pb2")
        self._stores = importlib.import_module(f"{package}.metadata_store.metadata_store")
        self._store: Any = None

    def begin(self) -> list[Any]:
        """Forget everything, and begin with an empty store."""
        config = self._messages.ConnectionConfig()
        config.fake_database.SetInParent()
        self._store = self._stores.MetadataStore(config)
        return ["returned", None]

    def call(self, method: str, arguments: list[Any], named: dict[str, Any]) -> list[Any]:
        """Call a method, and return what it returned or raised."""
        try:
            given = [self._decoded(a) for a in arguments]
            options = {name: self._decoded(a) for name, a in named.items()}
            return ["returned", encoded(getattr(self._store, method)(*given, **options))]
        except Exception as error:  # which one it is, is the answer
            return ["raised", type(error).__name__, str(error)]

    def _decoded(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        readers: dict[str, Callable[..., Any]] = {
            MESSAGE: self._message,
            CHANGED: self._changed,
            OPTIONS: self._options,
            TUPLE: lambda *ones: tuple(self._decoded(one) for one in ones),
        }
        if value and isinstance(value[0], str) and value[0] in readers:
            return readers[value[0]](*value[1:])
        return [self._decoded(one) for one in value]

    def _message(self, name: str, data: str) -> Any:
        return getattr(self._messages, name).FromString(base64.b64decode(data))

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


def encoded(value: Any) -> Any:
    """A value as JSON has it."""
    if hasattr(value, "SerializeToString"):
        data = value.SerializeToString(deterministic=True)
        return [MESSAGE, type(value).__name__, base64.b64encode(data).decode()]
    if isinstance(value, tuple):
        return [TUPLE, [encoded(one) for one in value]]
    if isinstance(value, (list, set)):
        return [encoded(one) for one in value]
    return value


def main(package: str) -> None:
    """Answer until nobody asks any more."""
    logging.disable()
    side = Side(package)
    for line in sys.stdin:
        asked = json.loads(line)
        answer = side.call(*asked) if asked else side.begin()
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
