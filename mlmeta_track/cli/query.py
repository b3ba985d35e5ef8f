"""``mlmeta-track query``: what fits a filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from mlmeta_track.cli.listing import (
    list_options,
    print_artifacts,
    print_contexts,
    print_steps,
    wanted,
)
from mlmeta_track.cli.options import open_to_read
from mlmeta_track.cli.output import print_json
from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.overview import listing

_EXAMPLE = """\b
Examples:
  mlmeta-track query "type = 'DataSet' AND properties.split = 'train'"
  mlmeta-track query --kind executions "last_known_state = FAILED"
  mlmeta-track query --explain "custom_properties.examples > 1000"
"""
_KINDS: Mapping[str, tuple[Any, Any, Any]] = {
    "artifacts": (Artifact, listing.artifacts, print_artifacts),
    "executions": (Execution, listing.steps, print_steps),
    "contexts": (Context, listing.contexts, print_contexts),
}


@click.command(epilog=_EXAMPLE)
@click.argument("condition", metavar="FILTER")
@click.option(
    "--kind",
    type=click.Choice(list(_KINDS)),
    default="artifacts",
    show_default=True,
    help="What to look for.",
)
@click.option("--explain", is_flag=True, help="Show the SQL and the database's plan instead.")
def query(  # noqa: PLR0913 - one argument an option
    *,
    condition: str,
    kind: str,
    explain: bool,
    limit: int,
    oldest_first: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Show what fits FILTER, a condition in the filter language."""
    opened = open_to_read(store)
    node, ask, print_rows = _KINDS[kind]
    if explain:
        asked = ListQuery(limit=limit, ascending=oldest_first, filter=condition, joins=Joins.OUTER)
        click.echo(opened.explain(node, asked))
        return
    listed = ask(opened, wanted(condition, limit, oldest_first=oldest_first))
    if as_json:
        print_json(listed.rows)
    else:
        print_rows(listed.rows)


# A list has an option for its filter, which here is the argument.
query = list_options(query)
query.params = [
    p for p in query.params if not (p.name == "condition" and isinstance(p, click.Option))
]
