"""Options that several commands have."""

from __future__ import annotations

import click

from mlmeta_track.cli.loading import loading
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking import settings

store_option = click.option(
    "--store",
    metavar="URL",
    help="The store, such as sqlite:///metadata.db. Default: the setting `store`"
    " (MLMETA_TRACK_STORE, or [tool.mlmeta_track] in pyproject.toml).",
)


def open_to_read(url: str | None) -> Store:
    """Open the store that an option or a setting names.

    Raises:
        MlmetaTrackError: It cannot be opened, or does not exist.
    """
    with loading():
        return open_store(settings.resolve({"store": url}).store, create=False)
