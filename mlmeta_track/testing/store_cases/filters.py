"""Filters with ML Metadata's joins: a node without a neighbour that is named is never found."""

from __future__ import annotations

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy
from mlmeta_track.domain.nodes import Artifact, ArtifactState
from mlmeta_track.domain.writes import UpdateOptions
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import let_time_pass
from mlmeta_track.testing.store_cases.filters_build import (
    AWKWARD_TEXT,
    REFUSED,
    all_found,
    artifact,
    event,
    fill,
    found,
    put_artifacts,
)

AS_ML_METADATA: dict[str, list[int] | str] = {
    "A id NOT IN (1,3)": [2, 4, 5],
    "A type = 'AT'": [1, 2, 3, 4, 5],
    "A name LIKE 'a%'": [1, 2, 3],
    "A name IS NULL": [5],
    "A uri IS NOT NULL": [1, 2, 3, 4, 5],
    "A state = LIVE": [1],
    "A state != LIVE": [2, 3, 4, 5],
    "A state NOT IN (LIVE)": [2, 3, 4, 5],
    "A state IN (LIVE, DELETED)": [1, 2],
    "A state IS NULL": [3, 4, 5],
    "A properties.i.int_value > 0": [1, 2],
    "A properties.i.int_value = 1 OR id = 3": [1],
    "A NOT (properties.i.int_value = 1)": [2],
    "A properties.zz.int_value IS NULL": [],
    "A properties.s.int_value IS NULL": [1],
    "A custom_properties.`my prop`.int_value = 9": [3],
    "A contexts_a.name = 'c1' AND contexts_b.name = 'c2'": [1],
    "A contexts_a.name = 'c1' AND contexts_a.name = 'c2'": [],
    "A NOT contexts_a.name = 'c1'": [1],
    "A events_0.execution_id = 1": [1, 2],
    "A events_0.type IN (INPUT, DECLARED_INPUT)": [1, 2],
    "E last_known_state != RUNNING": [1, 3],
    "E events_0.type = OUTPUT": [1],
    "C artifacts_a.state = LIVE": [1, 2],
    "C parent_contexts_a.name = 'c1'": [2],
    "C child_contexts_a.id = 2": [1],
    "C artifacts_a.id = 1 AND executions_b.id = 2": [1],
    "A id BETWEEN 2 AND 3": [2, 3],
    "A external_id = 'ext5'": [5],
    "A parent_contexts_a.id = 1": REFUSED,
    "A events_0.artifact_id = 1": REFUSED,
    "A id = '1'": REFUSED,
    "A id = NULL": REFUSED,
    "A foo = 1": REFUSED,
    "A id": REFUSED,
}
_MORE_NEIGHBOURS: dict[str, list[int] | str] = {
    "A events_0.milliseconds_since_epoch = 77": [2],
    "A events_0.type = INPUT AND events_1.type = DECLARED_INPUT": [1],
    "A events_0.type != INPUT": [1, 2, 3],
    "A contexts_long_alias.TYPE = 'CT'": [1, 2],
    "A contexts_a.id = events_0.execution_id": [1, 2],
    "A properties.i.int_value = id": [1, 2],
    "E events_0.artifact_id IN (3)": [2],
    "E contexts_a.name = 'c1' AND last_known_state = COMPLETE": [1],
    "C executions_a.last_known_state = RUNNING": [1],
    "C executions_a.name LIKE 'e_' AND artifacts_b.uri = 'u2'": [1],
    "C parent_contexts_a.create_time_since_epoch > 0": [2],
    "C artifacts_a.state != LIVE": [1],
    "C NOT properties.i.int_value = 2": [2],
}
_WHAT_ML_METADATA_REFUSES: dict[str, list[int] | str] = {
    "A state = ABANDONED": [6],
    "A state IN (REFERENCE, ABANDONED)": [6, 7],
    "A events_0.type = PENDING_OUTPUT": [3],
    "A state = LIVE OR state = LIVE": [1],
    "A state <> LIVE AND id < 4": [2, 3],
    "A State = LIVE": [1],
    "A state < LIVE": REFUSED,
    "A state BETWEEN LIVE AND DELETED": REFUSED,
    "A COALESCE(state, LIVE) = 2": REFUSED,
    "A state = 2": REFUSED,
    "A state > 1": [1, 2, 6, 7],
    "A uri = 'q\"uo\\'te'": [4],
    'A uri = """q"uo\'te"""': [4],
    "A name = 'uri'": [4],
}


class FilterCases:
    """What a filter finds that means what ML Metadata means by it."""

    def test_every_filter_finds_what_ml_metadata_finds(self, store: Store) -> None:
        """And what it refuses is refused."""
        fill(store)
        assert all_found(store, AS_ML_METADATA) == AS_ML_METADATA

    def test_every_neighbour_may_be_asked_for(self, store: Store) -> None:
        """By any alias, and two by different ones."""
        fill(store)
        assert all_found(store, _MORE_NEIGHBOURS) == _MORE_NEIGHBOURS

    def test_what_ml_metadata_refuses_without_reason_is_found(self, store: Store) -> None:
        """All states and types of events, states twice, and texts with both quotes."""
        fill(store)
        states = (ArtifactState.ABANDONED, ArtifactState.REFERENCE)
        put_artifacts(store, *(artifact(state=state) for state in states))
        assert all_found(store, _WHAT_ML_METADATA_REFUSES) == _WHAT_ML_METADATA_REFUSES

    def test_a_text_with_any_character_is_found(self, store: Store) -> None:
        """Backslashes, line breaks, quotes and wildcards."""
        fill(store)
        put_artifacts(store, artifact(name=AWKWARD_TEXT))
        escaped = AWKWARD_TEXT.replace("\\", "\\\\").replace("\n", "\\n").replace("'", "\\'")
        assert found(store, f"A name = '{escaped}'") == [6]
        assert found(store, f"A name LIKE '{escaped[:4]}%' AND name IN ('{escaped}')") == [6]
        # One backslash for the text, and one for LIKE.
        assert found(store, r"A name LIKE '%100\\%\\_' AND name LIKE 'back\\\\slash%'") == [6]
        assert found(store, r"A name LIKE '%\\_0%'") == []

    def test_a_property_may_have_any_name(self, store: Store) -> None:
        """Its letters count as they are written."""
        fill(store)
        names = ("Note", "note", "it's", 'a "b"', "é.1", "100%", "select")
        put_artifacts(store, *(artifact(custom_properties={name: 1}) for name in names))
        asked = [name.replace("`", "\\`") for name in names]
        numbers = [found(store, f"A custom_properties.`{n}`.int_value = 1") for n in asked]
        assert numbers == [[6], [7], [8], [9], [10], [11], [12]]

    def test_values_of_another_type_are_not_found(self, store: Store) -> None:
        """Int and double values are apart, and booleans are neither."""
        fill(store)
        put_artifacts(store, artifact(properties={"d": 1.0, "b": True}))
        expected = {
            "A properties.d.double_value = 1": [6],
            "A properties.d.int_value = 1": [],
            "A properties.i.double_value = 1.0": [],
            "A properties.i.int_value = 1.0": [1],
            "A properties.b.bool_value": [6],
            "A properties.b.bool_value = true AND NOT properties.b.bool_value = false": [6],
            "A properties.b.bool_value = 1": REFUSED,
            "A properties.i = 1": REFUSED,
        }
        assert all_found(store, expected) == expected

    def test_a_filtered_list_may_be_in_the_order_of_any_time(self, store: Store) -> None:
        """And cut into pages."""
        fill(store)
        for node_id in (3, 1):
            let_time_pass()
            node = artifact(id=node_id, state=ArtifactState.PENDING)
            store.put_nodes(Artifact, [node], UpdateOptions(mask=("state",)))
        query = ListQuery(
            limit=2,
            filter="id IN (1, 2, 3) AND type = 'AT'",
            order_by=OrderBy.UPDATE_TIME,
            ascending=False,
        )
        first = store.list_page(Artifact, query)
        assert [node.id for node in first.nodes] == [1, 3]
        rest = ListQuery(
            limit=2,
            filter=query.filter,
            order_by=OrderBy.UPDATE_TIME,
            ascending=False,
            after=first.next,
        )
        assert [node.id for node in store.list_page(Artifact, rest).nodes] == [2]

    def test_a_node_with_many_matching_neighbours_is_found_once(self, store: Store) -> None:
        """However often it is linked."""
        fill(store)
        store.put_events([event(1, 2, EventType.INPUT), event(1, 3, EventType.INPUT)])
        assert found(store, "A events_0.type = INPUT AND events_1.type = INPUT") == [1]

    def test_a_lowered_limit_cuts_a_filtered_list(self, store: Store) -> None:
        """The filter first, then the limit."""
        fill(store)
        query = ListQuery(limit=1, filter="id > 2", joins=Joins.INNER)
        assert [node.id for node in store.list_page(Artifact, query).nodes] == [3]
