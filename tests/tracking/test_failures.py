from __future__ import annotations

import asyncio

import pytest

from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.tracking.failures import LONGEST_TRACEBACK, end_state, facts
from mlmeta_track.tracking.settings import resolve


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (None, ExecutionState.COMPLETE),
        (ValueError("no"), ExecutionState.FAILED),
        (KeyboardInterrupt(), ExecutionState.CANCELED),
        (asyncio.CancelledError(), ExecutionState.CANCELED),
        (GeneratorExit(), ExecutionState.CANCELED),
        (SystemExit(), ExecutionState.COMPLETE),
        (SystemExit(0), ExecutionState.COMPLETE),
        (SystemExit(2), ExecutionState.FAILED),
        (SystemExit("no"), ExecutionState.FAILED),
    ],
)
def test_the_state_follows_from_the_exception(
    error: BaseException | None, state: ExecutionState
) -> None:
    assert end_state(error) is state


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_type_message_and_traceback_are_kept() -> None:
    kept = facts(raised(ValueError("no good")))
    assert kept["mlmeta_error_type"] == "ValueError"
    assert kept["mlmeta_error_message"] == "no good"
    assert "in raised" in str(kept["mlmeta_traceback"])


def test_the_type_of_another_module_is_qualified() -> None:
    class OwnError(Exception):
        pass

    assert str(facts(raised(OwnError()))["mlmeta_error_type"]).startswith(f"{__name__}.")


def test_a_traceback_that_is_ours_alone_is_kept() -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        resolve({"strict": "maybe"})
    assert refused.value.__traceback__ is not None
    ours = refused.value.with_traceback(refused.value.__traceback__.tb_next)
    assert "settings.py" in str(facts(ours)["mlmeta_traceback"])


def test_a_long_traceback_keeps_its_end() -> None:
    kept = str(facts(raised(ValueError("x" * 100_000 + "the end")))["mlmeta_traceback"])
    assert kept.rstrip().endswith("the end")
    assert len(kept) <= LONGEST_TRACEBACK


def test_an_exception_that_cannot_be_shown_is_recorded_all_the_same() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("mute")

    kept = facts(raised(MuteError()))
    assert "RuntimeError" in str(kept["mlmeta_error_message"])
