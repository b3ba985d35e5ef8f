"""The options by which commands are told what may go, and how they show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from itertools import islice
from typing import Any, TypeVar

import click

from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.errors import SettingsError
from mlmeta_track.retention.idset import IdSet
from mlmeta_track.retention.plan import Plan
from mlmeta_track.retention.policy import Policy, parse_age
from mlmeta_track.store.base import Store

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_STATES = [state.name for state in ExecutionState]
_OPTIONS = (
    click.option("--older-than", metavar="AGE", help="Last updated longer ago: 90d, 12h, 2w, 1y."),
    click.option(
        "--keep-last", type=int, metavar="N", help="Keep the newest N runs of each experiment."
    ),
    click.option(
        "--state",
        "states",
        multiple=True,
        type=click.Choice(_STATES, case_sensitive=False),
        help="Executions in this state; may be repeated.",
    ),
    click.option("--executions", default="", metavar="FILTER", help="Executions that match."),
    click.option(
        "--contexts", default="", metavar="FILTER", help="Executions in a context that matches."
    ),
    click.option(
        "--artifacts",
        default="",
        metavar="FILTER",
        help="Artifacts that match, too, whatever steps made them.",
    ),
    click.option(
        "--inputs-too",
        is_flag=True,
        help="Let also what steps that stay have used become a tombstone.",
    ),
    click.option(
        "--grace",
        default="1h",
        show_default=True,
        metavar="AGE",
        help="What is younger stays in any case.",
    ),
)


def policy_options(command: CommandT) -> CommandT:
    """Give a command the options of a policy."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def policy_of(options: dict[str, Any]) -> Policy:
    """Return the policy that the options mean, and take them out.

    Raises:
        SettingsError: They mean none.
    """
    older, states = options.pop("older_than"), options.pop("states")
    policy = Policy(
        older_than=None if older is None else parse_age(older),
        states=frozenset(ExecutionState[name.upper()] for name in states),
        grace=parse_age(options.pop("grace")),
        **{
            name: options.pop(name)
            for name in ("keep_last", "executions", "contexts", "artifacts", "inputs_too")
        },
    )
    policy.check()
    return policy


def show_plan(store: Store, plan: Plan, shown: int) -> None:
    """Print how much goes, how much stays as tombstones, and the first nodes of each.

    Args:
        store: Where they are.
        plan: What is planned.
        shown: How many lines of each.
    """
    n_contexts = len(plan.contexts)
    click.echo(
        f"To be deleted: {_nodes(len(plan.executions), len(plan.artifacts))},"
        f" {counted(n_contexts, 'context')}."
    )
    _show(store, plan.executions, plan.artifacts, shown)
    if plan.buried_executions or plan.buried_artifacts:
        n = _nodes(len(plan.buried_executions), len(plan.buried_artifacts))
        click.echo(f"To be tombstones, for what was made from them stays: {n}.")
        _show(store, plan.buried_executions, plan.buried_artifacts, shown)


def _nodes(n_executions: int, n_artifacts: int) -> str:
    return f"{counted(n_executions, 'execution')}, {counted(n_artifacts, 'artifact')}"


def counted(number: int, what: str) -> str:
    """Return a number of things in words."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _show(store: Store, executions: IdSet, artifacts: IdSet, shown: int) -> None:
    lines = list(islice(_lines(store, executions, artifacts, shown), shown))
    for line in lines:
        click.echo(f"  {line}")
    more = len(executions) + len(artifacts) - len(lines)
    if lines and more > 0:
        click.echo(f"  … and {more:,} more")


def _lines(store: Store, executions: IdSet, artifacts: IdSet, shown: int) -> Iterator[str]:
    for execution in store.get_by_id(Execution, _first(executions, shown)):
        state = execution.last_known_state
        told = "" if state is None else f" {state.name}"
        yield f"execution {execution.id} {execution.type}{told}, {_day(execution)}"
    for artifact in store.get_by_id(Artifact, _first(artifacts, shown)):
        place = f" {artifact.uri}" if artifact.uri else ""
        yield f"artifact {artifact.id} {artifact.type}{place}, {_day(artifact)}"


def _first(ids: IdSet, shown: int) -> Iterable[int]:
    return islice(ids, shown)


def _day(node: Artifact | Execution) -> str:
    when = datetime.fromtimestamp(node.last_update_time_since_epoch / 1000, timezone.utc)
    return f"{when:%Y-%m-%d %H:%M} UTC"


def local_folder(root: str) -> str:
    """Return the folder of payloads.

    Raises:
        SettingsError: They are not on this machine.
    """
    if "://" in root:
        message = (
            f"The payloads are at {root.partition('?')[0]!r}, where this command deletes nothing."
            " Leave --payloads out; the storage's own rules can delete what is old."
        )
        raise SettingsError(message)
    return root
