from __future__ import annotations

import json

from mlmeta_track.domain.selection import Selection
from mlmeta_track.exporters import prov


def test_executions_are_activities_that_used_and_generated(selection: Selection) -> None:
    told = json.loads("".join(prov.write(selection)))
    [used] = told["used"].values()
    [made] = told["wasGeneratedBy"].values()
    assert told["activity"][used["prov:activity"]]["prov:type"] == "outer"
    assert told["entity"][made["prov:entity"]]["prov:location"].endswith("out.bin")
    assert used["prov:role"] == "data"


def test_activities_have_start_and_end(selection: Selection) -> None:
    for activity in prov.document(selection)["activity"].values():
        assert activity["prov:startTime"] <= activity["prov:endTime"]


def test_runs_are_collections_of_artifacts(selection: Selection) -> None:
    told = prov.document(selection)
    collections = {one["prov:collection"] for one in told["hadMember"].values()}
    assert {told["entity"][name]["prov:label"] for name in collections} >= {"train.py today"}
