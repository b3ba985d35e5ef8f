"""Every error of ours: one tree with one root, so that one ``except`` catches them all.

Each class knows its MLMD status code (the numbers of ``ml_metadata.errors`` and of gRPC), and has
a builtin co-parent where code that expects the builtin should go on working.  A message names the
thing that is wrong and the way out.
"""

from __future__ import annotations

from typing import ClassVar


class MlmetaTrackError(Exception):
    """The root of all errors that this library raises."""

    status_code: ClassVar[int] = 2


class InvalidArgumentError(MlmetaTrackError, ValueError):
    """A value that was given cannot be used."""

    status_code = 3


class DeclarationError(InvalidArgumentError, TypeError):
    """An artifact class, an annotation or a step is declared in a way that cannot work."""


class SettingsError(InvalidArgumentError):
    """A setting has a value that cannot be used; the message says where it came from."""


class NotFoundError(MlmetaTrackError, LookupError):
    """What was asked for is not in the store."""

    status_code = 5


class AlreadyExistsError(MlmetaTrackError):
    """Something of that identity exists, and differs."""

    status_code = 6


class TypeConflictError(AlreadyExistsError):
    """A type declares a property with another type than the store has for it."""


class ResourceExhaustedError(MlmetaTrackError):
    """Something is used up, or a message is larger than a server or this client takes."""

    status_code = 8


class FailedPreconditionError(MlmetaTrackError):
    """The store is not in the state that this operation needs."""

    status_code = 9


class NotAnMlmdStoreError(FailedPreconditionError):
    """The database exists, but it is not a store of ML Metadata."""


class SchemaVersionError(FailedPreconditionError):
    """The store has another schema version than this library speaks."""


class AbortedError(MlmetaTrackError):
    """Another writer was in the way for too long; nothing was written, trying again may help."""

    status_code = 10


class OutOfRangeError(MlmetaTrackError, IndexError):
    """An index points at nothing."""

    status_code = 11


class UnimplementedError(MlmetaTrackError, NotImplementedError):
    """ML Metadata defines this, and neither it nor this library does it."""

    status_code = 12


class DeadlineExceededError(MlmetaTrackError, TimeoutError):
    """The store did not answer in the time it was given."""

    status_code = 4


class InternalError(MlmetaTrackError):
    """The database refused, or holds something that cannot be read."""

    status_code = 13


class UnavailableError(MlmetaTrackError, ConnectionError):
    """The store cannot be reached now: missing, read-only, full or away."""

    status_code = 14
