"""A process that records steps at a steady pace and tells how long they held it up.

``python worker.py URL WORKER STEPS SECONDS``: so many steps, in each of which the user's own work
takes so many seconds.  A line on standard output says that it begins.
"""

from __future__ import annotations

import json
import sys
import time

import mlmeta_track as mt

SLOW_SECONDS = 5.0


def main(url: str, worker: int, steps: int, seconds: float) -> None:
    mt.init(url)
    with mt.experiment("Outage"):
        with mt.step("Begin"):
            print("begins", flush=True)
        delays = []
        for number in range(steps):
            begin = time.perf_counter()
            with mt.step("Work") as step:
                step.input("s3://bucket/in")
                mt.log_params({"worker": worker, "number": number})
                time.sleep(seconds)
                step.output(f"s3://bucket/{worker}/{number}")
            delays.append(time.perf_counter() - begin - seconds)
    told = {"longest": max(delays), "slow": sum(delay > SLOW_SECONDS for delay in delays)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
