"""Loading what a command needs, as quickly as can be.

What is loaded stays.  Python would look through it again and again for what can go, which takes a
tenth of the time of a short answer.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_process = {"ours": False}


def begin() -> None:
    """Say that this process does nothing but run one command of ours."""
    _process["ours"] = True


@contextmanager
def loading() -> Iterator[None]:
    """Look for nothing that can go while a block loads modules, nor in what it has loaded."""
    if not _process["ours"] or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
