"""What ``make demo`` runs: the four walkthroughs on real data, and then what they recorded.

``python examples/demo.py [CSV] [FOLDER]`` leaves a fresh store in ``FOLDER/metadata.db``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import mlmeta_track as mt
from mlmeta_track.domain.nodes import STATE_WORDS, Artifact, Context, Execution

HERE = Path(__file__).resolve().parent
WALKTHROUGHS = {
    "with_blocks": "the script says what is what, in a `with` block",
    "decorated": "a function is decorated, its annotations say what is what",
    "automatic": "plain TFDV, run under `mlmeta-track run --autotrack tfdv`",
    "by_hand": "ML Metadata's own calls, by hand, as code for `ml_metadata` has them",
}
TICK = 0.2
NEWS = 15.0
"""Seconds between two looks at a process, and between two lines about it where no terminal is."""


def main(csv: str = "build/data/taxi/data.csv", folder: str = "build/demo") -> int:
    """Run the walkthroughs, show what the store holds, and return the exit code."""
    if not Path(csv).is_file():
        print(f"There is no data at {csv}: run `make demo`, which fetches it.", file=sys.stderr)
        return 1
    url = fresh_store(Path(folder))
    with Path(csv).open(encoding="utf-8") as lines:
        rows = sum(1 for _ in lines) - 1
    print(f"TensorFlow Data Validation infers the schema of {csv} ({rows:,} rows),")
    print(f"four times, each in a process of its own that records into {folder}/metadata.db.")
    print("Most of the time goes into importing TensorFlow.\n")
    for number, name in enumerate(WALKTHROUGHS, start=1):
        if not run_walkthrough(number, name, [csv, folder], url):
            return 1
    mt.init(url)
    show_executions()
    for name in ("with_blocks", "automatic"):
        schema = Path(folder, name, "schema.pbtxt")
        print(f"\nWhat was {schema} made from?\n")
        print(mt.lineage(schema).upstream().to_tree())
    show_what_next(Path(folder), url)
    return 0


def fresh_store(folder: Path) -> str:
    """Remove the store of an earlier demo, and return the URL of the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("", "-wal", "-shm", "-journal"):
        (folder / f"metadata.db{ending}").unlink(missing_ok=True)
    return f"sqlite:///{(folder / 'metadata.db').as_posix()}"


def run_walkthrough(number: int, name: str, arguments: list[str], url: str) -> bool:
    """Run one walkthrough while showing that it lives; its output only if it fails."""
    script = HERE / f"walkthrough_{name}.py"
    command = [sys.executable, str(script), *arguments]
    if name == "automatic":
        options = ["--autotrack", "tfdv", "--experiment", "Demo", "--store", url]
        command[1:1] = ["-m", "mlmeta_track", "run", *options]
    print(f"{number}/{len(WALKTHROUGHS)} {script.name}: {WALKTHROUGHS[name]}", flush=True)
    with tempfile.TemporaryFile() as output:
        code = watch(subprocess.Popen(command, stdout=output, stderr=output, env=surroundings()))
        if code != 0:
            output.seek(0)
            sys.stderr.write(output.read().decode(errors="replace"))
            print(f"\n{script.name} failed with exit code {code}.", file=sys.stderr)
    return code == 0


def surroundings() -> dict[str, str]:
    """Return the environment, free of settings for us, with TensorFlow's start-up notes off."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MLMETA_TRACK_")}
    return {**kept, "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}


def watch(process: subprocess.Popen[bytes], out: IO[str] = sys.stdout) -> int:
    """Wait for a process: seconds that tick on a terminal, a line now and then elsewhere."""
    started = last_news = time.monotonic()
    try:
        while process.poll() is None:
            time.sleep(TICK)
            now = time.monotonic()
            if out.isatty():
                print(f"\r    working … {now - started:.0f} s", end="", file=out, flush=True)
            elif now - last_news >= NEWS:
                last_news = now
                print(f"    working … {now - started:.0f} s", file=out, flush=True)
    finally:
        process.kill()  # for Ctrl-C; one that has ended stays as it ended
    ending = "done" if process.returncode == 0 else "failed"
    line = f"    {ending} after {time.monotonic() - started:.0f} s"
    print(f"\r{line:<40}" if out.isatty() else line, file=out, flush=True)
    return process.returncode


def show_executions() -> None:
    """Print every execution of the store with its state, as a table."""
    print("\nWhat was recorded\n")
    lines = [("id", "execution", "state", "seconds", "recorded while running"), *executions()]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())


def executions() -> Iterator[tuple[str, ...]]:
    """Yield one line of the table for each execution."""
    store = mt.get_store()
    for execution in store.list_nodes(Execution):
        state = execution.last_known_state
        milliseconds = execution.custom_properties.get("mlmeta_duration_ms")
        runs = [c for c in store.get_contexts_of(Execution, execution.id) if c.type == "Run"]
        yield (
            str(execution.id),
            execution.type,
            "" if state is None else STATE_WORDS.get(state, state.name),
            f"{milliseconds / 1000:7.2f}" if isinstance(milliseconds, (int, float)) else "",
            ", ".join(run.name.partition(" ")[0] for run in runs),
        )


def show_what_next(folder: Path, url: str) -> None:
    """Say where the store lies, what is in it, and what to try next."""
    store = mt.get_store()
    artifacts, steps = len(store.list_nodes(Artifact)), len(store.list_nodes(Execution))
    contexts = len(store.list_nodes(Context))
    print(f"\nThe store lies in {folder}/metadata.db and holds", end=" ")
    print(f"{artifacts} artifacts, {steps} executions and {contexts} contexts.")
    print("It is a database of ML Metadata's own schema, which ml_metadata opens as well.\n")
    program = Path(sys.executable).parent / "mlmeta-track"
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    print("Try next")
    print(f"  {program} lineage {folder}/automatic/schema.pbtxt --store {url}")
    print(f"  {program} run --autotrack tfdv YOUR_SCRIPT.py")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
