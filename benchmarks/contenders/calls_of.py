"""Calls of a function that does nothing: wrapped by wrapt alone, or a step that is not tracked."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

import wrapt
from answering import answer

import mlmeta_track as mt

_CALLS = 10_000


def _nothing(first: int, second: int) -> int:
    return first + second


def _pass_through(wrapped: Any, _: Any, args: Any, kwargs: Any) -> Any:
    return wrapped(*args, **kwargs)


class Calls:
    """Ten thousand calls."""

    def __init__(self, variant: str) -> None:
        """Wrap the function.

        Args:
            variant: ``bare``, by wrapt; or ``disabled``, a step while tracking is disabled.
        """
        mt.init(disabled=True)
        bare: Any = wrapt.FunctionWrapper(_nothing, _pass_through)
        self._function = bare if variant == "bare" else mt.step(_nothing)

    def do(self, _: int) -> None:
        """Call it."""
        function = self._function
        for _number in range(_CALLS):
            function(1, 2)

    @staticmethod
    def rows() -> dict[str, int]:
        """Return nothing: nothing is written."""
        return {}

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"mlmeta_track": mt.__version__, "wrapt": version("wrapt")}


if __name__ == "__main__":
    answer(Calls(*sys.argv[1:]))
