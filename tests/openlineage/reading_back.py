"""Lineage from OpenLineage's events alone, read into the classes of ``openlineage-python``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.store.base import Store


def read_event(line: str) -> RunEvent:
    """Return the event of a line; its classes refuse what is no time, no UUID, no URI."""
    told = json.loads(line)
    return RunEvent(
        eventTime=told["eventTime"],
        producer=told["producer"],
        eventType=RunState[told["eventType"]],
        run=Run(runId=told["run"]["runId"], facets=told["run"]["facets"]),
        job=Job(namespace=told["job"]["namespace"], name=told["job"]["name"]),
        inputs=[
            InputDataset(d["namespace"], d["name"], facets=d["facets"]) for d in told["inputs"]
        ],
        outputs=[
            OutputDataset(d["namespace"], d["name"], facets=d["facets"]) for d in told["outputs"]
        ],
    )


Ancestors: TypeAlias = "tuple[set[str], list[str]]"
"""The data sets that something was made from, itself among them, and the names of the steps."""


def ancestors_by_events(lines: Iterable[str]) -> dict[str, Ancestors]:
    """Return what each data set was made from, however far back, as events tell it.

    Data sets go by the external id that our facet tells, for two may have one name; those of
    ml_metadata's users, who need not give one, go by their ids.
    """
    made_by: defaultdict[str, set[str]] = defaultdict(set)
    used_by: defaultdict[str, set[str]] = defaultdict(set)
    jobs: dict[str, str] = {}
    for event in map(read_event, lines):
        jobs[event.run.runId] = event.job.name
        for made in event.outputs or []:
            made_by[_id(made)].add(event.run.runId)
        for used in event.inputs or []:
            used_by[event.run.runId].add(_id(used))
    found = {}
    for start in {*made_by, *(one for ids in used_by.values() for one in ids)}:
        runs: set[str] = set()
        data_sets, waiting = {start}, [start]
        while waiting:
            new_runs = made_by[waiting.pop()] - runs
            runs |= new_runs
            new = {one for run in new_runs for one in used_by[run]} - data_sets
            data_sets |= new
            waiting += new
        found[start] = (data_sets, sorted(jobs[run] for run in runs))
    return found


def ancestors_in(store: Store) -> dict[str, Ancestors]:
    """Return the same, as the store tells it."""
    found = {}
    for artifact in store.list_nodes(Artifact):
        graph = store.get_lineage(artifact_ids=[artifact.id])
        found[_name(artifact)] = (
            {_name(other) for other in graph.artifacts},
            sorted(execution.type for execution in graph.executions),
        )
    return found


def _name(artifact: Artifact) -> str:
    return artifact.external_id or f"artifact {artifact.id}"


def _id(data: InputDataset | OutputDataset) -> str:
    facets: Mapping[str, Any] = data.facets or {}
    return str(facets["mlmetaTrack_artifact"]["externalId"])
