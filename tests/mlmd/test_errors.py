"""ML Metadata's errors are this library's as well."""

from __future__ import annotations

import pickle

import pytest

from mlmeta_track import errors as ours
from mlmeta_track.mlmd import errors

CLASSES = [errors.exception_type_from_error_code(code) for code in range(1, 17)]


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_keeps_its_message_and_code(kind: type[errors.StatusError]) -> None:
    error = errors.make_exception("why", kind.status_code)

    assert (type(error), str(error), error.message) == (kind, "why", "why")
    assert error.error_code == kind.status_code


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_is_caught_as_this_library_s(kind: type[errors.StatusError]) -> None:
    same = getattr(ours, kind.__name__, ours.MlmetaTrackError)

    assert issubclass(kind, same)
    assert issubclass(kind, ours.MlmetaTrackError)


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_goes_from_process_to_process(kind: type[errors.StatusError]) -> None:
    error = pickle.loads(pickle.dumps(errors.make_exception("why", kind.status_code)))

    assert (type(error), error.message, error.error_code) == (kind, "why", kind.status_code)


def test_every_error_of_this_library_has_ml_metadata_s_code() -> None:
    kinds = [
        k
        for k in vars(ours).values()
        if isinstance(k, type) and issubclass(k, ours.MlmetaTrackError)
    ]

    assert {kind.status_code for kind in kinds} <= set(range(1, 17))


def test_a_code_that_nobody_knows_is_an_unknown_error() -> None:
    assert type(errors.make_exception("why", 99)) is errors.UnknownError


def test_the_class_of_a_code_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(KeyError):
        errors.exception_type_from_error_code(99)
