"""Asking the store of this process: what made this, and what was made from it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri

_ID = re.compile(r"^(?:(artifact|execution):)?(\d+)$")


class Lineage:
    """The lineage of one artifact or execution, in both directions."""

    def __init__(self, store: Store, node: Artifact | Execution) -> None:
        """Ask a store about a node."""
        self._store = store
        self.node = node

    def upstream(self, depth: int | None = None) -> LineageGraph:
        """Return what the node was made from.

        Args:
            depth: How many executions deep; None goes to the sources.
        """
        return self._walk(Direction.UPSTREAM, depth)

    def downstream(self, depth: int | None = None) -> LineageGraph:
        """Return what was made from the node.

        Args:
            depth: How many executions deep; None goes to the end.
        """
        return self._walk(Direction.DOWNSTREAM, depth)

    def _walk(self, direction: Direction, depth: int | None) -> LineageGraph:
        ids = (self.node.id,)
        if isinstance(self.node, Execution):
            return self._store.get_lineage(execution_ids=ids, direction=direction, depth=depth)
        return self._store.get_lineage(artifact_ids=ids, direction=direction, depth=depth)


def lineage(what: str | os.PathLike[str] | Artifact | Execution | int) -> Lineage:
    """Return the lineage of an artifact or an execution.

    Args:
        what: A path or URI (the newest artifact there; for a file that was moved, the newest with
            its content), an artifact's id as a number or text, ``"artifact:3"``,
            ``"execution:3"``, or a node that the store returned.

    Raises:
        NotFoundError: The store has nothing of that name.
    """
    store = recorder.current().store
    if isinstance(what, (Artifact, Execution)):
        return Lineage(store, what)
    return Lineage(store, find(store, os.fspath(what) if not isinstance(what, int) else str(what)))


def find(store: Store, what: str) -> Artifact | Execution:
    """Return the node that a text names, as ``lineage`` reads it.

    Raises:
        NotFoundError: The store has nothing of that name.
    """
    match = _ID.match(what)
    if match is None:
        return _find_by_place(store, what)
    kind, ids = match[1] or "artifact", [int(match[2])]
    nodes: Sequence[Artifact | Execution] = (
        store.get_by_id(Execution, ids) if kind == "execution" else store.get_by_id(Artifact, ids)
    )
    if not nodes:
        message = f"The store {store.url} has no {kind} with the id {match[2]}."
        raise NotFoundError(message)
    return nodes[0]


def _find_by_place(store: Store, what: str) -> Artifact:
    uri = to_uri(what)
    found = store.get_artifacts_by_uri(uri) or store.get_artifacts_by_uri(what)
    if not found:
        fingerprint = fingerprint_path(uri)
        found = [] if fingerprint is None else store.get_artifacts_by_fingerprint(fingerprint)
    if not found:
        message = (
            f"The store {store.url} has no artifact at {uri}. Give a path or URI that a step has"
            " used or made, or an id such as artifact:3 or execution:3."
        )
        raise NotFoundError(message)
    return found[-1]
