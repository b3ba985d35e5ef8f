"""Which records may go: a policy, and how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.errors import SettingsError

GRACE = timedelta(hours=1)
"""What is younger never goes, whatever the policy says: somebody may be about to use it."""

EMPTY_AGE = timedelta(days=1)
"""How old (days) a run or an experiment without any member must be if the policy names no age."""

_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdwy])")
_LONGEST = timedelta(days=365 * 1000)


def parse_age(text: str) -> timedelta:
    """Return the age that a text such as ``90d``, ``12h`` or ``2w`` means.

    Raises:
        SettingsError: It means none.
    """
    found = _AGE.fullmatch(text.strip())
    if found is None:
        message = (
            f"{text!r} is no age. Write a number and a unit: s, m (minutes), h, d, w or y; for"
            " example 90d."
        )
        raise SettingsError(message)
    try:
        return min(float(found[1]) * _UNITS[found[2]], _LONGEST)
    except OverflowError:
        return _LONGEST


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may go.  All that is said of executions must hold of one for it to go.

    Args:
        older_than: Last updated longer ago than this.
        keep_last: Not in one of the newest so many runs of its experiment; and in some run.
        executions: A filter of executions.
        contexts: A filter of contexts that they must be in one of.
        states: One of these states.
        artifacts: A filter of artifacts, which go whatever steps used or made them.
        inputs_too: Whether what a step that stays has used may become a tombstone.
        grace: What is younger stays in any case.
    """

    older_than: timedelta | None = None
    keep_last: int | None = None
    executions: str = ""
    contexts: str = ""
    states: frozenset[ExecutionState] = frozenset()
    artifacts: str = ""
    inputs_too: bool = False
    grace: timedelta = GRACE

    def check(self) -> None:
        """Raise ``SettingsError`` if it says nothing, or what cannot be."""
        if self.keep_last is not None and self.keep_last < 0:
            message = f"The last {self.keep_last} runs cannot be kept. Give a number from 0 on."
            raise SettingsError(message)
        if ExecutionState.RUNNING in self.states:
            message = (
                "What is RUNNING never goes. If its process is dead, `mlmeta-track sweep` marks it"
                " as FAILED first."
            )
            raise SettingsError(message)
        if not (self.chooses_executions or self.artifacts.strip()):
            message = (
                "Say what may go: --older-than AGE, --keep-last N, --state STATE, --executions,"
                " --contexts or --artifacts FILTER."
            )
            raise SettingsError(message)

    @property
    def chooses_executions(self) -> bool:
        """Whether it says something of executions; an age does, unless artifacts are named."""
        narrow = self.keep_last is not None or bool(
            self.executions.strip() or self.contexts.strip() or self.states
        )
        return narrow or (self.older_than is not None and not self.artifacts.strip())

    @property
    def chooses_loose_artifacts(self) -> bool:
        """Whether artifacts go that no step has used or made."""
        return self.chooses_executions and not self.states and not self.executions.strip()

    @property
    def age(self) -> timedelta:
        """How old at least everything is that goes."""
        return max(self.grace, self.older_than or self.grace)
