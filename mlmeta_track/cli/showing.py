"""One node on the terminal: its facts, and tables of what stands around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from mlmeta_track.cli.output import (
    duration_text,
    print_facts,
    print_json,
    print_table,
    time_text,
)
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.overview import details
from mlmeta_track.overview.listing import ContextRow, Wanted, runs, state_word
from mlmeta_track.store.base import Store


def show_node(store: Store, node: Artifact | Execution | Context, *, as_json: bool) -> None:
    """Print what is known of a node."""
    if isinstance(node, Artifact):
        _show_artifact(details.artifact_details(store, node), as_json=as_json)
    elif isinstance(node, Execution):
        _show_step(details.step_details(store, node), as_json=as_json)
    elif details.is_run(node):
        _show_run(details.run_details(store, node), as_json=as_json)
    else:
        _show_context(store, details.context_details(store, node), as_json=as_json)


def _show_artifact(shown: details.ArtifactDetails, *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    artifact = shown.artifact
    state = artifact.state.name if artifact.state else None
    print_facts(_facts(artifact, {"uri": artifact.uri or "(in memory)", "state": state}))
    _print_contexts(shown.contexts)
    _print_links("made by", shown.producers, of_steps=True)
    _print_links("used by", shown.consumers, of_steps=True)
    if len(shown.versions) > 1:
        _title("artifacts at this place")
        print_table(("id", "created"), [(v.id, time_text(v.created)) for v in shown.versions])
    _print_more(shown.more)


def _show_step(shown: details.StepDetails, *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    more = {"state": state_word(shown.step)}
    if shown.parent is not None:
        more["called in"] = f"execution:{shown.parent.id} ({shown.parent.type})"
    print_facts(_facts(shown.step, more))
    _print_contexts(shown.contexts)
    _print_links("inputs", shown.inputs, of_steps=False)
    _print_links("outputs", shown.outputs, of_steps=False)
    _print_more(shown.more)


def _show_run(shown: details.RunDetails, *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    print_facts(_facts(shown.run, {}))
    _print_contexts(shown.experiments)
    _title("steps")
    print_table(
        ("id", "type", "state", "duration", "called in"),
        [
            (s.step.id, s.step.type, s.step.state, duration_text(s.step.duration_ms), s.parent)
            for s in shown.steps
        ],
    )
    if shown.more:
        click.echo(f"(the first {len(shown.steps):,} of more)")


def _show_context(store: Store, shown: details.ContextDetails, *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    print_facts(_facts(shown.context, {}))
    _print_contexts(shown.parents)
    _title("runs")
    newest = runs(store, Wanted(), experiment_id=shown.context.id).rows
    print_table(
        ("id", "name", "state", "started"),
        [(run.id, run.name, run.state, time_text(run.created)) for run in newest],
    )


def _facts(node: Node, more: Mapping[str, object]) -> dict[str, object]:
    facts: dict[str, object] = {
        "kind": f"{type(node).__name__.lower()}:{node.id}",
        "type": node.type,
        "name": node.name,
        **more,
        "created": time_text(node.create_time_since_epoch),
        "updated": time_text(node.last_update_time_since_epoch),
    }
    facts |= {f"properties.{name}": value for name, value in sorted(node.properties.items())}
    facts |= {
        f"custom_properties.{name}": value for name, value in sorted(node.custom_properties.items())
    }
    return {name: value for name, value in facts.items() if value not in {None, ""}}


def _print_contexts(rows: Sequence[ContextRow]) -> None:
    if rows:
        _title("in")
        print_table(("id", "type", "name"), [(row.id, row.type, row.name) for row in rows])


def _print_links(title: str, links: Sequence[details.Link], *, of_steps: bool) -> None:
    if not links:
        return
    _title(title)
    if of_steps:
        print_table(
            ("step", "type", "state", "as", "event"),
            [(k.step.id, k.step.type, k.step.state, k.path, k.event) for k in links],
        )
    else:
        print_table(
            ("as", "artifact", "type", "name", "uri", "event"),
            [
                (k.path, k.artifact.id, k.artifact.type, k.artifact.name, k.artifact.uri, k.event)
                for k in links
            ],
        )


def _print_more(more: bool) -> None:  # noqa: FBT001 - it is what is printed
    if more:
        click.echo(f"(the newest {details.MOST:,} of each, of more)")


def _title(text: str) -> None:
    click.echo(f"\n{text}")
