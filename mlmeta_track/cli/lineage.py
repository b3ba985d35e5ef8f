"""``mlmeta-track lineage`` and ``impact``: which data made this, and what depends on it."""

from __future__ import annotations

import click

from mlmeta_track.cli.listing import print_artifacts, print_steps
from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.output import json_option, print_json
from mlmeta_track.cli.progress import progress
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.overview.listing import artifact_row, step_row
from mlmeta_track.tracking.asking import Lineage
from mlmeta_track.tracking.finding import find_node

_EXAMPLE = """\b
Examples:
  mlmeta-track lineage ./schema.pbtxt
  mlmeta-track lineage --down data/train.csv
  mlmeta-track lineage --json execution:7
"""
_IMPACT_EXAMPLE = """\b
Examples:
  mlmeta-track impact data/train.csv
  mlmeta-track impact --json artifact:3
"""


@click.command(epilog=_EXAMPLE)
@click.argument("what")
@click.option("--up/--down", default=True, help="Towards the sources (default), or the other way.")
@click.option("--depth", type=click.IntRange(min=1), help="How many executions deep.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a tree.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid flowchart instead of a tree.")
@store_option
def lineage(  # noqa: PLR0913 - one argument an option
    what: str, *, up: bool, depth: int | None, as_json: bool, mermaid: bool, store: str | None
) -> None:
    """Show what WHAT was made from, or with --down what was made from it.

    WHAT is a path or URI, the id of an artifact (12 or artifact:12), or execution:7.
    """
    opened = open_to_read(store)
    asked = Lineage(opened, find_node(opened, what))
    with progress("walk"):
        graph = asked.upstream(depth) if up else asked.downstream(depth)
        text = graph.to_json() if as_json else graph.to_mermaid() if mermaid else graph.to_tree()
    click.echo(text)


@click.command(epilog=_IMPACT_EXAMPLE)
@click.argument("what")
@json_option
@store_option
def impact(*, what: str, as_json: bool, store: str | None) -> None:
    """Show which steps and artifacts depend on WHAT, however far away they are.

    WHAT is a path or URI, the id of an artifact (12 or artifact:12), or execution:7.
    """
    opened = open_to_read(store)
    node = find_node(opened, what)
    with progress("walk"):
        graph = Lineage(opened, node).downstream()
    key = ("artifact" if isinstance(node, Artifact) else "execution", node.id)
    steps = [step_row(step) for step in graph.executions if ("execution", step.id) != key]
    made = [artifact_row(one) for one in graph.artifacts if ("artifact", one.id) != key]
    if as_json:
        print_json({"steps": steps, "artifacts": made})
    elif not steps and not made:
        click.echo(f"Nothing in the store depends on {key[0]}:{key[1]}.")
    else:
        print_steps(steps)
        click.echo()
        print_artifacts(made)
