"""Which node of a store a text names: a path, a URI, an id, or the name of a run."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import EXPERIMENT, RUN
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean_uri

What: TypeAlias = "str | os.PathLike[str] | int | Artifact | Execution | Context"
"""How users name a node: by what they have of it."""

_ID = re.compile(r"^(?:(artifact|execution|context|run|experiment):)?(\d{1,18})$")
_NAMED = re.compile(r"^(run|experiment):(.+)$", re.DOTALL)
_CONTEXT_TYPES: Mapping[str, str] = {"run": RUN.name, "experiment": EXPERIMENT.name}


def find_node(store: Store, what: What) -> Artifact | Execution:
    """Return the artifact or execution that is meant.

    Raises:
        NotFoundError: The store has nothing of that name.
        InvalidArgumentError: It is a context.
    """
    found = find_anything(store, what, contexts=False)
    if isinstance(found, Context):
        message = (
            f"context:{found.id} ({found.type} {found.name!r}) is no artifact or execution. Give a"
            " path or URI, artifact:3 or execution:3."
        )
        raise InvalidArgumentError(message)
    return found


def find_anything(
    store: Store, what: What, *, contexts: bool = True, by_content: bool = True
) -> Artifact | Execution | Context:
    """Return the node that is meant.

    Args:
        store: Where to look.
        what: A path or URI (the newest artifact there; for a file that was moved, the newest with
            its content), an artifact's id as a number or text, ``"artifact:3"``,
            ``"execution:3"``, ``"context:3"``, ``"run:3"``, ``"run:NAME"``, ``"experiment:NAME"``,
            or a node that the store returned.
        contexts: Whether a text may also be the bare name of a run or an experiment.
        by_content: Whether the file at a path may be read, to find it after it was moved.

    Raises:
        NotFoundError: The store has nothing of that name.
    """
    if isinstance(what, (Artifact, Execution, Context)):
        return what
    text = str(what) if isinstance(what, int) else os.fspath(what)
    match = _ID.match(text)
    if match is not None:
        return _by_id(store, match[1] or "artifact", int(match[2]))
    named = _NAMED.match(text)
    if named is not None:
        return _required(
            _context_named(store, named[2], (named[1],)), store, f"{named[1]} {named[2]!r}"
        )
    found: Artifact | Context | None = _by_place(store, text, by_content=by_content)
    if found is None and contexts:
        found = _context_named(store, text, tuple(_CONTEXT_TYPES))
    if found is None:
        also = ", or the name of a run" if contexts else ""
        message = (
            f"The store {store.url} has no artifact at {_recorded(text)}. Give a path or URI that a"
            f" step has used or made, or an id such as artifact:3 or execution:3{also}."
        )
        raise NotFoundError(message)
    return found


def _by_id(store: Store, kind: str, number: int) -> Artifact | Execution | Context:
    ask: Mapping[str, Callable[[], Sequence[Artifact | Execution | Context]]] = {
        "artifact": lambda: store.get_by_id(Artifact, [number]),
        "execution": lambda: store.get_by_id(Execution, [number]),
        "context": lambda: store.get_by_id(Context, [number]),
    }
    found = ask.get(kind, ask["context"])()
    wanted = _CONTEXT_TYPES.get(kind)
    matching = [node for node in found if wanted in {None, node.type}]
    return _required(matching[0] if matching else None, store, f"{kind} with the id {number}")


def _context_named(store: Store, name: str, kinds: tuple[str, ...]) -> Context | None:
    found = (store.get_by_name(Context, _CONTEXT_TYPES[kind], name) for kind in kinds)
    return next((context for context in found if context is not None), None)


def _by_place(store: Store, what: str, *, by_content: bool) -> Artifact | None:
    uri = to_uri(what)
    found: Sequence[Artifact] = ()
    for place in dict.fromkeys((_recorded(what), uri, what)):
        found = found or store.get_artifacts_by_uri(place, most=1)
    if not found and by_content:
        fingerprint = fingerprint_path(uri)
        found = [] if fingerprint is None else store.get_artifacts_by_fingerprint(fingerprint)
    return found[-1] if found else None


def _recorded(what: str) -> str:
    """Return the URI as it was recorded: without what gives access."""
    return clean_uri(to_uri(what), in_force())


def _required(
    found: Artifact | Execution | Context | None, store: Store, what: str
) -> Artifact | Execution | Context:
    if found is None:
        message = f"The store {store.url} has no {what}."
        raise NotFoundError(message)
    return found
