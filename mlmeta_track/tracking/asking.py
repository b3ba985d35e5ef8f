"""Asking the store of this process: what made this, what was made from it, and what it is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, TypeVar

from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import FILE_FINGERPRINT, Artifact, Execution
from mlmeta_track.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotFoundError,
)
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import capture, recorder
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri

_ID = re.compile(r"^(?:(artifact|execution):)?(\d+)$")


SHOWN_DEPTH = 10
"""How many executions away a notebook shows of what is around a node."""

NodeT = TypeVar("NodeT", Artifact, Execution)


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

    def __repr__(self) -> str:
        """Name the node."""
        return f"<lineage of {type(self.node).__name__.lower()}:{self.node.id} ({self.node.type})>"

    def _repr_html_(self) -> str:
        """Return the node and what is around it, which is how notebooks show a lineage."""
        before, behind = self.upstream(SHOWN_DEPTH), self.downstream(SHOWN_DEPTH)
        around = replace(
            before,
            artifacts=_joined(before.artifacts, behind.artifacts),
            executions=_joined(before.executions, behind.executions),
            events=tuple(dict.fromkeys((*before.events, *behind.events))),
        )
        return f"{self.node._repr_html_()}{around._repr_html_()}"

    def _walk(self, direction: Direction, depth: int | None) -> LineageGraph:
        ids = (self.node.id,)
        if isinstance(self.node, Execution):
            return self._store.get_lineage(execution_ids=ids, direction=direction, depth=depth)
        return self._store.get_lineage(artifact_ids=ids, direction=direction, depth=depth)


def _joined(before: Iterable[NodeT], behind: Iterable[NodeT]) -> tuple[NodeT, ...]:
    by_id = {node.id: node for node in chain(before, behind)}
    return tuple(sorted(by_id.values(), key=lambda node: node.id))


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
    return Lineage(store, _node(store, what))


def load(what: str | os.PathLike[str] | Artifact | int) -> Any:
    """Return the Python object that an artifact is, from the file that it lies in.

    Used in a step, the object is known as that artifact.

    Args:
        what: An artifact, as ``lineage`` takes it: a path or URI, an id, or what the store
            returned.

    Raises:
        NotFoundError: The store has no such artifact, or its file is gone.
        InvalidArgumentError: It is an execution, or no installed plugin loads artifacts of its
            type.
        FailedPreconditionError: It was in memory only, its file cannot be read, or the file's
            content is no longer what was recorded.
    """
    writer = recorder.current()
    artifact = _node(writer.store, what)
    if isinstance(artifact, Execution):
        message = f"execution:{artifact.id} ({artifact.type}) is an execution; load an artifact."
        raise InvalidArgumentError(message)
    name = f"artifact:{artifact.id} ({artifact.type})"
    if not artifact.uri:
        message = (
            f"{name} was in memory only. Record with the setting capture='payload', which writes"
            " what steps make into files."
        )
        raise FailedPreconditionError(message)
    value = _read(writer, artifact, name)
    description = capture.describe(value)
    if description is not None and artifact.external_id is not None:
        writer.known.remember(value, description, artifact.external_id)
    return value


def _node(
    store: Store, what: str | os.PathLike[str] | Artifact | Execution | int
) -> Artifact | Execution:
    if isinstance(what, (Artifact, Execution)):
        return what
    return find(store, os.fspath(what) if not isinstance(what, int) else str(what))


def _read(writer: recorder.Recorder, artifact: Artifact, name: str) -> Any:
    uri = artifact.uri or ""
    try:
        with writer.payloads.fetched(uri) as path:
            path.stat()
            value = hooks.ask("load_payload", type_name=artifact.type, path=path)
            is_it = _is_what_was_recorded(artifact, value, str(path))
    except FileNotFoundError as error:
        message = f"{name} is gone: there is nothing at {uri}."
        raise NotFoundError(message) from error
    except MlmetaTrackError:
        raise
    except Exception as error:
        message = f"{name} cannot be read from {uri}: {type(error).__name__}: {error}"
        raise FailedPreconditionError(message) from error
    if value is None:
        message = f"No installed plugin loads {name}; read {uri} with its own library."
        raise InvalidArgumentError(message)
    if not is_it:
        message = (
            f"{uri} holds other content than it did when {name} was recorded. Read it with its own"
            " library to have what is there now."
        )
        raise FailedPreconditionError(message)
    return value


def _is_what_was_recorded(artifact: Artifact, value: object, path: str) -> bool:
    """Compare the content, or else the file, with what was recorded, if anything was."""
    recorded = {artifact.fingerprint, artifact.custom_properties.get(FILE_FINGERPRINT)} - {None}
    description = capture.describe(value)
    if not recorded or (description is not None and description.fingerprint in recorded):
        return True
    return fingerprint_path(path) in recorded


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
