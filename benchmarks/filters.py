"""The first page of a filter in a store of a million events, beside ml_metadata and the floor.

The store is made once, by ``big_store.py``, and kept beside the results.  What each contender finds
is compared with what plain SQL finds; who finds something else cannot take part.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import big_store
from harness.comparison import compare
from harness.contender import Contender
from harness.report import Report

if TYPE_CHECKING:
    from harness.options import Options

_MOST_WORK = 10
_PAGE = 20
_FLOOR = "raw sqlite3"
_OURS = "mlmeta_track"


@dataclass(frozen=True)
class Asked:
    """A filter, and the best plain SQL for it.

    Args:
        filter: The filter.
        sql: A query for the ids, in their order.
    """

    filter: str
    sql: str


def _has(name: str, condition: str, *, custom: bool = False) -> str:
    """Return the condition that the artifact ``a`` has such a property."""
    return (
        "EXISTS (SELECT 1 FROM ArtifactProperty p WHERE p.artifact_id = a.id"  # noqa: S608
        f" AND p.name = '{name}' AND p.is_custom_property = {custom:d} AND p.{condition})"
    )


def _with(name: str, condition: str, *, custom: bool = False) -> str:
    """Return the condition that the artifact ``a`` is among those with such a property."""
    return (
        f"a.id IN (SELECT artifact_id FROM ArtifactProperty WHERE name = '{name}'"  # noqa: S608
        f" AND is_custom_property = {custom:d} AND {condition})"
    )


def _where(*conditions: str) -> str:
    return f"SELECT a.id FROM Artifact a WHERE {' AND '.join(conditions)} ORDER BY a.id"  # noqa: S608


def _members(context: str) -> str:
    return (
        "SELECT artifact_id FROM Attribution WHERE context_id = (SELECT id FROM Context"  # noqa: S608
        f" WHERE name = '{context}' AND type_id IN (SELECT id FROM Type)) ORDER BY artifact_id"
    )


_IS_MODEL = "+a.type_id = (SELECT id FROM Type WHERE name = 'Model' AND type_kind = 1)"
_AMONG_MODELS = _IS_MODEL.removeprefix("+")

ASKED: Mapping[str, Asked] = {
    "two properties, often": Asked(
        "properties.version.int_value > 10 AND custom_properties.rows.int_value > 1010",
        _where(_has("version", "int_value > 10"), _has("rows", "int_value > 1010", custom=True)),
    ),
    "two properties, seldom": Asked(
        "properties.name.string_value = 'name 7' AND custom_properties.rows.int_value < 1100",
        _where(
            _with("rows", "int_value < 1100", custom=True), _has("name", "string_value = 'name 7'")
        ),
    ),
    "two properties, never": Asked(
        "properties.name.string_value = 'name 7' AND custom_properties.rows.int_value < 0",
        _where(
            _with("rows", "int_value < 0", custom=True), _has("name", "string_value = 'name 7'")
        ),
    ),
    "type and state, often": Asked(
        "type = 'Model' AND state = LIVE", _where(_IS_MODEL, "a.state = 2")
    ),
    "type and state, never": Asked(
        "type = 'Model' AND state = DELETED", _where(_AMONG_MODELS, "a.state = 4")
    ),
    "context, of thousands": Asked("contexts_c.name = 'Experiment 7'", _members("Experiment 7")),
    "context, of five": Asked("contexts_c.name = 'pipeline.py 77'", _members("pipeline.py 77")),
    "one property, often": Asked(
        "properties.version.int_value > 10", _where(_has("version", "int_value > 10"))
    ),
    "one property, seldom": Asked(
        "custom_properties.rows.int_value = 1077",
        _where(_with("rows", "int_value = 1077", custom=True)),
    ),
}
"""By what is asked for, and how often it is found."""


def measure(options: Options) -> None:
    """Measure the filters, print the table and write ``filters.json``."""
    events = big_store.events(options.rounds)
    store = big_store.kept(options.output, events)
    options = replace(options, work=min(options.work, _MOST_WORK))
    contenders = [one for place in ASKED for one in _contenders(place, store)]
    report = Report(
        name="filters",
        title=f"The first {_PAGE} artifacts of a filter, with their properties; {events:,} events",
        unit="page",
        floor=_FLOOR,
        ours=_OURS,
    )
    report.publish(compare(contenders, options), options)


def _contenders(place: str, store: Path) -> list[Contender]:
    asked = ASKED[place]
    sql = f"{asked.sql} LIMIT {_PAGE}"
    with closing(sqlite3.connect(store)) as connection:
        expected = json.dumps([row[0] for row in connection.execute(sql)])

    def contender(group: str, label: str, question: str) -> Contender:
        arguments = (str(store), question, str(_PAGE), expected)
        return Contender(group, label, place, f"filters_{group}.py", arguments)

    return [
        contender("floor", _FLOOR, asked.sql),
        contender("ours", _OURS, asked.filter),
        contender("mlmd", "ml_metadata", asked.filter),
    ]
