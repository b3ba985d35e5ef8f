"""How policies are written, and which cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.errors import SettingsError
from mlmeta_track.retention.policy import Policy, parse_age


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90d", timedelta(days=90)),
        ("1.5h", timedelta(minutes=90)),
        (" 2 w ", timedelta(weeks=2)),
        ("10m", timedelta(minutes=10)),
        ("0s", timedelta(0)),
        ("9" * 400 + "y", timedelta(days=365_000)),
    ],
    ids=["days", "hours", "weeks", "minutes", "nothing", "longer-than-time"],
)
def test_an_age_is_read(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1d2h", "nan d", "1 month"])
def test_what_is_no_age_is_refused_by_name(text: str) -> None:
    with pytest.raises(SettingsError, match="no age"):
        parse_age(text)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy(), "Say what may go"),
        (Policy(executions="  "), "Say what may go"),
        (Policy(keep_last=-1), "-1"),
        (Policy(states=frozenset({ExecutionState.RUNNING})), "sweep"),
    ],
    ids=["nothing", "blanks", "fewer-than-none", "running"],
)
def test_a_policy_that_cannot_be_is_refused(policy: Policy, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        policy.check()


def test_the_grace_counts_where_the_age_is_less() -> None:
    assert Policy(older_than=timedelta(seconds=1)).age == timedelta(hours=1)
    assert Policy(older_than=timedelta(days=1)).age == timedelta(days=1)
