"""Looking for the earlier execution of a call, and making sure that it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.events import Event, EventPath
from mlmeta_track.domain.listing import ListQuery
from mlmeta_track.domain.nodes import Artifact, ArtifactState, Execution
from mlmeta_track.errors import MlmetaTrackError, UnavailableError
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.reuse.contents import content_at
from mlmeta_track.tracking.reuse.key import Key
from mlmeta_track.tracking.reuse.results import class_name, rebuild
from mlmeta_track.tracking.reuse.unknown import UnknownContentError
from mlmeta_track.tracking.settings import DIRECT

if TYPE_CHECKING:
    from mlmeta_track.tracking.recorder import Recorder

KEY = "mlmeta_cache_key"
"""The custom property in which an execution that may be reused carries the key of its call."""
RESULT = "mlmeta_cache_result"
"""The custom property for what it returned, and for the files that it read and wrote, as JSON."""

_SECONDS = 0.2  # to wait for what this process itself has put into a queue
_THERE = frozenset({None, ArtifactState.UNKNOWN, ArtifactState.LIVE, ArtifactState.REFERENCE})


@dataclass(frozen=True, slots=True)
class Earlier:
    """An execution that is reused: what it returned, and what it made."""

    execution: Execution
    value: Any
    outputs: tuple[tuple[Artifact, Event], ...]
    read: tuple[str, ...]
    written: tuple[str, ...]


def find(writer: Recorder, step: str, key: Key) -> Earlier | None:
    """Return the newest execution of a call, if there is one that is complete.

    Raises:
        UnknownContentError: There is one, and it does not hold any more; or the store cannot be
            asked.  The message says what is missing.
    """
    try:
        execution = _newest(writer, step, key.text)
        return None if execution is None else _checked(writer, execution, key)
    except UnavailableError as error:
        # The record of the call that runs now need not wait for the store again.
        writer.delivery.store_is_away(error, f"look for an earlier execution of {step!r}")
        raise UnknownContentError(_AWAY) from error
    except MlmetaTrackError as error:
        message = f"the store cannot be asked: {error}"
        raise UnknownContentError(message) from error


_AWAY = "the store is away, and cannot be asked"


def _newest(writer: Recorder, step: str, key: str) -> Execution | None:
    if writer.settings.write != DIRECT:
        writer.settle(_SECONDS)
    elif not writer.delivery.is_settled:
        raise UnknownContentError(_AWAY)
    condition = f"custom_properties.{KEY}.string_value = '{key}' AND last_known_state = COMPLETE"
    query = ListQuery(limit=1, ascending=False, filter=condition)
    found = writer.opened_store().list_page(Execution, query).nodes
    return found[0] if found and found[0].type == step else None


def _checked(writer: Recorder, execution: Execution, key: Key) -> Earlier:
    try:
        kept = json.loads(str(execution.custom_properties.get(RESULT)))
        read, written, result = dict(kept["read"]), dict(kept["written"]), kept["result"]
    except (ValueError, KeyError, TypeError) as error:
        message = f"what execution:{execution.id} returned cannot be read"
        raise UnknownContentError(message) from error
    _check_files({**dict.fromkeys(key.named), **read, **written}, execution)
    outputs = tuple(_outputs(writer, execution))
    by_place = {event.path: artifact for artifact, event in outputs}

    def artifact_at(place: EventPath, kind: str) -> Any:
        return _loaded(writer, by_place.get(place), kind)

    return Earlier(execution, rebuild(result, artifact_at), outputs, tuple(read), tuple(written))


def _check_files(files: Mapping[str, str | None], execution: Execution) -> None:
    for place, content in files.items():
        if content_at(place) != content:
            message = f"{place} is not what it was after execution:{execution.id}"
            raise UnknownContentError(message)


def _outputs(writer: Recorder, execution: Execution) -> Iterator[tuple[Artifact, Event]]:
    store = writer.opened_store()
    events = store.get_events_by_execution_ids([execution.id])
    made = [event for event in events if not event.type.is_input]
    artifacts = {a.id: a for a in store.get_by_id(Artifact, {e.artifact_id for e in made})}
    for event in made:
        artifact = artifacts.get(event.artifact_id)
        if artifact is None or artifact.external_id is None or artifact.state not in _THERE:
            message = f"artifact:{event.artifact_id} is deleted"
            raise UnknownContentError(message)
        yield artifact, event


def _loaded(writer: Recorder, artifact: Artifact | None, kind: str) -> Any:
    """Return what an artifact was in memory, from its payload."""
    if artifact is None or not artifact.uri or not artifact.fingerprint:
        message = "an artifact that it returned has no payload"
        raise UnknownContentError(message)
    try:
        with writer.payloads.fetched(artifact.uri) as path:
            value = hooks.ask("load_payload", type_name=artifact.type, path=path)
        description = capture.describe(value)
    except Exception as error:
        message = f"artifact:{artifact.id} cannot be loaded: {type(error).__name__}: {error}"
        raise UnknownContentError(message) from error
    is_it = description is not None and description.fingerprint == artifact.fingerprint
    if description is None or not is_it or class_name(value) != kind:
        message = f"the payload of artifact:{artifact.id} is not what was recorded"
        raise UnknownContentError(message)
    writer.known.remember(value, description, str(artifact.external_id))
    return value
