"""PROV-JSON, the W3C's vocabulary of provenance: artifacts are entities, executions activities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from mlmeta_track.domain.drawing import plain_value, short_name
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.domain.selection import Reader, Selection, reads_nothing

NAMESPACE = "urn:mlmeta-track:"
"""What the names of nodes and of their types begin with."""


def write(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:  # noqa: ARG001
    """Yield the document of a selection."""
    yield json.dumps(document(selection), indent=1, ensure_ascii=False)


def document(selection: Selection) -> dict[str, Any]:
    """Return the PROV-JSON document; runs and experiments are collections of their members."""
    used = [event for event in selection.events if event.type.is_input]
    made = [event for event in selection.events if not event.type.is_input]
    return {
        "prefix": {"mlmeta": NAMESPACE, "prov": "http://www.w3.org/ns/prov#"},
        "entity": {
            **{_name(node): _entity(node) for node in selection.artifacts},
            **{_name(node): _collection(node) for node in selection.contexts},
        },
        "activity": {_name(node): _activity(node) for node in selection.executions},
        "used": {
            f"_:u{number}": {
                "prov:activity": f"mlmeta:execution.{event.execution_id}",
                "prov:entity": f"mlmeta:artifact.{event.artifact_id}",
                "prov:role": ".".join(map(str, event.path)) or event.type.name,
                **_time("prov:time", event.milliseconds_since_epoch),
            }
            for number, event in enumerate(used, start=1)
        },
        "wasGeneratedBy": {
            f"_:g{number}": {
                "prov:entity": f"mlmeta:artifact.{event.artifact_id}",
                "prov:activity": f"mlmeta:execution.{event.execution_id}",
                "prov:role": ".".join(map(str, event.path)) or event.type.name,
                **_time("prov:time", event.milliseconds_since_epoch),
            }
            for number, event in enumerate(made, start=1)
        },
        "hadMember": {
            f"_:m{number}": {
                "prov:collection": f"mlmeta:context.{one.context_id}",
                "prov:entity": f"mlmeta:artifact.{one.artifact_id}",
            }
            for number, one in enumerate(selection.attributions, start=1)
        },
    }


def _name(node: Node) -> str:
    return f"mlmeta:{type(node).__name__.lower()}.{node.id}"


def _entity(artifact: Artifact) -> dict[str, object]:
    facts: dict[str, object] = {"prov:type": artifact.type, "prov:label": short_name(artifact)}
    if artifact.uri:
        facts["prov:location"] = artifact.uri
    return facts | _properties(artifact)


def _activity(execution: Execution) -> dict[str, object]:
    state = execution.last_known_state
    facts: dict[str, object] = {
        "prov:type": execution.type,
        "prov:label": execution.name or execution.type,
        **_time("prov:startTime", execution.create_time_since_epoch),
    }
    if state is not None:
        facts["mlmeta:last_known_state"] = state.name
        if state.name in {"COMPLETE", "FAILED", "CACHED", "CANCELED"}:
            facts |= _time("prov:endTime", execution.last_update_time_since_epoch)
    return facts | _properties(execution)


def _collection(context: Context) -> dict[str, object]:
    facts: dict[str, object] = {"prov:type": "prov:Collection", "prov:label": context.name}
    return facts | {"mlmeta:type": context.type} | _properties(context)


def _properties(node: Node) -> dict[str, object]:
    both = {**node.custom_properties, **node.properties}
    return {f"mlmeta:{name}": plain_value(value) for name, value in sorted(both.items())}


def _time(name: str, milliseconds: int | None) -> dict[str, object]:
    if not milliseconds:
        return {}
    try:
        time = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    except (OverflowError, OSError, ValueError):
        return {}  # Others may write any number.
    return {name: time.isoformat(timespec="milliseconds")}
