"""``mlmeta-track export`` and ``import``: what a store holds, for others and from others."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from mlmeta_track.cli.options import open_to_read, store_option
from mlmeta_track.cli.progress import progress
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.domain.selection import Reader, Selection
from mlmeta_track.errors import InvalidArgumentError, MlmetaTrackError
from mlmeta_track.exporters.document import read_document
from mlmeta_track.plugins import hooks
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import settings
from mlmeta_track.tracking.asking import Lineage
from mlmeta_track.tracking.finding import find_node
from mlmeta_track.tracking.loading import read
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.transfer.putting import put
from mlmeta_track.transfer.taking import Told, take_all, take_around

_EXPORT_EXAMPLE = """\b
Examples:
  mlmeta-track export --output everything.json
  mlmeta-track export --format graphml --output lineage.graphml schema.pbtxt
  mlmeta-track export --format openlineage > events.jsonl
"""
_IMPORT_EXAMPLE = """\b
Examples:
  mlmeta-track import everything.json
  mlmeta-track import sqlite:///colleague.db --store postgresql://host/metadata
"""


@click.command("export", epilog=_EXPORT_EXAMPLE)
@click.argument("what", required=False)
@click.option("--format", "name", default="json", show_default=True, help="The format's name.")
@click.option("--depth", type=click.IntRange(min=1), help="How many executions away from WHAT.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, which is replaced when all is there; standard output if not given.",
)
@store_option
def export_command(
    *, what: str | None, name: str, depth: int | None, output: Path | None, store: str | None
) -> None:
    """Write what the store holds, or what is around WHAT, in another vocabulary.

    WHAT is a path or URI, artifact:3 or execution:3.  Formats: dot, graphml, json, mermaid,
    openlineage, prov, and those of plugins.
    """
    write = _format(name)
    opened = open_to_read(store)
    with progress("read the store") as shown:
        told = shown.told
        selection = take_all(opened, told) if what is None else _around(opened, what, depth)
    pieces = write(selection, _reader(store))
    if output is None:
        _print(pieces)  # which may go to the terminal itself
    else:
        with progress(f"write {output.name}"):
            _replace(output, pieces)


def _format(name: str) -> Callable[[Selection, Reader], Iterable[str]]:
    formats: dict[str, str] = {}
    for told in hooks.call("export_formats"):
        formats = {**told, **formats}
    if name not in formats:
        message = f"There is no format {name!r}; there are {', '.join(sorted(formats))}."
        raise InvalidArgumentError(message)
    module, _, function = formats[name].partition(":")
    made: Callable[[Selection, Reader], Iterable[str]] = getattr(import_module(module), function)
    return made


def _around(store: Store, what: str, depth: int | None) -> Selection:
    asked = Lineage(store, find_node(store, what))
    return take_around(store, [asked.upstream(depth), asked.downstream(depth)])


def _reader(store: str | None) -> Reader:
    payloads = Payloads(settings.resolve({"store": store}))

    def inside(artifact: Artifact) -> Any:
        try:
            return read(payloads, artifact)
        except MlmetaTrackError:
            return None  # What cannot be read is told without what is inside.

    return inside


def _print(pieces: Iterable[str]) -> None:
    last = ""
    for piece in pieces:
        sys.stdout.write(piece)
        last = piece or last
    if not last.endswith("\n"):
        sys.stdout.write("\n")


def _replace(path: Path, pieces: Iterable[str]) -> None:
    """Write a file beside the one that is wanted, and put it in its place when it is whole."""
    try:
        handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        message = f"Nothing can be written to {path}: {error.strerror}."
        raise InvalidArgumentError(message) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            for piece in pieces:
                file.write(piece)
            file.write("\n")
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise


@click.command("import", epilog=_IMPORT_EXAMPLE)
@click.argument("source")
@store_option
def import_command(*, source: str, store: str | None) -> None:
    """Put into the store what SOURCE holds: another store's URL, or a file of `export`.

    What the store has already, by its external id or its name, is left as it is, so that the same
    may be put again.
    """
    with progress(f"read {source}") as shown:
        selection = _taken(source, shown.told)
        opened = open_store(settings.resolve({"store": store}).store)
        counted = put(opened, selection, shown.told)
    click.echo(f"{counted.new:,} nodes are new; {counted.known:,} were there already.")


def _taken(source: str, told: Told) -> Selection:
    if "://" in source:
        return take_all(open_store(source, create=False), told)
    try:
        text = Path(source).read_text(encoding="utf-8", errors="surrogatepass")
    except OSError as error:
        message = f"{source} cannot be read: {error.strerror}. Give a file of export, or a URL."
        raise InvalidArgumentError(message) from error
    except UnicodeDecodeError as error:
        message = (
            f"{source} is no text: {error.reason}. To take what a database holds, give its URL,"
            f" such as sqlite:///{source}."
        )
        raise InvalidArgumentError(message) from error
    return read_document(text)
