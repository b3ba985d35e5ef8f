"""Runs scripts as ``python script.py`` would, each in a process of its own, importing TFDV once.

``python run_each.py CASES.json`` forks, with TFDV in memory, for each case, one after another, and
prints a list of exit codes as JSON.  A case has ``argv`` (a script's, or ``-m`` and a module's),
``env``, ``out`` (the file for what it prints) and ``trouble``: what happens to the store.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import resource
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tensorflow_data_validation as tfdv

_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_SMALL = 40_000


def make_read_only(store: Path) -> None:
    """Take from this process the right to write to the store or beside it, root's included."""
    for file in store.parent.glob(f"{store.name}*"):
        file.chmod(0o444)
    store.parent.chmod(0o555)
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice
    assert libc.capget(header, data) == 0
    data[0] &= ~(1 << _CAP_DAC_OVERRIDE)
    assert libc.capset(header, data) == 0


def delete_midway(store: Path) -> None:
    """Delete the store when the schema is inferred."""
    original = tfdv.infer_schema

    @functools.wraps(original)
    def infer_schema(*args: Any, **kwargs: Any) -> Any:
        files = list(store.parent.glob(f"{store.name}*"))
        assert files, "there is no store to delete"
        for file in files:
            file.unlink()
        return original(*args, **kwargs)

    tfdv.infer_schema = infer_schema


def fill_disk(_: Path) -> None:
    """Let no file grow to the size of a store: those of the walkthroughs themselves are smaller."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, _SMALL))


TROUBLES = {"read_only": make_read_only, "deleted": delete_midway, "full": fill_disk}


def run(case: dict[str, Any]) -> None:
    """Become the case's process."""
    out = os.open(case["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(case["env"])
    if case["trouble"] is not None:
        TROUBLES[case["trouble"]](Path(case["store"]))
    first, *rest = case["argv"]
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


def main(cases: list[dict[str, Any]]) -> None:
    """Run every case and print the exit codes."""
    codes = []
    for case in cases:
        child = os.fork()
        if child == 0:
            run(case)
            return  # and end as Python ends
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    json.dump(codes, sys.stdout)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
