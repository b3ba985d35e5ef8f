"""Many threads and processes that record into one store, each step submitted from its own parent.

``python many.py URL THREADS PROCESSES STEPS`` prints the parents' ids as JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from threading import Thread

import mlmeta_track as mt


@mt.step("Child")
def child(parent: str, number: int) -> int:
    """Do nothing that takes time."""
    return number


def submit(parents: dict[str, str], name: str, pool: Executor, steps: int) -> None:
    """Open a step of its own, and submit its children to a pool that others use too."""
    with mt.step("Parent") as step:
        step.log_params({"parent": name})
        parents[name] = step.external_id
        done = pool.map(child, [name] * steps, range(steps))
        assert list(done) == list(range(steps))


def main(url: str, threads: int, processes: int, steps: int) -> None:
    """Run all at once, and tell which parents there were."""
    mt.init(url, strict=True)
    parents: dict[str, str] = {}
    method = multiprocessing.get_context("spawn")
    with (
        mt.experiment("Many"),
        mt.run("many"),
        ThreadPoolExecutor(threads) as in_threads,
        ProcessPoolExecutor(processes, mp_context=method) as in_processes,
    ):
        kinds = [("thread", in_threads, threads), ("process", in_processes, processes)]
        submitters = [
            Thread(target=submit, args=(parents, f"{kind} {number}", pool, steps))
            for kind, pool, count in kinds
            for number in range(count)
        ]
        for submitter in submitters:
            submitter.start()
        for submitter in submitters:
            submitter.join()
    print(json.dumps(parents))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
