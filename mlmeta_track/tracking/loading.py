"""Loading what was recorded: from an artifact back to the Python object."""

from __future__ import annotations

import os
from typing import Any

from mlmeta_track.domain.nodes import FILE_FINGERPRINT, Artifact, Execution
from mlmeta_track.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotFoundError,
)
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import capture, recorder
from mlmeta_track.tracking.finding import What, find_node
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri
from mlmeta_track.tracking.payloads import Fetching
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean, clean_uri


def load(what: What) -> Any:
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
    artifact = find_node(writer.store, what)
    if isinstance(artifact, Execution):
        message = f"execution:{artifact.id} ({artifact.type}) is an execution; load an artifact."
        raise InvalidArgumentError(message)
    value = read(writer.payloads, artifact, at=_given_uri(what, artifact))
    description = capture.describe(value)
    if description is not None and artifact.external_id is not None:
        writer.known.remember(value, description, artifact.external_id)
    return value


def _given_uri(what: What, artifact: Artifact) -> str | None:
    """Return the URI that was given, if the recorded one is the same without its secrets."""
    if not isinstance(what, (str, os.PathLike)):
        return None
    uri = to_uri(what)
    return uri if clean_uri(uri, in_force()) == artifact.uri else None


def read(payloads: Fetching, artifact: Artifact, *, at: str | None = None) -> Any:
    """Return what lies in an artifact's file or payload, if it is what was recorded.

    Args:
        payloads: What reaches places that are not on this machine.
        artifact: The artifact.
        at: Its URI with what gives access, which is not recorded; None takes the recorded one.

    Raises:
        NotFoundError: The file is gone.
        InvalidArgumentError: No installed plugin reads artifacts of this type.
        FailedPreconditionError: It was in memory only, its file cannot be read, or the file's
            content is no longer what was recorded.
    """
    name = f"artifact:{artifact.id} ({artifact.type})"
    if not artifact.uri:
        message = (
            f"{name} was in memory only. Record with the setting capture='payload', which writes"
            " what steps make into files."
        )
        raise FailedPreconditionError(message)
    uri = artifact.uri
    try:
        with payloads.fetched(at or uri) as path:
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
        raise FailedPreconditionError(clean(message, in_force())) from error
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
