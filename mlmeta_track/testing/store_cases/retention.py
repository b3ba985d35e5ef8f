"""What a store deletes, keeps as tombstones, archives and restores."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import (
    DELETED_AT,
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
)
from mlmeta_track.errors import SettingsError
from mlmeta_track.store.base import Store
from mlmeta_track.store.maintenance import Candidates, Going, Maintenance
from mlmeta_track.testing.store_cases.build import (
    end_of_step,
    event,
    execution,
    made,
    put_step,
    start_of_step,
    used,
)

_EVER = 2**60


def _maintenance(store: Store) -> Maintenance:
    try:
        return store.maintenance()
    except SettingsError:
        pytest.skip("this store has no deletes")


def _going(
    executions: Iterable[int] = (), artifacts: Iterable[int] = (), contexts: Iterable[int] = ()
) -> Going:
    return Going(
        executions=set(executions),
        artifacts=set(artifacts),
        contexts=set(contexts),
        unchanged_since=_EVER,
        contexts_before=_EVER,
    )


def _ids(store: Store, *names: str) -> list[int]:
    found = store.get_by_external_id(Execution, names)
    return [node.id for node in found]


def _artifact_ids(store: Store, *names: str) -> list[int]:
    return [node.id for node in store.get_by_external_id(Artifact, names)]


class RetentionCases:
    """What a keeper may do to a store; a store without deletes says so, and is not tested."""

    def test_an_execution_goes_with_what_it_made(self, store: Store) -> None:
        """And with its events, properties and memberships."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        store.put(end_of_step())
        [context, run] = store.list_nodes(Context)
        gone = keeper.delete(
            _ids(store, "e"),
            (),
            _going(_ids(store, "e"), _artifact_ids(store, "s", "d"), [context.id, run.id]),
        )
        assert len(gone.executions) == len(gone.artifacts) == 1
        assert gone.events == 2
        assert [a.external_id for a in store.list_nodes(Artifact)] == ["d"]
        assert store.list_nodes(Execution) == []
        assert store.get_events_by_artifact_ids(_artifact_ids(store, "d")) == []

    def test_an_execution_stays_whose_output_is_used(self, store: Store) -> None:
        """Whatever the plan said."""
        keeper = _maintenance(store)
        put_step(store, "one", outputs=("a",))
        put_step(store, "two", inputs=("a",), outputs=("b",))
        one = _ids(store, "one")
        gone = keeper.delete(one, (), _going(one, _artifact_ids(store, "a")))
        assert gone.executions == gone.artifacts == ()
        assert len(store.list_nodes(Execution)) == 2

    def test_a_chain_goes_at_once(self, store: Store) -> None:
        """If all of it is to go."""
        keeper = _maintenance(store)
        put_step(store, "one", outputs=("a",))
        put_step(store, "two", inputs=("a",), outputs=("b",))
        both, made_ids = _ids(store, "one", "two"), _artifact_ids(store, "a", "b")
        gone = keeper.delete(both, (), _going(both, made_ids))
        assert gone.executions == tuple(both)
        assert gone.artifacts == tuple(made_ids)

    def test_what_is_running_stays(self, store: Store) -> None:
        """It cannot be deleted, nor become a tombstone."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        running = _ids(store, "e")
        assert keeper.delete(running, (), _going(running)).executions == ()
        gone = keeper.bury(Execution, running, unchanged_since=_EVER, unused_since=None)
        assert gone.executions == ()

    def test_what_was_changed_stays(self, store: Store) -> None:
        """Since the plan was made."""
        keeper = _maintenance(store)
        put_step(store, "one", outputs=("a",))
        one, a = _ids(store, "one"), _artifact_ids(store, "a")
        going = Going(
            executions=set(one),
            artifacts=set(a),
            contexts=set(),
            unchanged_since=1,
            contexts_before=1,
        )
        assert keeper.delete(one, (), going).executions == ()
        assert keeper.bury(Artifact, a, unchanged_since=1, unused_since=None).artifacts == ()

    def test_a_tombstone_keeps_its_edges_and_loses_its_properties(self, store: Store) -> None:
        """An artifact keeps its fingerprint, URI and external id, too."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        d = _artifact_ids(store, "d")
        before = store.get_by_id(Artifact, d)[0]
        keeper.bury(Artifact, d, unchanged_since=_EVER, unused_since=None)
        [after] = store.get_by_id(Artifact, d)
        assert after.state is ArtifactState.DELETED
        assert (after.uri, after.fingerprint) == (before.uri, before.fingerprint)
        assert after.properties == {}
        assert DELETED_AT in after.custom_properties
        assert len(store.get_events_by_artifact_ids(d)) == 1
        assert [list(page) for page in keeper.tombstones(Artifact)] == [d]

    def test_an_artifact_that_came_into_use_is_not_buried(self, store: Store) -> None:
        """It has an event that the plan did not know of."""
        keeper = _maintenance(store)
        put_step(store, "one", outputs=("a",))
        known = keeper.last_event()
        put_step(store, "two", inputs=("a",))
        a = _artifact_ids(store, "a")
        assert keeper.bury(Artifact, a, unchanged_since=_EVER, unused_since=known).artifacts == ()

    def test_a_tombstone_that_is_used_lives_again(self, store: Store) -> None:
        """With the properties that it is used with."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        d = _artifact_ids(store, "d")
        [before] = store.get_by_id(Artifact, d)
        keeper.bury(Artifact, d, unchanged_since=_EVER, unused_since=None)
        store.put(start_of_step("later"))
        [after] = store.get_by_id(Artifact, d)
        assert after.state is ArtifactState.LIVE
        assert after.properties == before.properties
        assert after.custom_properties == before.custom_properties

    def test_what_was_deleted_is_made_anew_when_it_is_used(self, store: Store) -> None:
        """By a writer who knew it by its external id."""
        keeper = _maintenance(store)
        put_step(store, "one", outputs=("a",))
        one, a = _ids(store, "one"), _artifact_ids(store, "a")
        keeper.delete(one, (), _going(one, a))
        put_step(store, "two", inputs=("a",))
        [again] = store.get_by_external_id(Artifact, ["a"])
        assert again.id not in a
        assert len(store.get_events_by_artifact_ids([again.id])) == 1

    def test_nodes_are_selected(self, store: Store) -> None:
        """By state, filter, context, type, and whether they have events."""
        keeper = _maintenance(store)
        store.put(start_of_step("running"))
        store.put(start_of_step("done"))
        store.put(end_of_step("done"))
        store.put(Batch(artifacts=(made("loose"),)))

        def execution_names(**more: object) -> list[str | None]:
            wanted = Candidates(updated_before=_EVER, **more)  # type: ignore[arg-type]
            ids = [i for page in keeper.selected(Execution, wanted) for i in page]
            return [node.external_id for node in store.get_by_id(Execution, ids)]

        assert execution_names() == ["running", "done"]
        assert execution_names(states=frozenset({ExecutionState.COMPLETE})) == ["done"]
        assert execution_names(filter="external_id = 'running'") == ["running"]
        assert execution_names(contexts="name = 'Demo'") == ["running", "done"]
        assert execution_names(contexts="name = 'x'") == []
        assert execution_names(type_name="x") == []
        loose = Candidates(updated_before=_EVER, loose=True)
        ids = [i for page in keeper.selected(Artifact, loose) for i in page]
        assert ids == _artifact_ids(store, "loose")

    def test_a_context_goes_when_nothing_living_is_in_it(self, store: Store) -> None:
        """And the one above it, when that was the last."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        store.put(end_of_step())
        contexts = [node.id for node in store.list_nodes(Context)]
        everything = _going(_ids(store, "e"), _artifact_ids(store, "d", "s"), contexts)
        assert keeper.delete_contexts(contexts, everything) == 0
        keeper.delete(_ids(store, "e"), (), everything)
        keeper.delete((), _artifact_ids(store, "d"), everything)
        assert store.list_nodes(Context) == []

    def test_rows_without_nodes_are_none_in_a_whole_store(self, store: Store) -> None:
        """Nothing is deleted that belongs to something."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        store.put(end_of_step())
        assert keeper.delete_orphans(before=_EVER, dry_run=True) == 0
        assert keeper.delete_orphans(before=_EVER) == 0
        assert len(store.get_events_by_execution_ids(_ids(store, "e"))) == 2

    def test_an_archive_puts_everything_back(self, store: Store, tmp_path: Path) -> None:
        """Under the same ids, and as often as one likes."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        store.put(end_of_step())
        store.put(
            Batch(
                execution=execution("next", ExecutionState.COMPLETE),
                artifacts=(used("s", made("s").type), made("t")),
                events=(
                    event("s", EventType.INPUT, "data", 0, "x"),
                    event("t", EventType.OUTPUT),
                ),
            )
        )
        before = _contents(store)
        contexts = [node.id for node in store.list_nodes(Context)]
        everything = _going(_ids(store, "next"), _artifact_ids(store, "t"), contexts)
        archive = keeper.open_archive(tmp_path / "old.db")
        keeper.delete(_ids(store, "next"), (), everything, archive)
        for kind, ids in (
            (Execution, _ids(store, "e")),
            (Artifact, _artifact_ids(store, "d")),
        ):
            keeper.bury(kind, ids, unchanged_since=_EVER, unused_since=None, archive=archive)
        archive.close()
        assert _contents(store) != before
        done = keeper.restore(tmp_path / "old.db")
        assert _contents(store) == before
        assert (done.executions, done.artifacts, done.revived) == (1, 1, 2)
        again = keeper.restore(tmp_path / "old.db")
        assert (again.executions, again.artifacts, again.events, again.revived) == (0, 0, 0, 0)
        assert _contents(store) == before
        # And ids go on after those that were put back.
        put_step(store, "after", outputs=("u",))

    def test_uris_in_use(self, store: Store) -> None:
        """Those of artifacts that are not deleted."""
        keeper = _maintenance(store)
        store.put(Batch(artifacts=(made("a", uri="/a"), made("b", uri="/b"))))
        keeper.bury(Artifact, _artifact_ids(store, "b"), unchanged_since=_EVER, unused_since=None)
        assert keeper.uris_in_use(["/a", "/b", "/c"]) == {"/a"}

    def test_room_is_given_back(self, store: Store) -> None:
        """The store is whole afterwards."""
        keeper = _maintenance(store)
        store.put(start_of_step())
        keeper.vacuum()
        keeper.vacuum(full=True)
        assert len(store.list_nodes(Execution)) == 1


def _contents(store: Store) -> list[object]:
    """Return all nodes, events, memberships and parents."""
    nodes = [store.list_nodes(Artifact), store.list_nodes(Execution), store.list_nodes(Context)]
    executions = [node.id for node in store.list_nodes(Execution)]
    artifacts = [node.id for node in store.list_nodes(Artifact)]
    contexts = [node.id for node in store.list_nodes(Context)]
    return [
        nodes,
        store.get_events_by_execution_ids(executions),
        [[n.id for n in store.get_contexts_of(Execution, one)] for one in executions],
        [[n.id for n in store.get_contexts_of(Artifact, one)] for one in artifacts],
        [[n.id for n in store.get_parent_contexts(one)] for one in contexts],
    ]
