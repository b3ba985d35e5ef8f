"""Which artifact a put with ``resolve`` means."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import (
    FILE_FINGERPRINT,
    FINGERPRINT,
    Artifact,
    ArtifactState,
    ExecutionState,
)
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import (
    DATASET,
    event,
    execution,
    made,
    put_artifact,
    put_step,
    start_of_step,
    used,
)
from mlmeta_track.testing.store_cases.executions import wait_for_the_next_millisecond


class ResolvingCases:
    """How a store finds what a step used."""

    def test_an_unknown_artifact_is_made(self, store: Store) -> None:
        """It gets the external id, URI, fingerprint, state and properties of the put."""
        put_artifact(store, used("d", uri="/d", fingerprint="f", properties={"name": "n"}))
        [artifact] = store.list_nodes(Artifact)
        assert (artifact.external_id, artifact.uri, artifact.fingerprint) == ("d", "/d", "f")
        assert artifact.state is ArtifactState.LIVE
        assert artifact.properties == {"name": "n"}
        assert artifact.custom_properties == {FINGERPRINT: "f"}

    def test_the_external_id_comes_first(self, store: Store) -> None:
        """A newer look-alike does not count."""
        first = put_artifact(store, used("d", uri="/d", fingerprint="f"))
        put_artifact(store, made("newer", DATASET, uri="/d", fingerprint="f"))
        assert put_artifact(store, used("d", uri="/d", fingerprint="f")) == first

    def test_same_uri_and_fingerprint_come_before_the_same_fingerprint(self, store: Store) -> None:
        """Of several, the newest counts."""
        put_artifact(store, made("old", DATASET, uri="/d", fingerprint="f"))
        wanted = put_artifact(store, made("new", DATASET, uri="/d", fingerprint="f"))
        elsewhere = put_artifact(store, made("elsewhere", DATASET, uri="/x", fingerprint="f"))
        assert put_artifact(store, used("u", uri="/d", fingerprint="f")) == wanted
        assert put_artifact(store, used("u", uri="/y", fingerprint="f")) == elsewhere
        assert put_artifact(store, used("u", fingerprint="f")) == elsewhere

    def test_a_file_that_changed_is_another_artifact(self, store: Store) -> None:
        """The same URI with another fingerprint is something new."""
        first = put_artifact(store, used("one", uri="/d", fingerprint="f1"))
        assert put_artifact(store, used("two", uri="/d", fingerprint="f2")) != first

    def test_without_a_fingerprint_the_uri_decides(self, store: Store) -> None:
        """The newest of the type at that URI is meant, whatever its fingerprint."""
        put_artifact(store, made("old", DATASET, uri="/d"))
        newest = put_artifact(store, made("new", DATASET, uri="/d", fingerprint="f"))
        assert put_artifact(store, used("u", uri="/d")) == newest
        assert put_artifact(store, used("v", uri="/other")) != newest

    def test_with_neither_there_is_nothing_to_find_it_by(self, store: Store) -> None:
        """Only the external id is left."""
        first = put_artifact(store, used("a"))
        assert put_artifact(store, used("b")) != first
        assert put_artifact(store, used("a")) == first

    def test_another_type_is_another_artifact(self, store: Store) -> None:
        """Types are compared before contents."""
        schema = put_artifact(store, made("s", uri="/d", fingerprint="f"))
        assert put_artifact(store, used("d", uri="/d", fingerprint="f")) != schema

    def test_a_fingerprint_of_the_file_counts_as_well(self, store: Store) -> None:
        """A value in memory and the file that it was written to are one artifact."""
        first = put_artifact(store, made("s", DATASET, fingerprint="content"))
        both = used("w", uri="/f", fingerprint="content", file_fingerprint="file")
        assert put_artifact(store, both) == first
        assert put_artifact(store, used("r", uri="/copy", fingerprint="file")) == first
        assert put_artifact(store, used("r", fingerprint="x", file_fingerprint="content")) == first
        [artifact] = store.list_nodes(Artifact)
        assert artifact.custom_properties == {FINGERPRINT: "content", FILE_FINGERPRINT: "file"}
        assert artifact.uri == "/f"
        assert store.get_artifacts_by_fingerprint("content") == [artifact]
        assert store.get_artifacts_by_fingerprint("file") == [artifact]

    def test_a_file_that_is_loaded_gets_the_fingerprint_of_its_content(self, store: Store) -> None:
        """It was known by its file alone, and is found by its content from then on."""
        first = put_artifact(store, used("d", uri="/f", fingerprint="file"))
        loaded = used("l", uri="/f", fingerprint="content", file_fingerprint="file")
        assert put_artifact(store, loaded) == first
        assert put_artifact(store, loaded) == first
        assert put_artifact(store, used("m", fingerprint="content")) == first
        assert put_artifact(store, used("n", fingerprint="file")) == first

    def test_another_declared_value_is_another_artifact(self, store: Store) -> None:
        """Also where the external id is the same, and the same one every time."""
        train = used("d", uri="/d", fingerprint="f", properties={"split": "train"})
        test = used("d", uri="/d", fingerprint="f", properties={"split": "test"})
        first, second = put_artifact(store, train), put_artifact(store, test)
        assert first != second
        assert put_artifact(store, train) == first
        assert put_artifact(store, test) == second
        assert [a.properties["split"] for a in store.list_nodes(Artifact)] == ["train", "test"]

    def test_a_look_alike_with_another_declared_value_is_passed_over(self, store: Store) -> None:
        """The next older one is looked at."""
        old = put_artifact(store, made("a", DATASET, fingerprint="f", properties={"version": 1}))
        put_artifact(store, made("b", DATASET, fingerprint="f", properties={"version": 2}))
        same = used("u", fingerprint="f", properties={"version": 1, "name": "n"})
        assert put_artifact(store, same) == old

    def test_other_custom_properties_do_not_make_another_artifact(self, store: Store) -> None:
        """Only what is declared says what an artifact is; what is there stays as it is."""
        first = put_artifact(store, used("d", fingerprint="f", custom_properties={"rows": 1}))
        again = used("u", fingerprint="f", custom_properties={"rows": 2, "columns": 3})
        assert put_artifact(store, again) == first
        [artifact] = store.list_nodes(Artifact)
        assert artifact.custom_properties == {FINGERPRINT: "f", "rows": 1, "columns": 3}

    def test_what_is_found_gets_what_it_lacks(self, store: Store) -> None:
        """A URI and properties, and a new time of update; the second time nothing changes."""
        first = put_artifact(store, made("d", DATASET, fingerprint="f"))
        [before] = store.list_nodes(Artifact)
        wait_for_the_next_millisecond()
        put = used("u", uri="/d", fingerprint="f", properties={"name": "n"})
        result = store.put(Batch(artifacts=(put,))).artifacts["u"]
        assert (result.id, result.external_id, result.uri) == (first, "d", "/d")
        [after] = store.list_nodes(Artifact)
        assert (after.uri, after.properties) == ("/d", {"name": "n"})
        assert after.create_time_since_epoch == before.create_time_since_epoch
        assert after.last_update_time_since_epoch > before.last_update_time_since_epoch
        wait_for_the_next_millisecond()
        put_artifact(store, put)
        assert store.list_nodes(Artifact) == [after]

    def test_what_is_found_keeps_its_uri(self, store: Store) -> None:
        """A copy of a file is the same artifact, where it was first seen."""
        put_artifact(store, used("d", uri="/d", fingerprint="f"))
        result = store.put(Batch(artifacts=(used("u", uri="/copy", fingerprint="f"),)))
        assert result.artifacts["u"].uri == "/d"

    @pytest.mark.parametrize(
        "state",
        [ArtifactState.MARKED_FOR_DELETION, ArtifactState.DELETED, ArtifactState.ABANDONED],
    )
    def test_what_is_gone_is_no_look_alike(self, store: Store, state: ArtifactState) -> None:
        """Deleted and abandoned artifacts are not used any more."""
        gone = put_artifact(store, made("d", DATASET, uri="/d", fingerprint="f", state=state))
        assert put_artifact(store, used("u", uri="/d", fingerprint="f")) != gone
        assert put_artifact(store, used("v", uri="/e")) != gone

    def test_two_puts_of_a_batch_may_mean_one_artifact(self, store: Store) -> None:
        """The second finds what the first has made."""
        one = used("one", fingerprint="f", custom_properties={"a": 1})
        two = used("two", uri="/d", fingerprint="f", custom_properties={"a": 1, "b": 2})
        three = used("one", fingerprint="f", properties={"name": "n"})
        result = store.put(Batch(artifacts=(one, two, three)))
        assert result.artifacts["one"].id == result.artifacts["two"].id
        [artifact] = store.list_nodes(Artifact)
        assert artifact.custom_properties == {FINGERPRINT: "f", "a": 1, "b": 2}
        assert (artifact.uri, artifact.properties) == ("/d", {"name": "n"})

    def test_what_a_batch_makes_is_not_what_it_uses(self, store: Store) -> None:
        """An output that equals the input is still something new."""
        source = put_artifact(store, made("source", DATASET, fingerprint="f"))
        batch = Batch(
            execution=execution(),
            artifacts=(made("out", DATASET, fingerprint="f"), used("in", fingerprint="f")),
            events=(event("in", EventType.INPUT), event("out", EventType.OUTPUT)),
        )
        result = store.put(batch)
        assert result.artifacts["in"].id == source
        assert result.artifacts["out"].id != source
        assert store.put(batch) == result

    def test_a_batch_put_again_means_the_same_artifact(self, store: Store) -> None:
        """Even if a newer look-alike has come between."""
        put_step(store, "maker", outputs=("source",))
        batch = Batch(
            execution=execution("user"),
            artifacts=(used("key", made("x").type, fingerprint="source"),),
            events=(event("key", EventType.INPUT, "data"),),
        )
        first = store.put(batch)
        put_artifact(store, made("newer", fingerprint="source"))
        put_artifact(store, made("key", fingerprint="source"))
        assert store.put(batch) == first
        assert first.execution_id is not None
        assert len(store.get_events_by_execution_ids([first.execution_id])) == 1

    def test_two_inputs_without_a_path_are_two(self, store: Store) -> None:
        """An input that comes later is not taken for the one that is recorded already."""
        store.put(start_of_step())
        later = Batch(
            execution=execution(state=ExecutionState.COMPLETE),
            artifacts=(used("other", uri="/data/other", fingerprint="sha256:other"),),
            events=(event("other", EventType.DECLARED_INPUT, "train"),),
        )
        result = store.put(later)
        assert result.execution_id is not None
        assert len(store.get_events_by_execution_ids([result.execution_id])) == 2
