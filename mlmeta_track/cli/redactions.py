"""``mlmeta-track doctor --show-redactions``: what would be left out, without showing it."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import click

from mlmeta_track.domain.listing import ListQuery, NodeT
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.errors import NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery.places import store_place
from mlmeta_track.tracking.redaction import previewing, rules
from mlmeta_track.tracking.redaction.command_lines import clean_line
from mlmeta_track.tracking.redaction.texts import clean_uri
from mlmeta_track.tracking.settings import OFF, Settings

_PAGE: Final = 1_000


def show(found: Settings, command: Sequence[str]) -> bool:
    """Print what would be left out; say whether the store has anything that should have been.

    Args:
        found: The settings in force.
        command: A command line to look at.
    """
    _tell_rules(found)
    # What is switched off is shown as it would be if it were on.
    in_force = rules.of_setting("on" if found.redact == OFF else found.redact)
    names = previewing.in_environment(os.environ, in_force)
    click.echo(f"Environment: {len(names)} of {len(os.environ)} variables")
    for name in names:
        click.echo(f"  {name}")
    if command:
        click.echo(f"Command line: {clean_line(shlex.join(command), in_force)}")
    for name in ("store", "payloads"):
        value = getattr(found, name) or ""
        if clean_uri(value, in_force) != value:
            click.echo(f"Setting {name}: {clean_uri(value, in_force)}")
    return _tell_store(found.store, in_force)


def _tell_rules(found: Settings) -> None:
    extra = found.redact if isinstance(found.redact, tuple) else ()
    also = f", also {', '.join(extra)}" if extra else ""
    click.echo(f"Redaction: {'off' if found.redact == OFF else 'on'}{also}")


def _tell_store(url: str, in_force: rules.Rules) -> bool:
    if store_place(url) is None:
        return False
    try:
        opened = open_store(url, create=False)
    except NotFoundError:
        return False
    try:
        return _tell_rows(opened, in_force)
    finally:
        opened.close()


def _tell_rows(store: Store, in_force: rules.Rules) -> bool:
    is_clean = True
    stored: dict[str, Iterator[Node]] = {
        "artifacts": _nodes(store, Artifact),
        "executions": _nodes(store, Execution),
        "contexts": _nodes(store, Context),
    }
    for kind, nodes in stored.items():
        counts: Counter[str] = Counter()
        affected = total = 0
        for node in nodes:
            places = set(previewing.in_node(node, in_force))
            counts.update(places)
            affected += bool(places)
            total += 1
        is_clean = is_clean and not affected
        click.echo(f"Stored {kind}: {affected} of {total}")
        for name, count in sorted(counts.items()):
            click.echo(f"  {name}: {count}")
    return not is_clean


def _nodes(store: Store, kind: type[NodeT]) -> Iterator[NodeT]:
    page = store.list_page(kind, ListQuery(limit=_PAGE))
    yield from page.nodes
    while page.next is not None:
        page = store.list_page(kind, ListQuery(limit=_PAGE, after=page.next))
        yield from page.nodes
