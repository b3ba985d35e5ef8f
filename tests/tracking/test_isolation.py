from __future__ import annotations

import logging

import pytest

from mlmeta_track.errors import MlmetaTrackError, UnavailableError
from mlmeta_track.tracking.isolation import Guard


def test_an_error_inside_does_not_come_out() -> None:
    with Guard()("do it"):
        raise OSError("disk")


def test_the_first_failure_is_a_warning_that_says_what_was_lost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Guard()("record the step 'a'"):
        raise UnavailableError("the file is gone")
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "Could not record the step 'a': UnavailableError: the file is gone" in record.message


def test_further_failures_are_counted_and_not_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    for _ in range(3):
        with guard("do it"):
            raise OSError("disk")
    assert guard.failures == 3
    assert len(caplog.records) == 1


def test_what_is_not_an_error_comes_through() -> None:
    with pytest.raises(KeyboardInterrupt), Guard()("do it"):
        raise KeyboardInterrupt


def test_strict_raises_our_own_errors_as_they_are() -> None:
    error = UnavailableError("gone")
    with pytest.raises(UnavailableError) as caught, Guard(strict=True)("do it"):
        raise error
    assert caught.value is error


def test_strict_raises_other_errors_as_ours_with_the_task() -> None:
    said = "Could not do it: OSError: disk"
    with pytest.raises(MlmetaTrackError, match=said) as caught, Guard(strict=True)("do it"):
        raise OSError("disk")
    assert isinstance(caught.value.__cause__, OSError)
