"""Spools with records in them, for tests."""

from __future__ import annotations

from pathlib import Path

from mlmeta_track.domain.batch import Batch
from mlmeta_track.testing.store_cases.build import end_of_step, start_of_step
from mlmeta_track.tracking.delivery.places import store_folder
from mlmeta_track.tracking.delivery.spool import Item, Spool
from mlmeta_track.tracking.settings import Settings


def new_spool(folder: Path, limit_mb: float = 10) -> Spool:
    return Spool(folder, "sqlite:////somewhere.db", limit_mb)


def items_of(*batches: Batch) -> list[Item]:
    return [(batch, "record it") for batch in batches]


def steps(count: int, first: int = 0) -> list[Item]:
    """Return the starts and ends of some steps."""
    batches = []
    for number in range(first, first + count):
        batches += [start_of_step(f"e{number}"), end_of_step(f"e{number}", f"s{number}")]
    return items_of(*batches)


def wait_for(url: str, *batches: Batch) -> None:
    """Have batches wait in the spool of a store."""
    folder = store_folder(Settings(store=url))
    assert folder is not None
    new_spool(folder).append(items_of(*batches))
