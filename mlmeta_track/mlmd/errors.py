"""ML Metadata's errors, which are this library's as well: either ``except`` catches them.

Every class is a ``StatusError`` with ``message`` and ``error_code``, and, where there is one, the
class of the same name in ``mlmeta_track.errors``.
"""

from __future__ import annotations

from typing import Any

from mlmeta_track import errors

OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class StatusError(errors.MlmetaTrackError):
    """The root of ML Metadata's errors."""

    def __init__(self, message: str, error_code: int) -> None:
        """Keep the message and the status code."""
        super().__init__(message)
        self.message = message
        self.error_code = error_code


class _StatusOfClassError(StatusError):
    """An error whose class says the status code."""

    def __init__(self, message: str) -> None:
        super().__init__(message, self.status_code)


class CancelledError(_StatusOfClassError):
    """The call was cancelled before it ended."""

    status_code = CANCELLED


class UnknownError(StatusError):
    """The call failed with a status that says nothing more."""

    def __init__(self, message: str, error_code: int = UNKNOWN) -> None:
        """Keep the message and the status code."""
        super().__init__(message, error_code)


class InvalidArgumentError(_StatusOfClassError, errors.InvalidArgumentError):
    """A value that was given cannot be used."""


class DeadlineExceededError(_StatusOfClassError, errors.DeadlineExceededError):
    """The server did not answer in the time it was given."""


class NotFoundError(_StatusOfClassError, errors.NotFoundError):
    """What was asked for is not in the store."""


class AlreadyExistsError(_StatusOfClassError, errors.AlreadyExistsError):
    """Something of that identity exists."""


class PermissionDeniedError(_StatusOfClassError):
    """The caller may not do that."""

    status_code = PERMISSION_DENIED


class UnauthenticatedError(_StatusOfClassError):
    """The server does not know the caller."""

    status_code = UNAUTHENTICATED


class ResourceExhaustedError(_StatusOfClassError, errors.ResourceExhaustedError):
    """Something is used up, or a message is larger than is allowed."""


class FailedPreconditionError(_StatusOfClassError, errors.FailedPreconditionError):
    """The store is not in the state that the call needs."""


class AbortedError(_StatusOfClassError, errors.AbortedError):
    """Another writer was in the way; nothing was written, trying again may help."""


class OutOfRangeError(_StatusOfClassError, errors.OutOfRangeError):
    """An index points at nothing."""


class UnimplementedError(_StatusOfClassError, errors.UnimplementedError):
    """The call is defined, and nobody does it."""


class InternalError(_StatusOfClassError, errors.InternalError):
    """The database refused, or holds something that cannot be read."""


class UnavailableError(_StatusOfClassError, errors.UnavailableError):
    """The server cannot be reached now."""


class DataLossError(_StatusOfClassError):
    """What was stored is lost or damaged."""

    status_code = DATA_LOSS


_CLASSES: dict[int, type[Any]] = {
    UNKNOWN: UnknownError,
    **{kind.status_code: kind for kind in _StatusOfClassError.__subclasses__()},
}


def exception_type_from_error_code(error_code: int) -> type[StatusError]:
    """Return the class of a status code.

    Raises:
        KeyError: There is none.
    """
    return _CLASSES[error_code]


def make_exception(message: str, error_code: int) -> StatusError:
    """Return the error of a status code; an ``UnknownError`` if there is none."""
    made: StatusError = _CLASSES.get(error_code, UnknownError)(message)
    return made
