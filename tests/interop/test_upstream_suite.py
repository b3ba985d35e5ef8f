"""The wheel's own tests pass with the look-alike in the place of the wheel."""

from __future__ import annotations

import sys

import pytest

from .upstream_suite import Outcome, run_upstream_suite

pytest.importorskip("absl")


@pytest.fixture(scope="module")
def direct(wheel_python: str) -> Outcome:
    return run_upstream_suite(
        sys.executable, wheel_python, alias="mlmeta_track.mlmd", also_unfit=True
    )


def test_every_test_of_the_wheel_passes_in_direct_mode(direct: Outcome) -> None:
    assert direct.failed == {}


def test_none_of_the_wheel_s_tests_is_left_out(direct: Outcome) -> None:
    assert (len(direct.passed), direct.left_out) == (110, [])
