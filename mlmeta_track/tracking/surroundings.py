"""What a process was started to be a part of: the context that its environment names."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.tracking.delivery.places import store_place
from mlmeta_track.tracking.redaction.urls import public_url
from mlmeta_track.tracking.tokens import Token, decode

if TYPE_CHECKING:
    from mlmeta_track.tracking.recorder import Recorder

_logger = logging.getLogger("mlmeta_track")
_NOTHING = Token()
_read: WeakKeyDictionary[Recorder, Token] = WeakKeyDictionary()
_told: set[str] = set()


def token(writer: Recorder) -> Token:
    """Return what the settings say that this process belongs to; a token of nothing if nothing.

    A value that cannot be read is told of once, in the log only: the code that runs is not to
    blame for what it was started with.
    """
    if writer.settings.context is None:
        return _NOTHING
    found = _read.get(writer)
    if found is None:
        found = _read[writer] = _decoded(writer.settings.context)
        tell_of_store(found, writer)
    return found


def tell_of_store(named: Token, writer: Recorder) -> None:
    """Say so, once, if a token names another store than this process records to."""
    if named.store is None or store_place(named.store) == store_place(writer.settings.store):
        return
    tell_once(
        f"The context is one of the store {public_url(named.store)}, and this process records to"
        f" {public_url(writer.settings.store)}, as its own setting says: the run and what it was"
        " started from are recorded there by name. Name one store on both sides."
    )


def _decoded(text: str) -> Token:
    try:
        return decode(text)
    except InvalidArgumentError as error:
        tell_once(f"The setting context (MLMETA_TRACK_CONTEXT) is left out: {error}")
        return _NOTHING


def tell_once(message: str) -> None:
    """Log a warning, unless it was logged before."""
    if message not in _told:
        _told.add(message)
        _logger.warning(message)
