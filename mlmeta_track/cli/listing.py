"""``mlmeta-track runs``, ``steps``, ``artifacts``, ``experiments``: lists, and one of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.output import duration_text, json_option, print_json, print_table, time_text
from mlmeta_track.cli.showing import show_node
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.overview import listing
from mlmeta_track.overview.listing import Wanted
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.finding import find_anything

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


def list_options(command: CommandT) -> CommandT:
    """Add the options that all lists have."""
    for option in (
        json_option,
        store_option,
        click.option("--oldest-first", is_flag=True, help="Begin with the oldest."),
        click.option(
            "--limit",
            type=click.IntRange(min=1, max=1_000_000),
            default=listing.PAGE,
            show_default=True,
            help="How many at most.",
        ),
        click.option(
            "--filter",
            "condition",
            default="",
            metavar="FILTER",
            help="Only those that fit a condition in the filter language.",
        ),
    ):
        command = option(command)
    return command


def wanted(condition: str, limit: int, *, oldest_first: bool) -> Wanted:
    """Return what the options of a list say."""
    return Wanted(filter=condition, limit=limit, newest_first=not oldest_first)


def print_runs(rows: Sequence[listing.RunRow]) -> None:
    """Print runs as a table."""
    print_table(
        ("id", "name", "experiment", "state", "last step", "started", "updated"),
        [
            (
                row.id,
                row.name,
                ", ".join(row.experiments),
                row.state,
                row.last_step,
                time_text(row.created),
                time_text(row.updated),
            )
            for row in rows
        ],
    )


def print_steps(rows: Sequence[listing.StepRow]) -> None:
    """Print executions as a table."""
    print_table(
        ("id", "type", "name", "state", "duration", "started"),
        [
            (
                row.id,
                row.type,
                row.name,
                row.state,
                duration_text(row.duration_ms),
                time_text(row.created),
            )
            for row in rows
        ],
    )


def print_artifacts(rows: Sequence[listing.ArtifactRow]) -> None:
    """Print artifacts as a table."""
    print_table(
        ("id", "type", "name", "uri", "state", "created"),
        [(row.id, row.type, row.name, row.uri, row.state, time_text(row.created)) for row in rows],
    )


def print_contexts(rows: Sequence[listing.ContextRow]) -> None:
    """Print contexts as a table."""
    print_table(
        ("id", "type", "name", "note", "created"),
        [(row.id, row.type, row.name, row.note, time_text(row.created)) for row in rows],
    )


def _found(store: Store, what: str, prefix: str, kinds: type | tuple[type, ...]) -> Any:
    """Return the node that is meant; a bare number is the id of one of the command's kind."""
    found = find_anything(store, f"{prefix}:{what}" if what.isdecimal() else what)
    if not isinstance(found, kinds):
        message = (
            f"{what!r} is the {type(found).__name__.lower()} {found.id} ({found.type}), no"
            f" {prefix}. Give an id, or see mlmeta-track {prefix}s list."
        )
        raise InvalidArgumentError(message)
    return found


def _group(name: str, what: str) -> click.Group:
    return click.Group(
        name,
        help=f"List {what}, or show one.",
        epilog=f"\b\nExamples:\n  mlmeta-track {name} list\n  mlmeta-track {name} show 3\n",
    )


def _add_list(group: click.Group, what: str, ask: Any, print_rows: Any, example: str) -> None:
    @group.command(
        "list",
        help=f"List {what}, the newest first.",
        epilog=f"\b\nExample:\n  mlmeta-track {group.name} list {example}\n",
    )
    @list_options
    def _list(
        *, condition: str, limit: int, oldest_first: bool, store: str | None, as_json: bool
    ) -> None:
        listed = ask(open_to_read(store), wanted(condition, limit, oldest_first=oldest_first))
        if as_json:
            print_json(listed.rows)
        else:
            print_rows(listed.rows)


def _add_show(group: click.Group, prefix: str, kind: type, what: str) -> None:
    @group.command(
        "show",
        help=f"Show {what}, with what stands around it.",
        epilog=f"\b\nExample:\n  mlmeta-track {group.name} show 3\n",
    )
    @click.argument("what")
    @json_option
    @store_option
    def _show(*, what: str, as_json: bool, store: str | None) -> None:
        opened = open_to_read(store)
        show_node(opened, _found(opened, what, prefix, kind), as_json=as_json)


runs = _group("runs", "runs")
_add_list(runs, "runs", listing.runs, print_runs, "--limit 5")
_add_show(runs, "run", Context, "a run, by its name or id")

steps = _group("steps", "steps (executions)")
_add_list(steps, "steps", listing.steps, print_steps, '--filter "last_known_state = FAILED"')
_add_show(steps, "execution", Execution, "a step, by its id")

artifacts = _group("artifacts", "artifacts")
_add_list(
    artifacts, "artifacts", listing.artifacts, print_artifacts, "--filter \"type = 'Schema'\""
)
_add_show(artifacts, "artifact", Artifact, "an artifact, by its path, URI or id")

experiments = _group("experiments", "experiments")
_add_list(experiments, "experiments", listing.experiments, print_contexts, "--limit 5")
_add_show(experiments, "experiment", Context, "an experiment, by its name or id")
