"""What each of many writers does at once; run as a program, one writer in a process of its own.

Such a process says that it is ready, and then writes to each store whose URL it is told.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, NodeType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    PutExecutionOptions,
    UpdateOptions,
)
from mlmeta_track.mlmd import MetadataStore
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import end_of_step, start_of_step
from mlmeta_track.testing.store_cases.calls_build import MODEL, STUDY, TRAINING
from tests.servers import configured

ROOT = Path(__file__).resolve().parents[2]
REUSE = PutExecutionOptions(
    reuse_context_if_already_exist=True, reuse_artifact_if_already_exist_by_external_id=True
)


def write_batches(store: Store, who: str) -> None:
    """Write a step as tracking does: all steps share types, contexts and their source."""
    store.put(start_of_step(f"batch {who}"))
    store.put(end_of_step(f"batch {who}", f"output {who}"))


def write_calls(store: Store, who: str) -> None:
    """Write an execution by ML Metadata's own calls, its artifact and its context shared."""
    model, training, study = store.put_types(
        [MODEL, TRAINING, STUDY], can_add_fields=True, can_omit_fields=True
    )
    store.put_execution(
        ExecutionWrite(type_id=training, name=who, external_id=f"call {who}"),
        [
            (
                ArtifactWrite(type_id=model, external_id="shared", uri="/shared"),
                EventWrite(type=EventType.INPUT),
            )
        ],
        [ContextWrite(type_id=study, name="shared")],
        REUSE,
    )
    own = ArtifactWrite(type_id=model, external_id=f"own {who}")
    store.put_nodes(Artifact, [own], UpdateOptions())


def write_as_client(store: MetadataStore, who: str) -> None:
    """Write an execution as a user of ML Metadata does, its artifact and its context shared."""
    kind = pb.ArtifactType(name="Client's", properties={"p": pb.INT})
    run = pb.ExecutionType(name="Client's")
    group = pb.ContextType(name="Client's")
    artifact = pb.Artifact(type_id=store.put_artifact_type(kind), external_id="client's")
    execution = pb.Execution(type_id=store.put_execution_type(run), name=who)
    context = pb.Context(type_id=store.put_context_type(group), name="client's")
    store.put_execution(
        execution,
        [(artifact, pb.Event(type=pb.Event.INPUT))],
        [context],
        reuse_context_if_already_exist=True,
        reuse_artifact_if_already_exist_by_external_id=True,
    )


def _config(url: str) -> pb.ConnectionConfig:
    if not url.startswith("sqlite"):
        return configured(url)
    name = url.removeprefix("sqlite:///")
    return pb.ConnectionConfig(sqlite=pb.SqliteMetadataSourceConfig(filename_uri=name))


def write(url: str, who: str) -> None:
    """Write in all three ways, with a store of one's own."""
    store = open_store(url)
    write_batches(store, who)
    write_calls(store, who)
    store.close()
    write_as_client(MetadataStore(_config(url)), who)


def at_once(writers: Iterable[tuple[Store | str, str]]) -> None:
    """Run writers in threads that all begin at the same moment.

    Args:
        writers: Where each writes, and its name: into a store that is open and that it shares with
            others, or by a URL into one that it opens.
    """
    tasks = list(writers)
    barrier = threading.Barrier(len(tasks))

    def run(where: Store | str, who: str) -> None:
        barrier.wait()
        if isinstance(where, str):
            write(where, who)
        else:
            write_batches(where, who)
            write_calls(where, who)

    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(run, *task) for task in tasks]:
            future.result()


class Processes:
    """Writers in processes of their own, all beginning at the same moment."""

    def __init__(self, stack: ExitStack, names: Sequence[str]) -> None:
        command = [sys.executable, "-m", "tests.store.writing"]
        self._processes = [
            stack.enter_context(
                Popen([*command, name], stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, cwd=ROOT)
            )
            for name in names
        ]
        self.wait_for("ready")

    def begin(self, url: str) -> None:
        """Have them write to a store; ``wait_for("done")`` waits until they have."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{url}\n")
            process.stdin.flush()

    def wait_for(self, word: str) -> None:
        for process in self._processes:
            assert process.stdout is not None
            said = process.stdout.readline()
            if said != f"{word}\n":
                raise AssertionError(process.communicate()[1])


def check(store: Store, names: Sequence[str], clients: Sequence[str]) -> None:
    """Check that nothing is there twice, and nothing missing.

    Args:
        store: What was written to.
        names: Those who wrote as tracking does, and by ML Metadata's calls.
        clients: Those who also wrote as a user of ML Metadata.
    """
    types: list[NodeType] = [
        *store.get_types(ArtifactType),
        *store.get_types(ExecutionType),
        *store.get_types(ContextType),
    ]
    assert _twice((found.kind, found.name, found.version) for found in types) == []
    contexts = store.list_nodes(Context)
    expected = ["Demo", "client's", "run 1", "shared"] if clients else ["Demo", "run 1", "shared"]
    assert sorted(str(context.name) for context in contexts) == expected
    artifacts = store.list_nodes(Artifact)
    shared = {"d", "shared", *(["client's"] if clients else [])}
    own = {f"{what} {who}" for what in ("output", "own") for who in names}
    assert {artifact.external_id for artifact in artifacts} == shared | own
    assert len(artifacts) == len(shared | own)
    executions = store.list_nodes(Execution)
    calls = {f"{what} {who}" for what in ("batch", "call") for who in names}
    assert {e.external_id for e in executions if e.external_id} == calls
    assert len(executions) == len(calls) + len(clients)
    assert {e.name for e in executions if not e.external_id} == set(clients)
    events = store.get_events_by_execution_ids([execution.id for execution in executions])
    assert len(events) == 3 * len(names) + len(clients)
    members = Counter(
        member.id for c in contexts for member in store.get_by_context(Execution, c.id)
    )
    assert sum(members.values()) == 3 * len(names) + len(clients)


def _twice(items: Iterable[object]) -> list[object]:
    return [item for item, count in Counter(items).items() if count > 1]


def main() -> None:
    """Write to each store that is named on the standard input."""
    (who,) = sys.argv[1:]
    print("ready", flush=True)  # noqa: T201 - to the test
    for line in sys.stdin:
        write(line.strip(), who)
        print("done", flush=True)  # noqa: T201 - to the test


if __name__ == "__main__":
    main()
