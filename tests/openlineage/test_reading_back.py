from __future__ import annotations

from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.exporters.openlineage import lines
from mlmeta_track.store.connect import open_store
from mlmeta_track.transfer.taking import take_all
from tests.openlineage.reading_back import ancestors_by_events, ancestors_in, read_event
from tests.ui.demo_store import write_store


@pytest.fixture
def events(tmp_path: Path) -> list[str]:
    url = f"sqlite:///{tmp_path}/metadata.db"
    write_store(tmp_path, url)
    store = open_store(url)
    told = list(lines(take_all(store)))
    store.close()
    return told


def test_events_that_are_read_back_tell_the_lineage_of_every_artifact(
    events: list[str], tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/metadata.db")
    by_events, by_store = ancestors_by_events(events), ancestors_in(store)
    assert by_events == by_store
    assert len(by_store) == len(store.list_nodes(Artifact)) == 20
    data_sets, steps = max(by_store.values(), key=lambda one: len(one[0]))
    assert (len(data_sets), steps) == (4, ["Schema", "Statistics", "Validate"])
    store.close()


def test_a_line_that_is_no_event_is_refused(events: list[str]) -> None:
    with pytest.raises(ValueError, match=r"UUID|uuid|hexadecimal"):
        read_event(events[0].replace('"runId":', '"runId": "none", "was":'))
